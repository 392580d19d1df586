"""The pictures of a look inside: epochs, scores, and what the pictures of every entry show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from eval_server.figures.epochs import EpochLine, over_epochs
from eval_server.figures.picture import Picture
from eval_server.figures.scores import score_histogram
from eval_server.figures.showing import pictures_of_entry
from harness.reports.inspection.found import Inspection

Event = Mapping[str, Any]

_LOSSES = {"loss": "training", "validation_loss": "judged cells"}
_SHARES = {"weighted_f1": "weighted F1", "sensitivity": "sensitivity", "specificity": "specificity"}
_PRECISE = {"weighted_precision": "weighted precision", "weighted_recall": "weighted recall"}


def pictures_of_epochs(found: Inspection) -> tuple[Picture, ...]:
    """Loss and metrics by epoch; nothing where there is one epoch or none."""
    if len(found.epochs) < 2:
        return ()
    on = judged_on(found.epochs)
    told = f"Judged on {on}. " if on else ""
    chosen = "" if found.chosen is None else f"Epoch {found.chosen} predicts."
    rows = (
        ("epoch-loss", "Loss by epoch", _LOSSES, False),
        ("epoch-metrics", "Weighted F1 and the share of each class that is right", _SHARES, True),
        ("epoch-precision", "Weighted precision and recall", _PRECISE, True),
        ("epoch-auc", "Area under the ROC curve", {"auc": "AUC"}, True),
    )
    drawn = ((name, title, _lines(found.epochs, named), percent) for name, title, named, percent in rows)
    return tuple(
        over_epochs(name, title, f"{told}{chosen}".strip(), lines, percent=percent)
        for name, title, lines, percent in drawn
        if lines
    )


def judged_on(epochs: Sequence[Event]) -> str:
    """By which cells the epochs were judged; empty where none was."""
    return ", ".join(dict.fromkeys(str(one["judged_on"]) for one in epochs if "judged_on" in one))


def _lines(epochs: Sequence[Event], named: Mapping[str, str]) -> list[EpochLine]:
    return [line for name, words in named.items() if (line := _line(epochs, name, words)) is not None]


def _line(epochs: Sequence[Event], name: str, words: str) -> EpochLine | None:
    """The longest run of epochs that have this number, as a line; None where no two follow on each other."""
    runs = list(_following(epochs, name))
    longest = max(runs, key=len, default=[])
    if not longest:
        return None
    return EpochLine(words, tuple(float(one[name]) for one in longest), begins=int(longest[0]["epoch"]))


def _following(epochs: Sequence[Event], name: str) -> Iterator[list[Event]]:
    """Stretches of epochs that follow on each other and have this number."""
    there = sorted((one for one in epochs if one.get(name) is not None), key=lambda one: int(one["epoch"]))
    for _, stretch in groupby(enumerate(there), key=lambda pair: int(pair[1]["epoch"]) - pair[0]):
        yield [one for _, one in stretch]


def pictures_of_results(found: Inspection) -> tuple[Picture, ...]:
    """Scores by class; then confusion, subjects, curves and calibration where the labels are known."""
    verdict = found.verdict
    histogram = _histogram(found)
    if verdict is None:
        return histogram
    first, *others = pictures_of_entry(found.entry, verdict)
    return (first, *histogram, *others)


def _histogram(found: Inspection) -> tuple[Picture, ...]:
    if found.predictions is None or found.predictions.scores is None:
        return ()
    verdict = found.verdict
    leukemic = None if verdict is None else np.asarray(verdict.cells.labels == 1)
    return (score_histogram(found.entry, found.predictions.scores, leukemic),)
