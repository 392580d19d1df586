"""A server that a proxy offers under a path of its own."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Takes requests whose path the proxy passed on whole, and those whose prefix it took off.

    ASGI has a path begin with its `root_path`, and Starlette takes that off before it looks for a route; so
    what comes without the prefix is given it, and both are one from here on.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(self._rooted(scope) if scope["type"] == "http" else scope, receive, send)

    def _rooted(self, scope: Scope) -> Scope:
        path, prefix = scope["path"], self._prefix
        if f"{path}/".startswith(f"{prefix}/"):
            return {**scope, "root_path": prefix}
        raw = scope.get("raw_path") or path.encode()
        return {**scope, "root_path": prefix, "path": prefix + path, "raw_path": prefix.encode() + raw}
