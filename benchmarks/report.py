"""The whole report against scikit-learn and scipy, in one run: ``python -m benchmarks.report``.

The preliminary phase's real subject sizes, 20 drawn entries, 190 pairs, 10,000 resamples. The two
others are timed on some pairs and extrapolated, which is said. Times are those of the processor, so a
busy machine changes them little; run with one thread (``OMP_NUM_THREADS=1``) they are wall times of a
free one. ``--curve`` adds up to 1,000 entries.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.designs import subjects_of_design
from eval_server.judging.comparing import compare
from eval_server.judging.report import Report
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import judge_all
from eval_server.scoring.counts import Floats, Tally, tally
from eval_server.scoring.exact import RESAMPLES, swap_tests
from eval_server.scoring.metrics import WEIGHTED_F1
from submissions.phases import PRELIM
from submissions.predictions import Predictions

ENTRIES = 20
REPEATS = 5
LOOPED = 40
"""Resamples of the scikit-learn loop that are really run."""
SCIPY_PAIRS = 5
CURVE = (20, 50, 100, 200, 500, 1000)


class Board:
    """Drawn entries on the preliminary phase: predictions with scores, truth, and counts by subject."""

    def __init__(self, entries: int, seed: int = 2019) -> None:
        generator = np.random.default_rng(seed)
        subjects = subjects_of_design("prelim")
        self.index = np.repeat(np.arange(len(subjects)), subjects.cells)
        self.labels = (subjects.positives > 0)[self.index].astype(np.uint8)
        names = tuple(subjects.names[at] for at in self.index)
        self.truth = Truth(PRELIM, self.labels, names)
        shared = generator.normal(0, 0.6, len(subjects))
        self.predictions = [
            Predictions.from_scores(PRELIM, self._scores(shared, generator)) for _ in range(entries)
        ]

    def _scores(self, shared: Floats, generator: np.random.Generator) -> Floats:
        """Scores right as often as an entry's near a weighted F1 of .89, rounded so that ties occur."""
        ability = 1.3 * np.sqrt(1 + 0.6**2) + generator.normal(0, 0.1)
        own = generator.normal(0, 0.25, len(shared))
        margin = ability + (shared + own)[self.index] + generator.normal(0, 1, len(self.index))
        sides = np.where(self.labels == 1, margin, -margin)
        return np.asarray(np.round(1 / (1 + np.exp(-sides)), 6))

    def report(self) -> Report:
        """Everything: verdicts with all intervals, all pairs, stability, ranks."""
        verdicts = judge_all(self.predictions, self.truth)
        named = {f"entry {at}": verdict for at, verdict in enumerate(verdicts)}
        return compare(named, resamples=RESAMPLES)

    def tally(self) -> Tally:
        called = np.array([each.labels for each in self.predictions])
        return tally(self.labels, called, self.index, subjects_of_design("prelim"))


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """The shortest processor time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def sklearn_loop(board: Board, resamples: int) -> float:
    """Seconds for one pair-resample of the plain loop: swap by subject, two `f1_score`s."""
    from sklearn.metrics import f1_score

    generator = np.random.default_rng(0)
    first, second = (board.predictions[at].labels for at in (0, 1))
    started = time.process_time()
    for _ in range(resamples):
        swapped = generator.integers(0, 2, 28).astype(bool)[board.index]
        one, other = np.where(swapped, second, first), np.where(swapped, first, second)
        f1_score(board.labels, one, average="weighted", zero_division=0)
        f1_score(board.labels, other, average="weighted", zero_division=0)
    return (time.process_time() - started) / resamples


Statistic = Callable[..., Floats]


def counts_of(table: Tally, pair: tuple[int, int]) -> tuple[Floats, Floats]:
    """Correct ALL and correct HEM cells by subject, side by side, of both entries."""
    one, other = (np.concatenate([table.tp[at], table.tn[at]]).astype(float) for at in pair)
    return one, other


def statistic_on_counts(table: Tally) -> Statistic:
    """The difference in weighted F1 of samples from `counts_of`, vectorised."""
    half, p, n = len(table.subjects), table.positives, table.negatives

    def value(sample: Floats) -> Floats:
        return WEIGHTED_F1.value(sample[..., :half].sum(axis=-1), sample[..., half:].sum(axis=-1), p, n)

    return lambda one, other, axis: value(one) - value(other)


def statistic_on_cells(labels: npt.NDArray[np.uint8]) -> Statistic:
    """The same of samples of right and wrong cells."""
    positive = labels == 1
    p, n = int(positive.sum()), int((~positive).sum())

    def value(sample: Floats) -> Floats:
        return WEIGHTED_F1.value(sample @ positive, sample @ ~positive, p, n)

    return lambda one, other, axis: value(one) - value(other)


def scipy_pair(board: Board, pair: tuple[int, int], *, cells: bool) -> float:
    """Seconds for one pair by scipy's vectorised `permutation_test`, on cells or on counts by subject."""
    from scipy.stats import permutation_test

    table = board.tally()
    if cells:
        one, other = ((board.predictions[at].labels == board.labels).astype(float) for at in pair)
        samples, statistic = (one, other), statistic_on_cells(board.labels)
    else:
        samples, statistic = counts_of(table, pair), statistic_on_counts(table)
    started = time.process_time()
    permutation_test(
        samples, statistic, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES, axis=-1
    )
    return time.process_time() - started


def table(board: Board) -> list[str]:
    """The lines of the comparison, with ratios to the whole report and to the exact pairwise step."""
    pairs = ENTRIES * (ENTRIES - 1) // 2
    counts = board.tally()
    first, second = (side.astype(np.int64) for side in np.triu_indices(ENTRIES, 1))
    board.report()
    whole = best_of(REPEATS, board.report)
    step = best_of(REPEATS, lambda: swap_tests(WEIGHTED_F1, counts, first, second))
    loop = sklearn_loop(board, LOOPED) * pairs * RESAMPLES
    chosen = list(zip(first.tolist(), second.tolist(), strict=True))[:: pairs // SCIPY_PAIRS][:SCIPY_PAIRS]
    on_counts = float(np.mean([scipy_pair(board, pair, cells=False) for pair in chosen])) * pairs
    on_cells = scipy_pair(board, chosen[0], cells=True) * pairs
    rows = [
        ("the whole report (verdicts, intervals, 190 pairs, 10,000 resamples, ranks)", whole),
        ("of it the exact swap test of all 190 pairs", step),
        (f"scikit-learn loop, 10,000 resamples a pair (extrapolated from {LOOPED})", loop),
        ("scipy permutation_test on cells, vectorised (extrapolated from 1 pair)", on_cells),
        (f"scipy permutation_test on counts, vectorised (extrapolated from {SCIPY_PAIRS} pairs)", on_counts),
    ]
    lines = [
        "| what | seconds | times the whole report | times the exact step |",
        "| --- | --- | --- | --- |",
    ]
    return lines + [
        f"| {what} | {took:.3f} | {took / whole:,.1f} | {took / step:,.1f} |" for what, took in rows
    ]


def curve() -> list[str]:
    """Whole reports of more and more entries, each from predictions to ranks."""
    lines = ["| entries | pairs | seconds | peak memory of the process, MiB |", "| --- | --- | --- | --- |"]
    Board(2).report()
    for entries in CURVE:
        board = Board(entries)
        took = best_of(1, board.report)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        lines.append(f"| {entries} | {entries * (entries - 1) // 2} | {took:.2f} | {peak:.0f} |")
        print(lines[-1], file=sys.stderr)
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison, and with ``--curve`` how time and memory grow."""
    parser = argparse.ArgumentParser(description="Time the statistics against scikit-learn and scipy.")
    parser.add_argument("--curve", action="store_true", help="also time up to 1,000 entries (minutes)")
    chosen = parser.parse_args(arguments)
    if chosen.curve:  # before the others, whose memory would count as ours
        print(*curve(), "", sep="\n")
    print(*table(Board(ENTRIES)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
