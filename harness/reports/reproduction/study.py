"""A study: a few methods with many seeds each, every epoch judged, or only what was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from eval_server.judging.verdict import Verdict
from eval_server.scoring.counts import Floats, Tally, stacked
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.metrics import WEIGHTED_F1
from harness.reports.seed_runs import SeedRuns


class Choice(StrEnum):
    """Which epoch of a run stands for it: as published the best one on the test set, or the last."""

    BEST = "best epoch"
    LAST = "last epoch"
    GIVEN = "as given"


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One run: the verdict of every epoch from 0, with the losses where they are known, or a single one."""

    seed: int
    verdicts: tuple[Verdict, ...]
    training_loss: tuple[float | None, ...] = ()
    test_loss: tuple[float, ...] = ()

    def chosen(self, choice: Choice) -> Verdict:
        """The verdict of the chosen epoch; of equally good ones the earliest, as published."""
        return self.verdicts[self.best if choice is Choice.BEST else -1]

    @property
    def best(self) -> int:
        """The first epoch with the largest weighted F1."""
        return int(np.argmax([verdict.weighted_f1 for verdict in self.verdicts]))


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One method of the study under the name that tables show, its runs in the order of their seeds."""

    name: str
    runs: tuple[Trained, ...]

    def chosen(self, choice: Choice, remarks: Sequence[str] = ()) -> SeedRuns:
        """Its runs with the chosen epoch of each."""
        verdicts = tuple(run.chosen(choice) for run in self.runs)
        return SeedRuns(self.name, verdicts, tuple(run.seed for run in self.runs), tuple(remarks))

    def best_run(self) -> Trained:
        """The run with the best epoch of all: the one whose figures are shown."""
        return max(self.runs, key=lambda run: run.chosen(Choice.BEST).weighted_f1)


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All methods, the first of them the proposal; `marks` must stand beside every result."""

    arms: tuple[Arm, ...]
    marks: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The published choice of epoch and the honest one, where epochs are known."""
        known = all(len(run.verdicts) > 1 for arm in self.arms for run in arm.runs)
        return (Choice.BEST, Choice.LAST) if known else (Choice.GIVEN,)

    def chosen(self, choice: Choice) -> tuple[SeedRuns, ...]:
        return tuple(arm.chosen(choice) for arm in self.arms)


@dataclass(frozen=True, slots=True, eq=False)
class OverSubjects:
    """Exact subject-swap tests of two methods, one for each seed: other subjects, this seed."""

    p: Floats

    @property
    def significant(self) -> int:
        """How many of them find a difference at 5 %."""
        return int((self.p < 0.05).sum())


def over_subjects(one: SeedRuns, other: SeedRuns) -> OverSubjects | None:
    """The exact tests of the runs with the same seeds; None without subjects or without common seeds."""
    common = sorted({*(one.seeds or ())} & {*(other.seeds or ())})
    tallies = [_tally(runs, seed) for runs in (one, other) for seed in common]
    known = [tally for tally in tallies if tally is not None]
    if not known or len(known) < len(tallies):
        return None
    size = len(common)
    first, second = np.arange(size), np.arange(size, 2 * size)
    return OverSubjects(swap_tests(WEIGHTED_F1, stacked(known), first, second).p)


def _tally(runs: SeedRuns, seed: int) -> Tally | None:
    assert runs.seeds is not None
    return runs.verdicts[runs.seeds.index(seed)].tally
