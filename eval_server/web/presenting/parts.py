"""Which part of a divided phase a page shows, in words, and where the other one is; pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from eval_server.figures.wording import counted
from eval_server.judging.division import TruthPart
from eval_server.web.documents.phases import PhaseDocument


@dataclass(frozen=True, slots=True)
class PartNote:
    """What is shown, and the part that may be asked for beside it; `other` is empty where there is none."""

    said: str
    other: str = ""
    link: str = ""


def part_note(phase: PhaseDocument, *, host: bool) -> PartNote | None:
    """What a page says of the part it shows; None where the phase is not divided."""
    if phase.part == TruthPart.WHOLE:
        return None
    subjects, closed = counted(phase.subjects or 0, "subject"), phase.status == "closed"
    if phase.part == TruthPart.PRIVATE and closed:
        said = f"Shown is the private part, {subjects} kept back until the end: it decides."
        return PartNote(said, TruthPart.PUBLIC, "The public part as it stood")
    if phase.part == TruthPart.PRIVATE:
        said = f"Shown is the private part, {subjects}. Until the phase closes only a host sees it."
        return PartNote(said, TruthPart.PUBLIC, "The public part, which everybody sees")
    if closed:
        said = f"Shown is the public part as it stood, {subjects}: it was seen while the phase was open."
        return PartNote(said, TruthPart.PRIVATE, "The private part, which decides")
    said = f"Shown is the public part, {subjects}. The other subjects are kept back and decide in the end."
    return (
        PartNote(said, TruthPart.PRIVATE, "The private part (a host sees this)") if host else PartNote(said)
    )


def moved_words(moved: int | None) -> str:
    """By how many places a line moved against the public part: "3 up", "2 down", "same place"."""
    if moved is None:
        return ""
    return f"{abs(moved)} {'up' if moved > 0 else 'down'}" if moved else "same place"
