"""An emptied, foreign or damaged database is noticed, and nothing is begun in its place unasked."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from eval_server.store.backup import dump, load
from eval_server.store.database import StoreDamaged, StoreUnfit
from eval_server.store.mark import MARK_FILE
from eval_server.store.records import Rules
from eval_server.store.store import DATABASE_FILE, Store, StoreForeign
from eval_server.store.watch import Watch
from tests.eval_server.store.test_backup import NOON, a_full_store
from tests.eval_server.store.test_submissions import an_arrival, welcome
from tests.support.postgres import a_database, asked
from tests.support.server import small_truth

PAGE = 4096


def emptied(database: Path) -> None:
    database.write_bytes(b"")


def missing(database: Path) -> None:
    database.unlink()


def a_text(database: Path) -> None:
    database.write_text("a letter\n" * 1000)


def half(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2)


def a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


def read_only(database: Path) -> None:
    database.chmod(0o400)


def of_another_program(database: Path) -> None:
    database.unlink()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
    connection.commit()
    connection.close()


def of_another_server(database: Path) -> None:
    other = Store.open(database.parent.parent / "other")
    other.phases.add("another", small_truth("another"), Rules(), NOON)
    other.close()
    shutil.copy(database.parent.parent / "other" / DATABASE_FILE, database)


DAMAGES = {
    emptied: "is empty, but",
    missing: "is empty, but",
    a_text: "is no database that can be read",
    half: "damaged",
    a_folder: "is a folder",
    read_only: "is read-only",
    of_another_program: "is empty, but",
    of_another_server: "is not the database that",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a full store on SQLite, closed."""
    store = Store.open(tmp_path / "data")
    a_full_store(store)
    store.close()
    return tmp_path / "data"


def sound(folder: Path, database: str | None = None) -> None:
    store = Store.open(folder, database)
    try:
        store.require_sound()
    finally:
        store.close()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_database_is_named_and_left_as_it_is(folder: Path, damage: Callable[[Path], None]) -> None:
    database = folder / DATABASE_FILE
    damage(database)
    before = database.read_bytes() if database.is_file() else None
    with pytest.raises(StoreUnfit, match=DAMAGES[damage]) as refused:
        sound(folder)
    assert refused.value.hint
    assert (database.read_bytes() if database.is_file() else None) == before


@pytest.mark.parametrize("content", [0, 255, None], ids=["zeros", "ones", "noise"])
def test_one_bad_page_is_found_wherever_it_lies(folder: Path, content: int | None) -> None:
    database, dice = folder / DATABASE_FILE, random.Random(2)
    whole = database.read_bytes()
    pages = len(whole) // PAGE
    assert pages > 20
    for page in range(pages):
        bad = dice.randbytes(PAGE) if content is None else bytes([content]) * PAGE
        database.write_bytes(whole[: page * PAGE] + bad + whole[(page + 1) * PAGE :])
        with pytest.raises(StoreUnfit):
            sound(folder)
    database.write_bytes(whole)
    sound(folder)


def test_a_lost_database_begins_anew_only_when_it_is_asked_for(folder: Path) -> None:
    half(folder / DATABASE_FILE)
    left = (folder / DATABASE_FILE).read_bytes()
    store = Store.open(folder, anew=True)
    assert store.phases.all() == []
    store.close()
    (aside,) = folder.glob("*.aside")
    assert aside.read_bytes() == left
    sound(folder)


def test_beginning_anew_leaves_a_sound_database_alone(folder: Path) -> None:
    store = Store.open(folder, anew=True)
    assert store.phases.names() == ["small"]
    store.close()
    assert not list(folder.glob("*.aside"))


@pytest.mark.parametrize("damage", [emptied, missing, half, a_text], ids=lambda damage: damage.__name__)
def test_a_backup_is_restored_in_place_of_a_lost_database(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    store = Store.open(folder)
    saved = dump(store, folder.parent / "b.tar", NOON)
    store.close()
    damage(folder / DATABASE_FILE)
    store = Store.open(folder, anew=True)
    assert load(store, folder.parent / "b.tar") == saved
    store.close()
    sound(folder)


def spoilt_index(database: Path) -> None:
    """Break the statement of an index where SQLite's error quotes it."""
    content = database.read_bytes()
    database.write_bytes(content.replace(b"CREATE INDEX", b"CREATE \x8dNDEX"))


def spoilt_table_name(database: Path) -> None:
    content = database.read_bytes()
    at = content.index(b"tablehistory")
    database.write_bytes(content[: at + 5] + b"\x8d\xff" + content[at + 7 :])


@pytest.mark.parametrize("damage", [spoilt_index, spoilt_table_name], ids=lambda damage: damage.__name__)
def test_a_schema_that_is_not_utf8_is_damage_and_a_backup_takes_its_place(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    store = Store.open(folder)
    saved = dump(store, folder.parent / "b.tar", NOON)
    store.close()
    damage(folder / DATABASE_FILE)
    with pytest.raises(StoreDamaged):
        sound(folder)
    store = Store.open(folder, anew=True)
    assert load(store, folder.parent / "b.tar") == saved
    store.close()
    sound(folder)


def test_a_backup_takes_the_place_of_a_database_with_a_bad_page_at_the_first_try(folder: Path) -> None:
    store = Store.open(folder)
    saved = dump(store, folder.parent / "b.tar", NOON)
    store.close()
    whole, mark = (folder / DATABASE_FILE).read_bytes(), (folder / MARK_FILE).read_bytes()
    for page in range(len(whole) // PAGE):
        bad = bytearray(whole)
        bad[page * PAGE : page * PAGE + 4] = b"\xff" * 4
        (folder / DATABASE_FILE).write_bytes(bad)
        (folder / MARK_FILE).write_bytes(mark)
        store = Store.open(folder, anew=True)
        assert load(store, folder.parent / "b.tar") == saved
        store.close()
        sound(folder)


def test_an_old_data_folder_whose_database_was_emptied_is_told_by_its_archive(folder: Path) -> None:
    (folder / MARK_FILE).unlink()
    sound(folder)
    (folder / MARK_FILE).unlink()
    emptied(folder / DATABASE_FILE)
    with pytest.raises(StoreForeign, match="is empty"):
        sound(folder)


@pytest.mark.parametrize("content", [b"", b"{", b'{"content": {"identity": "x"}, "sha256": "y"}'])
def test_a_damaged_mark_still_says_that_there_was_a_database(folder: Path, content: bytes) -> None:
    (folder / MARK_FILE).write_bytes(content)
    whole = (folder / DATABASE_FILE).read_bytes()
    emptied(folder / DATABASE_FILE)
    with pytest.raises(StoreForeign, match="is empty"):
        sound(folder)
    (folder / DATABASE_FILE).write_bytes(whole)
    sound(folder)
    assert b"identity" in (folder / MARK_FILE).read_bytes()


def test_another_programs_database_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    connection = sqlite3.connect(tmp_path / "data" / DATABASE_FILE)
    connection.execute("CREATE TABLE notes (words TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreForeign, match="another program's"):
        sound(tmp_path / "data")


def test_nobody_but_the_owner_reads_the_data_though_the_folder_was_there_before(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / DATABASE_FILE).touch(0o644)
    store = Store.open(folder)
    store.phases.add("small", small_truth(), Rules(), NOON)
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", MARK_FILE):
        assert (folder / file).stat().st_mode & 0o777 == 0o600, file
    store.close()


@pytest.mark.parametrize("damage", [emptied, missing, half, of_another_server], ids=lambda one: one.__name__)
def test_what_happens_to_the_file_of_an_open_database_is_noticed_and_nothing_is_written(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    store = Store.open(folder)
    assert store.troubles() == ()
    damage(folder / DATABASE_FILE)
    assert store.troubles()
    with pytest.raises(StoreDamaged):
        store.arrivals.receive(an_arrival(99), welcome)
    store.close()


def test_a_page_that_goes_bad_under_an_open_database_is_found_by_the_watch(folder: Path) -> None:
    store = Store.open(folder)
    path = folder / DATABASE_FILE
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - PAGE)
        good = file.read(PAGE)
        file.seek(path.stat().st_size - PAGE)
        file.write(b"\xff" * PAGE)
    watch = Watch(store.database)
    watch.look()
    assert "damaged" in store.troubles()[0]
    with pytest.raises(StoreDamaged):
        store.arrivals.receive(an_arrival(99), welcome)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - PAGE)
        file.write(good)
    watch.look()
    assert store.troubles() == ()
    store.close()


def test_an_emptied_postgresql_database_is_refused_and_a_backup_brings_it_back(tmp_path: Path) -> None:
    database = a_database()
    store = Store.open(tmp_path / "data", database)
    a_full_store(store)
    saved = dump(store, tmp_path / "b.tar", NOON)
    with store.database.writing() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    assert store.troubles() == ("the database is damaged: a table is missing",)
    with pytest.raises(StoreDamaged):
        store.arrivals.receive(an_arrival(99), welcome)
    store.close()
    with pytest.raises(StoreForeign, match="is empty, but"):
        sound(tmp_path / "data", database)
    store = Store.open(tmp_path / "data", database, anew=True)
    assert load(store, tmp_path / "b.tar") == saved
    store.require_sound()
    store.close()


def test_the_database_of_another_server_is_refused_on_postgresql_too(tmp_path: Path) -> None:
    ours, theirs = a_database(), a_database()
    for folder, database in (("ours", ours), ("theirs", theirs)):
        Store.open(tmp_path / folder, database).close()
    with pytest.raises(StoreForeign, match="is not the database that"):
        sound(tmp_path / "ours", theirs)
    with pytest.raises(StoreForeign, match="is empty, but"):
        sound(tmp_path / "ours", None)


def test_a_bad_page_of_a_postgresql_table_is_found(tmp_path: Path) -> None:
    database = a_database()
    store = Store.open(tmp_path / "data", database)
    a_full_store(store)
    with store.database.reading() as connection:
        place = connection.execute(text("SELECT pg_relation_filepath('verdicts')")).scalar_one()
        data = Path(str(connection.execute(text("SHOW data_directory")).scalar_one()))
    store.close()
    asked(database, "CHECKPOINT")
    with (data / str(place)).open("r+b") as file:
        file.write(b"\xff" * 8192)
    store = Store.open(tmp_path / "data", copied(database))
    Watch(store.database).look()
    assert "a page cannot be read" in store.troubles()[0]
    with pytest.raises(StoreDamaged):
        store.arrivals.receive(an_arrival(99), welcome)
    with pytest.raises(StoreDamaged):
        store.require_sound()
    store.close()


def copied(database: str) -> str:
    """The database as its files have it, without the pages that its server has at hand."""
    name = database.partition("@/")[2].partition("?")[0]
    copy = database.replace(name, f"{name}_copy")
    made = f"CREATE DATABASE {name}_copy TEMPLATE {name} STRATEGY file_copy"
    asked(database.replace(name, "postgres"), made)
    return copy
