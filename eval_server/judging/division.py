"""A public and a private part of a truth: subjects are divided, never cells, and both classes are in both."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint8]
CLASSES = ("HEM", "ALL")
NAMED = 5
"""What a message names before it only counts the others."""


class TruthPart(StrEnum):
    """What of a truth a verdict is on; a truth that is not divided has its whole alone."""

    WHOLE = "whole"
    PUBLIC = "public"
    PRIVATE = "private"


DIVIDED = (TruthPart.PUBLIC, TruthPart.PRIVATE)


class DivisionInvalid(ValueError):
    """Subjects that cannot be divided so; `hint` says how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Division:
    """Which subjects are kept back until the end, and by which share and seed they were chosen.

    `share` is None where a column of the truth's table said it.
    """

    private: frozenset[str]
    share: float | None = None
    seed: int = 0

    def holds(self, part: TruthPart, subject: str) -> bool:
        """Whether a subject belongs to this part."""
        return part is TruthPart.WHOLE or (subject in self.private) == (part is TruthPart.PRIVATE)

    def places(self, part: TruthPart, subjects: Sequence[str]) -> npt.NDArray[np.intp]:
        """Which of these cells, each given by its subject, belong to a part."""
        return np.flatnonzero([self.holds(part, subject) for subject in subjects])


def divide(labels: Labels, subjects: Sequence[str] | None, share: float, seed: int = 0) -> Division:
    """Divide subjects class by class, so that about this share of each is private.

    A pure function of its arguments: within a class subjects follow the SHA-256 of seed and name.
    Raises `DivisionInvalid`.
    """
    if not 0 < share < 1:
        raise DivisionInvalid(f"expected a share of private subjects between 0 and 1, found {share}")
    known = _required(subjects)
    kinds = _kinds(labels, known)
    private: set[str] = set()
    for kind in ("ALL", "HEM", "both"):
        names = sorted((name for name in kinds if kinds[name] == kind), key=lambda name: _turn(seed, name))
        private |= _chosen(names, share, lone=_lacks_a_class(private, kinds) and kind == "both")
    found = Division(frozenset(private), share, seed)
    require_both_classes(found, labels, known)
    return found


def divided_again(
    division: Division, old: Sequence[str] | None, labels: Labels, subjects: Sequence[str] | None
) -> Division:
    """The division of a corrected truth of the same cells in the same order; raises `DivisionInvalid`.

    Subjects that were there stay in their part; one that joins is in the part that its first cell was in.
    """
    before, known = _required(old), _required(subjects)
    kept = {name: name in division.private for name in before}
    for subject, was in zip(known, before, strict=True):
        kept.setdefault(subject, was in division.private)
    private = frozenset(name for name in known if kept[name])
    found = Division(private, division.share, division.seed)
    require_both_classes(found, labels, known)
    return found


def require_both_classes(division: Division, labels: Labels, subjects: Sequence[str]) -> None:
    """Raises `DivisionInvalid` unless each part has cells of both classes."""
    kinds = _kinds(labels, subjects)
    for at, word in enumerate(CLASSES):
        names = sorted(name for name, kind in kinds.items() if kind in (word, "both"))
        if len(names) == 1:
            said = f"the class {word} has one subject ({names[0]}), and each part needs one of its own"
            raise DivisionInvalid(said, "Add subjects of this class, or leave the phase undivided.")
        for part in DIVIDED:
            inside = [division.holds(part, subject) for subject in subjects]
            if not (labels[np.asarray(inside, dtype=bool)] == at).any():
                said = f"the {part} part has no {word} cell: both classes are needed in both parts"
                raise DivisionInvalid(said, f"Subjects with {word} cells: {listed(names)}.")


def _required(subjects: Sequence[str] | None) -> Sequence[str]:
    if subjects is None:
        said = "subjects are divided, and the subjects of these cells are not known"
        raise DivisionInvalid(said, "Give a table with a column `subject` that names one for every cell.")
    return subjects


def _kinds(labels: Labels, subjects: Sequence[str]) -> dict[str, str]:
    """The class of each subject by its cells, or ``both``."""
    found: dict[str, set[int]] = {}
    for subject, label in zip(subjects, labels.tolist(), strict=True):
        found.setdefault(subject, set()).add(label)
    return {name: "both" if len(seen) > 1 else CLASSES[min(seen)] for name, seen in found.items()}


def _turn(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


def _chosen(names: Sequence[str], share: float, *, lone: bool) -> set[str]:
    """The private ones of a class; its only subject is private where that part lacks a class."""
    if len(names) == 1:
        return set(names) if lone else set()
    return set(names[: min(max(math.floor(share * len(names) + 0.5), 1), len(names) - 1)])


def _lacks_a_class(private: set[str], kinds: Mapping[str, str]) -> bool:
    return len({kinds[name] for name in private}) < len(CLASSES)


def listed(names: Sequence[str]) -> str:
    """The first of these, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
