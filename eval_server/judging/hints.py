"""Mistakes that look like a bad model: readings that fit the truth, or its subjects, significantly better.

Where the truth is at hand, the predictions are read again with the labels inverted, and with the lines in
the orders in which people's programs write them. A reading is named with the number that it would have
had; it is never applied.

Which tests, and why:

- *An order* (text order, one line late or early, sorted by class or by ``Patient_ID``). If the lines are in
  the right order, another order pairs each call with the label of a cell that it was not made for, and such
  a pairing is as good as random: the called ALL among the ALL cells are then hypergeometric, whatever the
  model and however alike the cells of a subject are. So the test is Fisher's exact test of call and label
  under the reading (one-sided, `ALPHA`), with a gain of `ORDER_GAIN`, and the lines as they stand
  must themselves look random (`RANDOM`). A test over subjects would be wrong here: it asks whether other
  subjects would say so too, and finds p from 0.003 to 0.05 in real entries whose order is plainly wrong.
- *Subjects in the calls.* The cells of a subject are alike and are called alike, also by a model that is no
  better than chance. In a wrong order the calls no longer know the subjects. Pearson's chi-square of call
  and subject (`ALPHA_SUBJECTS`) finds a wrong order that the labels alone cannot show; it is asked only of
  phases with enough cells in a subject for its approximation.
- *Inverted labels.* Nothing is random about them: a weak model can lie below chance because of a few
  subjects. So Fisher's exact test has to find call and label opposed (`ALPHA`), and weighted F1 has to gain
  at least `INVERTED_GAIN`, several times what subjects move it. Whoever inverts an entry that is worse than
  chance gets no hint, and rightly: naive Bayes, one of the nine real entries, has 0.502 and inverted 0.512.

Where subjects are divided, a hint is about those of one part, and says nothing of the labels of the other:
the lines are all that were handed in, and each reading is held against the cells of the part. *Sorted by
class* and *Patient_ID order* need the labels and subjects of every line; there they are not looked for.

False alarms: each of at most `READINGS` readings is tested at `ALPHA`, so that an entry of random calls gets
a hint with a chance below 2e-4, and of 1,000 such entries fewer than one in five sets of them shows any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, hypergeom

from eval_server.judging.verdict import CellLevel
from eval_server.scoring.counts import confusion_of
from eval_server.scoring.metrics import point_metrics

ALPHA = 2e-5
RANDOM = 1e-4
ALPHA_SUBJECTS = 1e-9
CELLS_PER_SUBJECT = 10
INVERTED_GAIN = 0.2
ORDER_GAIN = 0.05
READINGS = 9

Calls = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Hint:
    """A reading that fits the truth or its subjects significantly better, and how to mend what caused it.

    `weighted_f1` is the number it would have had, `p` the chance of such an agreement without the mistake.
    """

    reading: str
    weighted_f1: float
    p: float
    says: str
    mend: str

    def to_json(self) -> dict[str, Any]:
        return {
            "reading": self.reading,
            "weighted_f1": self.weighted_f1,
            "p": self.p,
            "says": self.says,
            "mend": self.mend,
        }

    def __str__(self) -> str:
        return f"{self.says}: weighted F1 would be {self.weighted_f1:.4f}. {self.mend}"


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """An order in which lines may stand: line k belongs to the cell at `places[k]`."""

    reading: str
    says: str
    mend: str
    places: Places


_BY_CELL = (
    "Hand in a table `cell,label`, whose rows may stand in any order, or sort the lines as the phase does."
)
_INVERTED = (
    "the labels look inverted (0 for ALL, 1 for HEM)",
    "A loader that sorts folder names makes all = 0 and hem = 1: write 1 for ALL, or the words ALL and HEM.",
)


@dataclass(frozen=True, slots=True, eq=False)
class SentLines:
    """What was handed in: the cells of all lines, their calls, and which lines are of the part judged."""

    names: Sequence[str]
    called: Calls
    judged: Sequence[int]

    @property
    def all_judged(self) -> bool:
        return len(self.judged) == len(self.called)


def hints(cells: CellLevel, lines: Sequence[str] | SentLines) -> tuple[Hint, ...]:
    """The one reading that explains the result best, if any; `lines` are the cells in the phase's order.

    Where `cells` are those of one part, they come with all that was handed in.
    """
    if not 0 < int(cells.labels.sum()) < len(cells.labels):
        return ()  # with one class there is nothing to confuse, and no weighted F1 to gain
    known = lines if isinstance(lines, SentLines) else SentLines(lines, cells.called, range(len(lines)))
    found = [hint for hint in (_inverted(cells), _misplaced(cells, known)) if hint is not None]
    return tuple(sorted(found, key=lambda hint: hint.p)[:1])


def _inverted(cells: CellLevel) -> Hint | None:
    turned = (1 - cells.called).astype(np.uint8)
    p, gain = _agreement(cells, turned), _f1(cells, turned) - _f1(cells, cells.called)
    if p > ALPHA or gain < INVERTED_GAIN:
        return None
    return Hint("inverted", _f1(cells, turned), p, *_INVERTED)


def _misplaced(cells: CellLevel, lines: SentLines) -> Hint | None:
    """The order in which the calls fit best, where they know neither labels nor subjects as they stand."""
    if min(_agreement(cells, cells.called), _clustering(cells, cells.called)) < RANDOM:
        return None
    orders = _orders(cells, lines)
    found = [hint for order in orders if (hint := _in_order(cells, order, lines)) is not None]
    return min(found, key=lambda hint: hint.p, default=None)


def _in_order(cells: CellLevel, order: _Order, lines: SentLines) -> Hint | None:
    calls = _placed(lines.called, order.places)[list(lines.judged)]
    p, alike = _agreement(cells, calls), _clustering(cells, calls)
    gain = _f1(cells, calls) - _f1(cells, cells.called)
    if alike <= ALPHA_SUBJECTS or (p <= ALPHA and gain >= ORDER_GAIN):
        return Hint(order.reading, _f1(cells, calls), min(p, alike), order.says, order.mend)
    return None


def _orders(cells: CellLevel, lines: SentLines) -> Iterator[_Order]:
    """The orders that people's programs write, one by one, but for those that are the phase's own."""
    own = np.arange(len(lines.names))
    of_truth = _orders_of_truth(cells, lines.names) if lines.all_judged else ()
    orders = (*_orders_of_names(lines.names), *of_truth)
    yield from (order for order in orders if (order.places != own).any())


def _orders_of_names(names: Sequence[str]) -> Iterator[_Order]:
    own = np.arange(len(names))
    text = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.intp)
    yield _order("text order", "the lines look sorted as text (1, 10, 100, …, 2)", text)
    late, early = np.roll(own, 1), np.roll(own, -1)
    yield _order("one line late", "the lines look one too late: the first belongs to no cell", late)
    yield _order("one line early", "the lines look one too early: the first cell has none", early)


def _orders_of_truth(cells: CellLevel, names: Sequence[str]) -> Iterator[_Order]:
    own = np.arange(len(names))
    text = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.intp)
    for first, sign in (("ALL", -1), ("HEM", 1)):
        for inside in (own, text):
            by_class = _sorted_by(sign * cells.labels.astype(np.int8), inside)
            yield _order("sorted by class", f"the lines look sorted by class, {first} first", by_class)
    if cells.subjects is not None and cells.names is not None:
        ids = [f"UID_{name}_" for name in cells.names]
        rank = np.argsort(np.array(sorted(range(len(ids)), key=ids.__getitem__)))
        by_patient = _sorted_by(rank[cells.subjects], own)
        yield _order("Patient_ID order", "the lines look sorted by the label file's Patient_ID", by_patient)


def _sorted_by(keys: npt.NDArray[np.signedinteger], inside: Places) -> Places:
    """The places by their keys, those of one key in the order of `inside`."""
    return inside[np.argsort(keys[inside], kind="stable")]


def _order(reading: str, says: str, places: Places) -> _Order:
    return _Order(reading, says, _BY_CELL, places)


def _placed(called: Calls, places: Places) -> Calls:
    """The calls in the phase's order, where line k was made for the cell at `places[k]`."""
    found = np.empty_like(called)
    found[places] = called
    return found


def _f1(cells: CellLevel, called: Calls) -> float:
    return point_metrics(confusion_of(cells.labels, called))["weighted_f1"] or 0.0


def _agreement(cells: CellLevel, called: Calls) -> float:
    """Fisher's exact test: the chance of so many ALL cells called ALL if calls and labels met at random."""
    counts = confusion_of(cells.labels, called)
    size, called_all = len(called), counts.tp + counts.fp
    return float(hypergeom.sf(counts.tp - 1, size, counts.positives, called_all))


def _clustering(cells: CellLevel, called: Calls) -> float:
    """Pearson's chi-square of call and subject: 1 where subjects are not known or have too few cells."""
    share = float(np.mean(called))
    if cells.subjects is None or not 0 < share < 1:
        return 1.0
    sizes = np.bincount(cells.subjects)
    if len(sizes) < 2 or len(called) < CELLS_PER_SUBJECT * len(sizes):
        return 1.0
    hits = np.bincount(cells.subjects, weights=called)
    statistic = ((hits - sizes * share) ** 2 / (sizes * share * (1 - share))).sum()
    return float(chi2.sf(statistic, len(sizes) - 1))
