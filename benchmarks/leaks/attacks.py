"""What an attacker hands in, starting blind or from an entry, and what labels that gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from benchmarks.leaks.asking import Asker, Document
from benchmarks.leaks.solving import (
    Answered,
    Floats,
    Known,
    Labels,
    labels_of,
    least_squares,
    right_called_all,
    subjects_of,
)
from eval_server.judging.spot_check import SHARE
from eval_server.scoring.counts import confusion_of
from eval_server.scoring.metrics import point_metrics

LOWEST = 900
"""Sure cells that a climb begins with called wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What is believed before the first upload: the chance of each cell to be ALL."""

    prior: Floats

    @property
    def calls(self) -> Labels:
        return np.asarray(self.prior >= 0.5, dtype=np.uint8)

    def least_sure(self, count: int) -> np.ndarray:
        """The cells of which least is known."""
        return np.argsort(np.abs(self.prior - 0.5), kind="stable")[:count]


def blind(known: Known) -> Start:
    return Start(np.full(known.cells, known.positives / known.cells))


def from_scores(scores: Floats, accuracy: float) -> Start:
    """An entry's scores, drawn towards one half until they promise the accuracy that one upload tells."""
    bent = logit(np.clip(scores, 0.001, 0.999))
    low, high = 0.01, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        sure = np.abs(expit(bent * middle) - 0.5).mean() + 0.5
        low, high = (middle, high) if sure < accuracy else (low, middle)
    return Start(expit(bent * low))


def random_uploads(count: int, cells: int, generator: np.random.Generator) -> Labels:
    return generator.integers(0, 2, (count, cells), dtype=np.uint8)


def focused(start: Start, size: int, count: int, generator: np.random.Generator) -> Labels:
    """The entry with its least sure cells called at random."""
    found, cells = np.tile(start.calls, (count, 1)), start.least_sure(size)
    found[:, cells] = generator.integers(0, 2, (count, size), dtype=np.uint8)
    return found


def climbing(start: Start, size: int, count: int, generator: np.random.Generator) -> Labels:
    """The same, but with ever fewer sure cells called wrong: each is better than those before by its plan."""
    found = focused(start, size, count, generator)
    order = start.least_sure(len(start.prior))[::-1]
    sure = generator.permutation(order[: min(LOWEST, len(order) - size)])
    for row, wrong in enumerate(np.linspace(len(sure), 0, count).astype(int)):
        found[row, sure[:wrong]] ^= 1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Uploads whose own numbers were told, and those numbers."""

    uploads: Labels
    documents: tuple[Document, ...]

    def first(self, count: int) -> Told:
        return Told(self.uploads[:count], self.documents[:count])

    def part(self, size: int, number: int) -> Told:
        """One of the parts of so many uploads each."""
        chosen = slice(size * number, size * (number + 1))
        return Told(self.uploads[chosen], self.documents[chosen])

    @property
    def by_subject(self) -> bool:
        return bool(self.documents) and all(one.get("subjects") for one in self.documents)


def asked(asker: Asker, phase: str, team: str, uploads: Labels, *, in_turn: bool = False) -> Told:
    """What a phase tells of uploads; one that repeats another's number tells nothing of its own."""
    found = asker.ask(phase, team, uploads, in_turn=in_turn)
    own = [at for at, one in enumerate(found) if one["shown"] == one["id"]]
    return Told(uploads[own], tuple(found[at] for at in own))


def answered(told: Told, known: Known) -> Answered:
    """The ALL cells among those called so, from the metrics that are told of each upload."""
    rows = [
        right_called_all(one["metrics"], int(labels.sum()), known, SHARE if one["spot_checked"] else 1)
        for one, labels in zip(told.documents, told.uploads, strict=True)
    ]
    table = np.array(rows).reshape(-1, 2)
    return Answered(told.uploads, table[:, 0], table[:, 1])


def solved(told: Told, known: Known, start: Start) -> Floats:
    """The chance of each cell to be ALL, by all that was told."""
    if not told.documents:
        return start.prior
    return _by_subject(told, start) if told.by_subject else labels_of(answered(told, known), start.prior)


def solved_linearly(told: Told, known: Known, start: Start) -> Floats:
    if len(told.documents) < 2:
        return start.prior
    return least_squares(answered(told, known), start.prior)


def _by_subject(told: Told, start: Start) -> Floats:
    """From the right cells of every subject: which subject each cell is of, and so its label."""
    table = told.documents[0]["subjects"]["table"]
    sizes = np.array([one["cells"] for one in table], dtype=float)
    leukemic = np.array([one["label"] == "ALL" for one in table])
    right = np.array([[one["correct"] for one in each["subjects"]["table"]] for each in told.documents])
    of_class = np.where(leukemic, sizes / sizes[leukemic].sum(), sizes / sizes[~leukemic].sum())
    chance = np.where(leukemic, start.prior[:, None], 1 - start.prior[:, None])
    called = np.where(leukemic, right, sizes - right)
    return np.asarray(subjects_of(told.uploads, called, chance * of_class)[:, leukemic].sum(axis=1))


def weighted_f1(truth: Labels, chance: Floats) -> float:
    """What labels come to that are called ALL where that is likelier."""
    return point_metrics(confusion_of(truth, chance >= 0.5))["weighted_f1"] or 0.0


def share_known(truth: Labels, chance: Floats) -> float:
    return float(((chance >= 0.5) == truth).mean())


def needed(share: float, counts: Sequence[int], known_after: Callable[[int], float]) -> int | None:
    """The fewest of so many uploads after which this share of the labels is known; None where none is."""
    return next((count for count in counts if known_after(count) >= share), None)
