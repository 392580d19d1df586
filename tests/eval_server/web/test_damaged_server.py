"""A server on a damaged database does not start, or says that it is unhealthy and takes no upload."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eval_server.store.store import DATABASE_FILE, Store
from tests.eval_server.store.test_backup import a_full_store
from tests.eval_server.store.test_damaged_database import (
    DAMAGES,
    PAGE,
    emptied,
    half,
    missing,
    of_another_server,
)
from tests.support.command import harness
from tests.support.desk import Place, a_place, problem
from tests.support.server import a_server, a_zip, administer, started

pytestmark = pytest.mark.crash

PLACES = (0.0, 0.35, 0.7, 1.0)
"""Where in the file a page is overwritten, as a share of its pages."""


def a_data_folder(folder: Path) -> Path:
    """A data folder with a full store on SQLite."""
    store = Store.open(folder)
    a_full_store(store)
    store.close()
    return folder


def page_at(share: float) -> Callable[[Path], None]:
    def overwrite(database: Path) -> None:
        pages = database.stat().st_size // PAGE
        with database.open("r+b") as file:
            file.seek(round(share * (pages - 1)) * PAGE)
            file.write(bytes(PAGE))

    overwrite.__name__ = f"page_at_{share}"
    return overwrite


@pytest.mark.parametrize("damage", [*DAMAGES, *map(page_at, PLACES)], ids=lambda damage: damage.__name__)
def test_no_server_starts_on_a_damaged_database(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = a_data_folder(tmp_path / "data")
    damage(folder / DATABASE_FILE)
    answer = harness("serve", "--port", 0, "--data-dir", folder, "--json")
    assert answer.code == 6, answer.err
    assert "Traceback" not in answer.err
    assert str(folder / DATABASE_FILE) in json.loads(answer.out)["error"]["message"]
    assert json.loads(answer.out)["error"]["hint"]


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "b.tar"),
        ("phase", "list"),
        ("token", "add", "--role", "host"),
        ("token", "list"),
    ],
    ids=" ".join,
)
def test_no_command_begins_a_new_database_where_there_was_one(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = a_data_folder(tmp_path / "data")
    emptied(folder / DATABASE_FILE)
    answer = harness(*command, "--data-dir", folder, cwd=tmp_path)
    assert answer.code == 6, answer.err
    assert "harness restore FILE" in answer.err
    assert (folder / DATABASE_FILE).read_bytes() == b""
    assert not (tmp_path / "b.tar").exists()


@pytest.mark.parametrize("damage", [emptied, half, missing, of_another_server], ids=lambda one: one.__name__)
def test_a_running_server_says_that_its_database_is_lost_and_takes_no_upload(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    with a_server(tmp_path / "data") as server:
        server.hand_in(a_zip(1))
        damage(tmp_path / "data" / DATABASE_FILE)
        with server.client() as client:
            health = problem(client.get("/healthz"), 503)
            assert re.search("database is damaged: its file|is not the one", health["troubles"][0]["detail"])
            parts = {"file": ("s.zip", a_zip(2))}
            fields = {"entry": "entry", "team": "blue"}
            sent = client.post("/api/phases/small/submissions", files=parts, data=fields)
            assert "Nothing is taken in" in problem(sent, 503)["detail"]


def test_a_lost_database_is_brought_back_by_command_and_the_server_starts(tmp_path: Path) -> None:
    folder = a_data_folder(tmp_path / "data")
    saved = administer(folder, None, "backup", str(tmp_path / "b.tar"))
    verified = harness("backup", "--verify", tmp_path / "b.tar", "--json").document()
    assert verified == saved
    half(folder / DATABASE_FILE)
    refused = harness("backup", tmp_path / "b.tar", "--data-dir", folder)
    assert refused.code == 6
    assert "Traceback" not in refused.err
    assert administer(folder, None, "restore", str(tmp_path / "b.tar"), "--yes") == saved
    server = started(folder)
    assert len(server.board()["standings"]) == 3
    assert server.stop() == 0


def test_a_server_begins_anew_only_when_it_is_told_to(tmp_path: Path) -> None:
    folder = a_data_folder(tmp_path / "data")
    missing(folder / DATABASE_FILE)
    server = started(folder, None, "--begin-anew")
    with server.client() as client:
        assert client.get("/api/phases").json()["phases"] == []
    assert server.stop() == 0


@pytest.mark.parametrize("change", ["cut", "changed"])
def test_a_backup_that_is_not_whole_is_refused_by_command_and_nothing_is_changed(
    tmp_path: Path, change: str
) -> None:
    folder = a_data_folder(tmp_path / "data")
    administer(folder, None, "backup", str(tmp_path / "b.tar"))
    whole = bytearray((tmp_path / "b.tar").read_bytes())
    if change == "changed":
        whole[len(whole) // 2] ^= 1
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // (1 if change == "changed" else 2)])
    for command in (("backup", "--verify"), ("restore", "--yes", "--data-dir", tmp_path / "new")):
        answer = harness(*command, tmp_path / "b.tar")
        assert answer.code == 3, answer.err
        assert "closing record" in answer.err
    assert not (tmp_path / "new").exists()


def test_a_backup_of_an_empty_server_is_no_success(tmp_path: Path) -> None:
    Store.open(tmp_path / "data").close()
    answer = harness("backup", tmp_path / "b.tar", "--data-dir", tmp_path / "data")
    assert answer.code == 6
    assert "nothing to save" in answer.err
    assert "--allow-less" in answer.err
    assert not (tmp_path / "b.tar").exists()


@pytest.fixture
def lost(place: Place) -> tuple[Place, str]:
    """A server with a scored submission whose file is gone."""
    found = place.hand_in(a_zip(1))
    place.desk.store.archive.path(found["sha256"]).unlink()
    return place, found["id"]


def test_a_lost_file_is_told_to_who_downloads_it_and_to_the_host(lost: tuple[Place, str]) -> None:
    place, submission = lost
    answer = place.client().get(f"/api/submissions/{submission}/archive")
    assert "lost this file" in problem(answer, 500)["detail"]
    found = place.client().get(f"/api/submissions/{submission}").json()
    assert found["status"] == "scored"
    assert "is missing. Bring it back from a backup" in found["trouble"]


def test_the_host_page_names_the_submission_whose_file_is_lost(tmp_path: Path) -> None:
    with a_place(tmp_path, access="tokens", public_names=("board.example",)) as place:
        place.phase()
        host, red = place.token("host"), place.token(team="red")
        found = place.hand_in(a_zip(1), token=red)
        place.desk.store.archive.path(found["sha256"]).unlink()
        place.client(red).get(f"/api/submissions/{found['id']}/archive")
        assert "Bring it back from a backup" in place.client(host).get("/host").text


def test_the_truth_is_replaced_over_lost_files_with_a_word_and_no_failure(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with a_server(folder) as server:
        one = server.hand_in(a_zip(3))
        store = Store.open(folder)
        store.archive.path(store.submissions.listed()[0].archive).unlink()
        store.close()
        table = folder / "small-truth.csv"
        answer = harness("phase", "truth", "small", "--truth", table, "--data-dir", folder)
        assert answer.code == 0
        assert one["id"] in answer.err
        again = io.StringIO()
        with server.client() as client:
            while (found := client.get(f"/api/submissions/{one['id']}").json())["status"] != "scored":
                again.write(found["status"])
        assert "failed" not in again.getvalue()
        assert found["metrics"]["accuracy"] == 0.94
