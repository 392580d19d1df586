"""From a plan to a checked zip: each step does its work once, and the same command goes on after a stop."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness import console
from harness.data.appearance import MOST_CELLS, Look, look_of, reference_of, write_reference
from harness.data.cache import cache_folder
from harness.data.crops import cells_of, open_crops
from harness.data.splits import CellRecord
from harness.errors import DataWrong
from harness.runs.cards import card_of_run
from harness.runs.chunks import Chunks, ScoredCells
from harness.runs.epoch_lines import tell
from harness.runs.epochs import Logits, write_epoch
from harness.runs.finishing import RunStopped, judged, marking, truth_of, zipped
from harness.runs.folder import Status, read_json, write_json
from harness.runs.followers import Followed, Followers
from harness.runs.following import following
from harness.runs.kept import FACTS, Kept, look, require_fit, seal_fit
from harness.runs.learnt import write_learnt
from harness.runs.outcome import Outcome
from harness.runs.plan import Plan
from harness.runs.provenance import bytes_sha256, file_sha256
from harness.runs.watching import NOTHING_LEFT
from models.contract import Cells, Fitted, Scores, Session, Validation
from submissions.cells import submission_order
from submissions.manifest import Manifest
from submissions.packing import packed
from submissions.phases import phase_of
from submissions.predictions import Predictions
from submissions.sealing import SEAL
from submissions.tables import write_table
from submissions.writing import naming, write_whole

__all__ = ["RunStopped", "run"]


_EPOCH = (
    "weighted_f1", "accuracy", "sensitivity", "specificity", "weighted_precision", "weighted_recall", "auc",
)  # fmt: skip
"""Metrics of each epoch's record, beside its losses and counts: those of the published record and Table 2."""


def run(plan: Plan, stopping: Callable[[], bool] = lambda: False) -> Outcome:
    """Do what is left of a run, up to the status that was asked for, and say what came out.

    `stopping` is asked often while the entry learns; where it says True, all is saved, as after Ctrl-C.
    Raises `RunStopped` after Ctrl-C, with everything saved; any other error marks the run failed.
    """
    with plan.folder.locked():
        if plan.request.fresh:
            plan.folder.start_over()
        kept = look(plan.folder, plan.identity, plan.split.phase, partial=plan.split.partial)
        if not plan.folder.plan.exists():
            plan.folder.write(plan.folder.plan, plan.to_keep())
        asked = plan.request
        followed = Followed(plan.folder, _told_to_followers(plan))
        with (
            marking(plan.folder),
            following(followed, tensorboard=asked.tensorboard, mlflow=asked.mlflow) as follow,
        ):
            return _steps(plan, kept, stopping, follow)


def _told_to_followers(plan: Plan) -> dict[str, Any]:
    """What a run is, in the words of its options."""
    settings = {f"settings.{name}": value for name, value in plan.entry.described_settings().items()}
    names = ("split", "seed", "select", "shared_cells", "limit")
    return {
        "entry": plan.entry.card.name,
        **{name: getattr(plan.request, name) for name in names},
        "drawn": plan.split.drawn,
        "partial": plan.split.partial,
        **settings,
    }


def _steps(plan: Plan, kept: Kept, stopping: Callable[[], bool], follow: Followers) -> Outcome:
    folder, until = plan.folder, plan.request.until
    if not kept.fitted:
        _fit(plan, stopping, follow)
    elif plan.watched is not None:
        console.say(NOTHING_LEFT)
    if until is Status.FITTED:
        return Outcome(folder, Status.FITTED)
    predictions, manifest = _predicted(plan, kept)
    verdict = _verdict(plan, predictions)
    if verdict is not None:
        follow.result(verdict.metrics)
    write_whole(folder.card, card_of_run(plan.entry.card, manifest, verdict))
    if until is Status.PREDICTED:
        return Outcome(folder, Status.PREDICTED, None, manifest, verdict)
    submission = zipped(folder, predictions, manifest, partial=plan.split.partial)
    folder.mark(Status.PACKED)
    return Outcome(folder, Status.PACKED, submission, manifest, verdict)


def _fit(plan: Plan, told_to_stop: Callable[[], bool], follow: Followers) -> None:
    folder = plan.folder
    folder.mark(Status.FITTING)
    folder.checkpoints.mkdir(exist_ok=True)
    started = time.monotonic()
    cells = _cells(plan, plan.split.train, labelled=True)
    with _stop_on_signal() as signalled:
        session = _session(plan, lambda: signalled() or told_to_stop())
        fitted = _learnt(plan, cells, replace(session, record=_recorded(session.record, follow)))
    with folder.written_aside(folder.fitted) as aside:
        with naming(aside):
            fitted.save(aside)
        facts = {"facts": dict(fitted.facts()), "seconds": round(time.monotonic() - started, 3)}
        if plan.watched is not None:
            facts["watched"] = plan.watched.facts(folder.events())
        if plan.fit_from is not None:
            facts["fit_of"] = {**plan.identity["fit_of"], "run": plan.fit_from.folder.path.name}
        write_json(aside / FACTS, facts)
        write_learnt(aside, plan.split.train, plan.chosen_by)
        write_reference(aside, reference_of(_looks(cells)))
        seal_fit(aside, plan.identity)
    folder.mark(Status.FITTED)


def _looks(cells: Cells) -> Iterator[Look]:
    """The looks of some training cells, evenly chosen."""
    for row in np.unique(np.linspace(0, len(cells) - 1, min(len(cells), MOST_CELLS)).astype(np.intp)):
        yield look_of(cells.crops(np.array([row]))[0])


def _recorded(record: Callable[[Mapping[str, Any]], None], follow: Followers) -> Callable[..., None]:
    """Record an event, and let those who follow see it."""

    def both(event: Mapping[str, Any]) -> None:
        record(event)
        follow()

    return both


def _learnt(plan: Plan, cells: Cells, session: Session) -> Fitted:
    """What the entry learns, or what another run of it has learnt."""
    if plan.fit_from is None:
        return plan.entry.fit(cells, session)
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
        ended=tell,
        stopping=stopping,
    )


def _validation(plan: Plan) -> Validation | None:
    """The cells by which every epoch is judged, whether it is chosen by them or they are watched only."""
    judges = plan.watched.cells if plan.watched else plan.chosen_by
    records = tuple(sorted(judges, key=lambda record: submission_order(record.name)))
    truth = _truth(plan, records)
    if truth is None:
        return None
    known = truth

    def judged(scores: Scores) -> Mapping[str, float]:
        verdict = judge(Predictions.from_scores(known.phase, scores), known)
        found = {name: value for name in _EPOCH if (value := verdict.metrics.get(name)) is not None}
        return {**found, **asdict(verdict.confusion), "validation_loss": _loss(plan, scores, known.labels)}

    def keep(epoch: int, logits: Logits) -> None:
        write_epoch(plan.folder, epoch, known.phase.cells, logits)

    cells = _cells(plan, records, labelled=False)
    if plan.watched:
        return Validation(cells, judged, chooses=False, name=plan.watched.name)
    return Validation(cells, judged, keep, name=_chosen_on(plan))


def _chosen_on(plan: Plan) -> str:
    """The part that chooses the epoch."""
    part = plan.request.select.partition(":")[2]
    return plan.split.name if part == "test" else part


def _loss(plan: Plan, scores: Scores, labels: npt.NDArray[np.uint8]) -> float:
    """The mean cross-entropy, cells of ALL with the weight that they have in training, as was published."""
    classes = plan.split.described()["classes"]
    own = getattr(plan.entry.settings, "positive_weight", None)
    weight = classes["HEM"] / classes["ALL"] if own is None else own
    likely = np.clip(np.where(labels == 1, scores, 1 - scores), np.finfo(np.float64).tiny, None)
    return float(np.mean(np.where(labels == 1, weight, 1.0) * -np.log(likely)))


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


def _scores(plan: Plan, fitted: Fitted, cells: Cells) -> ScoredCells:
    chunks = Chunks(plan.folder, {"fitted": file_sha256(plan.folder.fitted / SEAL)})
    return chunks.scores(fitted, cells, _session(plan, ahead=len(cells)), whole=plan.entry.card.transductive)


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
        training={**plan.split.described(), **read_json(plan.folder.fitted / FACTS)},
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
    return {
        **plan.dataset.described(),
        **plan.dataset.marks(used),
        **{name: plan.identity[name] for name in kept},
    }


def _truth(plan: Plan, records: tuple[CellRecord, ...]) -> Truth | None:
    """The truth of these cells, None where any label is unknown."""
    if records == plan.split.test:
        return truth_of(plan.split.phase, records)
    return truth_of(phase_of("validation", (record.name for record in records)), records)


def _verdict(plan: Plan, predictions: Predictions) -> Verdict | None:
    """What the run is worth where the truth is at hand, kept in its folder."""
    truth = _truth(plan, plan.split.test)
    if truth is not None:
        return judged(plan.folder, predictions, truth)
    if plan.split.name == "prelim":
        why = plan.dataset.audit.label_file.reason or "the label file does not name all of these cells"
        console.say(f"not judged: {why}")
    return None


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
