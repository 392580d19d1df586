"""A backup comes back whole, from every earlier schema, or is refused before anything is changed.

The long form: ``HARNESS_TEST_BACKUP_SUBMISSIONS=100 pytest tests/eval_server/store/test_backup.py``.

`data/backup-0001.tar.xz` was made by the code before migration 0002 (the parent of commit 387352b),
`data/backup-0002.tar.xz` by that of commit 9a74ea5, both of the first format: two teams, four submissions
(one refused, one judged twice, one claimed), published results, a token.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import random
import tarfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from eval_server.service.jobs import Judge
from eval_server.service.making import BoardMaker
from eval_server.service.verdicts import Verdicts
from eval_server.store.backup import BackupSmaller, BackupUnfit, dump, load, verify
from eval_server.store.backup_file import Writer, sealed_row
from eval_server.store.database import StoreDamaged
from eval_server.store.records import Arrival, Rules
from eval_server.store.schema import metadata
from eval_server.store.store import DATABASE_FILE, Store
from tests.eval_server.store.test_submissions import an_arrival, welcome
from tests.support.postgres import a_database
from tests.support.server import a_zip, small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SUBMISSIONS = int(os.environ.get("HARNESS_TEST_BACKUP_SUBMISSIONS", "3"))
CHANGES = 200
DATA = Path(__file__).parent / "data"
EARLIER = ("0001", "0002")


def a_full_store(store: Store) -> str:
    """A phase with published results and a token, several scored submissions, and one that is claimed."""
    store.phases.add("small", small_truth(), Rules(), NOON)
    store.phases.add_published("small", "paper", {"weighted_f1": 0.9}, "the paper")
    for number in range(SUBMISSIONS):
        hand_in(store, a_zip(number % 20, seed=number), f"team {number}")
    Judge(store, Verdicts(store), lambda: NOON).work()
    digest = store.archive.keep(io.BytesIO(b"a zip"))
    receipt = store.arrivals.receive(an_arrival(archive=digest), welcome)
    store.queue.claim("w", NOON, 1)
    store.tokens.add("0" * 64, "team", "team", "", NOON, NOON + timedelta(days=1))
    return receipt.id


def hand_in(store: Store, data: bytes, team: str) -> str:
    digest = store.archive.keep(io.BytesIO(data))
    arrival = Arrival("small", team, "entry", digest, digest, None, None, (), len(data), NOON)
    return store.arrivals.receive(arrival, welcome).id


def everything(store: Store) -> tuple[dict[str, list[Any]], list[str]]:
    """Every row of every table and every file."""
    with store.database.reading() as connection:
        rows = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }
    return rows, sorted(file.name for file in store.archive.folder.glob("??/*"))


def an_earlier(revision: str, folder: Path) -> Path:
    """A backup that earlier code made."""
    made = folder / f"{revision}.tar"
    made.write_bytes(lzma.decompress((DATA / f"backup-{revision}.tar.xz").read_bytes()))
    return made


@pytest.fixture
def whole(store: Store, tmp_path: Path) -> bytes:
    """A backup of a full store."""
    a_full_store(store)
    dump(store, tmp_path / "b.tar", NOON)
    return (tmp_path / "b.tar").read_bytes()


def test_a_backup_brings_everything_back_and_frees_what_was_claimed(store: Store, tmp_path: Path) -> None:
    submission = a_full_store(store)
    contents = dump(store, tmp_path / "b.tar", NOON)
    assert contents.files == SUBMISSIONS + 1
    other = Store.open(tmp_path / "other")
    assert load(other, tmp_path / "b.tar") == contents
    found = other.submissions.find(submission)
    assert found is not None
    assert found.status == "received"
    assert other.archive.read(found.archive) == b"a zip"
    store.queue.release()
    ours, theirs = everything(store), everything(other)
    assert {name: sorted(map(str, rows)) for name, rows in theirs[0].items() if name != "identity"} == {
        name: sorted(map(str, rows)) for name, rows in ours[0].items() if name != "identity"
    }
    assert ours[1] == theirs[1]
    other.close()


def test_a_backup_is_a_tar_that_other_programs_read(whole: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        names = tar.getnames()
        rows = tar.extractfile("tables/phases.jsonl")
        assert rows is not None
        assert json.loads(rows.read())["row"]["name"] == "small"
    assert names[-2:] == ["contents.json", "closing.json"]


def test_a_backup_moves_a_server_from_one_database_to_the_other(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "first")
    submission = a_full_store(first)
    dump(first, tmp_path / "b.tar", NOON)
    second = Store.open(tmp_path / "second", a_database())
    load(second, tmp_path / "b.tar")
    assert second.submissions.find(submission) is not None
    first.close()
    second.close()


def on_samples(store: Store) -> list[tuple[str, dict[str, float | None]]]:
    """The lines of a board that is measured on samples of the cells."""
    board = BoardMaker(store, Verdicts(store)).make("small").spot_checked
    assert board is not None
    return [(row.judged.team, dict(row.metrics)) for row in board.rows]


def test_a_board_that_is_measured_on_samples_is_the_same_in_another_database(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "first")
    first.phases.add("small", small_truth(), Rules(feedback="summary"), NOON)
    for number in range(6):
        hand_in(first, a_zip(3 + number, seed=number), f"team {number}")
    Judge(first, Verdicts(first), lambda: NOON).work()
    dump(first, tmp_path / "b.tar", NOON)
    second = Store.open(tmp_path / "second", a_database())
    load(second, tmp_path / "b.tar")
    assert first.database.own != second.database.own
    assert on_samples(first) == on_samples(second)
    first.close()
    second.close()


def test_phases_of_earlier_schemas_are_given_keys_that_nobody_can_tell(tmp_path: Path) -> None:
    keys = set()
    for place in ("one", "other"):
        store = Store.open(tmp_path / place)
        load(store, an_earlier("0001", tmp_path))
        keys.add(store.phases.key("small"))
        store.close()
    assert [len(one) for one in keys] == [64, 64]


def test_a_backup_that_was_cut_anywhere_is_refused_before_anything_is_changed(
    store: Store, tmp_path: Path, whole: bytes
) -> None:
    before = everything(store)
    for size in {*range(0, len(whole), 4096), *range(len(whole) - 12_000, len(whole), 512), 1, 511}:
        (tmp_path / "b.tar").write_bytes(whole[:size])
        with pytest.raises(BackupUnfit):
            load(store, tmp_path / "b.tar")
    assert everything(store) == before


def test_a_backup_with_one_byte_changed_anywhere_is_refused_before_anything_is_changed(
    store: Store, tmp_path: Path, whole: bytes
) -> None:
    before, dice = everything(store), random.Random(0)
    ends = [*range(600), *range(len(whole) - 12_000, len(whole), 60)]
    for place in [dice.randrange(len(whole)) for _ in range(CHANGES)] + ends:
        changed = bytearray(whole)
        changed[place] ^= dice.randrange(1, 256)
        (tmp_path / "b.tar").write_bytes(changed)
        with pytest.raises(BackupUnfit):
            load(store, tmp_path / "b.tar")
    assert everything(store) == before


def test_what_follows_the_end_of_a_backup_is_noticed(store: Store, tmp_path: Path, whole: bytes) -> None:
    for more in (b"\0" * 10_240, b"x", whole):
        (tmp_path / "b.tar").write_bytes(whole + more)
        if more != whole:
            with pytest.raises(BackupUnfit):
                verify(tmp_path / "b.tar")
        else:
            with pytest.raises(BackupUnfit, match="closing record"):
                verify(tmp_path / "b.tar")


def test_a_changed_digit_in_a_verdict_is_refused_and_its_table_named(
    store: Store, tmp_path: Path, whole: bytes
) -> None:
    place = whole.index(b'"accuracy": 0.9') + len('"accuracy": 0.')
    (tmp_path / "b.tar").write_bytes(whole[:place] + b"8" + whole[place + 1 :])
    with pytest.raises(BackupUnfit, match="in the table verdicts"):
        load(store, tmp_path / "b.tar")


def test_a_changed_file_is_refused_and_named(store: Store, tmp_path: Path, whole: bytes) -> None:
    place = whole.index(b"a zip\0")
    (tmp_path / "b.tar").write_bytes(whole[:place] + b"b" + whole[place + 1 :])
    with pytest.raises(BackupUnfit, match=r"in the archive file [0-9a-f]{64}"):
        load(store, tmp_path / "b.tar")


def test_a_row_that_is_not_the_one_its_digest_was_made_of_is_refused_by_number(tmp_path: Path) -> None:
    lines = [sealed_row({"name": name, "created_at": NOON.isoformat()}) for name in ("red", "blue")]
    with (tmp_path / "b.tar").open("wb") as file:
        writer = Writer(file, "0003", NOON.isoformat())
        writer.table("teams", io.BytesIO(lines[0] + lines[1].replace(b"blue", b"glue")), 2)
        writer.close()
    with pytest.raises(BackupUnfit, match="row 2 of the table teams"):
        list(verify(tmp_path / "b.tar").table("teams"))


@pytest.mark.parametrize("revision", EARLIER)
def test_a_backup_of_an_earlier_schema_comes_back_under_this_one(
    store: Store, tmp_path: Path, revision: str
) -> None:
    contents = load(store, an_earlier(revision, tmp_path))
    assert (contents.files, contents.sealed) == (4, False)
    found = {one.entry: one for one in store.submissions.listed()}
    assert [found[f"entry {number}"].status for number in (1, 2, 3, 4)] == [
        "scored",
        "refused",
        "scored",
        "received",
    ]
    Judge(store, Verdicts(store), lambda: NOON).work()
    judged = store.verdicts.judged("small", store.phases.all()[0].truth, "accuracy")
    assert {one.entry: round(one.value or 0, 9) for one in judged} == {
        "entry 1": 0.98,
        "entry 3": 0.94,
        "entry 4": 0.92,
    }
    assert found["entry 1"].submitted_at == datetime(2026, 11, 1, 12, 1, tzinfo=UTC)
    assert [one.note for one in store.tokens.listed()] == ["laptop"]
    store.require_sound()
    saved = dump(store, tmp_path / "again.tar", NOON)
    assert saved.sealed


@pytest.mark.parametrize("revision", EARLIER)
def test_a_cut_backup_of_the_first_format_is_refused_though_it_holds_no_digests(
    store: Store, tmp_path: Path, revision: str
) -> None:
    whole, before = an_earlier(revision, tmp_path).read_bytes(), everything(store)
    for size in range(0, len(whole), 512):
        (tmp_path / "b.tar").write_bytes(whole[:size])
        with pytest.raises(BackupUnfit):
            load(store, tmp_path / "b.tar")
    assert everything(store) == before


def test_a_changed_byte_in_a_backup_of_the_first_format_never_ends_in_a_traceback(
    store: Store, tmp_path: Path
) -> None:
    whole, dice = an_earlier("0001", tmp_path).read_bytes(), random.Random(1)
    for _ in range(12):
        changed = bytearray(whole)
        changed[dice.randrange(len(whole))] ^= dice.randrange(1, 256)
        (tmp_path / "b.tar").write_bytes(changed)
        with suppress(BackupUnfit):
            load(store, tmp_path / "b.tar")


def test_a_backup_of_the_first_format_without_a_submissions_file_is_refused(
    store: Store, tmp_path: Path
) -> None:
    target = tmp_path / "less.tar"
    with tarfile.open(an_earlier("0002", tmp_path)) as found, tarfile.open(target, "w") as less:
        for member in found.getmembers()[:-1]:
            less.addfile(member, found.extractfile(member))
    with pytest.raises(BackupUnfit, match="1 files that submissions were made from are not in it"):
        load(store, target)


def test_a_backup_of_a_newer_release_is_refused(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "b.tar").open("wb") as file:
        Writer(file, "9999", NOON.isoformat()).close()
    with pytest.raises(BackupUnfit, match="9999"):
        load(store, tmp_path / "b.tar")


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_backup_without_every_file_whole_is_no_success_and_names_what_is_lost(
    store: Store, tmp_path: Path, whole: bytes, damage: str
) -> None:
    lost = store.archive.keep(io.BytesIO(a_zip(0, seed=0)))
    store.archive.path(lost).unlink()
    if damage == "changed":
        store.archive.path(lost).write_bytes(b"garbage")
    with pytest.raises(StoreDamaged, match=rf"1 of {SUBMISSIONS + 1} files .*{lost}"):
        dump(store, tmp_path / "b.tar", NOON)
    assert (tmp_path / "b.tar").read_bytes() == whole
    assert not list(tmp_path.glob(".b.tar.*"))


def test_a_backup_replaces_no_file_that_holds_more_unless_it_is_told_to(
    store: Store, tmp_path: Path, whole: bytes
) -> None:
    less = Store.open(tmp_path / "less")
    less.phases.add("small", small_truth(), Rules(), NOON)
    with pytest.raises(BackupSmaller, match=f"the database has .*0 submissions, not {SUBMISSIONS + 1}"):
        dump(less, tmp_path / "b.tar", NOON)
    assert (tmp_path / "b.tar").read_bytes() == whole
    dump(less, tmp_path / "b.tar", NOON, allow_less=True)
    assert verify(tmp_path / "b.tar").files == {}
    dump(store, tmp_path / "b.tar", NOON)
    less.close()


def test_a_backup_replaces_no_file_that_it_cannot_read(store: Store, tmp_path: Path) -> None:
    a_full_store(store)
    (tmp_path / "b.tar").write_bytes(b"a letter")
    with pytest.raises(BackupSmaller, match="cannot be told"):
        dump(store, tmp_path / "b.tar", NOON)
    assert (tmp_path / "b.tar").read_bytes() == b"a letter"


def test_an_empty_state_is_saved_only_when_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupSmaller, match="nothing to save"):
        dump(store, tmp_path / "b.tar", NOON)
    assert not (tmp_path / "b.tar").exists()
    assert dump(store, tmp_path / "b.tar", NOON, allow_less=True).rows == 0


def test_a_damaged_database_is_not_backed_up(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data")
    a_full_store(store)
    store.close()
    damaged = bytearray((tmp_path / "data" / DATABASE_FILE).read_bytes())
    damaged[-8192:-4096] = bytes(4096)
    (tmp_path / "data" / DATABASE_FILE).write_bytes(damaged)
    store = Store.open(tmp_path / "data")
    with pytest.raises(StoreDamaged, match="is damaged"):
        dump(store, tmp_path / "b.tar", NOON)
    assert not (tmp_path / "b.tar").exists()
    store.close()
