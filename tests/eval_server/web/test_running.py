"""The server as processes: it starts, answers, stops, and is alone in its folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.support.command import harness
from tests.support.postgres import a_database
from tests.support.server import (
    DATABASES,
    a_server,
    a_zip,
    add_phase,
    administer,
    decided,
    started,
    truth_table,
)

pytestmark = pytest.mark.crash


def test_the_ready_line_names_an_address_that_answers_and_a_stop_ends_well(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.hand_in(a_zip(1))["status"] == "scored"
        assert server.stop() == 0
    assert server.process.poll() == 0


def test_two_servers_do_not_share_a_folder_and_a_taken_port_is_named(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        second = harness("serve", "--port", 0, "--data-dir", tmp_path, "--json")
        assert second.code == 6
        assert "another server" in json.loads(second.out)["error"]["message"]
        port = httpx.URL(server.url).port
        third = harness("serve", "--port", port, "--data-dir", tmp_path / "other")
        assert third.code == 6
        assert f"port {port}" in third.err


def test_what_the_command_line_changes_is_seen_at_once(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        server.hand_in(a_zip(2))
        server.board_once(lambda standings: len(standings) == 1)
        add_phase(tmp_path, None, "second", "--per-day", "3", "--closes", "2999-01-01T12:00")
        with server.client() as client:
            found = client.get("/api/phases/second").json()
        assert (found["quota"]["per_day"], found["closes_at"]) == (3, "2999-01-01T12:00:00Z")
        administer(
            tmp_path, None, "phase", "set", "small", "--visibility", "hidden", "--closes", "2999-01-01"
        )
        assert server.board()["standings"] == []
        administer(tmp_path, None, "phase", "set", "small", "--visibility", "public", "--closes", "none")
        table = tmp_path / "turned.csv"
        table.write_bytes(truth_table().replace(b"50.bmp,0,Z", b"50.bmp,1,Z"))
        administer(tmp_path, None, "phase", "truth", "small", "--truth", str(table))
        server.board_once(lambda standings: [row["weighted_f1"] < 0.96 for row in standings] == [True])


@pytest.mark.parametrize("kind", DATABASES)
def test_a_running_server_is_backed_up_and_brought_back(tmp_path: Path, kind: str) -> None:
    database = None if kind == "sqlite" else a_database()
    with a_server(tmp_path / "data", database) as server:
        kept = server.hand_in(a_zip(1), team="kept")["id"]
        administer(tmp_path / "data", database, "backup", str(tmp_path / "b.tar"))
        assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
        server.hand_in(a_zip(2), team="lost")
        server.board_once(lambda standings: len(standings) == 2)
        administer(tmp_path / "data", database, "restore", str(tmp_path / "b.tar"), "--yes")
        server.board_once(lambda standings: [row["submission"] for row in standings] == [kept])


def test_several_workers_share_the_work_and_end_with_their_parent(tmp_path: Path) -> None:
    database = a_database()
    add_phase(tmp_path, database)
    server = started(tmp_path, database, "--workers", "2")
    children = [
        int(child)
        for child in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        .read_text()
        .split()
    ]
    try:
        with server.client() as client:
            ids = [
                client.post(
                    "/api/phases/small/submissions",
                    files={"file": a_zip(number, seed=number)},
                    data={"entry": "e", "team": f"team {number}"},
                ).json()["id"]
                for number in range(20)
            ]
            assert {decided(client, one)["status"] for one in ids} == {"scored"}
    finally:
        server.kill()
    port = httpx.URL(server.url).port
    assert port is not None
    until = time.monotonic() + 20
    while any(alive(child) for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(alive(child) for child in children)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()


def test_tokens_are_made_listed_and_revoked_by_command(tmp_path: Path) -> None:
    made = administer(tmp_path, None, "token", "add", "--team", "red", "--note", "laptop")
    assert made["token"].startswith("cnmc_")
    listed = administer(tmp_path, None, "token", "list")["tokens"]
    assert [(one["team"], one["note"], one["revoked_at"]) for one in listed] == [("red", "laptop", None)]
    assert "token" not in listed[0]
    administer(tmp_path, None, "token", "revoke", made["id"])
    assert administer(tmp_path, None, "token", "list")["tokens"][0]["revoked_at"]
    again = harness("token", "revoke", made["id"], "--data-dir", tmp_path)
    assert again.code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("phase", "add", "a/b", "--truth", "t.csv"), 2, "letters"),
        (("phase", "add", "x", "--truth", "none.csv"), 3, "none.csv"),
        (("phase", "add", "x", "--truth", "t.csv", "--metric", "mcc"), 2, "weighted_f1"),
        (("phase", "add", "x", "--truth", "t.csv", "--opens", "soon"), 2, "2026-12-31T23:59"),
        (
            ("phase", "add", "x", "--truth", "t.csv", "--opens", "2027-01-02", "--closes", "2027-01-01"),
            2,
            "closes",
        ),
        (("phase", "set", "none", "--per-day", "3"), 2, "none yet"),
        (("token", "add", "--role", "team"), 2, "--team"),
        (("restore", "t.csv"), 3, "no whole backup"),
        (("backup", "b.tar", "--data-dir", "nowhere"), 2, "nowhere"),
        (("phase", "list", "--database", "mysql://x"), 6, "mysql"),
    ],
)
def test_what_cannot_be_done_says_what_was_expected(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "t.csv").write_bytes(truth_table())
    answer = harness(*arguments, cwd=tmp_path)
    assert answer.code == code, answer.err
    assert said in answer.err


def test_the_official_phase_brings_the_published_results(tmp_path: Path) -> None:
    rows = "".join(f"{number}.bmp,{number % 2},S{number % 7}\n" for number in range(1, 1868))
    (tmp_path / "labels.csv").write_text("cell,label,subject\n" + rows)
    administer(tmp_path, None, "phase", "add", "prelim", "--truth", str(tmp_path / "labels.csv"))
    server = started(tmp_path)
    references = server.board("prelim")["references"]
    os.kill(server.process.pid, signal.SIGTERM)
    server.process.wait(timeout=30)
    assert references[0] == {
        "entry": "Pan et al.: neighborhood correction",
        "source": "book chapter abstract",
        "weighted_f1": 0.925,
    }
    assert len(references) == 6
