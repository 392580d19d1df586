"""How every run ends, whatever predicted: a zip that is read back, a verdict, a word on what stopped it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness.data.records import CellRecord
from harness.errors import DataWrong, HarnessError
from harness.runs.folder import ANEW, RunFolder, Status
from harness.runs.kept import require_zip
from models.contract import FitInterrupted
from submissions.manifest import Manifest
from submissions.packing import pack
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.reading import read


class RunStopped(HarnessError):
    """The user stopped a run; everything up to here is saved."""

    exit_code = 130


@contextmanager
def marking(folder: RunFolder) -> Iterator[None]:
    """Around the work of a run: what stops it is written into its status.

    Raises `RunStopped` after Ctrl-C, with everything saved; any other error marks the run failed.
    """
    try:
        yield
    except (KeyboardInterrupt, FitInterrupted) as stop:
        folder.mark(Status.INTERRUPTED)
        raise RunStopped(
            f"stopped; what was done so far is saved in {folder.path}",
            "The same command again goes on from there; --fresh starts over.",
        ) from stop
    except Exception as error:
        with suppress(OSError):  # where there is no room, the first error says so
            folder.mark(Status.FAILED, reason=f"{type(error).__name__}: {error}")
        raise


def zipped(folder: RunFolder, predictions: Predictions, manifest: Manifest, *, partial: bool) -> Path:
    """The zip, read back: what travels must say what was predicted."""
    path = folder.submission(partial=partial)
    if not path.exists():
        sha256 = pack(predictions, path)
        if sha256 != manifest.submission_sha256:  # predicted by a version that packed other bytes
            manifest = replace(manifest, submission_sha256=sha256)
            folder.write(folder.manifest, json.loads(manifest.to_json()))
    require_zip(path, predictions, manifest)
    travelled = read(path, predictions.phase).predictions
    if not np.array_equal(travelled.labels, predictions.labels):
        raise DataWrong(f"{path} does not hold the run's predictions", ANEW)
    return path


def truth_of(phase: Phase, records: Sequence[CellRecord]) -> Truth | None:
    """The truth of these cells, which are those of the phase; None where any label is unknown."""
    labels = [record.label for record in records]
    if not records or any(label is None for label in labels):
        return None
    known = tuple(record.subject for record in records if record.subject is not None)
    subjects = known if len(known) == len(records) else None
    return Truth(phase, np.array(labels, dtype=np.uint8), subjects)


def judged(folder: RunFolder, predictions: Predictions, truth: Truth) -> Verdict:
    """What the run is worth, kept in its folder."""
    verdict = judge(predictions, truth)
    folder.write(folder.metrics, verdict.to_json())
    return verdict
