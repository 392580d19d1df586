"""Figures 2, 3 and 4 of the paper from a study; the program that plotted them gives their form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eval_server.figures.entries import subject_accuracy
from eval_server.figures.epochs import EpochLine, over_epochs
from eval_server.figures.picture import Picture
from eval_server.figures.wording import ABSENT, counted, metric_name, percent
from harness.reports.reproduction import published
from harness.reports.reproduction.study import Arm, Choice, Study, Trained
from harness.reports.seeds import TABLE_2


def training_of_best(study: Study) -> tuple[Picture, ...]:
    """Figure 2: losses and weighted F1 of the run with the best epoch, beside the published ones."""
    if Choice.GIVEN in study.choices:
        return ()
    best = study.arms[0].best_run()
    whose = f"{study.arms[0].name}, seed {best.seed}, best at epoch {best.best}"
    return tuple(_training(best, whose))


def _training(best: Trained, whose: str) -> Iterator[Picture]:
    published_f1 = EpochLine("published", published.WEIGHTED_F1[1:])
    losses = tuple(loss for loss in best.training_loss if loss is not None)
    if losses:
        there = EpochLine("published", tuple(loss for loss in published.TRAINING_LOSS if loss is not None))
        lines = [EpochLine(whose, losses), there]
        yield over_epochs("training-loss", "Figure 2: training set loss", f"The run is {whose}.", lines)
    if len(best.test_loss) > 1:
        lines = [EpochLine(whose, best.test_loss[1:]), EpochLine("published", published.TEST_LOSS[1:])]
        caption = "Weighted cross-entropy of the mean logits on the cells that are judged."
        yield over_epochs("test-loss", "Figure 2: preliminary test set loss", caption, lines)
    if len(best.verdicts) > 1:
        values = tuple(verdict.weighted_f1 for verdict in best.verdicts[1:])
        lines = [EpochLine(whose, values), published_f1]
        title = "Figure 2: preliminary test set weighted F1, %"
        yield over_epochs("test-f1", title, _chosen(best), lines, percent=True)


def _chosen(best: Trained) -> str:
    """Which epoch stands for the run; the one that no picture shows may be it."""
    before = f"Epoch 0, before training, reaches {percent(best.verdicts[0].weighted_f1)} %"
    if best.best:
        return f"The largest value chose the epoch. {before} and is left out, as published."
    return f"{before}, no later one more, so it is the chosen one; it is left out, as published."


def subjects_of_best(study: Study) -> Picture:
    """Figure 3: correct cells of every subject by the last model of the best run."""
    arm = study.arms[0]
    best = arm.best_run()
    verdict = best.chosen(Choice.LAST)
    where = "" if Choice.GIVEN in study.choices else ", last epoch"
    return subject_accuracy(f"{arm.name}, seed {best.seed}{where}", verdict.subjects or ())


def subjects_beside(study: Study) -> list[tuple[str, ...]]:
    """The rows of Figure 3 beside the published fractions, for subjects that both know."""
    lines = study.arms[0].best_run().chosen(Choice.LAST).subjects or ()
    rows: list[tuple[str, ...]] = []
    for one in lines:
        right, of = published.CORRECT.get(one.subject, (0, 0))
        there = (f"{right}/{of}", percent(right / of)) if of else (ABSENT, ABSENT)
        rows.append((one.subject, one.label, f"{one.correct}/{one.cells}", percent(one.accuracy), *there))
    return rows


def ablations_over_epochs(study: Study) -> tuple[Picture, ...]:
    """Figure 4: mean and sd over seeds of each metric after each epoch, for all three methods."""
    if Choice.GIVEN in study.choices:
        return ()
    return tuple(_ablation(study, metric) for metric in TABLE_2 if _defined(study, metric))


def _defined(study: Study, metric: str) -> bool:
    return study.arms[0].runs[0].verdicts[0].metrics[metric] is not None


def _ablation(study: Study, metric: str) -> Picture:
    lines = [_mean_and_sd(arm, metric) for arm in study.arms]
    seeds = counted(len(study.arms[0].runs), "seed")
    caption = f"Mean and population sd over {seeds}; epoch 0 is left out, as published."
    name = f"ablation-{metric.replace('_', '-')}"
    return over_epochs(name, f"Figure 4: {metric_name(metric)}, %", caption, lines, percent=True)


def _mean_and_sd(arm: Arm, metric: str) -> EpochLine:
    after = [[verdict.metrics[metric] for verdict in run.verdicts[1:]] for run in arm.runs]
    values = np.array(after, dtype=float)
    return EpochLine(arm.name, tuple(values.mean(axis=0)), tuple(values.std(axis=0)))
