"""Connections that end after a stated time when nothing comes of them, and make room where there is little.

uvicorn closes a connection that is idle between two requests. Here end as well: one on which no whole request
head arrives, one whose body does not end, and one whose reader takes nothing.
"""

from __future__ import annotations

import asyncio
import resource
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 10.0
"""Seconds until the head of a request has to be there, from the connection or from its first byte."""
BODY_WITHIN = 150.0
"""Seconds until a body has to be there; longer than an upload may take, so that its sender is told why."""
READ_WITHIN = 60.0
"""Seconds for which a reader may take nothing of an answer that waits for him."""
SHARE = 4
"""One in so many descriptors may be held by connections on which nothing was asked yet."""

_silent: dict[Patient, None] = {}
"""Connections on which no whole head arrived yet, the oldest first; all of them live on one event loop."""


def most_silent() -> int:
    """How many silent connections are borne at a time."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft == resource.RLIM_INFINITY else max(soft // SHARE, 1)


class Patient(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience."""

    _waiting: TimerHandle | None = None
    _writing: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await(HEAD_WITHIN)
        _silent[self] = None
        if len(_silent) > most_silent():
            next(iter(_silent))._end()

    def connection_lost(self, exc: Exception | None) -> None:
        _silent.pop(self, None)
        self._await(None)
        self._await_reader(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._await(HEAD_WITHIN)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        _silent.pop(self, None)
        self._await(BODY_WITHIN)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._await(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader(READ_WITHIN)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._await_reader(None)

    def _await(self, seconds: float | None) -> None:
        self._waiting = self._timer(self._waiting, seconds)

    def _await_reader(self, seconds: float | None) -> None:
        self._writing = self._timer(self._writing, seconds)

    def _timer(self, former: TimerHandle | None, seconds: float | None) -> TimerHandle | None:
        """A timer that ends the connection, in place of the former one; None where nothing is awaited."""
        if former is not None:
            former.cancel()
        return None if seconds is None else self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        """End the connection at once, whatever is under way on it."""
        _silent.pop(self, None)
        self.transport.abort()
