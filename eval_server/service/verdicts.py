"""Verdicts and truths at hand: read from the store once, and kept while they are used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from eval_server.judging.division import TruthPart
from eval_server.judging.likeness import Packed, packed_calls
from eval_server.judging.spot_check import spot_checked
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, called_in
from eval_server.store.records import PhaseRecord, ScoredSubmission
from eval_server.store.store import Store

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values used last, by key; safe to share between threads.

    `functools.lru_cache` asks for one key at a time, and nobody else can fill it: here what is missing is
    read in one go, and the judge leaves what it has just judged.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._most:
                self._values.popitem(last=False)


class Verdicts:
    """Verdicts and truths as values, read from the store once and kept at hand.

    Where a phase is divided, who asks names its record, and is given what is of the part it speaks of.

    Room for the verdicts of twenty boards of 200 lines; of submissions that stand on none, the store keeps
    the one number that says so, without the cells.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._verdicts = Recent[Verdict](4000)
        self._spot_checked = Recent[Verdict](4000)
        self._keys = Recent[str](200)
        self._calls = Recent[Packed](20_000)
        self._truths = Recent[Truth](32)
        self._corrections = Recent[tuple[datetime | None]](32)

    def truth(self, truth_id: str, part: TruthPart = TruthPart.WHOLE) -> Truth:
        """A truth or one part of it; the order of a submission's lines is that of the whole."""
        found = self._truths.get(f"{truth_id} {part}")
        if found is None:
            whole = part is TruthPart.WHOLE
            found = self._store.phases.truth(truth_id) if whole else self.truth(truth_id).part(part)
            self._truths.put(f"{truth_id} {part}", found)
        return found

    def cells(self, record: PhaseRecord) -> tuple[str, ...]:
        """The cells that verdicts of a phase are on, in their order: those of the part it speaks of."""
        return self.truth(record.truth, record.part).phase.cells

    def standing(self, record: PhaseRecord, submission: str) -> tuple[str, Mapping[str, Any]] | None:
        """The id and document of the verdict that stands, on the part that the phase speaks of."""
        return self._store.verdicts.standing(submission, record.truth, record.part)

    def judged(self, record: PhaseRecord, truth: str | None = None) -> list[ScoredSubmission]:
        """The scored submissions of a phase, with what they are worth on the part that it speaks of.

        What a host barred is as if it had never come; what its team withdrew was a try all the same.
        """
        metric = record.rules.metric
        found = self._store.verdicts.judged(record.name, truth or record.truth, metric, record.part)
        return [one for one in found if not one.barred]

    def corrected_at(self, phase: str, truth_id: str) -> datetime | None:
        """When a phase's labels became this truth; None where it is the phase's first."""
        found = self._corrections.get(truth_id)
        if found is None:
            found = (self._store.phases.corrected_at(phase, truth_id),)
            self._corrections.put(truth_id, found)
        return found[0]

    def all(self, ids: Sequence[str]) -> dict[str, Verdict]:
        """These verdicts by id; what is not at hand is read in one go."""
        found = {one: self._verdicts.get(one) for one in ids}
        missing = [one for one, verdict in found.items() if verdict is None]
        stored = self._store.verdicts.stored(missing)
        for one, verdict in zip(stored, Verdict.all_from_bytes(list(stored.values())), strict=True):
            found[one] = verdict
            self.keep(one, verdict)
        return {one: verdict for one, verdict in found.items() if verdict is not None}

    def key(self, record: PhaseRecord) -> str:
        """What chooses a phase's samples and stand-ins; told to nobody."""
        found = self._keys.get(record.truth)
        if found is None:
            found = self._store.phases.key(record.name)
            self._keys.put(record.truth, found)
        return found

    def spot_checked(self, record: PhaseRecord, ids: Sequence[str]) -> dict[str, Verdict]:
        """The same, each measured on the cells that the phase's key chooses for its labels."""
        found = {one: self._spot_checked.get(one) for one in ids}
        whole = self.all([one for one, verdict in found.items() if verdict is None])
        measured = spot_checked(list(whole.values()), self.key(record))
        for one, verdict in zip(whole, measured, strict=True):
            found[one] = verdict
            self._spot_checked.put(one, verdict)
        return {one: verdict for one, verdict in found.items() if verdict is not None}

    def calls(self, ids: Sequence[str]) -> dict[str, Packed]:
        """What the submissions of these verdicts called each cell, a bit a cell."""
        found = {one: self._calls.get(one) for one in ids}
        stored = self._store.verdicts.stored([one for one, packed in found.items() if packed is None])
        for one, data in stored.items():
            found[one] = packed = packed_calls(called_in(data))
            self._calls.put(one, packed)
        return {one: packed for one, packed in found.items() if packed is not None}

    def keep(self, verdict_id: str, verdict: Verdict | None) -> None:
        if verdict is not None:
            self._verdicts.put(verdict_id, verdict)
