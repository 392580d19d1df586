"""One verdict in words: its number with its interval, and what is weak about it."""

from __future__ import annotations

from eval_server.judging.verdict import Verdict
from eval_server.scoring.intervals import Interval

WEAK = 0.75
"""A class is called weak of which more than a quarter is called the other; the paper's network has 0.80."""


def headline(name: str, verdict: Verdict) -> str:
    """The one line that says it: weighted F1 with its interval."""
    value = f"{name}: weighted F1 {verdict.weighted_f1:.4f}"
    limits = verdict.intervals["weighted_f1"]
    where = f"{len(verdict.cells.labels):,} cells of the phase {verdict.phase}"
    between = f", 95 % interval {interval_words(limits)}" if limits.estimable else ""
    return f"{value}{between} ({where})"


def interval_words(interval: Interval) -> str:
    """An interval as shares of three digits."""
    return f"[{interval.low:.3f}, {interval.high:.3f}]"


def weakness(verdict: Verdict) -> str:
    """What is weak, in one sentence; empty where neither class is."""
    sensitivity, specificity = verdict.metrics["sensitivity"], verdict.metrics["specificity"]
    weak = []
    if sensitivity is not None and sensitivity < WEAK:
        weak.append((sensitivity, f"sensitivity {_percent(sensitivity)}: leukemic cells are called normal"))
    if specificity is not None and specificity < WEAK:
        weak.append((specificity, f"specificity {_percent(specificity)}: normal cells are called leukemic"))
    one_class = "every cell is called the same, so nothing was learnt that tells the classes apart; "
    counts = verdict.confusion
    alike = not (counts.tp + counts.fp) or not (counts.tn + counts.fn)
    said = "; ".join(words for _, words in sorted(weak))
    return f"Weak: {one_class if alike and weak else ''}{said}." if said else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
