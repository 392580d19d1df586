"""A host changes how much a phase tells of results."""

from __future__ import annotations

from dataclasses import replace

from eval_server.service.access import Caller, require_host
from eval_server.service.desk import Desk
from eval_server.service.refusals import RequestUnfit
from eval_server.store.records import PhaseRecord


def tell(desk: Desk, record: PhaseRecord, feedback: str, others: str, caller: Caller) -> None:
    """Let a phase tell teams, and all others, so much from now on; raises `RequestUnfit` for no level."""
    require_host(caller)
    try:
        rules = replace(record.rules, feedback=feedback, others=others)
    except ValueError as error:
        raise RequestUnfit(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    desk.store.phases.change(record.name, rules)
    facts = {"feedback": feedback, "others": others}
    desk.store.audit.note(desk.now(), caller.name, "phase changed", record.name, facts)
