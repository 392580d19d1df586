"""What was handed in, read again for its owner: as what it was taken, the zip made of it, the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval_server.judging.division import TruthPart
from eval_server.judging.feedback import Told
from eval_server.judging.hints import Hint, SentLines, hints
from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.sight import shown_id
from eval_server.store.files import FileDamaged
from eval_server.store.records import PhaseRecord, Submission
from submissions.classes import ClassNames
from submissions.packing import packed
from submissions.parts import is_zip, read_parts
from submissions.problems import SubmissionRefused
from submissions.rows import without_note

HINT_DIGITS = 3
"""Digits of the number that a result would have had: no more than a hint needs."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A submission's own file, what it was read as, and whether scores came with it.

    `zipped` is the zip that CodaLab takes: the file itself, or what is made of a table; None where a
    table was refused.
    """

    original: bytes
    is_table: bool
    zipped: bytes | None
    read_as: tuple[str, ...] = ()
    scored: bool = False


def handed_in(desk: Desk, record: PhaseRecord, found: Submission) -> HandedIn | None:
    """Read it again, by the same rules as when it was judged; None where the file is lost."""
    archive = desk.store.archive
    try:
        data = archive.read(found.archive)
        scores = None if found.scores is None else archive.read(found.scores)
    except (OSError, FileDamaged):
        return None
    table = not is_zip(data)
    if not table and scores is None:
        return HandedIn(data, False, data)
    try:
        asked = desk.verdicts.truth(record.truth).phase.called(record.rules.classes)
        reading = read_parts(data, scores, asked)
    except SubmissionRefused:
        return HandedIn(without_note(data), table, None if table else data)
    zipped = packed(reading.predictions) if table else data
    scored = reading.predictions.scores is not None
    return HandedIn(without_note(data), table, zipped, reading.read_as, scored)


def mistakes(
    desk: Desk, record: PhaseRecord, found: Submission, told: Told | None, caller: Caller
) -> list[Hint]:
    """Hints for the owner and the host, where what is shown is this submission's own result, and whole.

    Below full feedback there are none: a hint says what another file would have come to.
    """
    if told is None or told.whole is None or not caller.owns(found.team):
        return []
    if shown_id(desk, record, found, caller) != found.id:
        return []
    found_in = hints(told.whole.cells, _lines(desk, record, found))
    return [_hint(hint, record.rules.classes) for hint in found_in]


def _lines(desk: Desk, record: PhaseRecord, found: Submission) -> Sequence[str] | SentLines:
    """All that was handed in, where the verdict that is shown is on a part of it."""
    truth = desk.verdicts.truth(record.truth)
    whole = desk.store.verdicts.standing(found.id, record.truth)
    if record.part is TruthPart.WHOLE or whole is None:
        return truth.phase.cells
    called = desk.verdicts.all([whole[0]])[whole[0]].cells.called
    return SentLines(truth.phase.cells, called, truth.places(record.part))


def _hint(hint: Hint, classes: ClassNames) -> Hint:
    """A hint as it is told: its number rounded, the classes by their names here."""
    says, mend = classes.said(hint.says), classes.said(hint.mend)
    if classes.own and hint.reading == "inverted":  # C-NMC's folders have nothing to say of other cells
        mend = f"Write 1 for {classes.positive} and 0 for {classes.negative}, or these words."
    return replace(hint, weighted_f1=round(hint.weighted_f1, HINT_DIGITS), says=says, mend=mend)
