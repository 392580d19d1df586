"""What is said about phases: their rules, their cells, and where they stand by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from eval_server.service.access import Caller, shows_board, status_at, utc
from eval_server.service.desk import Desk
from eval_server.service.finding import all_phases
from eval_server.service.sight import is_spot_checked
from eval_server.store.records import PhaseRecord, Rules
from eval_server.web.documents.document import STABLE, Count, Document, Word
from submissions.phases import FIRST


class QuotaDocument(Document):
    """How often a team may hand in; null means without limit."""

    per_day: Annotated[int | None, STABLE]
    """Scored submissions a day."""
    in_all: Annotated[int | None, STABLE]
    """Scored submissions in all."""
    unscored_per_day: Annotated[int | None, STABLE]
    """Refused and failed uploads a day."""


class PhaseDocument(Document):
    """A phase's rules and where it stands by the clock."""

    name: Word
    """What addresses call it."""
    title: Word
    """What people call it."""
    status: Word
    """`upcoming`, `open` or `closed`."""
    now: Word
    """What the server's clock said."""
    opens_at: Annotated[str | None, STABLE]
    """When it opens; null where no time is set."""
    closes_at: Annotated[str | None, STABLE]
    """When it closes; null where no end is set."""
    cells: Count
    """Lines of a submission."""
    first_cells: list[str]
    """The first cells, in the order of a submission's lines."""
    cells_url: Word
    """Where all of them are, in order, as CSV."""
    cells_sha256: Word
    """The digest of the cells in order, as a manifest has it."""
    subjects: Annotated[int | None, STABLE]
    """Subjects of the cells, of those of the part that is shown; null where they are not known."""
    member: Word
    """The file that a zip holds."""
    partial: bool
    """Whether cells of the published phase are left out."""
    drawn: bool
    """Whether the cells are synthetic."""
    metric: Word
    """By which metric the board ranks."""
    represents: Word
    """What stands for a team: `best`, `last`, `chosen`, or `every` entry."""
    visibility: Word
    """`public`, `hidden` until the phase closes, or `anonymous`."""
    board_visible: bool
    """Whether who asks may see the board now."""
    part: Word = "whole"
    """Which subjects numbers are of: `whole`, or where it is divided the `public` or `private` part."""
    choices: Count = 1
    """So many submissions may a team choose."""
    ladder: bool
    """Whether the board moves only for a clear improvement."""
    feedback: str
    """What a team is told of its results: `full`, `summary`, `score`, or `none` until the phase closes."""
    others: str
    """What others are told of them: `full` is as much as the team, or the `score` alone."""
    spot_checked: bool
    """Whether numbers are now measured on a tenth of the cells, others for each submission."""
    margin: float
    """The margin of non-inferiority in weighted F1."""
    quota: QuotaDocument
    """How often a team may hand in."""
    classes: tuple[str, str]
    """What label 0 and label 1 are called; a table may write them so."""
    contact: str
    """Whom to ask, in Markdown; empty where nobody is named."""
    description: str
    """What it is about, in Markdown."""
    rules: str
    """What its host asks of who takes part, in Markdown."""
    terms: str
    """What a team has to accept before its first submission, in Markdown; empty where there is nothing."""
    terms_sha256: str
    """Their digest, which an upload sends as `terms` to accept them; empty where there are none."""
    picture_url: str | None
    """Its picture; null without one."""
    example_url: Word
    """A submission that would be taken, as a zip: every cell called label 0."""
    example_table_url: Word
    """The same as a table, every score one half."""
    labels_corrected_at: Annotated[str | None, STABLE]
    """When its labels were last corrected and everything judged anew; null where they never were."""
    archived: bool
    """Whether it is off the start page, in the archive."""
    url: Word
    """Its page."""


class PhaseList(Document):
    """All phases."""

    phases: Annotated[list[PhaseDocument], STABLE]
    """In the order in which they were added."""


def phase_list(desk: Desk, caller: Caller) -> PhaseList:
    return PhaseList(phases=[phase_document(desk, record, caller) for record in all_phases(desk, caller)])


def quota_of(rules: Rules) -> QuotaDocument:
    return QuotaDocument(per_day=rules.per_day, in_all=rules.in_all, unscored_per_day=rules.unscored_per_day)


def _told(record: PhaseRecord, now: datetime) -> dict[str, Any]:
    """What is told of results now."""
    rules, sampled = record.rules, is_spot_checked(record, Caller(), now)
    return {"feedback": rules.feedback, "others": rules.others, "spot_checked": sampled}


def phase_document(desk: Desk, record: PhaseRecord, caller: Caller) -> PhaseDocument:
    rules, now = record.rules, desk.now()
    asked = desk.verdicts.truth(record.truth).phase
    shown = desk.verdicts.truth(record.truth, record.part)
    corrected = desk.verdicts.corrected_at(record.name, record.truth)
    return PhaseDocument(
        **_introduction(desk, record),
        **_standing(record, now),
        name=record.name,
        title=rules.title or record.name,
        cells=len(asked),
        first_cells=list(asked.cells[:FIRST]),
        cells_sha256=asked.key,
        subjects=None if shown.subjects is None else len(set(shown.subjects)),
        member=asked.member,
        partial=asked.partial,
        drawn=asked.drawn,
        metric=rules.metric,
        represents=rules.represents,
        visibility=rules.visibility,
        board_visible=shows_board(caller, rules, now),
        part=record.part,
        choices=rules.choices,
        ladder=rules.ladder,
        **_told(record, now),
        margin=rules.margin,
        quota=quota_of(rules),
        labels_corrected_at=None if corrected is None else utc(corrected),
    )


def _standing(record: PhaseRecord, now: datetime) -> dict[str, Any]:
    """Where a phase stands by the clock, and whether it is in the archive."""
    rules = record.rules
    return {
        "status": status_at(rules, now),
        "now": utc(now),
        "opens_at": None if rules.opens_at is None else utc(rules.opens_at),
        "closes_at": None if rules.ends_at is None else utc(rules.ends_at),
        "archived": record.archived_at is not None,
    }


def _introduction(desk: Desk, record: PhaseRecord) -> dict[str, Any]:
    """What a phase says of itself, where its page is, and the files to start from."""
    told, path_to = desk.store.introductions.of(record), desk.settings.path_to
    picture = path_to(f"/phases/{record.name}/picture?{told.picture[:10]}")
    return {
        "url": path_to(f"/phases/{record.name}"),
        "classes": (record.rules.classes.normal, record.rules.classes.positive),
        "contact": told.contact,
        "description": told.description,
        "rules": told.rules,
        "terms": told.terms,
        "terms_sha256": told.terms_sha256,
        "picture_url": picture if told.picture else None,
        "cells_url": path_to(f"/api/phases/{record.name}/cells.csv"),
        "example_url": path_to(f"/api/phases/{record.name}/example.zip"),
        "example_table_url": path_to(f"/api/phases/{record.name}/example.csv"),
    }
