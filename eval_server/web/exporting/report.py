"""The one page of a course: what each phase was, who stands where, and what can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval_server.figures.picture import STYLE, Picture
from eval_server.figures.showing import pictures_of_report
from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.wording import counted, percent
from eval_server.web.documents.comparisons import significance_document
from eval_server.web.exporting.course import HOST, PartExport, PhaseExport
from eval_server.web.exporting.teams import TeamColumn, columns_of
from eval_server.web.presenting import boards, comparisons, parts, words
from eval_server.web.presenting.boards import BoardView
from eval_server.web.presenting.parts import PartNote


@dataclass(frozen=True, slots=True)
class PartSection:
    """One board of a phase with its pictures, in words."""

    note: PartNote | None
    board: BoardView
    ties: str
    told: str
    pictures: tuple[Picture, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class PhaseSection:
    """What the page says of one phase; the part that decides stands first."""

    name: str
    title: str
    when: str
    counts: str
    represents: str
    columns: tuple[TeamColumn, ...]
    parts: tuple[PartSection, ...]


def section_of(phase: PhaseExport) -> PhaseSection:
    told = phase.decides.told
    return PhaseSection(
        phase.name,
        told.title,
        _when(told.opens_at, told.closes_at, told.status),
        f"{_counts(phase)}, {told.cells:,} cells",
        words.represents_words(told),
        tuple(columns_of(phase)),
        tuple(_part(part, phase.name) for part in reversed(phase.parts)),
    )


def _counts(phase: PhaseExport) -> str:
    aside = Counter(one.set_aside for one in phase.submissions if one.set_aside)
    silent = len(phase.teams) - len({one.team for one in phase.submissions})
    found = [
        counted(len(phase.teams), "team"),
        f"{silent} of which handed in nothing" if silent else "",
        counted(len(phase.submissions), "submission"),
        *(f"{count} {word}" for word, count in aside.items()),
    ]
    return ", ".join(filter(None, found))


def _when(opens_at: str | None, closes_at: str | None, status: str) -> str:
    """From when to when it is or was open, as it is now: what lies ahead is told as such."""
    opens, closes = (
        "opens" if status == "upcoming" else "opened",
        "closed" if status == "closed" else "closes",
    )
    opened = f"{opens} {words.moment(opens_at)}" if opens_at else "without an opening time"
    closed = f"{closes} {words.moment(closes_at)}" if closes_at else "without an end"
    return f"{status.capitalize()}: {opened}, {closed}."


def _part(part: PartExport, name: str) -> PartSection:
    report = part.report
    return PartSection(
        parts.part_note(part.told, host=True),
        boards.board_view(part.board, classes=words.classes_of(part.told)),
        "" if part.told.feedback == part.told.others == "full" else of_ranks.ties_to_a_tenth(),
        "" if part.compared is None else comparisons.report_words(significance_document(part.compared, HOST)),
        () if report is None else pictures_of_report(report),
        f"{name}/pictures{part.ending}",
    )


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("eval_server.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"percent": percent, "moment": words.moment}
    return found


TEMPLATES = _environment()


def report_page(sections: Sequence[PhaseSection], made_at: datetime) -> str:
    """The page, which needs nothing but itself."""
    template = TEMPLATES.get_template("course.html")
    return template.render(sections=sections, style=STYLE, made_at=words.text_of(made_at))
