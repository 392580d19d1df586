"""From a run's folder to all that is known of it; what is missing is said, and ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth, TruthInvalid
from eval_server.judging.verdict import Verdict, judge
from harness import console
from harness.errors import DataWrong
from harness.reports.inspection.being import facts_of
from harness.reports.inspection.found import AskedInspection, Inspection, Look, MissedCell
from harness.reports.inspection.looking import looks_at
from harness.reports.known_truth import Asked, truth_of
from harness.runs.ensemble import Part, open_part
from harness.runs.finished import FinishedRun, open_finished
from harness.runs.folder import RunFolder, read_json
from submissions.cells import Label
from submissions.sealing import SEAL


@dataclass(slots=True)
class Notes:
    """What is not shown and why: briefly on the page, and with its particulars on the terminal."""

    said: list[str] = field(default_factory=list)

    def say(self, words: str, particulars: str = "") -> None:
        """Note it; particulars may name paths, so they are for the terminal alone."""
        self.said.append(words)
        console.say(f"Note: {words}{f' ({particulars})' if particulars else ''}", style="yellow")


def inspect(asked: AskedInspection) -> Inspection:
    """Look into a run; raises `DataWrong` where the folder is none, or is not as it was written."""
    folder, plan = _opened(asked)
    notes = Notes()
    learnt = _learnt(asked, plan, notes)
    part = _part(folder, notes)
    verdict = None if part is None else _verdict(asked, part, notes)
    wrong = _wrong(part, verdict)
    shown = wrong[: asked.cells]
    looks: Mapping[str, Look] = {}
    if part is not None and shown:
        looks = looks_at(asked, part, learnt, shown, notes.say)
    facts = {} if learnt is None else learnt.facts.get("facts", {})
    return Inspection(
        name=folder.path.resolve().name,
        entry=str(plan.get("entry")),
        facts=facts_of(plan, _manifest(folder), learnt),
        remarks=() if part is None else part.manifest.remarks,
        epochs=tuple(_epochs(folder, learnt)),
        chosen=facts.get("epoch"),
        predictions=None if part is None else part.predictions,
        verdict=verdict,
        wrong=shown,
        all_wrong=len(wrong),
        looks=looks,
        notes=tuple(notes.said),
    )


def _opened(asked: AskedInspection) -> tuple[RunFolder, dict[str, Any]]:
    plan = RunFolder(asked.run).plan
    if not plan.is_file():
        raise DataWrong(
            f"{asked.run} is no run: it holds no plan.json",
            "Name a folder below runs/, as `harness runs` does.",
        )
    told = read_json(plan)
    if told.get("split") == "images":
        raise DataWrong(
            f"{asked.run} holds scores of images of one's own", "Its page lies there already: images.html."
        )
    return RunFolder(asked.run, str(told.get("key", ""))), told


def _learnt(asked: AskedInspection, plan: Mapping[str, Any], notes: Notes) -> FinishedRun | None:
    """The run that learnt what predicted here: this one, or the one beside it that this was made from."""
    if "parts" in plan:
        notes.say("Several runs are joined here: look into each for its curves, weights and maps.")
        return None
    source = plan.get("from")
    path = asked.run.resolve().parent / source["run"] if source else asked.run
    if not path.is_dir() or not (path / "fitted" / SEAL).exists():
        if source:
            notes.say(f"The run {source['run']} that learnt this is not beside it: no curves, no maps.")
        return None
    run = open_finished(path)
    if source and run.weights_sha256 != source["weights_sha256"]:
        notes.say(f"The run {source['run']} has learnt something else since: no curves, no maps.")
        return None
    return run


def _part(folder: RunFolder, notes: Notes) -> Part | None:
    if not folder.manifest.exists():
        notes.say(f"It has predicted nothing yet: it is {folder.status().value}.")
        return None
    return open_part(folder.path.name, folder.path)


def _manifest(folder: RunFolder) -> dict[str, Any]:
    return read_json(folder.manifest) if folder.manifest.exists() else {}


def _epochs(folder: RunFolder, learnt: FinishedRun | None) -> list[dict[str, Any]]:
    """The records of the training, which a prediction by another run has there."""
    place = folder if learnt is None else learnt.folder
    return [one for one in place.events() if "epoch" in one] if place.history.exists() else []


def _verdict(asked: AskedInspection, part: Part, notes: Notes) -> Verdict | None:
    """The run judged; None, with a note, where its labels are not known here."""
    truth = _truth(asked, part, notes)
    return None if truth is None else judge(part.predictions, truth)


def _truth(asked: AskedInspection, part: Part, notes: Notes) -> Truth | None:
    where = Asked(asked.truth_file, None, asked.data_root, asked.trust_labels)
    try:
        truth = truth_of([asked.run], where).only(part.predictions.phase)
        _require_same(truth, part, asked)
        return truth
    except (DataWrong, TruthInvalid, ValueError) as error:
        if asked.truth_file is not None:
            raise _of_other_cells(error, asked) from error
        notes.say(
            f"The labels of {part.manifest.split} are not known here, so only scores are shown.", str(error)
        )
        return None


def _require_same(truth: Truth, part: Part, asked: AskedInspection) -> None:
    """Raise `ValueError` for labels that were found here and are not those that the run was judged by.

    Cells of other data have the same names. A label file that was named is taken at its word.
    """
    metrics = part.folder.metrics
    known = read_json(metrics).get("truth_sha256") if metrics.exists() else None
    if asked.truth_file is None and known not in (None, truth.sha256):
        raise ValueError("the labels that were found are not those by which the run was judged")


def _of_other_cells(error: Exception, asked: AskedInspection) -> Exception:
    if isinstance(error, DataWrong | TruthInvalid):
        return error
    return DataWrong(f"{asked.truth_file} is about other cells: {error}", "Name the label file of this run.")


def _wrong(part: Part | None, verdict: Verdict | None) -> tuple[MissedCell, ...]:
    """The cells that were called wrong, the surest of them first."""
    if part is None or verdict is None:
        return ()
    cells, names, scores = verdict.cells, part.predictions.phase.cells, part.predictions.scores
    rows = np.flatnonzero(~cells.correct).tolist()
    found = [
        MissedCell(
            row,
            names[row],
            _subject(verdict)(row),
            Label(int(cells.labels[row])).name,
            Label(int(cells.called[row])).name,
            None if scores is None else float(scores[row]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-_sure(one), one.row)))


def _sure(cell: MissedCell) -> float:
    return 0.0 if cell.score is None else abs(cell.score - 0.5)


def _subject(verdict: Verdict) -> Callable[[int], str]:
    """Names the subject of a cell by its row; empty where subjects are not known."""
    numbers, names = verdict.cells.subjects, verdict.cells.names
    if numbers is None or names is None:
        return lambda _row: ""
    return lambda row: names[int(numbers[row])]
