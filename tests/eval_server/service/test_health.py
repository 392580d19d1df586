"""Health: what one would meet is said by name, and a full disk costs nobody a submission."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from eval_server.service import health
from eval_server.service.health import troubles
from tests.eval_server.service.test_judge_process import judge_of
from tests.support.desk import Place, problem
from tests.support.server import Server, a_server, a_zip, add_phase, decided

pytestmark = pytest.mark.crash

NO_FILE_GROWS = (0, resource.RLIM_INFINITY)
AS_BEFORE = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def no_longer_than(path: Path) -> tuple[int, int]:
    """A limit under which a process cannot make this file longer, and still writes its log."""
    return path.stat().st_size, resource.RLIM_INFINITY


def upload(server: Server, data: bytes) -> Any:
    with server.client() as client:
        return client.post(
            "/api/phases/small/submissions",
            files={"file": ("s.zip", data)},
            data={"entry": "e", "team": "red"},
        )


def asked(server: Server, path: str) -> Any:
    with server.client() as client:
        return client.get(path)


def test_an_upload_without_room_is_507_and_leaves_nothing_and_the_host_is_told(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        server.hand_in(a_zip(1), team="red")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, NO_FILE_GROWS)
        found = problem(upload(server, a_zip(2)), 507)
        assert "no room" in found["detail"]
        assert "nothing of it was kept" in found["detail"]
        told = problem(asked(server, "/healthz"), 503)
        assert [one["name"] for one in told["troubles"]] == ["disk"]
        assert len(asked(server, "/api/teams/red").json()["submissions"]) == 1
        assert list((tmp_path / "archive" / "incoming").iterdir()) == []
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, AS_BEFORE)
        assert server.hand_in(a_zip(2))["status"] == "scored"
        assert asked(server, "/healthz").json()["status"] == "ok"


def test_an_upload_whose_row_finds_no_room_is_507_too(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        server.hand_in(a_zip(1))
        limit = no_longer_than(tmp_path / "server.sqlite3-wal")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limit)
        codes = [upload(server, a_zip(3, seed=number)).status_code for number in range(4)]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, AS_BEFORE)
        assert codes[-1] == 507
        assert set(codes) <= {202, 507}
        with server.client() as client:
            counted = client.get("/api/phases/small/submissions?team=red").json()["submissions"]
        assert len(counted) == codes.count(202)


def test_what_a_judge_without_room_had_claimed_is_judged_once_there_is_room(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        server.hand_in(a_zip(1))
        judge = judge_of(server.process.pid)
        resource.prlimit(judge, resource.RLIMIT_FSIZE, no_longer_than(tmp_path / "server.sqlite3-wal"))
        ids = [upload(server, a_zip(3, seed=number)).json()["id"] for number in range(5)]
        log = tmp_path / "server.log"
        while "could not reach the store" not in log.read_text():
            time.sleep(0.05)
        resource.prlimit(judge, resource.RLIMIT_FSIZE, AS_BEFORE)
        with server.client() as client:
            assert {decided(client, one)["status"] for one in ids} == {"scored"}


def test_a_judge_that_does_not_work_while_something_waits_is_a_trouble(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.hand_in(a_zip(1))
    monkeypatch.setattr(place.desk.judge, "silent_for", lambda: health.SILENCE + 1)
    assert troubles(place.desk) == []
    monkeypatch.setattr(type(place.desk.store.queue), "waiting", lambda self: 2)
    (found,) = troubles(place.desk)
    assert (found.name, "2 submissions wait" in found.detail) == ("judge", True)
    told = problem(place.client().get("/healthz"), 503)
    assert told["troubles"] == [asdict(found)]


def test_before_a_judge_has_come_to_work_the_server_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.desk.judge, "silent_for", lambda: float("inf"))
    assert [one.detail for one in troubles(place.desk)] == ["No judge has come to work yet."]


def test_the_host_sees_every_trouble_on_his_page(guarded: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded.desk.room.lacks("a reason", guarded.clock())
    page = guarded.client(guarded.token("host"), Accept="text/html").get("/host").text
    assert "Trouble: disk" in page
    assert "a reason" in page
    monkeypatch.setattr(type(guarded.desk.store), "troubles", lambda self: ("gone",))
    assert [one.name for one in troubles(guarded.desk)] == ["database"]


def test_a_command_that_finds_no_room_for_the_database_says_so(tmp_path: Path) -> None:
    add_phase(tmp_path, None)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from harness.cli.main import main; main()"
    )
    words = ("token", "add", "--team", "red", "--data-dir", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "expected room on the disk for the database" in done.stderr
    assert "Make room" in done.stderr
