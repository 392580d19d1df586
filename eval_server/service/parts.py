"""Which part of a divided phase is shown to whom, and when: the one place where that is decided.

While a phase is open everybody is shown the public part, and nothing of the private one; the host may ask for
it. Once it is closed the private part counts, and the public one may be asked for. Everything that is made of
a `PhaseRecord` (boards, verdicts, cells) follows the part that it speaks of.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from eval_server.judging.division import DIVIDED, TruthPart
from eval_server.service.access import AccessDenied, Caller, status_at
from eval_server.service.refusals import RequestUnfit
from eval_server.store.records import PhaseRecord


def in_part(record: PhaseRecord, caller: Caller, now: datetime, asked: str = "") -> PhaseRecord:
    """The phase, speaking of the part that is asked for; without one, of what is shown at this moment.

    Raises `AccessDenied` where the private part is not to be seen yet, and `RequestUnfit` for no such part.
    """
    if not record.divided:
        if asked:
            raise RequestUnfit(f"The phase {record.name} is not divided into parts.")
        return record
    closed = _shown(record, now) is TruthPart.PRIVATE
    if not asked:
        return replace(record, part=_shown(record, now))
    if asked not in DIVIDED:
        raise RequestUnfit(f"Expected the part {' or '.join(DIVIDED)}, found {asked[:20]!r}.")
    if asked == TruthPart.PRIVATE and not (closed or caller.is_host):
        # known or not: signing in as a team opens it for nobody
        raise AccessDenied("The private part is shown once the phase has closed.", known=True)
    return replace(record, part=TruthPart(asked))


def word_of(record: PhaseRecord, now: datetime) -> str:
    """What a link has to ask for to stay in the part that a phase speaks of; empty where that is shown."""
    return "" if not record.divided or record.part is _shown(record, now) else str(record.part)


def _shown(record: PhaseRecord, now: datetime) -> TruthPart:
    return TruthPart.PRIVATE if status_at(record.rules, now) == "closed" else TruthPart.PUBLIC
