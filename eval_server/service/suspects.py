"""What a host is shown of a phase's uploads: teams whose labels look like a design to learn the truth by."""

from __future__ import annotations

from dataclasses import dataclass

from eval_server.judging.designs import MANY, unlike_all_before
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import PhaseRecord
from eval_server.store.store import Store

LOOKED_AT = 500
"""A team's last so many uploads are looked at."""


@dataclass(frozen=True, slots=True)
class DesignLike:
    """A team, how many of its last uploads are unlike all of its own before them, and the first of those."""

    team: str
    unlike: int
    looked_at: int
    submissions: tuple[str, ...]


def designs(store: Store, verdicts: Verdicts, record: PhaseRecord) -> list[DesignLike]:
    """The teams of a phase whose uploads look like a design, those with most first."""
    judged = store.verdicts.judged(record.name, record.truth, record.rules.metric)
    of_team: dict[str, list[tuple[str, str]]] = {}
    for one in judged:
        of_team.setdefault(one.team, []).append((one.id, one.verdict))
    found = [_looked_at(verdicts, team, uploads[-LOOKED_AT:]) for team, uploads in of_team.items()]
    return sorted((one for one in found if one.unlike >= MANY), key=lambda one: (-one.unlike, one.team))


def _looked_at(verdicts: Verdicts, team: str, uploads: list[tuple[str, str]]) -> DesignLike:
    if len(uploads) <= MANY:
        return DesignLike(team, 0, len(uploads), ())
    read = verdicts.all([verdict for _, verdict in uploads])
    unlike = unlike_all_before([read[verdict].cells.called for _, verdict in uploads])
    return DesignLike(team, len(unlike), len(uploads), tuple(uploads[at][0] for at in unlike))
