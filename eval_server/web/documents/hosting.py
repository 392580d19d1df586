"""What is said to those who run the server: its health, and what hosts did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from eval_server.service.access import utc
from eval_server.service.health import Trouble
from eval_server.service.suspects import DesignLike
from eval_server.store.records import Deed
from eval_server.web.documents.document import STABLE, Document, Word


class TroubleDocument(Document):
    """Something that is wrong with the server."""

    name: Word
    """`database`, `judge` or `disk`."""
    detail: str


class HealthDocument(Document):
    """What a reader or an uploader would meet."""

    status: Word
    """`ok`; a server with troubles answers 503 with a problem document that lists them."""
    troubles: Annotated[list[TroubleDocument], STABLE]


class DesignDocument(Document):
    """A team whose uploads look like a design to learn labels by: unlike all that it handed in before."""

    team: Word
    unlike: int
    """Uploads with a phi below 0.2, either way, with every earlier one of its own."""
    looked_at: int
    """Its last so many uploads."""
    submissions: list[str]
    """Which they are, in order of arrival."""


class DesignsDocument(Document):
    """The teams of a phase whose uploads look like a design; three such uploads make a team one of them."""

    phase: Word
    designs: list[DesignDocument]


class DeedDocument(Document):
    """One thing that a host or a team did."""

    at: Word
    actor: Word
    action: Word
    subject: Word
    detail: dict[str, Any]
    """Facts of the deed by name."""


class AuditDocument(Document):
    """What was done, the newest first."""

    audit: Annotated[list[DeedDocument], STABLE]


def troubles_document(found: Sequence[Trouble]) -> list[TroubleDocument]:
    return [TroubleDocument(name=one.name, detail=one.detail) for one in found]


def designs_document(phase: str, found: Sequence[DesignLike]) -> DesignsDocument:
    return DesignsDocument(
        phase=phase,
        designs=[
            DesignDocument(
                team=one.team,
                unlike=one.unlike,
                looked_at=one.looked_at,
                submissions=list(one.submissions),
            )
            for one in found
        ],
    )


def audit_document(deeds: Sequence[Deed]) -> AuditDocument:
    return AuditDocument(
        audit=[
            DeedDocument(
                at=utc(one.at),
                actor=one.actor,
                action=one.action,
                subject=one.subject,
                detail=dict(one.detail),
            )
            for one in deeds
        ]
    )
