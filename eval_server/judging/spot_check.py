"""A verdict measured on some of the cells only, others for each submission: what an open phase may tell.

A number that follows exactly from all labels tells one thing of them with each upload, whichever way it is
rounded: whoever changes one cell sees whether it was right, and whoever changes many at once solves for
them. On a tenth of the cells, which the server takes by a key of its own, anew for each set of labels, a
cell is looked at in one upload of ten, and what else is counted hides it (`benchmarks/leak.py`).

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

from eval_server.judging.verdict import NO_SUBJECTS, Verdict, intervals_of, lines_of
from eval_server.scoring.counts import Confusion, Ints, Tally
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
    key = hmac.new(secret.encode(), verdict.cells.called.tobytes(), hashlib.sha256)
    key.update(verdict.truth_sha256.encode())
    generator = np.random.default_rng(int.from_bytes(key.digest()))
    table = None if verdict.tally is None else _table(verdict.tally, generator)
    confusion = _confusion(verdict.confusion, table, generator)
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
        sha256=key.hexdigest(),
    )


def _without_limits(metrics: Mapping[str, float | None]) -> dict[str, Interval]:
    """The sample's own values where subjects are not known: nothing in them is of all cells."""
    return {
        name: Interval(np.nan if value is None else value, None, None, remark=f"not estimable: {NO_SUBJECTS}")
        for name, value in metrics.items()
    }


def _table(tally: Tally, generator: np.random.Generator) -> Tally:
    subjects = tally.subjects
    tp = sampled_counts(tally.tp[0], subjects.positives, generator)
    tn = sampled_counts(tally.tn[0], subjects.negatives, generator)
    return Tally(subjects, tp[None, :], tn[None, :])


def _confusion(whole: Confusion, table: Tally | None, generator: np.random.Generator) -> Confusion:
    p, n = whole.positives, whole.negatives
    if table is None:
        tp, tn = (
            int(sampled_counts(np.array([right]), np.array([cells]), generator)[0])
            for right, cells in ((whole.tp, p), (whole.tn, n))
        )
    else:
        tp, tn = int(table.tp.sum()), int(table.tn.sum())
    return Confusion(tn=tn, fp=n - tn, fn=p - tp, tp=tp)


def sampled_counts(
    right: npt.NDArray[np.int64], cells: npt.NDArray[np.int64], generator: np.random.Generator
) -> Ints:
    """Right cells among so many of each group, as a sample of one in `SHARE` has them, scaled up.

    A group too small to be sampled each time has the share of all groups where it is left out.
    """
    size = cells // SHARE + (generator.random(len(cells)) < cells % SHARE / SHARE)
    hits = generator.hypergeometric(right, cells - right, size)
    pooled = hits.sum() / size.sum() if size.any() else UNKNOWN
    share = np.where(size > 0, hits / np.maximum(size, 1), pooled)
    return np.rint(share * cells).astype(np.int64)
