"""A verdict measured on some of the cells only, others for each submission: what an open phase may tell.

A number that follows exactly from all labels tells one thing of them with each upload, whichever way it is
rounded: whoever changes one cell sees whether it was right, and whoever changes many at once solves for
them. On a tenth of the cells, which the server takes by a key of its own, anew for each set of labels, a
cell is looked at in one upload of ten, and what else is counted hides it (`benchmarks/leak.py`).

The key is the phase's own and the labels are those handed in: which cells are looked at says nothing of
what they are, and stays the same where a label of the truth is corrected.

A subject's cells of one class are sampled together and scaled up to as many as they are. So the tally has
the size of any other, intervals and tests hold for it as they are, and what follows from it, whatever it is,
tells no more than it does.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from eval_server.judging.verdict import NO_SUBJECTS, CellLevel, Verdict, intervals_of, lines_of
from eval_server.scoring.counts import Confusion, Floats, Ints, Tally
from eval_server.scoring.intervals import Interval
from eval_server.scoring.metrics import point_metrics
from eval_server.scoring.subjects import summary

SHARE = 10
"""One cell in so many is looked at."""
UNKNOWN = 0.5
"""The share of right cells where so few are there that none was looked at."""
SAID = "measured on a tenth of the cells"


def spot_checked(many: Sequence[Verdict], secret: str) -> list[Verdict]:
    """The same verdicts, each on its own tenth of the cells, which the labels and the secret choose."""
    found = [_sampled(verdict, secret) for verdict in many]
    tables = [one.tally for one in found if one.tally is not None]
    if not tables or len(tables) < len(found):
        return found
    return [
        replace(one, intervals=MappingProxyType(intervals))
        for one, intervals in zip(found, intervals_of(tables), strict=True)
    ]


def _sampled(verdict: Verdict, secret: str) -> Verdict:
    """One verdict on its sample; where subjects are known, its intervals are still to be computed."""
    key = _key(verdict.cells, secret)
    tp, tn = _counts(verdict, np.random.default_rng(int.from_bytes(key)))
    table = None if verdict.tally is None else Tally(verdict.tally.subjects, tp[None, :], tn[None, :])
    confusion = _confusion(verdict.confusion, int(tp.sum()), int(tn.sum()))
    metrics = point_metrics(confusion)
    return replace(
        verdict,
        confusion=confusion,
        metrics=MappingProxyType(metrics),
        intervals=MappingProxyType({} if table is not None else _without_limits(metrics)),
        subjects=None if table is None else lines_of(table),
        summary=None if table is None else summary(table),
        tally=table,
        remarks=(*verdict.remarks, SAID),
        cells=replace(verdict.cells, scores=None),
        sha256=hashlib.sha256(key + verdict.truth_sha256.encode()).hexdigest(),
    )


def _without_limits(metrics: Mapping[str, float | None]) -> dict[str, Interval]:
    """The sample's own values where subjects are not known: nothing in them is of all cells."""
    return {
        name: Interval(np.nan if value is None else value, None, None, remark=f"not estimable: {NO_SUBJECTS}")
        for name, value in metrics.items()
    }


def _key(cells: CellLevel, secret: str) -> bytes:
    """What chooses a sample: the labels handed in, in the order of the phase's cells, by the secret."""
    called = f"{len(cells.called)} cells\n".encode() + cells.called.tobytes()
    return hmac.digest(secret.encode(), called, "sha256")


def _counts(verdict: Verdict, generator: np.random.Generator) -> tuple[Ints, Ints]:
    """Right positive and right negative cells on the sample, by subject where those are known."""
    cells = verdict.cells
    known = verdict.tally is not None and cells.subjects is not None
    index = cells.subjects if known and cells.subjects is not None else np.zeros(len(cells.labels), np.int64)
    turns = generator.random(len(cells.labels))
    odds = generator.random((2, 1 if verdict.tally is None else len(verdict.tally.subjects)))

    def counted(label: int) -> Ints:
        those = cells.labels == label
        return sampled_counts(cells.correct[those], index[those], turns[those], odds[label])

    return counted(1), counted(0)


def _confusion(whole: Confusion, tp: int, tn: int) -> Confusion:
    return Confusion(tn=tn, fp=whole.negatives - tn, fn=whole.positives - tp, tp=tp)


def sampled_counts(correct: npt.NDArray[np.bool_], group: Ints, turns: Floats, odds: Floats) -> Ints:
    """Right cells of each group, as a sample of one in `SHARE` has them, scaled up to as many as there are.

    Of a group those cells are looked at whose `turns` come first; its `odds` round how many these are. A
    group too small to be sampled each time has the share of all groups where it is left out.
    """
    cells = np.bincount(group, minlength=len(odds))
    size = cells // SHARE + (odds < cells % SHARE / SHARE)
    order = np.lexsort((turns, group))
    place = np.arange(len(order)) - (np.cumsum(cells) - cells)[group[order]]
    looked = order[place < size[group[order]]]
    hits = np.bincount(group[looked][correct[looked]], minlength=len(odds))
    pooled = hits.sum() / size.sum() if size.any() else UNKNOWN
    share = np.where(size > 0, hits / np.maximum(size, 1), pooled)
    return np.rint(share * cells).astype(np.int64)
