"""The server's application without a process: asked in place, with a clock that tests turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from eval_server.service.access import digest_of, new_secret
from eval_server.service.desk import Desk
from eval_server.service.settings import Settings
from eval_server.store.records import Rules
from eval_server.web.app import create
from tests.support.server import a_zip, decided, small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until it is turned."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Place:
    """An application with its desk and its clock."""

    desk: Desk
    clock: Clock
    app: Any

    def client(self, token: str | None = None, **headers: str) -> TestClient:
        """Somebody who asks, with a token or without."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return TestClient(
            self.app, base_url="http://127.0.0.1:8000", headers=headers, raise_server_exceptions=False
        )

    def phase(self, name: str = "small", **rules: Any) -> None:
        self.desk.store.phases.add(name, small_truth(name), Rules(**rules), self.clock())

    def token(self, role: str = "team", team: str | None = None, days: float = 1) -> str:
        """A valid token of this role."""
        secret, now = new_secret("cnmc_"), self.clock()
        expires_at = now + timedelta(days=days)
        self.desk.store.tokens.add(digest_of(secret), role, team, "", now, expires_at)
        return secret

    def hand_in(
        self, data: bytes | None = None, team: str = "red", token: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Upload as this team (a host is `named` one), and wait for the outcome as the team sees it."""
        answer = self.upload(data, team, token, **more)
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = decided(self.client(token), answer.json()["id"])
        return found

    def upload(
        self,
        data: bytes | None = None,
        team: str = "red",
        token: str | None = None,
        phase: str = "small",
        entry: str = "entry",
        named: bool = False,
        **files: bytes,
    ) -> Any:
        parts = {"file": ("s.zip", a_zip() if data is None else data)}
        parts |= {name: (name, content) for name, content in files.items()}
        fields = {"entry": entry} | ({"team": team} if named or not token else {})
        return self.client(token).post(f"/api/phases/{phase}/submissions", files=parts, data=fields)

    def board(self, token: str | None = None, phase: str = "small") -> dict[str, Any]:
        found: dict[str, Any] = self.client(token).get(f"/api/phases/{phase}/leaderboard").json()
        return found


@contextmanager
def a_place(folder: Path, database: str | None = None, **settings: Any) -> Iterator[Place]:
    """A running application; `settings` are those of the server."""
    clock = Clock()
    app = create(Settings(data_dir=folder, database=database, **settings), clock)
    with TestClient(app, base_url="http://127.0.0.1:8000"):
        app.state.desk.boards.patience = 10.0  # tests read the board that their last upload made
        yield Place(app.state.desk, clock, app)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer, which has to be one of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.text)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document
