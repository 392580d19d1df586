"""A finished run on images of one's own: a score for every image of one cell on an even background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness import console
from harness.data.appearance import Look, Reference, look_of, read_reference, unlike, unlike_together
from harness.data.cache import cache_folder
from harness.data.own_images import OwnImage
from harness.data.records import CellRecord
from harness.errors import DataWrong
from harness.runs.chunks import ScoredCells, scored_at_once
from harness.runs.ensemble import mean_by_logits
from harness.runs.finished import FinishedRun
from harness.runs.learnt import Seen, seen_by
from harness.runs.plan import device_for
from models.contract import Cells, Crops, Fitted, Scores, Session
from submissions.predictions import THRESHOLD

NO_DIAGNOSIS = "Research software, not a medical device: a score is no diagnosis."
"""Stands on everything that is made of images of one's own."""

SEEN = "cells seen in training"


@dataclass(frozen=True, slots=True, eq=False)
class ScoredImages:
    """Images in the order given, and the probability of ALL of each; NaN where an image gets none.

    `seen` are those that show cells the run has met in training. `looks` are None where there is no score;
    `reference` is what the training cells look like, None for a run that did not measure them. Where several
    runs are joined, `parts` holds what each of them says, and `run` is the first.
    """

    run: FinishedRun
    images: tuple[OwnImage, ...]
    scores: Scores
    seen: Seen
    looks: tuple[Look | None, ...] = ()
    reference: Reference | None = None
    parts: tuple[ScoredImages, ...] = ()

    @property
    def by(self) -> str:
        """What scored them, in words."""
        if self.parts:
            return f"the mean of {len(self.parts)} runs ({', '.join(one.run.name for one in self.parts)})"
        run = self.run
        learnt = f"trained on {len(run.learnt.cells):,} cells, weights {run.weights_sha256[:12]}"
        return f"{run.name}: {run.plan['entry']}, {learnt}"

    @property
    def labels(self) -> tuple[str, ...]:
        """ALL or HEM, and nothing where there is no score."""
        return tuple(_label(float(score)) for score in self.scores)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The words that must stand beside these scores."""
        if self.parts:
            return _all_of(one.remarks for one in self.parts)
        return (*self.run.remarks, *((SEEN,) if len(self.seen) else ()))

    @property
    def scored(self) -> int:
        """How many images have a score."""
        return int(np.isfinite(self.scores).sum())

    def remarks_of(self, at: int) -> tuple[str, ...]:
        """What was done to one image, and in what its cell is unlike nearly all training cells."""
        if self.parts:
            return _all_of(one.remarks_of(at) for one in self.parts)
        look, said = self.looks[at], self.images[at].remarks
        if look is None or self.reference is None:
            return said
        return (*said, *unlike(look, self.reference))

    def unlike(self) -> tuple[str, ...]:
        """In what these cells together are unlike the training cells."""
        if self.parts:
            return _all_of(one.unlike() for one in self.parts)
        looks = [look for look in self.looks if look is not None]
        if self.reference is None:
            return ("the run did not measure what its training cells look like",) if looks else ()
        return unlike_together(looks, self.reference)


def _all_of(said: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What any of them says, once."""
    return tuple(dict.fromkeys(words for one in said for words in one))


def joined_images(parts: Sequence[ScoredImages]) -> ScoredImages:
    """The same images scored by several runs: the mean of their logits."""
    weights = np.full(len(parts), 1 / len(parts))
    scores = mean_by_logits(weights, [one.scores for one in parts])
    return replace(parts[0], scores=scores, parts=tuple(parts))


def _label(score: float) -> str:
    if np.isnan(score):
        return ""
    return "ALL" if score > THRESHOLD else "HEM"


@dataclass(frozen=True, slots=True, eq=False)
class _Crops:
    """The crops of images, by row."""

    crops: tuple[Crops, ...]

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> Crops:
        return np.stack([self.crops[int(row)] for row in np.arange(len(self.crops))[rows]])


class Scorer(Protocol):
    """How what was learnt is asked for scores: at once, or part by part."""

    def __call__(self, fitted: Fitted, cells: Cells, session: Session, /, *, whole: bool) -> ScoredCells: ...


def score_images(
    run: FinishedRun,
    images: Sequence[OwnImage],
    *,
    device: str = "auto",
    allow_seen: bool = False,
    scorer: Scorer = scored_at_once,
) -> ScoredImages:
    """Score every image that has a crop.

    Raises `DataWrong` where the run has seen one in training and that is not allowed.
    """
    seen = seen_among(run, images)
    if len(seen) and not allow_seen:
        raise _seen(run, images, seen)
    scores = np.full(len(images), np.nan)
    usable = [at for at, one in enumerate(images) if one.crop is not None]
    if usable:
        entry = run.entry()
        session = Session(
            seed=int(run.plan["seed"]),
            device=device_for(device, entry, str(run.plan["origin"])),
            progress=console.progress,
            cache=cache_folder(),
            ahead=len(usable),
        )
        cells = cells_of_images([images[at] for at in usable])
        scores[usable] = scorer(run.fitted(), cells, session, whole=entry.card.transductive).scores
    looks = tuple(None if one.crop is None else look_of(one.crop, one.width, one.height) for one in images)
    return ScoredImages(run, tuple(images), scores, seen, looks, read_reference(run.folder.fitted))


def require_one_cell(images: Sequence[OwnImage]) -> None:
    """Raise where there is not one image that can be scored, with the reasons of the first."""
    if any(one.crop is not None for one in images):
        return
    first = "; ".join(f"{one.name} {one.problem}" for one in images[:3])
    raise DataWrong(
        f"none of {len(images):,} images can be scored: {first}" if images else "there are no images",
        "Give images (BMP, PNG, TIFF, JPEG) of single cells on an even background.",
    )


def seen_among(run: FinishedRun, images: Sequence[OwnImage]) -> Seen:
    """Which of these images show cells that the run has met in training; drawn ones show nobody's."""
    if run.plan.get("drawn"):
        return Seen()
    known = [one for one in images if one.cell is not None]
    return seen_by(run.learnt.cells, map(_record, known), [one.name for one in known])


def cells_of_images(images: Sequence[OwnImage]) -> Cells:
    """Images as an entry sees them: without subjects or labels."""
    crops = tuple(one.crop for one in images if one.crop is not None)
    return Cells(tuple(one.name for one in images), (None,) * len(images), _Crops(crops))


def _record(image: OwnImage) -> CellRecord:
    """The published cell that an image shows."""
    cell = image.cell
    assert cell is not None
    path = Path(image.name)
    return CellRecord(cell.name, path, cell.split, cell.fold, cell.subject, cell.label, cell.sha256)


def _seen(run: FinishedRun, images: Sequence[OwnImage], seen: Seen) -> DataWrong:
    names = [*seen.cells, *seen.twins, *seen.of_subjects][:3]
    return DataWrong(
        f"{run.name} has seen {len(seen):,} of these {len(images):,} images in training: {seen}, such as "
        f"{', '.join(names)}",
        f'Leave them out, or allow it (--allow-seen): the result is then marked "{SEEN}" everywhere.',
    )
