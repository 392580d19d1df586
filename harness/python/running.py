"""`load_run`: a run's manifest, its epochs, and its network asked about images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.data.own_images import OwnFile, OwnImage, own_files, own_image, read_own
from harness.errors import DataWrong, UsageWrong
from harness.python.reading import Opened
from harness.runs.finished import FinishedRun, open_finished
from harness.runs.folder import RunFolder, read_json, read_manifest
from harness.runs.own import NO_DIAGNOSIS, ScoredImages, score_images
from submissions.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

    from harness.runs.exporting import ExportedRun

Images: TypeAlias = (
    "str | Path | Sequence[str | Path] | npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]"
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scored:
    """Scores of images: one row an image, also for those that get none, with the reason."""

    result: ScoredImages

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """The probability of ALL of each image, in the order given; NaN where it gets none."""
        return self.result.scores

    @property
    def remarks(self) -> tuple[str, ...]:
        """What must stand beside these scores wherever they are shown."""
        return (*self.result.remarks, NO_DIAGNOSIS)

    def to_frame(self) -> pd.DataFrame:
        """One row an image: `image`, `score`, `label`, `remarks`, `problem`."""
        import pandas as pd

        images = self.result.images
        return pd.DataFrame(
            {
                "image": [one.name for one in images],
                "score": self.scores,
                "label": self.result.labels,
                "remarks": ["; ".join(self.result.remarks_of(at)) for at in range(len(images))],
                "problem": [one.problem for one in images],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the run, what must be said, and every image."""
        rows = zip(range(len(self.scores)), self.result.images, self.scores.tolist(), strict=True)
        return {
            "run": self.result.run.name,
            "remarks": list(self.remarks),
            "unlike": list(self.result.unlike()),
            "images": [
                {
                    "image": one.name,
                    "score": None if score != score else score,
                    "label": self.result.labels[at] or None,
                    "remarks": list(self.result.remarks_of(at)),
                    "problem": one.problem or None,
                }
                for at, one, score in rows
            ],
        }

    def __repr__(self) -> str:
        given, every = self.result.scored, len(self.scores)
        return f"{given:,} of {every:,} images scored by {self.result.run.name}. {NO_DIAGNOSIS}"

    def _repr_html_(self) -> str:
        from harness.python import showing

        said = showing.notes((*self.remarks, *self.result.unlike()))
        return showing.heading(repr(self)) + said + showing.table(self.to_frame())


class Run:
    """A run's folder: what it was asked, how its epochs went, what it predicted, and its network."""

    def __init__(self, path: str | Path) -> None:
        plan = RunFolder(Path(path)).plan
        if not plan.is_file():
            raise DataWrong(f"{path} is no run: it holds no plan.json", "Name a folder below runs/.")
        self.plan: dict[str, Any] = read_json(plan)
        self.folder = RunFolder(Path(path), str(self.plan.get("key", "")))
        self._finished: FinishedRun | None = None

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def finished(self) -> FinishedRun:
        """What was learnt, held to its seal; raises `DataWrong` where the run has learnt nothing."""
        if self._finished is None:
            self._finished = open_finished(self.path)
        return self._finished

    @property
    def manifest(self) -> Manifest:
        """The facts behind its predictions; raises `DataWrong` where it has predicted nothing yet."""
        if not self.folder.manifest.exists():
            raise DataWrong(
                f"{self.path} has predicted nothing yet", "The command that began it goes on with it."
            )
        return read_manifest(self.folder.manifest)

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch, as `history.jsonl` holds them; empty for an entry without epochs."""
        import pandas as pd

        return pd.DataFrame(self.folder.events() if self.folder.history.exists() else [])

    @property
    def predictions(self) -> Opened:
        """What it predicted; raises `DataWrong` where it has predicted nothing yet."""
        from harness.runs.ensemble import open_part

        return Opened(open_part(self.name, self.path).predictions)

    def predict(self, images: Images, *, device: str = "auto", allow_seen: bool = False) -> Scored:
        """Score images of single cells: a folder, a file, several files, or uint8 arrays (height, width, 3).

        Images that the network has seen in training are refused with `DataWrong` unless `allow_seen`; the
        result then says so. What shows no single cell on an even background gets no score, and the reason.
        """
        given = _images(images)
        if not given:
            raise UsageWrong("there are no images to score: the list is empty", "Give one or more.")
        return Scored(score_images(self.finished, given, device=device, allow_seen=allow_seen))

    def export(
        self, form: str, file: str | Path | None = None, *, with_views: bool = False, force: bool = False
    ) -> ExportedRun:
        """Its network as a file for other programs: ``timm``, ``onnx`` or ``state-dict``."""
        from harness.runs.exporting import export_run

        path = None if file is None else Path(file)
        return export_run(self.finished, form, path, with_views=with_views, force=force)

    def to_frame(self) -> pd.DataFrame:
        """The epochs: the same as `history`."""
        return self.history

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the plan, the epochs, and the manifest where there is one."""
        manifest = read_json(self.folder.manifest) if self.folder.manifest.exists() else None
        events = self.folder.events() if self.folder.history.exists() else []
        return {"run": self.name, "plan": self.plan, "history": events, "manifest": manifest}

    def __repr__(self) -> str:
        asked = f"{self.plan.get('entry')} on {self.plan.get('split')}, seed {self.plan.get('seed')}"
        return f"run {self.name}: {asked}, {self.folder.status().value}"

    def _repr_html_(self) -> str:
        from harness.python import showing

        remarks = self.manifest.remarks if self.folder.manifest.exists() else ()
        epochs = self.history
        drawn = "" if epochs.empty else showing.table(epochs)
        return showing.heading(repr(self)) + showing.notes(remarks) + drawn


def load_run(path: str | Path) -> Run:
    """A run by its folder; raises `DataWrong` where that is none, or is not as it was written."""
    return Run(path)


def _images(given: Images) -> list[OwnImage]:
    if isinstance(given, str | Path):
        return [read_own(file) for file in own_files(Path(given))]
    if isinstance(given, np.ndarray) and given.ndim != 4:  # one image, not a row of them
        return [_image(given, 0)]
    return [_image(one, at) for at, one in enumerate(given)]


def _image(given: Any, at: int) -> OwnImage:
    if isinstance(given, str | Path):
        return read_own(OwnFile(str(given), Path(given)))
    pixels = np.asarray(given)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UsageWrong(
            f"expected uint8 pixels of shape (height, width, 3), found {pixels.dtype} {pixels.shape}",
            "Give RGB images, a folder, or paths.",
        )
    return own_image(f"image {at}", pixels)
