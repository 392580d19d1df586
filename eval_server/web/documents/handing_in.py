"""What is said at once: receipts, checks, and every reason why something is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from eval_server.service.desk import Desk
from eval_server.store.records import Receipt
from eval_server.web.documents.document import STABLE, Document, Word
from submissions.checking import CheckReport
from submissions.classes import CNMC, ClassNames


class ProblemToMend(Document):
    """One reason why a submission is refused."""

    where: Word
    """In which file and line."""
    what: Word
    """What is wrong."""
    expected: Word
    """What was expected there."""
    found: Word
    """What stands there."""
    mend: Word
    """What to do about it."""


class ReceiptDocument(Document):
    """What the sender is told: from now on it is on disk and in the database for good."""

    id: Word
    status: Word
    url: Word
    """Where it is told what came of it."""
    page: Word
    """The same for people."""
    earlier: Annotated[bool, STABLE]
    """Whether the same file of the same team was there already: then it counts once."""


class ChoiceDocument(Document):
    """A submission that stands for its team from now on."""

    id: Word
    chosen: bool


class QueuedDocument(Document):
    """A submission that waits to be judged once more."""

    id: Word
    status: Word
    url: Word


class CheckDocument(Document):
    """Whether this would be accepted, and if not, every reason; nothing is kept or counted."""

    accepted: Annotated[bool, STABLE]
    phase: Annotated[str | None, STABLE]
    predictions: Annotated[int | None, STABLE]
    """How many; null where it would be refused."""
    positives: Annotated[int | None, STABLE]
    """How many of them say ALL."""
    problems: Annotated[list[ProblemToMend], STABLE]
    scores: bool
    """Whether scores came with it."""
    passed_over: list[str]
    """What the reader skipped without harm."""
    read_as: list[str]
    """How a table was read."""


def receipt_document(desk: Desk, receipt: Receipt) -> ReceiptDocument:
    return ReceiptDocument(
        id=receipt.id,
        status=receipt.status,
        url=desk.settings.path_to(f"/api/submissions/{receipt.id}"),
        page=desk.settings.path_to(f"/submissions/{receipt.id}"),
        earlier=receipt.earlier,
    )


def check_document(report: CheckReport, classes: ClassNames = CNMC) -> CheckDocument:
    return CheckDocument(
        accepted=report.accepted,
        phase=report.phase,
        predictions=len(report.predictions.labels) if report.predictions else None,
        positives=report.predictions.positives if report.predictions else None,
        problems=[problem_to_mend(one.to_json(), classes) for one in report.problems],
        scores=report.predictions is not None and report.predictions.scores is not None,
        passed_over=list(report.passed_over),
        read_as=[classes.said(one) for one in report.read_as],
    )


def problem_to_mend(problem: Mapping[str, Any], classes: ClassNames) -> ProblemToMend:
    """A reason with the classes by their names; what was found stays as its sender wrote it."""
    words = {name: classes.said(problem[name]) for name in ("what", "expected", "mend")}
    return ProblemToMend.model_validate({**problem, **words})
