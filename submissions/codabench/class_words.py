"""Whether names of cells tell their class, so that a list of them may not be shown to participants."""

from __future__ import annotations

import re
from collections.abc import Iterable

CLASS_WORDS = frozenset(
    {
        *("all", "hem", "normal", "healthy", "benign", "leukemia", "leukemic", "leukaemia", "leukaemic"),
        *("blast", "blasts", "malignant", "cancer", "pos", "positive", "neg", "negative"),
    }
)
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def class_words(names: Iterable[str]) -> list[str]:
    """The words for a class that stand in these names, folders and endings included, in ASCII order."""
    return sorted({word for name in names for word in _words(name) if word in CLASS_WORDS})


def _words(name: str) -> set[str]:
    """The words between whatever is no letter; `cellHEM` holds `hem` too."""
    return set(_LETTERS.findall(name.lower())) | {hump.lower() for hump in _HUMPS.findall(name)}
