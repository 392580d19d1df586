"""What the two classes of a phase are called: those of C-NMC, or words of the host's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 40
"""Characters of a name."""
_WORDS = re.compile(r"`[^`]*`|\bleukemic \(ALL\)|\b(?:leukemic|ALL|HEM|normal)\b")
"""Our words for the classes; what stands between backticks is a column's or a file's name, and stays."""


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The words for label 1 and label 0; raises `ValueError` for two that nobody could tell apart."""

    positive: str = "ALL"
    negative: str = "HEM"

    def __post_init__(self) -> None:
        for name in (self.positive, self.negative):
            if not 0 < len(name) <= MOST or not name.isprintable() or name != name.strip() or "`" in name:
                raise ValueError(f"a class is called by 1 to {MOST} printable characters, found {name!r}")
            if re.fullmatch(r"[\d.,+-]*", name):
                raise ValueError(f"a class is called by a word, for numbers are labels, found {name!r}")
        if self.positive.lower() == self.negative.lower():
            raise ValueError(f"the two classes need two names, found {self.positive!r} twice")

    @property
    def own(self) -> bool:
        """Whether they are others than those of C-NMC."""
        return self != CNMC

    @property
    def normal(self) -> str:
        """The word for label 0 as readers have it."""
        return self.negative if self.own else "normal"

    def label(self, word: str) -> int | None:
        """The label that a word stands for, whichever case it is written in."""
        return {self.positive.lower(): 1, self.negative.lower(): 0}.get(word.lower())

    def said(self, text: str) -> str:
        """A sentence of ours with these words in place of those of C-NMC; it must hold nobody's names."""
        return _WORDS.sub(self._word, text) if self.own else text

    def _word(self, found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith("`"):
            return text
        return self.negative if text in ("HEM", "normal") else self.positive


CNMC = ClassNames()
