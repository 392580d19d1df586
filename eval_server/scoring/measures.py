"""Every number that an entry is measured by: its words, how it is written, and who may read all its digits.

The functions are elsewhere: those of the confusion matrix in `metrics`, those of scores in `calibration`,
the mean over subjects in `subjects`. A number that is not in this list is shown under its own name, and to
nobody but the host with more than three digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """How a number is written, by what follows its name in the head of a table."""

    PERCENT = ", %"
    PLAIN = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number: `words` as a sentence has them, `brief` as the table of `harness score` does.

    A number is `told_in_full` to everybody only where it follows from the confusion matrix and the counts by
    subject, which everybody is shown; any other is rounded, because at full precision a number that was
    computed from scores can spell out labels. Without `brief` it is left out of that table.
    """

    name: str
    words: str
    brief: str = ""
    unit: Unit = Unit.PERCENT
    told_in_full: bool = False

    @property
    def marked(self) -> bool:
        """Whether its interval covers less than 93 % in some design of docs/calibration.md."""
        return self.name in MARKED

    @property
    def digits(self) -> int:
        """Digits after the point where it is shown: of a percentage, or of the plain number."""
        plain = 4 if self.told_in_full else 3
        return plain - 2 if self.unit is Unit.PERCENT else plain

    @property
    def head(self) -> str:
        """Its words with its unit, as the first line of a column has them."""
        return f"{self.words[:1].upper()}{self.words[1:]}{self.unit.value}"


def _counted(name: str, words: str, brief: str = "", unit: Unit = Unit.PERCENT) -> Measure:
    """A number that follows from what everybody is shown."""
    return Measure(name, words, brief, unit, told_in_full=True)


_ALL = (
    _counted("weighted_f1", "weighted F1", "weighted F1"),
    _counted("macro_f1", "macro F1", "macro F1"),
    _counted("accuracy", "accuracy", "accuracy"),
    _counted("balanced_accuracy", "balanced accuracy", "balanced accuracy"),
    _counted("subject_accuracy", "subject accuracy"),
    _counted("sensitivity", "sensitivity", "sensitivity (ALL)"),
    _counted("specificity", "specificity", "specificity (HEM)"),
    _counted("weighted_precision", "weighted precision", "weighted precision"),
    _counted("weighted_recall", "weighted recall"),
    _counted("f1_all", "F1 of ALL", "F1 of ALL"),
    _counted("f1_hem", "F1 of normal", "F1 of HEM"),
    _counted("precision_all", "precision of ALL"),
    _counted("precision_hem", "precision of normal"),
    _counted("mcc", "Matthews correlation", "MCC", Unit.PLAIN),
    _counted("kappa", "Cohen's kappa", unit=Unit.PLAIN),
    Measure("auc", "area under the ROC curve", "ROC AUC", Unit.PLAIN),
    Measure("average_precision", "average precision", "average precision", Unit.PLAIN),
    Measure("brier", "Brier score", "Brier score", Unit.PLAIN),
    Measure("log_loss", "log loss", "log-loss", Unit.PLAIN),
    Measure("ece", "expected calibration error", "calibration error", Unit.PLAIN),
)
MEASURES: Mapping[str, Measure] = {one.name: one for one in _ALL}
"""Every measure by name, in the order in which tables show them; the primary one first."""


MARKED = frozenset(
    {
        *("macro_f1", "balanced_accuracy", "subject_accuracy", "sensitivity"),
        *("weighted_precision", "precision_all", "precision_hem"),
    }
)
"""Measures whose intervals are marked where they are printed, after the table of docs/calibration.md."""


def below_93(intervals: Iterable[str]) -> list[str]:
    """Which of these intervals, and that of the subject accuracy, cover less than 93 % in some design."""
    return [name for name in MEASURES if name in MARKED and name in {*intervals, "subject_accuracy"}]


def measure(name: str) -> Measure:
    """What is known of a number; of one that nobody described, that it is rounded."""
    return MEASURES.get(name) or Measure(name, name.replace("_", " "))


def told_in_full(name: str) -> bool:
    """Whether everybody may read all digits of this number; of what is not in the list, nobody may."""
    return measure(name).told_in_full
