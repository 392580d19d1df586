"""The page of images of one's own: cells sorted by score, what is unlike the training data, what got none."""

from __future__ import annotations

import base64
import io
from html import escape
from importlib.metadata import version
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from harness.runs.own import NO_DIAGNOSIS, ScoredImages
from models.contract import Crops

TEMPLATE = Path(__file__).with_name("own_page.html")
_THUMB = 112


def own_page(scored: ScoredImages) -> str:
    """The whole page as text: it needs no network and no script."""
    about = f"{scored.scored:,} of {len(scored.images):,} images scored by {scored.by}."
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title="Cells by score",
        warning=escape(NO_DIAGNOSIS),
        about=escape(about),
        marked=_list("What must be said of this network", scored.remarks),
        unlike=_list("Unlike the training data", scored.unlike(), none="Nothing stands out."),
        cells=_cells(scored),
        without=_without(scored),
        made=escape(f"Made by harness {version('cnmc-harness')}. {NO_DIAGNOSIS}"),
    )


def _list(title: str, lines: tuple[str, ...], none: str = "") -> str:
    if not lines and not none:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{escape(title)}</h2>" + (f"<ul>{items}</ul>" if lines else f"<p>{escape(none)}</p>")


def _cells(scored: ScoredImages) -> str:
    """The scored cells, the highest score first; equal ones in the order given."""
    order = np.argsort(-scored.scores, kind="stable")
    return "\n".join(_cell(scored, int(at)) for at in order if np.isfinite(scored.scores[at]))


def _cell(scored: ScoredImages, at: int) -> str:
    image, score, label = scored.images[at], float(scored.scores[at]), scored.labels[at]
    assert image.crop is not None
    said = "".join(f"<li>{escape(line)}</li>" for line in scored.remarks_of(at))
    return (
        f'<li class="cell"><img alt="" width="{_THUMB}" height="{_THUMB}" src="{_thumbnail(image.crop)}">'
        f'<div><p class="name">{escape(image.name)}</p>'
        f'<p><span class="bar" style="--share:{score:.4f}"></span> {score:.3f} {label}</p>'
        f"{f'<ul>{said}</ul>' if said else ''}</div></li>"
    )


def _thumbnail(crop: Crops) -> str:
    file = io.BytesIO()
    Image.fromarray(crop).resize((_THUMB, _THUMB), Image.Resampling.BILINEAR).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _without(scored: ScoredImages) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{escape(one.name)}</th><td>{escape(one.problem)}</td></tr>"
        for one in scored.images
        if one.problem
    )
    head = "<tr><th scope='col'>image</th><th scope='col'>why</th></tr>"
    return f"<h2>Without a score</h2><table>{head}{rows}</table>" if rows else ""
