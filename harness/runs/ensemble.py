"""Joining finished runs: averaged logits or votes become a run of their own."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.special import expit, logit

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness import console
from harness.errors import DataWrong, UsageWrong
from harness.runs.cards import card_of_ensemble
from harness.runs.folder import ANEW, RunFolder, Status, read_json, read_manifest
from harness.runs.kept import require_unchanged
from harness.runs.outcome import Outcome
from harness.runs.provenance import bytes_sha256, digest, environment, file_sha256
from models.contract import Scores
from submissions.cells import CellName, CellNameInvalid
from submissions.manifest import Manifest
from submissions.packing import pack, packed
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import THRESHOLD, Predictions
from submissions.tables import read_table, write_table
from submissions.writing import write_whole

_LARGEST_LOGIT = 30.0
"""Scores of exactly 0 or 1 count as this logit: one part must not outvote all others for ever."""

_EQUAL = "equal"
"""Where the weights come from when nothing was fitted."""

_SAME = (
    "entry", "entry_version", "defined_in", "source_sha256", "settings", "weights", "seed", "select",
    "shared_cells", "limit", "from",
)  # fmt: skip
"""What two runs share when one is the other's twin on another split."""


@dataclass(frozen=True, slots=True)
class Part:
    """A finished run that goes into an ensemble, under the name it has there."""

    name: str
    folder: RunFolder
    manifest: Manifest
    plan: Mapping[str, Any]
    predictions: Predictions

    def scores(self) -> Scores:
        if self.predictions.scores is None:
            raise DataWrong(f"{self.folder.path} has no scores", "Join runs whose entries give scores.")
        return self.predictions.scores


@dataclass(frozen=True, slots=True)
class Weighing:
    """The weight of each part (they add up to 1), and where the weights come from."""

    values: tuple[float, ...]
    source: str


def open_part(name: str, path: Path) -> Part:
    """Read a finished run.

    Raises `DataWrong` where the folder is none, its prediction is not done, or a file of it is not as it
    was written.
    """
    folder = RunFolder(path)
    if not folder.manifest.exists() or not folder.predictions.exists():
        raise DataWrong(f"{path} is no finished run", "Name a folder below runs/ that holds manifest.json.")
    manifest = read_manifest(folder.manifest)
    plan = read_json(folder.plan)
    if plan.get("key", "") != manifest.key:
        raise DataWrong(f"{folder.plan} belongs to another run than {folder.manifest}", ANEW)
    require_unchanged(folder.predictions, manifest)
    phase = Phase(manifest.phase, _cells(folder.predictions), partial=manifest.partial, drawn=manifest.drawn)
    return Part(name, folder, manifest, plan, read_table(folder.predictions, phase))


def _cells(table: Path) -> tuple[str, ...]:
    """The cells as they stand there; `read_table` says what is wrong with the table."""
    with table.open(encoding="utf-8", errors="replace", newline="") as stream:
        return tuple(row.get("cell") or "" for row in csv.DictReader(stream))


def join(parts: Sequence[Part], by: str, weighing: Weighing) -> Scores:
    """Weighted mean of the parts' logits (`by` = "logits"), or the weighted share of ALL votes ("votes")."""
    weights = np.array(weighing.values)
    if by == "votes":
        votes = np.stack([(part.scores() > THRESHOLD).astype(float) for part in parts])
        joined = share_of_votes(weights, votes)
    else:
        joined = mean_by_logits(weights, [part.scores() for part in parts])
    return joined


def mean_by_logits(weights: Scores, scores: Sequence[Scores]) -> Scores:
    """The score whose logit is the weighted mean of these scores' logits (parts x cells)."""
    joined: Scores = expit(weights @ np.stack([_logits(one) for one in scores]))
    return joined


def share_of_votes(weights: Scores, votes: Scores) -> Scores:
    """The weighted share of ALL votes of every cell (votes: parts x cells); an even vote is one half exactly.

    Ten times 1/20 may add up to a little more than one half, and would then call the cell ALL.
    """
    return np.asarray(np.clip(np.round(weights @ votes, 12), 0.0, 1.0))


def _logits(scores: Scores) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        logits: npt.NDArray[np.float64] = logit(scores)
    return logits.clip(-_LARGEST_LOGIT, _LARGEST_LOGIT)


def require_same_phase(parts: Sequence[Part]) -> Phase:
    """The phase that all parts predict; raises DataWrong naming the two that differ."""
    first = parts[0]
    for other in parts[1:]:
        if other.predictions.phase.cells != first.predictions.phase.cells:
            raise DataWrong(
                f"{first.name} predicts {len(first.predictions.phase)} cells of {first.manifest.split}, "
                f"{other.name} {len(other.predictions.phase)} of {other.manifest.split}",
                "Only runs that predict the same cells can be joined.",
            )
    return first.predictions.phase


def equal_weights(parts: Sequence[Part]) -> Weighing:
    return Weighing((1 / len(parts),) * len(parts), _EQUAL)


def fitted_weights(parts: Sequence[Part], split: str, truth: Truth | None) -> Weighing:
    """Weights fitted by non-negative least squares on another split, from each part's twin there.

    A twin is the run of the same entry, settings and seed that predicted `split`. The split that
    is judged is refused: weights fitted there would be chosen on the test set.
    """
    judged = {part.manifest.split for part in parts} | {part.manifest.phase for part in parts}
    if split == "test" or split in judged:
        raise UsageWrong(
            f"weights cannot be fitted on {split}, the split that is judged",
            "Name another split, such as --weights fit:fold1.",
        )
    twins = [_twin(part, split) for part in parts]
    phase = require_same_phase(twins)
    labels = _labels(phase, truth)
    columns = np.stack([expit(_logits(twin.scores())) for twin in twins], axis=1)
    values, _ = nnls(columns, labels.astype(float))
    total = float(values.sum())
    if total == 0:
        return equal_weights(parts)
    return Weighing(tuple(float(value / total) for value in values), f"fitted on {split}")


def _twin(part: Part, split: str) -> Part:
    for plan_file in sorted(part.folder.path.parent.glob("*/plan.json")):
        try:
            plan = read_json(plan_file)
        except DataWrong:
            continue  # `harness runs` names it
        same = all(plan.get(name) == part.plan.get(name) for name in _SAME)
        if same and plan.get("split") == split and (plan_file.parent / "manifest.json").exists():
            return open_part(part.name, plan_file.parent)
    entry, seed = part.manifest.entry, part.manifest.seed
    raise DataWrong(
        f"there is no finished run of {part.name} ({entry}, seed {seed}) on {split}",
        f"Make it: harness submit --model {entry} --split {split} --seed {seed}",
    )


def _labels(phase: Phase, truth: Truth | None) -> npt.NDArray[np.uint8]:
    """Labels of the cells the weights are fitted on: in their names, or in the truth given."""
    if truth is not None and set(phase.cells) <= set(truth.phase.cells):
        return truth.only(phase).labels
    try:
        return np.array([CellName.parse(cell).label for cell in phase.cells], dtype=np.uint8)
    except CellNameInvalid as error:
        raise DataWrong(
            f"the labels of {phase.name} are not known: {error}", "Give its label file with --truth."
        ) from None


def ensemble(
    parts: Sequence[Part], runs_root: Path, *, by: str, weighing: Weighing, truth: Truth | None
) -> Outcome:
    """Join runs into a new one with predictions, manifest and zip; the parts are named in its manifest."""
    phase = require_same_phase(parts)
    known = None if truth is None else _truth_of(phase, truth, weighing)
    described = [_described(part, weight) for part, weight in zip(parts, weighing.values, strict=True)]
    key = digest([json.dumps([by, weighing.source, described], sort_keys=True)])
    folder = RunFolder(runs_root / f"ensemble-{phase.name}-{key[:8]}", key)
    with folder.locked():
        predictions = Predictions.from_scores(phase, join(parts, by, weighing))
        write_table(predictions, folder.predictions, _subjects(parts[0]))
        manifest = _manifest(parts, described, by, weighing)
        manifest = replace(
            manifest,
            predictions_sha256=file_sha256(folder.predictions),
            submission_sha256=bytes_sha256(packed(predictions)),
            key=key,
        )
        told = {"entry": "ensemble", "by": by, "parts": described, "split": manifest.split}
        folder.write(folder.plan, told | {"seed": manifest.seed})
        folder.write(folder.manifest, json.loads(manifest.to_json()))
        submission = folder.submission(partial=phase.partial)
        pack(predictions, submission)
        folder.mark(Status.PACKED)
    verdict = _verdict(folder, predictions, known)
    write_whole(folder.card, card_of_ensemble(manifest, verdict))
    return Outcome(folder, Status.PACKED, submission, manifest, verdict)


def _truth_of(phase: Phase, truth: Truth, weighing: Weighing) -> Truth | None:
    """The part of the truth that is about these cells; raises DataWrong where it is about others.

    None where it need not know them, because the weights were fitted on another split.
    """
    try:
        if _official(truth.phase) and _official(phase) and truth.phase.key != phase.key:
            raise ValueError("the numbers of their cells mean other cells")
        return truth.only(phase)
    except ValueError as error:
        told = (
            f"the runs predict {len(phase)} cells of {phase.name}, the label file knows "
            f"{len(truth.phase)} cells of {truth.phase.name}: {error}"
        )
        if weighing.source != _EQUAL:
            console.say(f"Not scored: {told}.")
            return None
        raise DataWrong(told, f"Name the label file of {phase.name}, or leave --truth out.") from error


def _official(phase: Phase) -> bool:
    return phase.name in OFFICIAL and OFFICIAL[phase.name].key == phase.key


def _verdict(folder: RunFolder, predictions: Predictions, truth: Truth | None) -> Verdict | None:
    """What the ensemble is worth where its truth is known, kept in its folder."""
    if truth is None:
        return None
    verdict = judge(predictions, truth)
    folder.write(folder.metrics, verdict.to_json())
    return verdict


def _described(part: Part, weight: float) -> dict[str, Any]:
    return {
        "name": part.name,
        "run": part.folder.path.name,
        "entry": part.manifest.entry,
        "seed": part.manifest.seed,
        "weight": weight,
        "predictions_sha256": part.manifest.predictions_sha256,
        "remarks": list(part.manifest.remarks),
    }


def _subjects(part: Part) -> dict[str, str]:
    """The subjects as the part's table names them; empty where it names none."""
    with part.folder.predictions.open(encoding="utf-8", newline="") as stream:
        return {row["cell"]: row["subject"] for row in csv.DictReader(stream) if row.get("subject")}


def _manifest(
    parts: Sequence[Part], described: list[dict[str, Any]], by: str, weighing: Weighing
) -> Manifest:
    manifests = [part.manifest for part in parts]
    first = manifests[0]
    return Manifest(
        entry="ensemble",
        origin="built-in",
        phase=first.phase,
        split=first.split,
        seed=first.seed,
        cells=first.cells,
        predictions_sha256="",
        settings={"by": by, "weights": weighing.source},
        selection=", ".join(sorted({one.selection for one in manifests})),
        environment=environment("cpu"),
        parts=tuple(described),
        drawn=any(one.drawn for one in manifests),
        partial=any(one.partial for one in manifests),
        chosen_on_test=any(one.chosen_on_test for one in manifests),
        transductive=any(one.transductive for one in manifests),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
