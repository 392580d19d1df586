"""An answer that comes before its request has ended, on a connection that ends with the answer.

Closing while the sender still sends resets the connection, and he never reads why. On a connection that
stays open, the rest of the body is passed over after the answer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 64 * 2**20
"""Bytes of a rest that are passed over."""
SECONDS = 10.0
"""How long a rest is waited for."""


class Lingering:
    """Passes over a bounded rest of the body before it answers where the connection ends with the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _ends_after_a_body(scope):
            await self._app(scope, receive, send)
            return
        body = _RestOfBody(receive, begun="expect" not in Headers(scope=scope))

        async def answer(message: Message) -> None:
            await body.pass_over()
            await send(message)

        await self._app(scope, body.receive, answer)


class _RestOfBody:
    """What still comes of a body; of one that waits for our word nothing comes until it is asked for."""

    def __init__(self, receive: Receive, *, begun: bool) -> None:
        self._receive = receive
        self._more = begun

    async def receive(self) -> Message:
        message = await self._receive()
        self._more = message.get("more_body", False)
        return message

    async def pass_over(self) -> None:
        seen = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while self._more and seen < MOST:
                    seen += len((await self.receive()).get("body", b""))
        self._more = False


def _ends_after_a_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    ends = scope["http_version"] == "1.0" or "close" in headers.get("connection", "").lower()
    return ends and ("transfer-encoding" in headers or headers.get("content-length", "0") != "0")
