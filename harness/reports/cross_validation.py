"""The three folds of a method joined into one entry: every training cell is predicted by a run without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth
from harness.data.published import FOLD_OF
from harness.errors import DataWrong, UsageWrong
from harness.reports.known_truth import CROSS_VALIDATED, published_truth
from harness.reports.seed_runs import fitting_runs, named_pattern
from harness.runs.ensemble import Part, equal_weights, join, open_part, require_same_phase
from submissions.phases import phase_of
from submissions.predictions import Predictions

_SAME = ("entry", "settings", "weights", "select", "shared_cells", "limit")
"""What the folds of a method share; a seed of each fold, too, but that is told in other words."""


@dataclass(frozen=True, slots=True)
class KeptOut:
    """Cells of one subject that were not learnt from when a fold was predicted, and why."""

    fold: str
    subject: str
    cells: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidated:
    """A method over all its folds: predictions, the words beside them, and who was kept out of training."""

    name: str
    predictions: Predictions
    remarks: tuple[str, ...]
    kept_out: tuple[KeptOut, ...]


def cross_validated(texts: Sequence[str]) -> tuple[tuple[CrossValidated, ...], Truth]:
    """Join run folders, as ``method=pattern`` or grouped by their entry, and give the truth of their cells.

    Every method needs all three folds with the same seeds, one or several; the logits of several are
    averaged. Raises `DataWrong` or `UsageWrong` with what is missing or differs.
    """
    methods: dict[str, list[Part]] = {}
    for text in texts:
        name, pattern = named_pattern(text)
        for path in fitting_runs(pattern):
            part = open_part(path.name, _run(path))
            methods.setdefault(name or part.manifest.entry, []).append(part)
    joined = tuple(_joined(name, parts) for name, parts in methods.items())
    for other in joined[1:]:
        _require_same_cells(joined[0], other)
    return joined, published_truth(joined[0].predictions.phase)


def _run(path: Path) -> Path:
    if not path.is_dir():
        raise UsageWrong(f"{path} is no run folder", "Folds are joined from runs: name their folders.")
    return path


def _joined(name: str, parts: Sequence[Part]) -> CrossValidated:
    folds = {fold: [part for part in parts if part.manifest.split == fold] for fold in FOLD_OF}
    seeds = _seeds(name, parts, folds)
    _require_same_settings(name, parts)
    labels, scores = _by_cell(folds)
    partial, drawn = (any(getattr(part.manifest, word) for part in parts) for word in ("partial", "drawn"))
    phase = phase_of(CROSS_VALIDATED, labels, partial=partial, drawn=drawn)
    predictions = Predictions(
        phase,
        np.array([labels[cell] for cell in phase.cells]),
        np.array([scores[cell] for cell in phase.cells]),
    )
    return CrossValidated(name, predictions, _remarks(parts, seeds), _kept_out(folds))


def _seeds(name: str, parts: Sequence[Part], folds: Mapping[str, Sequence[Part]]) -> list[int]:
    """The seeds of every fold, which have to be the same; raises where a fold or a seed is missing."""
    strange = next((part for part in parts if part.manifest.split not in folds), None)
    if strange is not None:
        found = f"{strange.folder.path} predicts {strange.manifest.split}"
        raise UsageWrong(f"expected runs of fold0, fold1 and fold2, {found}", "Leave it out.")
    seeds = {fold: sorted(part.manifest.seed for part in members) for fold, members in folds.items()}
    for fold, there in seeds.items():
        twice = next((seed for seed in there if there.count(seed) > 1), None)
        if twice is not None:
            hint = "Name every run once, or give the runs two names: METHOD=PATTERN."
            raise UsageWrong(f"{name} has two runs of {fold} with seed {twice}", hint)
    wanted = sorted({seed for there in seeds.values() for seed in there})
    for fold, there in seeds.items():
        missing = [seed for seed in wanted if seed not in there]
        if missing:
            entry = parts[0].manifest.entry
            hint = f"Make it: harness submit --model {entry} --split {fold} --seed {missing[0]}"
            raise DataWrong(f"{name} has no run of {fold} with seed {missing[0]}", hint)
    return wanted


def _require_same_settings(name: str, parts: Sequence[Part]) -> None:
    first = parts[0]
    for other in parts[1:]:
        for fact in _SAME:
            one, another = first.plan.get(fact), other.plan.get(fact)
            if one != another:
                where = f"{first.folder.path.name} has {one}, {other.folder.path.name} {another}"
                hint = "Folds of one method are made by one command but for --split and --seed."
                raise DataWrong(f"the runs of {name} differ in {fact}: {where}", hint)


def _by_cell(folds: Mapping[str, Sequence[Part]]) -> tuple[dict[str, int], dict[str, float]]:
    """Label and score of every cell of every fold."""
    labels: dict[str, int] = {}
    scores: dict[str, float] = {}
    for members in folds.values():
        phase = require_same_phase(members)
        shares = members[0].scores() if len(members) == 1 else join(members, "logits", equal_weights(members))
        found = Predictions.from_scores(phase, shares)
        called = members[0].predictions.labels if len(members) == 1 else found.labels
        labels |= dict(zip(phase.cells, called.tolist(), strict=True))
        scores |= dict(zip(phase.cells, shares.tolist(), strict=True))
    return labels, scores


def _remarks(parts: Sequence[Part], seeds: Sequence[int]) -> tuple[str, ...]:
    said = dict.fromkeys(word for part in parts for word in part.manifest.remarks)
    if len(seeds) > 1:
        said[f"logits of the seeds {', '.join(map(str, seeds))} averaged"] = None
    if len({part.manifest.source_sha256 for part in parts}) > 1:
        said["the folds are of different code"] = None
    return tuple(said)


def _kept_out(folds: Mapping[str, Sequence[Part]]) -> tuple[KeptOut, ...]:
    """Who was left out where each fold was predicted; the same for all its seeds."""
    return tuple(
        KeptOut(fold, str(one["subject"]), int(one["cells"]), str(one["reason"]))
        for fold, members in folds.items()
        for one in members[0].manifest.training.get("dropped", ())
    )


def _require_same_cells(one: CrossValidated, other: CrossValidated) -> None:
    ours, theirs = set(one.predictions.phase.cells), set(other.predictions.phase.cells)
    if ours != theirs:
        cell = min(ours ^ theirs)
        found = f"{one.name} {len(ours)} cells, {other.name} {len(theirs)}; {cell} is in one of them only"
        raise DataWrong(f"the methods predict different cells: {found}", "Make their runs on the same data.")


def kept_out_in_words(entries: Sequence[CrossValidated]) -> list[str]:
    """The subjects that shared cells kept out, fold by fold; methods that agree share a line."""
    said: dict[str, list[str]] = {}
    for entry in entries:
        for fold in FOLD_OF:
            out = [one for one in entry.kept_out if one.fold == fold]
            if out:
                subjects = ", ".join(one.subject for one in out)
                cells = sum(one.cells for one in out)
                line = f"{fold} is predicted without {subjects} ({cells} cells), who share cells with it"
                said.setdefault(line, []).append(entry.name)
    whole = len(entries)
    return [line if len(names) == whole else f"{', '.join(names)}: {line}" for line, names in said.items()]
