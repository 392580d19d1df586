"""From a plan to a checked zip: each step does its work once, and the same command goes on after a stop."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness import console
from harness.data.cache import cache_folder
from harness.data.crops import cells_of, open_crops
from harness.data.splits import CellRecord
from harness.errors import DataWrong, HarnessError
from harness.runs.cards import card_of_run
from harness.runs.folder import ANEW, RunFolder, Status, read_json, write_json
from harness.runs.kept import Kept, look, require_fit, require_zip, seal_fit
from harness.runs.outcome import Outcome
from harness.runs.plan import Plan
from harness.runs.provenance import bytes_sha256, file_sha256
from models.contract import Cells, FitInterrupted, Fitted, Scores, Session, Validation
from submissions.cells import submission_order
from submissions.manifest import Manifest
from submissions.packing import pack, packed
from submissions.phases import phase_of
from submissions.predictions import Predictions
from submissions.reading import read
from submissions.sealing import SEAL, SealBroken, sealed, unsealed
from submissions.tables import write_table
from submissions.writing import naming, write_whole

_FACTS = "facts.json"
_CHUNK = 128
"""Cells predicted between two saves of a long prediction."""


class RunStopped(HarnessError):
    """The user stopped a run; everything up to here is saved."""

    exit_code = 130


def run(plan: Plan, stopping: Callable[[], bool] = lambda: False) -> Outcome:
    """Do what is left of a run, up to the status that was asked for, and say what came out.

    `stopping` is asked often while the entry learns; where it says True, all is saved, as after Ctrl-C.
    Raises `RunStopped` after Ctrl-C, with everything saved; any other error marks the run failed.
    """
    with plan.folder.locked():
        if plan.request.fresh:
            plan.folder.start_over()
        kept = look(plan.folder, plan.identity, plan.split.phase)
        if not plan.folder.plan.exists():
            plan.folder.write(plan.folder.plan, plan.to_keep())
        try:
            return _steps(plan, kept, stopping)
        except (KeyboardInterrupt, FitInterrupted) as stop:
            plan.folder.mark(Status.INTERRUPTED)
            raise RunStopped(
                f"stopped; what was done so far is saved in {plan.folder.path}",
                "The same command again goes on from there; --fresh starts over.",
            ) from stop
        except Exception as error:
            with suppress(OSError):  # where there is no room, the first error says so
                plan.folder.mark(Status.FAILED, reason=f"{type(error).__name__}: {error}")
            raise


def _steps(plan: Plan, kept: Kept, stopping: Callable[[], bool]) -> Outcome:
    folder, until = plan.folder, plan.request.until
    if not kept.fitted:
        _fit(plan, stopping)
    if until is Status.FITTED:
        return Outcome(folder, Status.FITTED)
    predictions, manifest = _predicted(plan, kept)
    verdict = _verdict(plan, predictions)
    write_whole(folder.card, card_of_run(plan.entry.card, manifest, verdict))
    if until is Status.PREDICTED:
        return Outcome(folder, Status.PREDICTED, None, manifest, verdict)
    submission = _packed(plan, predictions, manifest)
    folder.mark(Status.PACKED)
    return Outcome(folder, Status.PACKED, submission, manifest, verdict)


def _fit(plan: Plan, told_to_stop: Callable[[], bool]) -> None:
    folder = plan.folder
    folder.mark(Status.FITTING)
    folder.checkpoints.mkdir(exist_ok=True)
    started = time.monotonic()
    with _stop_on_signal() as signalled:
        fitted = _learnt(plan, lambda: signalled() or told_to_stop())
    with folder.written_aside(folder.fitted) as aside:
        with naming(aside):
            fitted.save(aside)
        facts = {"facts": dict(fitted.facts()), "seconds": round(time.monotonic() - started, 3)}
        if plan.fit_from is not None:
            facts["fit_of"] = {**plan.identity["fit_of"], "run": plan.fit_from.folder.path.name}
        write_json(aside / _FACTS, facts)
        seal_fit(aside, plan.identity)
    folder.mark(Status.FITTED)


def _learnt(plan: Plan, stopping: Callable[[], bool]) -> Fitted:
    """What the entry learns, or what another run of it has learnt."""
    if plan.fit_from is None:
        return plan.entry.fit(_cells(plan, plan.split.train, labelled=True), _session(plan, stopping))
    there = plan.fit_from.folder
    if not there.fitted.exists():
        raise DataWrong(
            f"{there.path} has learnt nothing yet that {plan.entry.card.name} could take over",
            "`harness sweep` fits it first.",
        )
    require_fit(there, plan.fit_from.identity)
    return plan.entry.adopt(there.fitted)


def _session(plan: Plan, stopping: Callable[[], bool] = lambda: False, ahead: int = 0) -> Session:
    return Session(
        seed=plan.request.seed,
        device=plan.device,
        weights=plan.request.weights,
        progress=console.progress,
        checkpoints=plan.folder.checkpoints,
        cache=cache_folder(),
        validation=_validation(plan),
        identity=plan.folder.key,
        engine=plan.request.engine,
        ahead=ahead,
        record=plan.folder.recorder(),
        stopping=stopping,
    )


def _validation(plan: Plan) -> Validation | None:
    """The cells on which the best epoch is chosen, and how they are judged; None for the last epoch."""
    records = tuple(sorted(plan.chosen_by, key=lambda record: submission_order(record.name)))
    truth = _truth(plan, records)
    if truth is None:
        return None
    known = truth

    def judged(scores: Scores) -> Mapping[str, float]:
        verdict = judge(Predictions.from_scores(known.phase, scores), known)
        shown = ("weighted_f1", "accuracy", "sensitivity", "specificity")
        return {name: value for name in shown if (value := verdict.metrics[name]) is not None}

    return Validation(_cells(plan, records, labelled=False), judged)


def _cells(plan: Plan, records: tuple[CellRecord, ...], *, labelled: bool) -> Cells:
    source = open_crops(plan.dataset.records, progress=console.progress)
    return cells_of(records, source, labelled=labelled)


def _predicted(plan: Plan, kept: Kept) -> tuple[Predictions, Manifest]:
    """The run's predictions with their manifest: those that are kept, or made and saved now."""
    for remark in kept.remarks:
        console.say(remark)
    if kept.predictions is not None and kept.manifest is not None:
        return kept.predictions, kept.manifest
    folder, phase = plan.folder, plan.split.phase
    require_fit(folder, plan.identity)
    fitted = plan.entry.load(folder.fitted)
    cells = _cells(plan, plan.split.test, labelled=False)
    scored = _scores(plan, fitted, cells)
    predictions = Predictions.from_scores(phase, scored.scores)
    subjects = {record.name: record.subject for record in plan.split.test if record.subject}
    write_table(predictions, folder.predictions, subjects)
    manifest = _manifest(plan, predictions, scored.computed)
    folder.write(folder.manifest, json.loads(manifest.to_json()))
    folder.mark(Status.PREDICTED)
    return predictions, manifest


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Scores of all cells, and what a manifest says of how they were computed: engines, and why these."""

    scores: Scores
    computed: Mapping[str, Any]


def _scores(plan: Plan, fitted: Fitted, cells: Cells) -> _Scored:
    """Scores of all cells, saved chunk by chunk so that a stopped prediction goes on.

    A transductive entry looks at all cells at once, so it is never given a part of them.
    """
    session = _session(plan, ahead=len(cells))
    if plan.entry.card.transductive or len(cells) <= _CHUNK:
        scores = fitted.predict(cells, session)
        return _Scored(scores, _computed(fitted, {_engine(fitted)}))
    parts: list[Scores] = []
    engines: set[str] = set()
    for start in range(0, len(cells), _CHUNK):
        kept = _saved_scores(plan.folder, start)
        if kept is None:
            chosen = np.arange(start, min(start + _CHUNK, len(cells)))
            scores = fitted.predict(cells.take(chosen), session)
            kept = {"scores": scores.tolist(), "engine": _engine(fitted)}
            _save_scores(plan.folder, start, kept)
        parts.append(np.array(kept["scores"], dtype=np.float64))
        engines.add(kept.get("engine", ""))  # chunks of before 0.1.1 do not say
    return _Scored(np.concatenate(parts), _computed(fitted, engines))


def _engine(fitted: Fitted) -> str:
    """What has computed the last scores; empty where an entry has no engines."""
    return str(fitted.facts().get("predicted_with", {}).get("name", ""))


def _computed(fitted: Fitted, engines: Collection[str]) -> dict[str, Any]:
    named = sorted(filter(None, engines))
    return {**fitted.facts().get("predicted_with", {}), "engines": named} if named else {}


def _saved_scores(folder: RunFolder, start: int) -> Mapping[str, Any] | None:
    """The scores of a chunk as they were saved, with their engine; None where they are to be made."""
    file = _chunk(folder, start)
    if not file.exists():
        return None
    try:
        kept = unsealed(file)
    except SealBroken as broken:
        console.say(f"{broken}: its cells are predicted anew")
        return None
    if kept.get("made_from") != _made_from(folder, start):
        console.say(f"{file} belongs to another run: its cells are predicted anew")
        return None
    return kept


def _save_scores(folder: RunFolder, start: int, scored: Mapping[str, Any]) -> None:
    told = {"made_from": _made_from(folder, start), **scored}
    write_whole(_chunk(folder, start), sealed(told))


def _chunk(folder: RunFolder, start: int) -> Path:
    return folder.checkpoints / f"scores-{start}.json"


def _made_from(folder: RunFolder, start: int) -> dict[str, Any]:
    return {"key": folder.key, "start": start, "fitted": file_sha256(folder.fitted / SEAL)}


def _manifest(plan: Plan, predictions: Predictions, computed: Mapping[str, Any]) -> Manifest:
    """What someone else needs to make these predictions again."""
    more = {"changed": plan.changed(), "predicted_with": dict(computed)}
    told = {name: one for name, one in more.items() if one}
    return Manifest(
        entry=plan.entry.card.name,
        origin=plan.origin,
        phase=plan.split.phase.name,
        split=plan.split.name,
        seed=plan.request.seed,
        cells=len(plan.split.test),
        predictions_sha256=file_sha256(plan.folder.predictions),
        settings=plan.entry.described_settings(),
        weights=plan.weights,
        selection=plan.request.select,
        training={**plan.split.described(), **read_json(plan.folder.fitted / _FACTS)},
        data=_data_facts(plan),
        environment={**plan.environment(), **told},
        drawn=plan.split.drawn,
        partial=plan.split.partial,
        chosen_on_test=plan.chosen_on_test,
        transductive=plan.entry.card.transductive,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source_sha256=plan.source.sha256,
        submission_sha256=bytes_sha256(packed(predictions)),
        key=plan.folder.key,
    )


def _data_facts(plan: Plan) -> dict[str, Any]:
    kept = ("limit", "train_sha256", "validation_sha256", "test_sha256")
    used = (*plan.split.train, *plan.split.validation, *plan.split.test)
    other_labels = plan.dataset.other_labels and any(record.part == "prelim" for record in used)
    return {
        **plan.dataset.described(),
        "other_labels": other_labels,
        "pixels_not_known": any(not record.proven for record in used),
        **{name: plan.identity[name] for name in kept},
    }


def _packed(plan: Plan, predictions: Predictions, manifest: Manifest) -> Path:
    """The zip, read back: what travels must say what was predicted."""
    path = plan.folder.submission(partial=plan.split.partial)
    if not path.exists():
        sha256 = pack(predictions, path)
        if sha256 != manifest.submission_sha256:  # predicted by a version that packed other bytes
            manifest = replace(manifest, submission_sha256=sha256)
            plan.folder.write(plan.folder.manifest, json.loads(manifest.to_json()))
    require_zip(path, predictions, manifest)
    travelled = read(path, plan.split.phase).predictions
    if not np.array_equal(travelled.labels, predictions.labels):
        raise DataWrong(f"{path} does not hold the run's predictions", ANEW)
    return path


def _truth(plan: Plan, records: tuple[CellRecord, ...]) -> Truth | None:
    """The truth of these cells, None where any label is unknown."""
    labels = [record.label for record in records]
    if not records or any(label is None for label in labels):
        return None
    phase = plan.split.phase
    if records != plan.split.test:
        phase = phase_of("validation", (record.name for record in records))
    known = tuple(record.subject for record in records if record.subject is not None)
    subjects = known if len(known) == len(records) else None
    return Truth(phase, np.array(labels, dtype=np.uint8), subjects)


def _verdict(plan: Plan, predictions: Predictions) -> Verdict | None:
    """What the run is worth where the truth is at hand, kept in its folder."""
    truth = _truth(plan, plan.split.test)
    if truth is None:
        if plan.split.name == "prelim":
            why = plan.dataset.audit.label_file.reason or "the label file does not name all of these cells"
            console.say(f"not judged: {why}")
        return None
    verdict = judge(predictions, truth)
    plan.folder.write(plan.folder.metrics, verdict.to_json())
    return verdict


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C asks the fit to save and stop; the second one stops at once.

    Only a main thread is told of signals: in a worker of a cluster somebody else asks the fit to stop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        console.say("stopping after this step; press Ctrl-C again to stop at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt
