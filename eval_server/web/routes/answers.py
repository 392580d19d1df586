"""How handlers answer: a document as JSON, a file, and how OpenAPI describes the two."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from eval_server.web.documents.document import Document, encoded


def as_json(document: Document, status: int = 200, **headers: str) -> Response:
    return Response(encoded(document), status, headers=headers, media_type="application/json")


def download(text: str, kind: str, name: str, **headers: str) -> Response:
    """A text that browsers keep as a file."""
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(text, headers=headers, media_type=f"{kind}; charset=utf-8")


def tells(document: type[Document], status: int = 200) -> dict[str, Any]:
    """A route that answers with this document; it is written by `as_json`, so FastAPI only describes it."""
    return {"response_model": document, "status_code": status}


def sends(kind: str, said: str) -> dict[str, Any]:
    """A route that answers with a file of this kind."""
    text = {"type": "string"} if kind.startswith("text/") else {"type": "string", "format": "binary"}
    content = {kind: {"schema": text}}
    return {"response_class": Response, "responses": {200: {"description": said, "content": content}}}


def multipart(required: list[str], **parts: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes a body that is streamed, not declared."""
    schema = {"type": "object", "required": required, "properties": parts}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
