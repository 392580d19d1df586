"""A comparison as one HTML page that needs nothing else: no network, no script, light or dark, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import version
from itertools import count, pairwise
from pathlib import Path
from string import Template
from typing import Any

from eval_server.figures import rows as intervals
from eval_server.figures.columns import BESIDE, COLUMNS, Column
from eval_server.figures.picture import STYLE, Picture
from eval_server.figures.showing import (
    limits_of,
    line_of,
    pictures_of_entry,
    pictures_of_pair,
    pictures_of_report,
    pictures_of_scores,
)
from eval_server.figures.standings import common_span
from eval_server.figures.statements.differences import effect_column, would_be
from eval_server.figures.statements.intervals import level_words
from eval_server.figures.wording import (
    ABSENT,
    counted,
    interval_words,
    listed,
    p_number,
    percent,
    ranks,
    signed,
    signed_interval,
)
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report, Standing
from eval_server.judging.verdict import Verdict
from harness.reports.comparison_words import PUBLISHED, about, answer, limits, own_ranks, pair_said, reading
from harness.reports.leaderboard import rows_of
from harness.reports.paper_pictures import write_for_paper
from harness.reports.shown import Shown
from submissions.writing import write_whole

TEMPLATE = Path(__file__).with_name("page.html")
TABLES = Path(__file__).with_name("tables.css").read_text(encoding="utf-8")
"""How tables fit a narrow screen, on every page that this package makes."""
NEWLINE = "\n"
_DRAWN = 128
"""Pixels of the intervals that are drawn in the rows of the table: they fit a telephone."""
MOST_ENTRIES = 25
"""Entries that get pictures of their own; the table holds all of them."""


def write_page(path: Path, shown: Shown) -> None:
    """Write the page aside and then to its name."""
    write_whole(path, page(shown).encode())


def write_pictures(folder: Path, shown: Shown, form: str | None = None) -> int:
    """Write every picture of the page as a file of its own; returns how many.

    Without a `form` they are SVG files for light and dark pages, else for a paper (`paper_pictures`).
    """
    taken: set[str] = set()
    for name, drawn in _named_pictures(shown):
        file = _free(re.sub(r"[^\w.-]+", "-", name), taken)
        if form is None:
            write_whole(folder / f"{file}.svg", drawn.standalone())
        else:
            write_for_paper(folder / f"{file}.{form}", drawn.svg, form)
    return len(taken)


def _free(name: str, taken: set[str]) -> str:
    """This name, numbered where another picture has it already, also on disks that know no case."""
    numbered = (name if number == 1 else f"{name}-{number}" for number in count(1))
    free = next(one for one in numbered if one.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _named_pictures(shown: Shown) -> Iterator[tuple[str, Picture]]:
    ordered = _first_entries(shown)
    for drawn in (*pictures_of_report(shown.report), *pictures_of_scores(ordered)):
        yield drawn.name, drawn
    for pair in _chosen_pairs(shown.report):
        for drawn in _pair_pictures(pair, shown):
            yield f"{drawn.name}-{pair.a}-{pair.b}", drawn
    for name, verdict in ordered.items():
        for drawn in pictures_of_entry(name, verdict, curves=False):
            yield f"{drawn.name}-{name}", drawn


def page(shown: Shown) -> str:
    """The whole page as text."""
    report = shown.report
    title = f"Comparison of {counted(len(report.entries), 'entry', 'entries')}"
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        style=STYLE + TABLES,
        about=escape(about(report)),
        answer=escape(answer(report)),
        standing=_standing(shown),
        reading=escape(" ".join((reading(report), *own_ranks(report)))),
        sections=_sections(shown),
        limits="".join(f"<p>{escape(sentence)}</p>\n" for sentence in limits(shown)),
        made=escape(f"Made by harness {version('cnmc-harness')}. Research software, not a medical device."),
    )


def _standing(shown: Shown) -> str:
    """The leaderboard as a table with the intervals drawn in its rows."""
    scale = common_span([line_of(one) for one in shown.report.entries])
    heads = "".join(map(_head, (COLUMNS[key] for key in BESIDE)))
    level = level_words(shown.report.alpha)
    head = (
        '<tr><th class="word">rank</th><th class="word">entry</th><th class="word">'
        f"{level} interval{intervals.axis(scale, width=_DRAWN)}</th><th>weighted<br>F1, %</th>{heads}</tr>"
    )
    standings = zip(shown.report.entries, rows_of(shown), strict=True)
    rows = "".join(_row(one, row, scale) for one, row in standings)
    drawn = scrolling(f'<table class="standing">{head}{rows}</table>', "Standings")
    return drawn + _references(shown)


def _references(shown: Shown) -> str:
    """Published results, set apart from the entries."""
    if not shown.references:
        return ""
    rows = "".join(
        f"<li>{percent(one.weighted_f1)} {escape(f'{one.name} ({one.source})')}</li>\n"
        for one in shown.references
    )
    return f"<p>{PUBLISHED}</p><ul>{rows}</ul>"


def _head(column: Column) -> str:
    return f'<th class="wide">{escape(column.head).replace(NEWLINE, "<br>")}</th>'


def _row(one: Standing, row: Mapping[str, Any], scale: tuple[float, float]) -> str:
    words = COLUMNS["remarks"].words(row)
    remarks = f'<span class="remarks">{escape(words)}</span>' if words else ""
    rank = ranks(one.rank_set) if one.rank_set else str(one.rank)
    limits = limits_of(one.interval)
    drawn = intervals.mark(one.weighted_f1, limits, scale, width=_DRAWN)
    return (
        f'<tr><td class="word">{rank}</td><td class="word name">{escape(one.entry)}{remarks}</td>'
        f'<td class="word drawn"><span class="spoken">{escape(interval_words(limits))}</span>{drawn}</td>'
        f"<td>{percent(one.weighted_f1)}</td>"
        + "".join(f'<td class="wide">{COLUMNS[key].words(row)}</td>' for key in BESIDE)
        + "</tr>\n"
    )


def _sections(shown: Shown) -> str:
    ordered = _first_entries(shown)
    standings = pictures_of_report(shown.report)
    scores = pictures_of_scores(ordered)
    parts = [_section("Standings", _pictures(standings) + _all_pairs(shown.report))]
    if shown.report.pairs and shown.report.subjects is not None:
        parts.append(_section("Pair by pair", _pairs(shown)))
    if scores:
        parts.append(_section("Scores", _pictures(scores)))
    parts.append(_section("Entry by entry", "".join(_entry(name, one) for name, one in ordered.items())))
    return "\n".join(parts)


def _first_entries(shown: Shown) -> dict[str, Verdict]:
    return {one.entry: shown.verdicts[one.entry] for one in shown.report.entries[:MOST_ENTRIES]}


def _section(title: str, inside: str) -> str:
    return f"<h2>{title}</h2>\n{inside}"


def _pictures(pictures: Iterable[Picture]) -> str:
    return '<div class="pictures">' + "".join(map(figure, pictures)) + "</div>"


def figure(picture: Picture) -> str:
    """A picture with its title, its sentence, and its numbers one click away."""
    numbers = table(picture.columns, picture.rows, title=f"Numbers: {picture.title}")
    return (
        f"<figure><h3>{escape(picture.title)}</h3>{scrolling(picture.svg, picture.title)}"
        f"<figcaption>{escape(picture.caption)}</figcaption>"
        f"<details><summary>The numbers</summary>{numbers}</details></figure>\n"
    )


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", stacked: bool = False
) -> str:
    """An HTML table; columns whose cells are words are set flush left.

    A `stacked` one has a block for each of its rows on a narrow screen, named by the row's first cell.
    """
    words = [all(_is_word(row[at]) for row in rows) for at in range(len(columns))]
    kinds = [' class="word"' if word else "" for word in words]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, columns, strict=True))
    body = "".join(
        "<tr>"
        + "".join(_cell(*one, stacked=stacked) for one in zip(kinds, columns, row, strict=True))
        + "</tr>\n"
        for row in rows
    )
    kind = ' class="stack"' if stacked else ""
    inside = f"<table{kind}><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return scrolling(inside, title or ", ".join(columns))


def _cell(kind: str, column: str, text: str, *, stacked: bool) -> str:
    named = f' data-head="{escape(column)}"' if stacked else ""
    return f"<td{kind}{named}>{escape(text)}</td>"


def scrolling(inside: str, name: str) -> str:
    """What may be wider than the screen: it is moved by keys too, and shows where it goes on."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{inside}</div>'


def _is_word(cell: str) -> bool:
    return cell == ABSENT or any(
        letter.isalpha() for letter in cell.replace("to", "").replace("estimable", "")
    )


def _all_pairs(report: Report) -> str:
    """Every comparison with its tests, folded."""
    if not report.pairs:
        return ""
    columns = (
        *("entry", "against", "difference, points", f"{level_words(report.alpha)} interval", "p", "Holm p"),
        *("McNemar mid-p (cells)", "design effect", "mean subject accuracy, p", "Wilcoxon p"),
    )
    more = ("within the margin",) if report.margin is not None else ()
    rows = [(*_pair_row(pair), *((_equivalent(pair),) if more else ())) for pair in report.pairs]
    inside = f"<p>{escape(effect_column())}</p>" + table(
        (*columns, *more), rows, title="Every comparison", stacked=True
    )
    return f"<details><summary>Every comparison with all its tests</summary>{inside}</details>"


def _pair_row(pair: Comparison) -> tuple[str, ...]:
    by_subject = pair.secondary.get("subject_accuracy")
    return (
        *(pair.a, pair.b, signed(pair.difference), signed_interval(limits_of(pair.interval))),
        *(p_number(pair.p), p_number(pair.p_holm), p_number(pair.mcnemar_midp)),
        ABSENT if pair.design_effect is None else f"{pair.design_effect:.1f}",
        p_number(None if by_subject is None else by_subject.p),
        p_number(pair.wilcoxon_p),
    )


def _equivalent(pair: Comparison) -> str:
    found = pair.equivalence
    if found is None or found.equivalent is None:
        return "not estimable"
    if found.equivalent:
        return "equivalent"
    said = [name for name, fine in ((pair.a, found.not_inferior), (pair.b, found.other_not_inferior)) if fine]
    return f"{listed(said)} not inferior" if said else "not shown"


def _pairs(shown: Shown) -> str:
    """The chosen pairs, the first of them open."""
    chosen = _chosen_pairs(shown.report)
    return "".join(_pair(pair, shown, is_open=at == 0) for at, pair in enumerate(chosen))


def _chosen_pairs(report: Report) -> list[Comparison]:
    """Each entry against the one below it, or all against the baseline."""
    if report.baseline is not None:
        return list(report.pairs[: MOST_ENTRIES - 1])
    names = [one.entry for one in report.entries[:MOST_ENTRIES]]
    return [report.between(*pair) for pair in pairwise(names)]


def _pair_pictures(pair: Comparison, shown: Shown) -> tuple[Picture, ...]:
    verdicts = shown.verdicts
    return pictures_of_pair(pair.a, pair.b, verdicts[pair.a], verdicts[pair.b], pair.p)


def _pair(pair: Comparison, shown: Shown, *, is_open: bool) -> str:
    drawn = _pair_pictures(pair, shown)
    between = f"<p>{escape(would_be(pair.mcnemar_midp))}</p>"
    return _folded(pair_said(pair, shown.report.alpha), between + _pictures(drawn), is_open=is_open)


def _entry(name: str, verdict: Verdict) -> str:
    metrics = verdict.metrics
    summary = (
        f"{name}: weighted F1 {percent(metrics['weighted_f1'])} %, sensitivity "
        f"{percent(metrics['sensitivity'])} %, specificity {percent(metrics['specificity'])} %"
    )
    drawn = pictures_of_entry(name, verdict, curves=False)
    return _folded(summary, _pictures(drawn), is_open=False)


def _folded(summary: str, inside: str, *, is_open: bool) -> str:
    state = " open" if is_open else ""
    return f'<details class="entry"{state}><summary>{escape(summary)}</summary>{inside}</details>\n'
