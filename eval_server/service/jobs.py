"""The judge at work: received → checking → scored, refused or failed; takes up what a crash left."""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eval_server.judging.division import TruthPart
from eval_server.judging.parts import judge_parts
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict
from eval_server.service.making import Board, BoardMaker
from eval_server.service.verdicts import Verdicts
from eval_server.store.files import FileDamaged
from eval_server.store.queue import MAX_ATTEMPTS
from eval_server.store.records import FAILED, REFUSED, SCORED, NewVerdict, Settlement, Submission
from eval_server.store.schema import fresh_id
from eval_server.store.store import Store
from submissions.parts import read_parts
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.problems import SubmissionRefused
from submissions.reading import Reading

BATCH = 16
"""How many submissions one transaction claims and one settles; more are not faster."""
BRING_BACK = "Bring it back from a backup, or let the team hand in the same zip; then judge it again."
"""What a host does about a lost file."""
LOOK_AGAIN = 0.5
"""Seconds after which an idle worker looks for what another process received.

A look and not a message from the database, because SQLite has none: one way serves both.
"""
GIVES_WAY = 2.0
"""Seconds for which a batch waits at most while a board is made."""

log = logging.getLogger("harness.jobs")


class Judging(Protocol):
    """Whoever judges what was received and makes the boards: in this process, or in one beside it."""

    def start(self) -> None: ...

    def wake(self) -> None: ...

    def stop(self) -> None: ...

    def make_board(self, phase: str, part: TruthPart | None = None) -> Board: ...

    def silent_for(self) -> float: ...


class Pulse:
    """When a judge last showed that it works."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def beat(self) -> None:
        self._at = time.monotonic()

    def silent_for(self) -> float:
        """Seconds since the last beat; infinite before the first."""
        return time.monotonic() - self._at


def a_name() -> str:
    """A name under which a judge claims, unlike every other's."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a submission predicts, and what the host has to know of where that was read."""

    reading: Reading
    trouble: str | None = None


class Judge:
    """A worker thread that claims submissions, judges them, and settles each exactly once."""

    def __init__(
        self,
        store: Store,
        verdicts: Verdicts,
        now: Callable[[], datetime],
        name: str | None = None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._verdicts = verdicts
        self._maker = BoardMaker(store, verdicts)
        self._now = now
        self._name = name or a_name()
        self._beat = beat
        self._pulse = Pulse()
        self._interrupted = False
        self._work = threading.Event()
        self._boards_are_made = threading.Event()
        self._boards_are_made.set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)

    def start(self) -> None:
        self._pulse.beat()
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand, then end."""
        self._stopping.set()
        self._work.set()
        self._thread.join()

    def wake(self) -> None:
        """Say that something was received."""
        self._work.set()

    def make_board(self, phase: str, part: TruthPart | None = None) -> Board:
        """The board of a phase, made on the thread that asks; the verdicts of the judge are at hand.

        Judging gives way: two busy threads of one interpreter hold each other up, and readers wait for it.
        """
        self._boards_are_made.clear()
        try:
            return self._maker.make(phase, part)
        finally:
            self._boards_are_made.set()

    def silent_for(self) -> float:
        """Seconds since it last went through its work."""
        return self._pulse.silent_for()

    def work(self) -> int:
        """Judge one batch, once no board is being made; returns how many submissions were claimed."""
        self._boards_are_made.wait(GIVES_WAY)
        self._give_back()
        claimed = self._store.queue.claim(self._name, self._now(), BATCH)
        if claimed:
            self._interrupted = True
            outcomes = self._outcomes(claimed)
            self._store.queue.settle(outcomes, self._name, self._now())
            self._interrupted = False
        self._pulse.beat()
        self._beat()
        return len(claimed)

    def _give_back(self) -> None:
        """Give back what was claimed and could not be settled, as where the disk was full: no attempt."""
        if self._interrupted:
            self._store.queue.release(self._name, untried=True)
            self._interrupted = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            try:
                while self.work() and not self._stopping.is_set():
                    pass
            except Exception:
                log.exception("the judge could not reach the store; it tries again")
                self._stopping.wait(1)
            self._work.wait(LOOK_AGAIN)

    def _outcomes(self, claimed: Sequence[Submission]) -> list[Settlement]:
        """What each comes to; those that can be read are judged together, phase by phase."""
        outcomes: list[Settlement] = []
        for phase in dict.fromkeys(one.phase for one in claimed):
            truth_id, truth, asked = self._truth(phase)
            readable = []
            for one in claimed:
                found = self._read(one, asked) if one.phase == phase else None
                if isinstance(found, Settlement):
                    outcomes.append(found)
                elif found is not None:
                    readable.append((one, found))
            outcomes += self._judged(truth_id, truth, readable)
        return outcomes

    def _read(self, submission: Submission, phase: Phase) -> _Read | Settlement:
        """The predictions, or why there are none; a mistake of ours is this submission's trouble alone."""
        if submission.attempts > MAX_ATTEMPTS:
            return Settlement(submission.id, FAILED, trouble="judging it ended the server several times")
        try:
            return self._reading(submission, phase)
        except FileDamaged as damaged:
            log.error("a file is lost", exc_info=damaged, extra={"submission": submission.id})
            return Settlement(submission.id, FAILED, trouble=f"{damaged.brief}. {BRING_BACK}")
        except SubmissionRefused as refused:
            problems = tuple(problem.to_json() for problem in refused.problems)
            return Settlement(submission.id, REFUSED, problems=problems, passed_over=refused.passed_over)
        except Exception as error:
            return self._trouble(submission, error)

    def _reading(self, submission: Submission, phase: Phase) -> _Read:
        """What the files that were handed in predict; of a lost one, what its last verdict keeps."""
        archive = self._store.archive
        try:
            scores = None if submission.scores is None else archive.read(submission.scores)
            return _Read(read_parts(archive.read(submission.archive), scores, phase))
        except FileDamaged as damaged:
            stored = self._store.verdicts.last_stored(submission.id)
            if stored is None:
                raise
            log.error("a file is lost", exc_info=damaged, extra={"submission": submission.id})
            cells = Verdict.from_bytes(stored).cells
            reading = Reading(Predictions(phase, cells.called, cells.scores), submission.passed_over)
            return _Read(
                reading, f"{damaged.brief}; judged by what its last verdict keeps of it. {BRING_BACK}"
            )

    def _truth(self, phase: str) -> tuple[str, Truth, Phase]:
        """The id and value of a phase's present truth, and what is asked, by the names of its classes."""
        record = self._store.phases.find(phase)
        if record is None:
            raise LookupError(phase)
        truth = self._verdicts.truth(record.truth)
        return record.truth, truth, truth.phase.called(record.rules.classes)

    def _judged(
        self, truth_id: str, truth: Truth, batch: Sequence[tuple[Submission, _Read]]
    ) -> list[Settlement]:
        """Verdicts on a batch; where it fails as a whole, each is judged by itself."""
        try:
            verdicts = judge_parts([read.reading.predictions for _, read in batch], truth)
            return [
                self._scored(one, read, truth_id, verdict)
                for (one, read), verdict in zip(batch, verdicts, strict=True)
            ]
        except Exception as error:
            if len(batch) == 1:
                return [self._trouble(batch[0][0], error)]
            return [outcome for each in batch for outcome in self._judged(truth_id, truth, [each])]

    def _scored(
        self, one: Submission, read: _Read, truth_id: str, verdicts: Mapping[TruthPart, Verdict]
    ) -> Settlement:
        return Settlement(
            one.id,
            SCORED,
            truth=truth_id,
            verdicts=tuple(self._new(part, verdict) for part, verdict in verdicts.items()),
            passed_over=read.reading.passed_over,
            trouble=read.trouble,
        )

    def _new(self, part: TruthPart, verdict: Verdict) -> NewVerdict:
        """A verdict to be written, which is kept at hand for the board that follows."""
        if not all(value is None or math.isfinite(value) for value in verdict.metrics.values()):
            raise ArithmeticError("a metric is not finite")
        new = NewVerdict(fresh_id(), verdict.to_json(), verdict.to_bytes(), part)
        self._verdicts.keep(new.id, verdict)
        return new

    def _trouble(self, submission: Submission, error: Exception) -> Settlement:
        log.error("judging failed", exc_info=error, extra={"submission": submission.id})
        return Settlement(submission.id, FAILED, trouble=f"the judge met {type(error).__name__}")
