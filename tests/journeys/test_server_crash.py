"""The power goes out at random moments: every acknowledged submission is scored exactly once.

The short form runs with the other tests. The full one: ``HARNESS_CRASHES=50 HARNESS_CRASH_UPLOADS=500
pytest tests/journeys/test_server_crash.py``.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.postgres import a_database, asked
from tests.support.server import DATABASES, Server, a_zip, add_phase, decided, started

pytestmark = pytest.mark.crash

CRASHES = int(os.environ.get("HARNESS_CRASHES", "3"))
UPLOADS = int(os.environ.get("HARNESS_CRASH_UPLOADS", "40"))
CLIENTS = 8
SEED = int(os.environ.get("HARNESS_CRASH_SEED", "0"))


@dataclass
class Field:
    """Clients that upload through every outage, and what they were promised."""

    address: str = ""
    promised: dict[int, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def upload(self, mine: range) -> None:
        with httpx.Client(timeout=20) as client:
            for number in mine:
                while number not in self.promised and not self.errors:
                    self._try(client, number)

    def _try(self, client: httpx.Client, number: int) -> None:
        try:
            answer = self._send(client, number)
        except httpx.TransportError:
            time.sleep(0.05)
            return
        if answer.status_code in (200, 202):
            self.promised[number] = answer.json()["id"]
        else:
            self.errors.append(answer.text)

    def _send(self, client: httpx.Client, number: int) -> httpx.Response:
        return client.post(
            f"{self.address}/api/phases/small/submissions",
            files={"file": ("s.zip", a_zip(number % 20, seed=number))},
            data={"entry": f"entry {number}", "team": f"team {number}"},
        )


@pytest.mark.timeout(3600 if CRASHES > 10 else 300)
@pytest.mark.parametrize("kind", DATABASES)
def test_what_was_acknowledged_is_scored_exactly_once_however_often_the_power_goes_out(
    tmp_path: Path, kind: str
) -> None:
    database = None if kind == "sqlite" else a_database()
    add_phase(tmp_path, database)
    dice, clients = random.Random(SEED), Field()
    server = started(tmp_path, database)
    clients.address = server.url
    threads = [
        threading.Thread(target=clients.upload, args=(range(first, UPLOADS, CLIENTS),))
        for first in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    crashes = 0
    while crashes < CRASHES and any(thread.is_alive() for thread in threads):
        goal = (crashes + 1) * UPLOADS // (CRASHES + 1)
        while len(clients.promised) < goal and any(thread.is_alive() for thread in threads):
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.05))
        server.kill()
        crashes += 1
        server = started(tmp_path, database)
        clients.address = server.url
    for thread in threads:
        thread.join()
    assert clients.errors == []
    assert len(clients.promised) == UPLOADS
    check(server, clients)
    assert crashes == CRASHES
    assert server.stop() == 0
    check_integrity(tmp_path, database)


def check(server: Server, clients: Field) -> None:
    """Every promise is kept once, and nothing is half there."""
    with server.client() as client:
        found = {
            number: decided(client, submission, within=120) for number, submission in clients.promised.items()
        }
        board: dict[str, Any] = client.get("/api/phases/small/leaderboard").json()
        until = time.monotonic() + 20
        while len(board["standings"]) < len(found) and time.monotonic() < until:
            board = client.get("/api/phases/small/leaderboard").json()
    for number, one in found.items():
        assert one["status"] == "scored"
        assert one["metrics"]["accuracy"] == pytest.approx(1 - (number % 20) / 50)
        assert [step["status"] for step in one["history"]].count("scored") == 1
    ids = [row["submission"] for row in board["standings"]]
    assert sorted(ids) == sorted(clients.promised.values())


def check_integrity(data_dir: Path, database: str | None) -> None:
    """The database is sound, and each row has one verdict and its file."""
    counts = (
        "SELECT (SELECT count(*) FROM submissions), (SELECT count(*) FROM verdicts),"
        " (SELECT count(DISTINCT submission) FROM verdicts)"
    )
    if database is None:
        connection = sqlite3.connect(data_dir / "server.sqlite3")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(counts).fetchone()
        digests = [row[0] for row in connection.execute("SELECT archive FROM submissions")]
        connection.close()
    else:
        (rows,) = asked(database, counts)
        digests = [row[0] for row in asked(database, "SELECT archive FROM submissions")]
    assert set(rows) == {UPLOADS}
    for digest in digests:
        assert (data_dir / "archive" / digest[:2] / digest).is_file()
    assert list((data_dir / "archive" / "incoming").iterdir()) == []
