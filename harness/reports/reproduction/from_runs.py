"""The study of Prellberg and Kramer 2019 from finished runs: each fit serves two of the three methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import judge_all
from harness.errors import DataWrong
from harness.reports.reproduction.published import NOROT, NOSPECLR, PROPOSAL
from harness.reports.reproduction.study import Arm, Study, Trained
from harness.runs.epochs import Epochs, read_epochs
from harness.runs.folder import read_json, read_manifest
from harness.runs.plan import Plan
from submissions.predictions import Predictions


def study_of_runs(proposal: Sequence[Plan], nospeclr: Sequence[Plan]) -> Study:
    """Judge every epoch of these runs; NOROT is the proposal's network seen in the unrotated view alone."""
    arms = (
        Arm(PROPOSAL, tuple(_trained(plan) for plan in proposal)),
        Arm(NOROT, tuple(_trained(plan, views=1) for plan in proposal)),
        Arm(NOSPECLR, tuple(_trained(plan) for plan in nospeclr)),
    )
    plans = (*proposal, *nospeclr)
    return Study(arms, _marks(plans), _facts(plans), _differences(plans[0]))


def truth_of(plan: Plan) -> Truth:
    """The truth of the cells that a run predicts; raises `DataWrong` where it is not known."""
    labels = [record.label for record in plan.split.test]
    if any(label is None for label in labels):
        raise DataWrong(
            "the preliminary cells have no labels here, so no epoch can be judged",
            "Put the published label file of the preliminary phase beside the images.",
        )
    subjects = tuple(record.subject or "?" for record in plan.split.test)
    return Truth(plan.split.phase, np.array(labels, dtype=np.uint8), subjects)


def _trained(plan: Plan, views: int | None = None) -> Trained:
    """Every epoch of a run, judged by its first views (all where None)."""
    truth, epochs = truth_of(plan), read_epochs(plan.folder)
    _require_cells(plan, epochs)
    logits = epochs.logits[:, :, :views].mean(axis=2)
    verdicts = judge_all([_predicted(truth, one) for one in logits], truth)
    weight = float(read_json(plan.folder.fitted / "facts.json")["facts"]["positive_weight"])
    return Trained(
        plan.request.seed,
        tuple(verdicts),
        _training_loss(plan, len(logits)),
        tuple(_loss(one, truth.labels, weight) for one in logits),
    )


def _require_cells(plan: Plan, epochs: Epochs) -> None:
    if epochs.cells != plan.split.phase.cells:
        raise DataWrong(
            f"{plan.folder.path} was judged on other cells than those of {plan.split.name}",
            "Start the run over with --fresh.",
        )


def _predicted(truth: Truth, logits: npt.NDArray[np.float64]) -> Predictions:
    """Labels by the sign of the logit: a score of one half and a bit may round to one half."""
    return Predictions(truth.phase, (logits > 0).astype(np.uint8), expit(logits))


def _loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.uint8], weight: float) -> float:
    """The published loss: binary cross-entropy on the mean logits, ALL weighted as in training."""
    known = labels.astype(bool)
    return float(-np.where(known, weight * log_expit(logits), log_expit(-logits)).mean())


def _training_loss(plan: Plan, epochs: int) -> tuple[float | None, ...]:
    told = {event.get("epoch"): event.get("loss") for event in plan.folder.events()}
    return tuple(told.get(epoch) for epoch in range(epochs))


def _marks(plans: Sequence[Plan]) -> tuple[str, ...]:
    """What the manifests say of the runs, but for the choice of epoch: that has columns of its own."""
    said = (word for plan in plans for word in read_manifest(plan.folder.manifest).remarks)
    return tuple(word for word in dict.fromkeys(said) if "test" not in word)


def _facts(plans: Sequence[Plan]) -> dict[str, str]:
    plan = plans[0]
    environment: Mapping[str, Any] = read_manifest(plan.folder.manifest).environment
    packages = environment.get("packages", {})
    named = [f"{name} {packages[name]}" for name in ("torch", "torchvision", "timm") if name in packages]
    described = plan.split.described()
    changed = ", ".join(f"{name}={value}" for name, value in plan.request.settings.items())
    return {
        "learnt from": f"{described['cells']:,} cells of {described['subjects']} subjects",
        "judged on": f"{len(plan.split.test):,} preliminary cells",
        "shared cells": str(plan.request.shared_cells),
        "first weights": str(plan.weights.get("source", "")),
        "settings": changed or "as published",
        "device": str(environment.get("device", "")),
        "versions": ", ".join((f"Python {environment.get('python', '')}", *named)),
    }


def _differences(plan: Plan) -> tuple[str, ...]:
    """What is otherwise here than in the published run, as far as it is known."""
    h3 = "left out here too" if plan.request.published_names else "learnt from here (not with --as-published)"
    return (
        "The published program's pattern passes over the files of the lower-case subject h3 as they are "
        f"named today (36 cells). They are {h3}.",
        f"Some cells lie in the data under two subjects. {_shared(plan)}",
        "The published numbers choose the epoch of every run on the test set itself (epoch 0 counts too). "
        "Both this choice and the last epoch are shown.",
        "NOROT was trained anew for the paper. Here it is the proposal's own network in the unrotated view, "
        "so that the two are paired by seed; its epoch is chosen by its own results.",
        "Library versions, seeds and graphics card of the published runs are not known: nothing here is "
        "equal to them to the bit.",
    )


def _shared(plan: Plan) -> str:
    policy = plan.request.shared_cells
    if policy == "keep":
        return "They are kept on both sides here, as published."
    without = sum(one.cells for one in plan.split.dropped)
    return (
        f"What the test side holds is not learnt from here (--shared-cells {policy}: {without} cells less); "
        "the published runs kept it."
    )
