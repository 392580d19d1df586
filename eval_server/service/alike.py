"""Submissions of different teams that call nearly every cell alike: a host asks what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval_server.judging.division import DIVIDED, TruthPart
from eval_server.judging.likeness import Packed, alike, cells_apart
from eval_server.service.boards import BoardMissing
from eval_server.service.desk import Desk
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import PhaseRecord, ScoredSubmission


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two submissions of different teams, the earlier one first, and the cells that they call differently.

    The cells are in the order of the phase.
    """

    earlier: ScoredSubmission
    later: ScoredSubmission
    cells: int
    apart: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of cells called alike."""
        return 1 - len(self.apart) / self.cells


def alike_now(desk: Desk, record: PhaseRecord) -> list[AlikePair]:
    """The pairs of a phase, found once for each state of its board."""
    try:
        board = desk.boards.current(record)
    except BoardMissing:
        return alike_in(desk.verdicts, record)
    if "alike" not in board.told:
        board.told["alike"] = alike_in(desk.verdicts, record)
    found: list[AlikePair] = board.told["alike"]
    return found


def alike_in(verdicts: Verdicts, record: PhaseRecord) -> list[AlikePair]:
    """The pairs among all submissions of a phase that count, over all its cells; of two teams the closest."""
    parts = [replace(record, part=part) for part in (DIVIDED if record.divided else (TruthPart.WHOLE,))]
    judged = [{one.id: one for one in verdicts.judged(part) if one.counts} for part in parts]
    counting = [one for one in judged[0].values() if all(one.id in each for each in judged)]
    packed = [_calls(verdicts, [each[one.id].verdict for each in judged]) for one in counting]
    cells = [name for part in parts for name in _padded(verdicts.cells(part))]
    # the parts stand one after the other in `cells`; a reader looks for a cell where the phase has it
    whole = verdicts.cells(replace(record, part=TruthPart.WHOLE))
    places = {name: at for at, name in enumerate(whole)}
    return [
        AlikePair(
            counting[one.a],
            counting[one.b],
            len(whole),
            tuple(sorted(_apart(packed[one.a], packed[one.b], cells), key=places.__getitem__)),
        )
        for one in alike(packed, [each.team for each in counting], len(whole))
    ]


def _calls(verdicts: Verdicts, ids: Sequence[str]) -> Packed:
    """What one submission called the cells of all parts; each part begins with a byte of its own."""
    found = verdicts.calls(ids)
    return np.concatenate([found[one] for one in ids])


def _apart(one: Packed, other: Packed, cells: Sequence[str]) -> list[str]:
    """The cells that two submissions call differently."""
    return [cells[at] for at in cells_apart(one, other)]


def _padded(cells: Sequence[str]) -> list[str]:
    """The names of a part's cells, with none for the bits that fill its last byte."""
    return [*cells, *[""] * (-len(cells) % 8)]
