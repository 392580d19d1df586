"""A server of its own on loopback, teams with tokens, and what it answers to their uploads."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from benchmarks.leaks.solving import Labels
from eval_server.judging.truth import Truth
from eval_server.service.access import digest_of, new_secret
from eval_server.store.records import Rules
from eval_server.store.store import Store
from submissions.packing import packed
from submissions.predictions import Predictions

AT_ONCE = 6
PATIENCE = 120.0
Document = Mapping[str, Any]


class Asker(Protocol):
    """Hands in as a team, and is told what came of it, in the order of the uploads."""

    def ask(self, phase: str, team: str, uploads: Labels, *, in_turn: bool = False) -> list[Document]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A running server and the tokens of its teams."""

    url: str
    truth: Truth
    tokens: Mapping[str, str]

    def ask(self, phase: str, team: str, uploads: Labels, *, in_turn: bool = False) -> list[Document]:
        """With `in_turn` they arrive one after another, in the order that the Ladder goes by."""
        headers = {"Authorization": f"Bearer {self.tokens[team]}"}
        with (
            httpx.Client(base_url=self.url, headers=headers, timeout=60) as client,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            each = map if in_turn else pool.map
            ids = list(each(lambda labels: self._sent(client, phase, labels), uploads))
            return list(pool.map(lambda one: self._told(client, one), ids))

    def _sent(self, client: httpx.Client, phase: str, labels: Labels) -> str:
        files = {"file": ("a.zip", packed(Predictions(self.truth.phase, labels)))}
        answer = client.post(f"/api/phases/{phase}/submissions", files=files, data={"entry": "entry"})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def _told(self, client: httpx.Client, submission: str) -> Document:
        until = time.monotonic() + PATIENCE
        while True:
            found: Document = client.get(f"/api/submissions/{submission}").json()
            if found["status"] == "scored" and (found["metrics"] or found["feedback"] == "none"):
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"submission {submission} is still {found['status']}")
            time.sleep(0.02)


@contextmanager
def a_server(
    folder: Path, truth: Truth, phases: Mapping[str, Rules], teams: Sequence[str]
) -> Iterator[Asked]:
    """A server with these phases of the same cells, and a token for each team."""
    now, tokens = datetime.now(UTC), {team: new_secret("cnmc_") for team in (*teams, "host")}
    store = Store.open(folder / "data", None)
    for name, rules in phases.items():
        store.phases.add(name, truth, rules, now)
    for team, secret in tokens.items():
        role = ("host", None) if team == "host" else ("team", team)
        store.tokens.add(digest_of(secret), *role, "", now, now + timedelta(days=1))
    store.close()
    command = [sys.executable, "-m", "harness", "serve", "--port", "0", "--json"]
    command += ["--data-dir", str(folder / "data"), "--public-name", "board.example"]
    command += ["--uploads-per-minute", "1000000"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert server.stdout is not None
        yield Asked(json.loads(server.stdout.readline())["url"], truth, tokens)
    finally:
        server.terminate()
        server.wait(timeout=60)
