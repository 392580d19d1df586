"""A study of predictions that are given: one table a seed, grouped by the names of the files."""

from __future__ import annotations

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


def study_of_entries(folder: Path, truth: Truth) -> Study:
    """The methods of a folder of files such as ``forest-seed00.csv``; raises `DataWrong` without seeds."""
    found = read_seed_runs([str(folder)], truth)
    arms = tuple(_arm(one) for one in found)
    said = dict.fromkeys(word for one in found for word in one.remarks)
    cells = f"{len(truth.phase):,} cells"
    return Study(arms, tuple(said), {"judged on": cells, "given": f"{folder.name}/"}, _DIFFERENCES)


def _arm(runs: SeedRuns) -> Arm:
    if runs.seeds is None:
        raise DataWrong(
            f"the seeds of {runs.method} are not known", "Name its files like forest-seed03.csv, one a seed."
        )
    pairs = zip(runs.seeds, runs.verdicts, strict=True)
    return Arm(runs.method, tuple(Trained(seed, (verdict,)) for seed, verdict in pairs))
