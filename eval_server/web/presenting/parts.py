"""Which part of a divided phase a page shows, in words, and where the other one is; pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.wording import counted
from eval_server.judging.division import TruthPart
from eval_server.judging.spot_check import SAID
from eval_server.service.making import SAMPLED
from eval_server.web.documents.phases import PhaseDocument


@dataclass(frozen=True, slots=True)
class PartNote:
    """What is shown, and the part that may be asked for beside it; `other` is empty where there is none.

    `moves` is for a board, and says from which places its lines moved where whoever reads it may see others.
    """

    said: str
    other: str = ""
    link: str = ""
    moves: str = ""


def part_note(phase: PhaseDocument, *, host: bool) -> PartNote | None:
    """What a page says of the part it shows; None where the phase is not divided."""
    if phase.part == TruthPart.WHOLE:
        return None
    subjects, closed = counted(phase.subjects or 0, "subject"), phase.status == "closed"
    if phase.part == TruthPart.PRIVATE and closed:
        return _private_in_the_end(phase, subjects, host=host)
    if phase.part == TruthPart.PRIVATE:
        said = f"Shown is the private part, {subjects}. Until the phase closes only a host sees it."
        return PartNote(said, TruthPart.PUBLIC, "The public part, which everybody sees")
    if closed:
        said = _public_in_the_end(phase, subjects, host=host)
        return PartNote(said, TruthPart.PRIVATE, "The private part, which decides")
    said = f"Shown is the public part, {subjects}. The other subjects are kept back and decide in the end."
    if not host:
        return PartNote(said)
    here = f" Here it is measured on all cells; teams see it {SAID}." if phase.spot_checked else ""
    return PartNote(said + here, TruthPart.PRIVATE, "The private part (a host sees this)")


def _private_in_the_end(phase: PhaseDocument, subjects: str, *, host: bool) -> PartNote:
    """The part that decides; a host, whose own public part has other places, is told whose places moved."""
    said = f"Shown is the private part, {subjects} kept back until the end: it decides."
    if host and phase.feedback in SAMPLED:
        moves = of_ranks.moved_from_seen()
        return PartNote(said, TruthPart.PUBLIC, "The public part, on all cells", moves)
    as_it_stood = " as it stood" if _seen(phase) else ""
    return PartNote(said, TruthPart.PUBLIC, f"The public part{as_it_stood}")


def _public_in_the_end(phase: PhaseDocument, subjects: str, *, host: bool) -> str:
    """The part that decides no more: as it stood only where who asks is shown what was seen then."""
    if host and phase.spot_checked:
        return (
            f"Shown is the public part, {subjects}, measured on all cells. What teams saw of it while the "
            f"phase was open, and see now, is {SAID}, others for each submission."
        )
    if _seen(phase):
        return f"Shown is the public part as it stood, {subjects}: it was seen while the phase was open."
    return f"Shown is the public part, {subjects}. Its board was hidden while the phase was open."


def _seen(phase: PhaseDocument) -> bool:
    """Whether others than the host were shown the board while the phase was open."""
    return phase.visibility != "hidden" and phase.feedback != "none"


def unseen(phase: PhaseDocument) -> PartNote | None:
    """What a page says of a divided phase whose board is not shown yet; None where it is not divided."""
    if phase.part == TruthPart.WHOLE:
        return None
    return PartNote("The subjects have a public and a private part; the private one decides in the end.")


def moved_words(moved: int | None) -> str:
    """By how many places a line moved against the public part: "3 up", "2 down", "same place"."""
    if moved is None:
        return ""
    return f"{abs(moved)} {'up' if moved > 0 else 'down'}" if moved else "same place"
