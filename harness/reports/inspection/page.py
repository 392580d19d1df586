"""The look inside as one HTML page without network or script, for light and dark, telephones and paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from html import escape
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from eval_server.figures.picture import STYLE, Picture
from eval_server.figures.wording import ABSENT, counted, metric_name, metric_words, percent
from eval_server.judging.verdict import Verdict
from eval_server.scoring.measures import Unit, measure
from harness.reports.inspection.figures import pictures_of_epochs, pictures_of_results
from harness.reports.inspection.found import Inspection, Look, MissedCell
from harness.reports.page import TABLES, figure, table
from harness.runs.own import NO_DIAGNOSIS
from harness.runs.verdict_words import headline, weakness
from models.contract import Crops
from submissions.writing import write_whole

TEMPLATE = Path(__file__).with_name("page.html")
_THUMB = 136
_HEAT = np.array([255, 214, 10], dtype=np.float64)
"""Yellow: seen on black, on purple and on pink."""
_STRONGEST = 0.65
_SHOWN = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "mcc", "auc")


def write_inspection(path: Path, found: Inspection) -> None:
    """Write the page aside and then to its name."""
    write_whole(path, page(found))


def page(found: Inspection) -> str:
    """The whole page as text."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(f"Inside {found.name}"),
        style=STYLE + TABLES,
        warning=escape(NO_DIAGNOSIS),
        marked=_marked(found.remarks),
        facts=_facts(found.facts),
        notes=_list(found.notes),
        sections=_epochs(found) + _results(found) + _cells(found),
        made=escape(f"Made by harness {version('cnmc-harness')}. {NO_DIAGNOSIS}"),
    )


def _marked(remarks: Iterable[str]) -> str:
    said = ", ".join(remarks)
    return f'<p class="marked">Marked: {escape(said)}.</p>' if said else ""


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _section(title: str, inside: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{inside}\n" if inside else ""


def _pictures(pictures: Iterable[Picture]) -> str:
    drawn = "".join(map(figure, pictures))
    return f'<div class="pictures">{drawn}</div>' if drawn else ""


def _epochs(found: Inspection) -> str:
    if not found.epochs:
        return ""
    pictures = _pictures(pictures_of_epochs(found))
    records = f"<details><summary>Every record</summary>{_records(found.epochs)}</details>"
    return _section("Epoch by epoch", pictures + records)


def _records(epochs: Iterable[Mapping[str, Any]]) -> str:
    told = list(epochs)
    columns = list(dict.fromkeys(name for one in told for name in one))
    return table(columns, [[_number(one.get(name)) for name in columns] for one in told])


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 1e-3 or not value else f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(map(_number, value))
    return ABSENT if value is None else str(value)


def _results(found: Inspection) -> str:
    verdict = found.verdict
    if found.predictions is None:
        return ""
    said = ""
    if verdict is not None:
        rows = [_metric(verdict, name) for name in _SHOWN]
        said = (
            f"<p><strong>{escape(headline(found.entry, verdict))}.</strong> {escape(weakness(verdict))}</p>"
        )
        said += table(("metric", "value", "95 % interval"), rows)
        said += _list(_not_estimable(verdict))
    else:
        said = "<p>Scores only: the labels are not known here.</p>"
    return _section("What it says", said + _pictures(pictures_of_results(found)))


def _not_estimable(verdict: Verdict) -> list[str]:
    """Why metrics have no interval, each reason once with its metrics."""
    names: dict[str, list[str]] = {}
    for name in _SHOWN:
        limits = verdict.intervals.get(name)
        if limits is not None and not limits.estimable:
            names.setdefault(limits.remark, []).append(metric_name(name))
    return [f"Interval of {', '.join(every)}: {reason}." for reason, every in names.items()]


def _metric(verdict: Verdict, name: str) -> tuple[str, str, str]:
    """A metric with its unit, its value, and its interval over subjects."""
    unit = ", %" if measure(name).unit is Unit.PERCENT else ""
    limits = verdict.intervals.get(name)
    between = ABSENT
    if limits is not None and limits.low is not None and limits.high is not None:
        between = f"{metric_words(name, limits.low)} to {metric_words(name, limits.high)}"
    return metric_name(name) + unit, metric_words(name, verdict.metrics.get(name)), between


def _cells(found: Inspection) -> str:
    """The most wrong cells, the surest of them first."""
    if found.verdict is None:
        return ""
    if not found.wrong:
        return _section("The most wrong cells", "<p>No cell is called wrong.</p>")
    many = (
        f"{len(found.wrong)} of {counted(found.all_wrong, 'cell')} that are called wrong, the surest first."
    )
    lines = {one.subject: f"{percent(one.accuracy, 0)} % of {counted(one.cells, 'cell')} right"
             for one in found.verdict.subjects or ()}  # fmt: skip
    cells = "\n".join(
        _cell(one, found.looks.get(one.name), lines.get(one.subject, "")) for one in found.wrong
    )
    return _section("The most wrong cells", f"<p>{many} {_key(found)}</p><ol class='cells'>{cells}</ol>")


def _key(found: Inspection) -> str:
    """What the second picture of a cell shows, where there is one."""
    if not any(look.map is not None for look in found.looks.values()):
        return ""
    return (
        "Yellow on the second picture is where that lies which spoke for the class that the cell was called "
        "(Grad-CAM on the last feature map, the unrotated view): where, not why, and no finer than the map."
    )


def _cell(cell: MissedCell, look: Look | None, of_subject: str) -> str:
    score = "" if cell.score is None else f"score {100 * cell.score:.1f} %"
    subject = f"subject {cell.subject}: {of_subject}" if cell.subject else ""
    lines = [f"{cell.label}, called {cell.called}", score, subject]
    words = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    return f'<li class="cell">{_seen(look)}<div><p class="name">{escape(cell.name)}</p>{words}</div></li>'


def _seen(look: Look | None) -> str:
    if look is None:
        return ""
    pictures = [_image(look.crop, "")]
    if look.map is not None:
        words = "where the network looked" if look.map.any() else "nothing spoke for the class"
        pictures.append(_image(_overlaid(look.crop, look.map), words))
    return f'<div class="seen">{"".join(pictures)}</div>'


def _overlaid(crop: Crops, heat: npt.NDArray[np.float32]) -> Crops:
    """The crop with its map in yellow over it."""
    share = _STRONGEST * heat[..., None].astype(np.float64)
    return np.asarray((crop * (1 - share) + _HEAT * share).round(), dtype=np.uint8)


def _image(crop: Crops, words: str) -> str:
    file = io.BytesIO()
    Image.fromarray(crop).resize((_THUMB, _THUMB), Image.Resampling.BILINEAR).save(file, "PNG", optimize=True)
    content = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{words}" width="{_THUMB}" height="{_THUMB}" src="data:image/png;base64,{content}">'
