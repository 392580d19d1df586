"""What is said where a request is not answered as asked: problem documents (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import ConfigDict

from eval_server.web.documents.document import STABLE, Count, Document, Word
from eval_server.web.documents.hosting import TroubleDocument
from eval_server.web.documents.teams import AllowanceDocument

MEDIA_TYPE = "application/problem+json"


class MisfitDocument(Document):
    """One part of a request that is not as it must be."""

    where: Word
    expected: Word


class ProblemDocument(Document):
    """What happened, to what, and what to do about it; of the fields from `request` on those that apply."""

    model_config = ConfigDict(protected_namespaces=())

    type: Word
    """`about:blank`: the status says it all."""
    title: Word
    """The status in words."""
    status: Count
    """The status of the answer."""
    detail: Word
    """What happened, in a sentence."""
    request: str | None = None
    """The request's id, by which the host finds it in the log."""
    errors: tuple[MisfitDocument, ...] = ()
    """What of the request is not as it must be."""
    limit: Annotated[int | None, STABLE] = None
    """The most bytes that are taken."""
    opens_at: Annotated[str | None, STABLE] = None
    """When the phase opens."""
    closes_at: Annotated[str | None, STABLE] = None
    """When the phase closes."""
    arrived_at: Annotated[str | None, STABLE] = None
    """When the request arrived, by the server's clock."""
    resets_at: Annotated[str | None, STABLE] = None
    """When to try again; null where there is no such time."""
    left: Annotated[AllowanceDocument | None, STABLE] = None
    """What the team may still hand in."""
    terms_sha256: str | None = None
    """The digest of the terms that a team has to accept first, by the field `terms` of its upload."""
    troubles: tuple[TroubleDocument, ...] = ()
    """What is wrong with the server."""


def problem_document(status: int, detail: str, **facts: Any) -> ProblemDocument:
    """The problem document of a status; `facts` are its further fields."""
    title = HTTPStatus(status).phrase
    return ProblemDocument(type="about:blank", title=title, status=status, detail=detail, **facts)
