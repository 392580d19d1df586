"""A finished run predicts other cells: nothing is trained, and what it has seen is not predicted unsaid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval_server.judging.verdict import Verdict
from harness import console
from harness.data.cache import cache_folder
from harness.data.crops import CROP_VERSION, cells_of, open_crops
from harness.data.dataset import Dataset
from harness.data.splits import ToPredict, to_predict
from harness.errors import DataWrong
from harness.runs.cards import card_of_prediction
from harness.runs.chunks import Chunks
from harness.runs.computing import device_for
from harness.runs.finished import FinishedRun
from harness.runs.finishing import judged, marking, truth_of, zipped
from harness.runs.folder import RunFolder, Status
from harness.runs.kept import Kept, look
from harness.runs.learnt import Seen, seen_by
from harness.runs.outcome import Outcome
from harness.runs.plan import cells_digest, file_name, require_place
from harness.runs.provenance import bytes_sha256, changes, digest, environment, file_sha256
from models.contract import Entry, Session
from models.source import Source
from submissions.manifest import Manifest
from submissions.packing import packed
from submissions.predictions import Predictions
from submissions.tables import write_table
from submissions.writing import write_whole

_OF_THE_RUN = (
    "entry", "entry_version", "defined_in", "source_sha256", "settings", "weights", "seed", "select",
    "shared_cells",
)  # fmt: skip
"""What a prediction has from the run that makes it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a finished run is asked to predict.

    `allow_seen` predicts cells that it has seen in training, marked as such; `fresh` throws away what an
    earlier try left.
    """

    split: str
    runs_root: Path = Path("runs")
    device: str = "auto"
    engine: str = "auto"
    limit: int | None = None
    allow_seen: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction with everything looked up: the run, its entry, the cells, and the folder for the result.

    `seen` are the cells that the run has met in training, `chosen_by` those that chose its epoch.
    """

    asked: Asked
    run: FinishedRun
    entry: Entry
    source: Source
    dataset: Dataset
    side: ToPredict
    device: str
    seen: Seen
    chosen_by: Seen
    identity: Mapping[str, Any]
    folder: RunFolder
    kept: Kept = field(default_factory=Kept)

    @property
    def partial(self) -> bool:
        """Whether the run learnt from a part of the data, or cells to predict are missing."""
        return bool(self.run.plan.get("partial")) or self.side.partial

    @property
    def drawn(self) -> bool:
        return bool(self.run.plan.get("drawn")) or self.dataset.drawn

    @property
    def chosen_on_test(self) -> bool:
        """Whether the epoch was chosen by cells that are predicted here."""
        return bool(len(self.chosen_by))

    def steps(self) -> dict[str, str]:
        there = self.folder.predictions.exists()
        predicted = "done" if self.kept.predictions is not None else "again" if there else "to do"
        return {"predict": predicted, "pack": "done" if self.kept.packed else "to do"}

    def environment(self) -> dict[str, Any]:
        """Versions, machine and device now, and what of them is another than when the network was trained."""
        now, before = environment(self.device, self.source.packages), self.run.plan.get("environment", {})
        changed = changes(before, now, self.source.packages) if before else {}
        for name, new in (("source_sha256", self.source.sha256), ("crops", CROP_VERSION)):
            if self.run.plan.get(name) != new:
                changed[name] = [str(self.run.plan.get(name))[:12], str(new)[:12]]
        return now | ({"changed": changed} if changed else {})

    def predicted_by(self) -> dict[str, Any]:
        """Which run predicts, its weights, and what it was trained on, for the manifest."""
        run = self.run
        told = {name: run.plan[name] for name in ("entry", "seed", "split", "key")}
        trained_on = {**run.plan.get("training", {}), **run.learnt.described()}
        seen = {"seen": self.seen.to_json()} if len(self.seen) else {}
        weights = {"weights_sha256": run.weights_sha256, "files": dict(run.files)}
        elsewhere = {"elsewhere": True} if run.elsewhere else {}
        return {"run": run.name, **told, **weights, "trained_on": trained_on, **elsewhere, **seen}

    def to_keep(self) -> dict[str, Any]:
        """What `plan.json` says of the prediction."""
        return {
            **self.identity,
            "origin": self.run.plan["origin"],
            "device": self.device,
            "training": self.run.plan.get("training", {}),
            "predicted": len(self.side.cells),
            "partial": self.partial,
            "drawn": self.drawn,
            "chosen_on_test": self.chosen_on_test,
            "seen": self.seen.to_json(),
            "environment": self.environment(),
        }

    def to_json(self) -> dict[str, Any]:
        """The resolved plan, as `--dry-run --json` prints it."""
        return {**self.to_keep(), "run": str(self.folder.path), "steps": self.steps()}


def plan_prediction(run: FinishedRun, dataset: Dataset, asked: Asked) -> Prediction:
    """Look up all that a prediction needs; raises before any work where something is missing or refused."""
    entry = run.entry()
    device = device_for(asked.device, entry, str(run.plan["origin"]))
    side = to_predict(dataset, asked.split, limit=asked.limit)
    seen, chosen_by = (seen_by(cells, side.cells) for cells in (run.learnt.cells, run.learnt.chosen_by))
    if len(seen) and not asked.allow_seen:
        raise _seen(run, side, seen)
    require_place(asked.runs_root)
    source = run.source()
    identity = _identity(run, side, asked, source)
    folder = _folder(run, side, asked, identity)
    prediction = Prediction(
        asked, run, entry, source, dataset, side, device, seen, chosen_by, identity, folder
    )
    kept = Kept() if asked.fresh else look(folder, identity, side.phase, partial=prediction.partial)
    return replace(prediction, kept=kept)


def _identity(run: FinishedRun, side: ToPredict, asked: Asked, source: Source) -> dict[str, Any]:
    return {
        **{name: run.plan.get(name) for name in _OF_THE_RUN},
        "split": side.name,
        "limit": asked.limit,
        "crops": CROP_VERSION,
        "test_sha256": cells_digest(side.cells),
        "predicted_with": source.sha256,
        "from": {
            "run": run.name,
            "key": run.folder.key,
            "split": run.plan["split"],
            "weights_sha256": run.weights_sha256,
        },
    }


def _folder(run: FinishedRun, side: ToPredict, asked: Asked, identity: Mapping[str, Any]) -> RunFolder:
    key = digest([json.dumps({**identity, "from": run.weights_sha256}, sort_keys=True)])
    entry, seed, trained = file_name(str(run.plan["entry"])), run.plan["seed"], run.plan["split"]
    return RunFolder(asked.runs_root / f"{entry}-{side.name}-by-{trained}-seed{seed}-{key[:8]}", key)


def _seen(run: FinishedRun, side: ToPredict, seen: Seen) -> DataWrong:
    names = [*seen.cells, *seen.twins, *seen.of_subjects][:3]
    return DataWrong(
        f"{run.name} has seen {len(seen):,} of the {len(side.cells):,} cells of {side.name} in training: "
        f"{seen}, such as {', '.join(names)}",
        "Its result there would say nothing about new people. Predict another split, or add --allow-seen: "
        'the result is then marked "cells seen in training" wherever it is shown.',
    )


def predict_with(prediction: Prediction) -> Outcome:
    """Predict, pack and, where the labels are known, judge; the same command again goes on or finds all done.

    Raises `RunStopped` after Ctrl-C, with everything saved.
    """
    folder, partial = prediction.folder, prediction.partial
    with folder.locked():
        if prediction.asked.fresh:
            folder.start_over()
        kept = look(folder, prediction.identity, prediction.side.phase, partial=partial)
        if not folder.plan.exists():
            folder.write(folder.plan, prediction.to_keep())
        with marking(folder):
            predictions, manifest = _predicted(prediction, kept)
            verdict = _verdict(prediction, predictions)
            card = card_of_prediction(manifest, prediction.run.trained_on, verdict)
            write_whole(folder.card, card)
            submission = zipped(folder, predictions, manifest, partial=partial)
            folder.mark(Status.PACKED)
    return Outcome(folder, Status.PACKED, submission, manifest, verdict)


def _predicted(prediction: Prediction, kept: Kept) -> tuple[Predictions, Manifest]:
    for remark in kept.remarks:
        console.say(remark)
    if kept.predictions is not None and kept.manifest is not None:
        return kept.predictions, kept.manifest
    folder, side = prediction.folder, prediction.side
    fitted = prediction.run.fitted()
    source = open_crops(prediction.dataset.records, progress=console.progress)
    chunks = Chunks(folder, {"fitted": prediction.run.weights_sha256})
    scored = chunks.scores(
        fitted,
        cells_of(side.cells, source, labelled=False),
        _session(prediction),
        whole=prediction.entry.card.transductive,
    )
    predictions = Predictions.from_scores(side.phase, scored.scores)
    write_table(predictions, folder.predictions, {one.name: one.subject for one in side.cells if one.subject})
    manifest = _manifest(prediction, predictions, scored.computed)
    folder.write(folder.manifest, json.loads(manifest.to_json()))
    folder.mark(Status.PREDICTED)
    return predictions, manifest


def _session(prediction: Prediction) -> Session:
    return Session(
        seed=int(prediction.run.plan["seed"]),
        device=prediction.device,
        progress=console.progress,
        checkpoints=prediction.folder.checkpoints,
        cache=cache_folder(),
        identity=prediction.folder.key,
        engine=prediction.asked.engine,
        ahead=len(prediction.side.cells),
    )


def _verdict(prediction: Prediction, predictions: Predictions) -> Verdict | None:
    truth = truth_of(prediction.side.phase, prediction.side.cells)
    return None if truth is None else judged(prediction.folder, predictions, truth)


def _manifest(prediction: Prediction, predictions: Predictions, computed: Mapping[str, Any]) -> Manifest:
    run, plan, side = prediction.run, prediction.run.plan, prediction.side
    return Manifest(
        entry=_named(prediction),
        origin=str(plan["origin"]),
        phase=side.phase.name,
        split=side.name,
        seed=int(plan["seed"]),
        cells=len(side.cells),
        predictions_sha256=file_sha256(prediction.folder.predictions),
        settings=plan.get("settings", {}),
        weights=plan.get("weights", {}),
        selection=str(plan.get("select", "last")),
        training={**plan.get("training", {}), **run.facts},
        data=_data_facts(prediction),
        environment=prediction.environment() | ({"predicted_with": dict(computed)} if computed else {}),
        predicted_by=prediction.predicted_by(),
        drawn=prediction.drawn,
        partial=prediction.partial,
        chosen_on_test=prediction.chosen_on_test,
        transductive=prediction.entry.card.transductive,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source_sha256=str(plan["source_sha256"]),
        submission_sha256=bytes_sha256(packed(predictions)),
        key=prediction.folder.key,
    )


def _named(prediction: Prediction) -> str:
    """What the entry is called: an earlier run may call it by the name that another one has by now."""
    family = prediction.run.plan["entry"] != prediction.entry.card.name
    return prediction.entry.card.name if family else str(prediction.run.plan["entry"])


def _data_facts(prediction: Prediction) -> dict[str, Any]:
    """Of the cells that are predicted; what must be said of those that were learnt from stays said."""
    before = prediction.run.plan.get("data", {})
    marks = prediction.dataset.marks(prediction.side.cells)
    return {
        **prediction.dataset.described(),
        **{name: holds or bool(before.get(name)) for name, holds in marks.items()},
        **{name: prediction.identity[name] for name in ("limit", "test_sha256")},
        "train_sha256": prediction.run.plan["train_sha256"],
    }
