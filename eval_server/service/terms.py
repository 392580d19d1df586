"""The terms of a phase: a team accepts them before its first hand-in, and again once they have changed."""

from __future__ import annotations

from datetime import datetime

from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.refusals import TermsNotAccepted
from eval_server.store.records import PhaseRecord


def asked_of(desk: Desk, record: PhaseRecord, team: str) -> str:
    """The digest of the terms that this team has yet to accept; empty where there is nothing to accept."""
    terms = desk.store.introductions.of(record).terms_sha256
    return "" if not terms or desk.store.introductions.accepted(record.name, team, terms) else terms


def require_accepted(
    desk: Desk, record: PhaseRecord, team: str, caller: Caller, given: str, now: datetime
) -> None:
    """Raises `TermsNotAccepted` unless the team accepted the present terms, before or with this request.

    `given` is the digest of the terms that the sender read. A host who hands in for a team is not asked.
    """
    asked = "" if caller.is_host else asked_of(desk, record, team)
    if not asked:
        return
    if given != asked:
        raise TermsNotAccepted(record.name, asked, changed=bool(given))
    if desk.store.introductions.accept(record.name, team, asked, now):
        facts = {"phase": record.name, "terms_sha256": asked, "by": caller.name}
        desk.store.audit.note(now, team, "terms accepted", team, facts)
