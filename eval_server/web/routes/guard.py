"""What stands before every route: host and origin checks, security headers, request ids, one log line."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eval_server.service.desk import Desk
from eval_server.service.settings import Settings, is_address, is_loopback
from eval_server.store.files import lacks_room
from eval_server.web.routes.counters import Counters
from eval_server.web.routes.problems import Dress, answer

TELL_HOST = "Tell the host, who has to make room on its disk, and send it again later."
SAFE = ("GET", "HEAD", "OPTIONS")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-cache",
}

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

log = logging.getLogger("harness.requests")


class Guard:
    """Refuses what does not belong here, and sees every answer out; HEAD is GET without the body.

    Plain ASGI, because Starlette's `BaseHTTPMiddleware` puts a task and a stream between a request and its
    route, and an answer that has begun could not be told from one that has not.
    """

    def __init__(self, app: ASGIApp, settings: Settings, counters: Counters, dress: Dress) -> None:
        self._app = app
        self._settings = settings
        self._counters = counters
        self._dress = dress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        scope = {**scope, "method": "GET"} if method == "HEAD" else scope
        passage = _Passage(scope, send, self._dress, method)
        refused = _refusal(self._settings, method, Headers(scope=scope))
        try:
            if refused is None:
                await self._app(scope, receive, passage.send)
            else:
                await passage.refuse(*refused)
        except Exception as error:
            if lacks_room(error):
                await self._without_room(scope, passage, error)
            else:
                log.exception("unexpected error", extra={"request": passage.id})
                await passage.fail()
        finally:
            self._counters.request(passage.route, method, passage.status, passage.seconds)
            log.info("request", extra=passage.facts())

    async def _without_room(self, scope: Scope, passage: _Passage, error: Exception) -> None:
        """Say that there is no room, to who asked and to the host; nothing of the request was kept."""
        log.error("there is no room: %s", error, extra={"request": passage.id})
        desk: Desk = scope["app"].state.desk
        desk.room.lacks(str(error), desk.now())
        await passage.refuse(
            507, "The server has no room left to keep this: nothing of it was kept. " + TELL_HOST
        )


class _Passage:
    """One request on its way through, and what is known of its answer."""

    def __init__(self, scope: Scope, send: Send, dress: Dress, method: str) -> None:
        self.id = secrets.token_hex(8)
        self._method = method
        self.status = 0
        self._scope = scope
        self._send = send
        self._dress = dress
        self._began = time.monotonic()
        scope.setdefault("state", {})["request_id"] = self.id

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def route(self) -> str:
        return str(getattr(self._scope.get("route"), "path", "unmatched"))

    def facts(self) -> MutableMapping[str, Any]:
        """What the log says: neither headers nor query, so nothing secret."""
        caller = self._scope["state"].get("caller")
        return {
            "request": self.id,
            "method": self._method,
            "path": self._scope["path"],
            "status": self.status,
            "ms": round(1000 * self.seconds, 1),
            "caller": caller.name if caller is not None else None,
        }

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            added = [(name, value) for name, value in _HEADERS if name not in present]
            request_id = (b"x-request-id", self.id.encode())
            message = {**message, "headers": [*message["headers"], *added, request_id]}
        elif self._method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, status: int, detail: str) -> None:
        if self.status:
            return
        answered = self._dress(Request(self._scope), answer(status, detail, request=self.id))
        await answered(self._scope, _nothing, self.send)

    async def fail(self) -> None:
        """Say that this is our mistake, unless an answer is on its way already."""
        await self.refuse(500, "The server made a mistake; the host finds it by this request's id.")


async def _nothing() -> Message:
    """Nothing more is read of a request that is refused."""
    return {"type": "http.disconnect"}


def _refusal(settings: Settings, method: str, headers: Headers) -> tuple[int, str] | None:
    """Why a request must not reach any route, or None."""
    host = headers.get("host", "")
    if not _host_allowed(settings, _name_of(host)):
        return 400, f"This server does not answer to the name {host[:100]!r}; see `--public-name`."
    if settings.is_open and any(name in headers for name in FORWARDED):
        return 403, "This server is open to its own machine only; behind a proxy it needs `--public-name`."
    if method not in SAFE and not _same_site(headers, host):
        return 403, "This request comes from a page of another site."
    return None


def _host_allowed(settings: Settings, name: str) -> bool:
    """Names a foreign site cannot point at us: our own, the machine's, and numbers."""
    if is_loopback(name) or name in settings.public_names or name == settings.host:
        return True
    return not is_loopback(settings.host) and is_address(name)


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_site(headers: Headers, host: str) -> bool:
    """Whether a browser sent this from one of our own pages; programs send neither header."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.split("://", 1)[-1].lower() == host.lower()
