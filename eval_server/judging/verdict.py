"""The one place where predictions and truth meet: `judge` makes a `Verdict` of them."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from eval_server.judging.truth import Truth
from eval_server.scoring.auc import Components, auc_interval, clustered, components
from eval_server.scoring.calibration import score_metrics
from eval_server.scoring.counts import (
    Confusion,
    Ints,
    Tally,
    confusion_of,
    stacked,
    subjects_from,
    subjects_of,
    tally,
)
from eval_server.scoring.intervals import Interval, entry_intervals, surpluses
from eval_server.scoring.measures import below_93
from eval_server.scoring.metrics import METRICS, point_metrics
from eval_server.scoring.subjects import SubjectSummary, summary
from submissions.phases import Phase
from submissions.predictions import Predictions

STORED_VERSION = 1
NO_SUBJECTS = "the subjects are not known: cell-level results only, which assume independent cells"


class PhasesDiffer(ValueError):
    """Predictions and truth are about different cells; `hint` says how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One subject: its ALL and HEM cells, and how many of each are right."""

    subject: str
    positives: int
    negatives: int
    tp: int
    tn: int

    @property
    def label(self) -> str:
        """``ALL``, ``HEM``, or ``both`` where the subject has cells of both classes."""
        if self.positives and self.negatives:
            return "both"
        return "ALL" if self.positives else "HEM"

    @property
    def cells(self) -> int:
        return self.positives + self.negatives

    @property
    def correct(self) -> int:
        return self.tp + self.tn

    @property
    def accuracy(self) -> float:
        return self.correct / self.cells

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "label": self.label,
            "cells": self.cells,
            "correct": self.correct,
            "accuracy": self.accuracy,
        }


@dataclass(frozen=True, slots=True, eq=False)
class CellLevel:
    """What each cell was and was called: gives truth away, so it stays with the host.

    `subjects` numbers each cell's subject in `names`; both are None where subjects are not known.
    """

    labels: npt.NDArray[np.uint8]
    called: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float64] | None = None
    subjects: npt.NDArray[np.int64] | None = None
    names: tuple[str, ...] | None = None

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.labels == self.called)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What one submission is worth on one phase: metrics with intervals, and results by subject.

    `to_json` is the public part. `cells` and `tally` are for comparisons and for figures drawn on the
    host; `to_bytes` stores everything (truth included), `from_bytes` judges the stored cells again.
    """

    phase: str
    partial: bool
    drawn: bool
    truth_sha256: str
    confusion: Confusion
    metrics: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    subjects: tuple[SubjectLine, ...] | None
    summary: SubjectSummary | None
    remarks: tuple[str, ...]
    cells: CellLevel
    tally: Tally | None
    sha256: str

    @property
    def weighted_f1(self) -> float:
        """The primary metric, which every truth defines."""
        return float(self.metrics["weighted_f1"] or 0.0)

    def to_json(self) -> dict[str, Any]:
        """The public part, without anything about single cells; its numbers are not rounded yet."""
        return {
            "phase": self.phase,
            "cells": len(self.cells.labels),
            "truth_sha256": self.truth_sha256,
            "metrics": dict(self.metrics),
            "intervals": {name: interval.to_json() for name, interval in self.intervals.items()},
            "below_93": below_93(self.intervals),
            "confusion": self.confusion.to_json(),
            "subjects": self._subjects_json(),
            "partial": self.partial,
            "drawn": self.drawn,
            "remarks": list(self.remarks),
        }

    def _subjects_json(self) -> dict[str, Any] | None:
        if self.summary is None or self.subjects is None:
            return None
        return {**self.summary.to_json(), "table": [line.to_json() for line in self.subjects]}

    def to_bytes(self) -> bytes:
        """The stored form, the same bytes every time; it holds truth and never leaves the host."""
        return _packed(self.phase, self.partial, self.drawn, self.truth_sha256, self.cells)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Verdict:
        """Judge stored cells again; raises ValueError for bytes that are no stored verdict."""
        return cls.all_from_bytes((stored,))[0]

    @classmethod
    def all_from_bytes(cls, many: Sequence[bytes]) -> list[Verdict]:
        """The same for several at once: their intervals are computed together, which is most of the work."""
        documents = [_document(stored) for stored in many]
        cells = [_cells(document) for document in documents]
        by_truth: dict[str, list[int]] = {}
        for at, document in enumerate(documents):
            by_truth.setdefault(document["truth_sha256"], []).append(at)
        measured: dict[int, _Measured] = {}
        for group in by_truth.values():
            measured.update(zip(group, _measured([cells[at] for at in group]), strict=True))
        facts = ("phase", "partial", "drawn", "truth_sha256")
        return [
            _verdict(each, measured[at], *(documents[at][fact] for fact in facts))
            for at, each in enumerate(cells)
        ]


def _document(stored: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(zlib.decompress(stored))
    except (zlib.error, ValueError) as error:
        raise ValueError(f"these bytes are no stored verdict: {error}") from error
    if document.get("version") != STORED_VERSION:
        raise ValueError(f"expected a stored verdict of version 1, found {document.get('version')!r}")
    return document


def called_in(stored: bytes) -> npt.NDArray[np.uint8]:
    """What a stored verdict's submission called each cell, without judging it again."""
    called: npt.NDArray[np.uint8] = _array(_document(stored)["called"], np.uint8)
    return called


def _cells(document: Mapping[str, Any]) -> CellLevel:
    names = document["names"]
    return CellLevel(
        _array(document["labels"], np.uint8),
        _array(document["called"], np.uint8),
        None if document["scores"] is None else _array(document["scores"], np.float64),
        None if names is None else _array(document["subjects"], np.int64),
        None if names is None else tuple(names),
    )


def judge(predictions: Predictions, truth: Truth) -> Verdict:
    """Score predictions; raises `PhasesDiffer` when they are not about the cells of this truth."""
    return judge_all((predictions,), truth)[0]


def judge_all(many: Sequence[Predictions], truth: Truth) -> list[Verdict]:
    """The same for several at once: their intervals are computed together, which is most of the work."""
    for predictions in many:
        _check(predictions.phase, truth.phase)
    names, index = None, None
    if truth.subjects is not None:
        subjects, index = subjects_of(truth.labels, truth.subjects)
        names = subjects.names
    remarks = (truth.remark or NO_SUBJECTS,) if names is None else ()
    cells = [CellLevel(truth.labels, one.labels, one.scores, _read_only(index), names) for one in many]
    marks = [(one.phase.partial or truth.phase.partial, one.phase.drawn or truth.phase.drawn) for one in many]
    return [
        _verdict(each, measured, truth.phase.name, partial, drawn, truth.sha256, remarks)
        for each, measured, (partial, drawn) in zip(cells, _measured(cells), marks, strict=True)
    ]


def _check(phase: Phase, expected: Phase) -> None:
    if phase is not expected and phase.key != expected.key:
        raise PhasesDiffer(*_difference(phase, expected))
    if not len(phase):
        raise PhasesDiffer(f"the phase {phase.name} has no cells, so there is nothing to judge")


def _difference(found: Phase, expected: Phase) -> tuple[str, str]:
    hint = "Predict every cell of the label file's phase, or name the label file of the predicted phase."
    if len(found) != len(expected):
        counts = f"{len(found)} cells ({found.name}), the label file has {len(expected)} ({expected.name})"
        return f"the predictions have {counts}", hint
    pairs = zip(found.cells, expected.cells, strict=True)
    line, (ours, theirs) = next((at, pair) for at, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    message = f"prediction {line} is about the cell {ours}, the label file has {theirs} in that place"
    return message, hint


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """Counts by subject, and the interval of every metric that they give; None without subjects."""

    table: Tally | None = None
    intervals: Mapping[str, Interval] | None = None


def _measured(many: Sequence[CellLevel]) -> list[_Measured]:
    """The counts and intervals of several, the intervals computed in one go."""
    tables = [table for table in map(_tally, many) if table is not None]
    if len(tables) < len(many):
        return [_Measured()] * len(many)
    pairs = zip(tables, intervals_of(tables), strict=True)
    return [_Measured(table, intervals) for table, intervals in pairs]


def intervals_of(tables: Sequence[Tally]) -> list[dict[str, Interval]]:
    """The interval of every metric that counts by subject give, for several entries in one go."""
    joint = stacked(tables)
    surplus = surpluses(joint)
    found = {name: entry_intervals(metric, joint, surplus=surplus) for name, metric in METRICS.items()}
    return [{name: column.at(row) for name, column in found.items()} for row in range(len(tables))]


def _verdict(
    cells: CellLevel,
    measured: _Measured,
    phase: str,
    partial: bool,
    drawn: bool,
    truth_sha256: str,
    remarks: tuple[str, ...] | None = None,
) -> Verdict:
    confusion = confusion_of(cells.labels, cells.called)
    metrics = point_metrics(confusion)
    parts = None if cells.scores is None else components(cells.labels, cells.scores)
    if cells.scores is not None:
        metrics |= score_metrics(cells.labels, cells.scores, parts)
    table = measured.table
    return Verdict(
        phase,
        partial,
        drawn,
        truth_sha256,
        confusion,
        MappingProxyType(metrics),
        MappingProxyType(_intervals(metrics, cells, measured, parts)),
        None if table is None else lines_of(table),
        None if table is None else summary(table),
        ((NO_SUBJECTS,) if table is None else ()) if remarks is None else remarks,
        cells,
        table,
        _identity(phase, partial, drawn, truth_sha256, cells),
    )


def _tally(cells: CellLevel) -> Tally | None:
    if cells.subjects is None or cells.names is None:
        return None
    index: Ints = cells.subjects
    return tally(cells.labels, cells.called, index, subjects_from(cells.labels, index, cells.names))


def lines_of(table: Tally) -> tuple[SubjectLine, ...]:
    """The results by subject of one entry."""
    subjects = table.subjects
    columns = (subjects.positives, subjects.negatives, table.tp[0], table.tn[0])
    counts = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(SubjectLine(name, *row) for name, row in zip(subjects.names, counts, strict=True))


def _intervals(
    metrics: Mapping[str, float | None], cells: CellLevel, measured: _Measured, parts: Components | None
) -> dict[str, Interval]:
    """Every interval the data allow; without subjects none, because cells alone would mislead."""
    table = measured.table
    if table is None or measured.intervals is None:
        reason = f"not estimable: {NO_SUBJECTS}"
        return {
            name: Interval(np.nan if value is None else value, None, None, remark=reason)
            for name, value in metrics.items()
        }
    found = dict(measured.intervals)
    if parts is not None and cells.subjects is not None:
        found["auc"] = auc_interval(clustered(parts, cells.labels, cells.subjects, table.subjects))
    return found


def _identity(phase: str, partial: bool, drawn: bool, truth_sha256: str, cells: CellLevel) -> str:
    found = hashlib.sha256(f"{STORED_VERSION} {phase} {partial} {drawn} {truth_sha256}".encode())
    found.update(cells.called.tobytes())
    if cells.scores is not None:
        found.update(cells.scores.astype("<f8").tobytes())
    return found.hexdigest()


def _packed(phase: str, partial: bool, drawn: bool, truth_sha256: str, cells: CellLevel) -> bytes:
    document = {
        "version": STORED_VERSION,
        "phase": phase,
        "partial": partial,
        "drawn": drawn,
        "truth_sha256": truth_sha256,
        "labels": _text(cells.labels),
        "called": _text(cells.called),
        "scores": _text(cells.scores),
        "subjects": _text(cells.subjects),
        "names": None if cells.names is None else list(cells.names),
    }
    return zlib.compress(json.dumps(document, sort_keys=True).encode(), level=6)


def _text(array: npt.NDArray[Any] | None) -> str | None:
    if array is None:
        return None
    little = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")


def _array(text: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    stored = np.frombuffer(base64.b64decode(text), dtype=np.dtype(kind).newbyteorder("<"))
    array = stored.astype(kind)
    array.flags.writeable = False
    return array


def _read_only(array: Ints | None) -> Ints | None:
    if array is not None:
        array.flags.writeable = False
    return array
