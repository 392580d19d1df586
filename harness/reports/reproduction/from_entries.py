"""A study of predictions that are given: one table a seed, grouped by the names of the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval_server.figures.statements.seeds import one_sided
from eval_server.judging.truth import Truth
from harness.errors import DataWrong
from harness.reports.reproduction.study import Arm, Study, Trained
from harness.reports.seed_runs import SeedRuns, read_seed_runs

_DIFFERENCES = (
    "These are other methods than the published ones: the published table stands beside them for its form.",
    one_sided(),
    "One prediction a seed is given: nothing is known of epochs, so Figures 2 and 4 cannot be made.",
)


def study_of_entries(folder: Path, truth: Truth, seeds: Sequence[int] | None = None) -> Study:
    """The methods of a folder of files such as ``forest-seed00.csv``, with all of their seeds or with these.

    Raises `DataWrong` where the seeds are not known, or one of these is not there.
    """
    found = read_seed_runs([str(folder)], truth)
    arms = tuple(_arm(one, seeds) for one in found)
    said = dict.fromkeys(word for one in found for word in one.remarks)
    cells = f"{len(truth.phase):,} cells"
    return Study(arms, tuple(said), {"judged on": cells, "given": f"{folder.name}/"}, _DIFFERENCES)


def _arm(runs: SeedRuns, seeds: Sequence[int] | None) -> Arm:
    if runs.seeds is None:
        raise DataWrong(
            f"the seeds of {runs.method} are not known", "Name its files like forest-seed03.csv, one a seed."
        )
    by_seed = dict(zip(runs.seeds, runs.verdicts, strict=True))
    wanted = runs.seeds if seeds is None else sorted(seeds)
    absent = [str(seed) for seed in wanted if seed not in by_seed]
    if absent:
        there = ", ".join(map(str, runs.seeds))
        raise DataWrong(
            f"{runs.method} has no predictions of seed {', '.join(absent)}",
            f"Leave --seeds out to take all that it has: {there}.",
        )
    return Arm(runs.method, tuple(Trained(seed, (by_seed[seed],)) for seed in wanted))
