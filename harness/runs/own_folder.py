"""Images of one's own, scored into a run folder: a table, a page, and a manifest that names the network."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import console
from harness.data.appearance import MEASURES
from harness.data.crops import CROP_VERSION
from harness.data.own_images import OwnFile, OwnImage, read_own
from harness.runs.chunks import Chunks
from harness.runs.finished import FinishedRun
from harness.runs.finishing import marking
from harness.runs.folder import RunFolder, Status
from harness.runs.own import NO_DIAGNOSIS, ScoredImages, joined_images, require_one_cell, score_images
from harness.runs.plan import device_for, file_name
from harness.runs.provenance import digest, environment, file_sha256
from submissions.manifest import Manifest
from submissions.writing import write_whole

TABLE = "scores.csv"
PAGE = "images.html"
_COLUMNS = ("image", "score", "label", "width", "height", *MEASURES, "remarks", "problem", "said")


@dataclass(frozen=True, slots=True)
class ImagesOutcome:
    """What came of images of one's own, and where it lies."""

    folder: RunFolder
    scored: ScoredImages
    manifest: Manifest

    @property
    def table(self) -> Path:
        return self.folder.path / TABLE

    @property
    def page(self) -> Path:
        return self.folder.path / PAGE

    @property
    def remarks(self) -> tuple[str, ...]:
        return (*self.scored.remarks, NO_DIAGNOSIS)

    def to_json(self) -> dict[str, Any]:
        """The document of ``harness predict --images --json``."""
        images = self.scored.images
        return {
            "run": str(self.folder.path),
            "table": str(self.table),
            "page": str(self.page),
            "manifest": str(self.folder.manifest),
            "remarks": list(self.remarks),
            "images": len(images),
            "scored": self.scored.scored,
            "unlike": list(self.scored.unlike()),
            "not_scored": [{"image": one.name, "why": one.problem} for one in images if one.problem],
        }


def predict_images(
    run: FinishedRun,
    files: Sequence[OwnFile],
    runs_root: Path,
    page: Callable[[ScoredImages], str],
    *,
    device: str = "auto",
    allow_seen: bool = False,
) -> ImagesOutcome:
    """Score images into a folder of their own; the same command again comes to the same folder.

    Raises `DataWrong`, and leaves nothing, where none of them shows a single cell, or where the run has seen
    some of them in training and that is not allowed.
    """
    images = _read(files)
    require_one_cell(images)
    device = device_for(device, run.entry(), str(run.plan["origin"]))
    folder = _folder(run, images, runs_root)
    chunks = Chunks(folder, {"fitted": run.weights_sha256})
    with folder.locked(), marking(folder):
        scored = score_images(run, images, device=device, allow_seen=allow_seen, scorer=chunks.scores)
        told = {"entry": run.plan["entry"], "seed": run.plan["seed"], "split": "images", "from": _from(run)}
        folder.write(folder.plan, told)
        write_whole(folder.path / TABLE, _table(scored))
        write_whole(folder.path / PAGE, page(scored))
        manifest = _manifest(scored, folder, device)
        folder.write(folder.manifest, json.loads(manifest.to_json()))
        folder.mark(Status.PREDICTED)
    return ImagesOutcome(folder, scored, manifest)


def join_images(
    outcomes: Sequence[ImagesOutcome], runs_root: Path, page: Callable[[ScoredImages], str]
) -> ImagesOutcome:
    """The mean of what several runs say of the same images, in a folder of its own."""
    scored = joined_images([one.scored for one in outcomes])
    parts = [_part(one, 1 / len(outcomes)) for one in outcomes]
    key = digest([json.dumps(parts, sort_keys=True)])
    folder = RunFolder(runs_root / f"ensemble-images-{key[:8]}", key)
    with folder.locked(), marking(folder):
        told = {"entry": "ensemble", "by": "logits", "parts": parts, "split": "images"}
        folder.write(folder.plan, {**told, "seed": outcomes[0].manifest.seed})
        write_whole(folder.path / TABLE, _table(scored))
        write_whole(folder.path / PAGE, page(scored))
        manifest = _joined_manifest(outcomes, parts, folder)
        folder.write(folder.manifest, json.loads(manifest.to_json()))
        folder.mark(Status.PREDICTED)
    return ImagesOutcome(folder, scored, manifest)


def _joined_manifest(
    outcomes: Sequence[ImagesOutcome], parts: Sequence[dict[str, Any]], folder: RunFolder
) -> Manifest:
    manifests = [one.manifest for one in outcomes]
    first = manifests[0]
    return Manifest(
        entry="ensemble",
        origin="built-in",
        phase="images",
        split="images",
        seed=first.seed,
        cells=first.cells,
        predictions_sha256=file_sha256(folder.path / TABLE),
        settings={"by": "logits", "weights": "equal"},
        selection=", ".join(sorted({one.selection for one in manifests})),
        data=first.data,
        environment=environment("cpu"),
        parts=tuple(parts),
        drawn=any(one.drawn for one in manifests),
        partial=any(one.partial for one in manifests),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        key=folder.key,
    )


def _part(outcome: ImagesOutcome, weight: float) -> dict[str, Any]:
    """One of the joined runs, as the manifest of every ensemble names them."""
    manifest = outcome.manifest
    return {
        "name": outcome.scored.run.name,
        "run": outcome.folder.path.name,
        "entry": manifest.entry,
        "seed": manifest.seed,
        "weight": weight,
        "predictions_sha256": manifest.predictions_sha256,
        "remarks": list(outcome.scored.remarks),
    }


def _read(files: Sequence[OwnFile]) -> list[OwnImage]:
    images = []
    with console.progress("reading images", len(files)) as advance:
        for file in files:
            images.append(read_own(file))
            advance()
    return images


def _folder(run: FinishedRun, images: Sequence[OwnImage], runs_root: Path) -> RunFolder:
    """Named by the network and by what the images show."""
    shown = (
        f"{one.name} {hashlib.sha256(b'' if one.crop is None else one.crop.tobytes()).hexdigest()}"
        for one in images
    )
    key = digest([run.weights_sha256, str(CROP_VERSION), *shown])
    entry = file_name(str(run.plan["entry"]))
    name = f"{entry}-images-by-{run.plan['split']}-seed{run.plan['seed']}-{key[:8]}"
    return RunFolder(runs_root / name, key)


def _from(run: FinishedRun) -> dict[str, Any]:
    return {"run": run.name, "key": run.folder.key, "weights_sha256": run.weights_sha256}


def _table(scored: ScoredImages) -> str:
    """One row an image; every row says that its score is no diagnosis, for rows travel alone."""
    text = io.StringIO()
    rows = csv.DictWriter(text, _COLUMNS, lineterminator="\n", restval="")
    rows.writeheader()
    said = "; ".join((*scored.remarks, NO_DIAGNOSIS))
    for at, one in enumerate(scored.images):
        row = {"image": one.name, "problem": one.problem, "said": said}
        row["remarks"] = "; ".join(scored.remarks_of(at))
        look = scored.looks[at]
        if look is not None:
            measured = {name: f"{value:.4g}" for name, value in asdict(look).items()}
            row |= {"score": repr(float(scored.scores[at])), "label": scored.labels[at], **measured}
            row |= {"width": str(one.width), "height": str(one.height)}
        rows.writerow(row)
    return text.getvalue()


def _manifest(scored: ScoredImages, folder: RunFolder, device: str) -> Manifest:
    run, plan = scored.run, scored.run.plan
    more = {"elsewhere": run.elsewhere, "seen": scored.seen.to_json()}
    trained_on = {**plan.get("training", {}), **run.learnt.described()}
    return Manifest(
        entry=str(plan["entry"]),
        origin=str(plan["origin"]),
        phase="images",
        split="images",
        seed=int(plan["seed"]),
        cells=scored.scored,
        predictions_sha256=file_sha256(folder.path / TABLE),
        settings=plan.get("settings", {}),
        weights=plan.get("weights", {}),
        selection=str(plan.get("select", "last")),
        data={"source": "images of one's own", "images": len(scored.images)},
        environment=environment(device, run.source().packages),
        predicted_by={**_from(run), "files": dict(run.files), "trained_on": trained_on, **more},
        drawn=bool(plan.get("drawn")),
        partial=bool(plan.get("partial")),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source_sha256=str(plan["source_sha256"]),
        key=folder.key,
    )
