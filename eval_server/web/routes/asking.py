"""Deeds that ask back once, in words, before they are done, and what forms send; no script is needed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response

from eval_server.store.limits import MOST_NOTE, MOST_TOKEN_DAYS
from eval_server.web.routes.rendering import page

Sure = Annotated[str, Form(max_length=10)]
"""What only the page that asks back sends along: `yes`."""
Reason = Annotated[str, Form(max_length=2000)]
Note = Annotated[str, Form(max_length=MOST_NOTE)]
Days = Annotated[int, Form(ge=1, le=MOST_TOKEN_DAYS)]


def asked_back(
    request: Request, question: str, *words: str, button: str, back: str, **fields: str
) -> Response:
    """A page that says what a deed comes to, and sends the same form once more; nothing was done yet."""
    return page(request, "asking.html", title=question, words=words, button=button, back=back, fields=fields)
