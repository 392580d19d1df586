"""The store opens, migrates, backs up and comes back, on both databases."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, text

from eval_server.store.database import Database, StoreUnfit, upgrade
from eval_server.store.phases import PhaseClash
from eval_server.store.records import Rules
from eval_server.store.schema import metadata
from eval_server.store.store import DATABASE_FILE, Store
from tests.support.server import small_truth, turned_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_the_migrations_lead_to_the_schema_as_it_is_written(store: Store) -> None:
    with store.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_stores_that_open_at_the_same_moment_migrate_once(tmp_path: Path, database: str | None) -> None:
    opened: list[Store] = []
    threads = [
        threading.Thread(target=lambda: opened.append(Store.open(tmp_path, database))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.phases.all() for store in opened] == [[]] * 4
    for store in opened:
        store.close()


def test_a_database_of_the_first_release_keeps_its_verdicts(tmp_path: Path, database: str | None) -> None:
    (tmp_path / "data").mkdir()
    older = Database(database or f"sqlite:///{tmp_path / 'data' / DATABASE_FILE}")
    with older.writing() as connection:
        upgrade(connection, "0001")
        of_the_first_release(connection)
    older.close()
    store = Store.open(tmp_path / "data", database)
    assert store.verdicts.standing("s" * 20, "t" * 20) == ("v" * 20, {"metrics": {}})
    assert [record.rules for record in store.phases.all()] == [Rules()]
    store.close()


def of_the_first_release(connection: Connection) -> None:
    """A phase with one verdict, by the tables as they were: today's code would write today's fields."""
    tables = MetaData()
    tables.reflect(connection)
    at = "2026-12-01T12:00:00.000000Z"
    phase = {"represents": "best", "visibility": "public", "metric": "weighted_f1", "ladder": False}
    phase |= {"name": "small", "title": "", "truth": "t" * 20, "margin": 0.01, "revision": "r" * 20}
    submission = {"phase": "small", "team": "team", "entry": "entry", "digest": "d" * 64, "archive": "d" * 64}
    submission |= {"id": "s" * 20, "size": 1, "submitted_at": at, "status": "scored", "attempts": 1}
    submission |= {"problems": [], "passed_over": [], "remarks": [], "chosen": False}
    verdict = {"id": "v" * 20, "submission": "s" * 20, "truth": "t" * 20, "stored": b"x", "made_at": at}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("phases", {**phase, "created_at": at}),
        ("truths", {"id": "t" * 20, "phase": "small", "document": {}, "created_at": at}),
        ("teams", {"name": "team", "created_at": at}),
        ("submissions", submission),
        ("verdicts", {**verdict, "document": {"metrics": {}}}),
    ]
    for table, values in rows:
        connection.execute(insert(tables.tables[table]).values(**values))


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path, store: Store, database: str | None) -> None:
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnfit, match="another release"):
        Store.open(tmp_path / "data", database)


def test_a_database_that_cannot_be_reached_is_named_as_the_trouble(tmp_path: Path) -> None:
    with pytest.raises(StoreUnfit, match="cannot be used"):
        Store.open(tmp_path, f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(StoreUnfit, match="mysql"):
        Store.open(tmp_path, "mysql://localhost/none")


def test_a_phase_comes_back_with_its_rules_and_its_truth(store: Store) -> None:
    rules = Rules(
        title="Small", opens_at=NOON, closes_at=NOON + timedelta(days=1), per_day=3, ladder=True, margin=0.02
    )
    store.phases.add("small", small_truth(), rules, NOON)
    record = store.phases.find("small")
    assert record is not None
    assert record.rules == rules
    assert store.phases.truth(record.truth).sha256 == small_truth().sha256


def test_a_phases_name_is_taken_once(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    with pytest.raises(PhaseClash, match="small"):
        store.phases.add("small", small_truth(), Rules(), NOON)


def test_a_phase_keeps_its_cells_when_its_truth_is_replaced(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    truth = small_truth()
    fewer = truth.only(type(truth.phase)("small", truth.phase.cells[:-1]))
    with pytest.raises(PhaseClash, match="50 cells"):
        store.phases.replace_truth("small", fewer, NOON)


def test_a_truth_that_says_the_same_judges_anew_and_corrects_nothing(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    seen = []
    for hour, truth in enumerate(
        (small_truth(), turned_truth(), turned_truth(), turned_truth(), small_truth())
    ):
        done = store.phases.replace_truth("small", truth, NOON + timedelta(hours=hour + 1))
        record = store.phases.find("small")
        assert record is not None
        since = store.phases.corrected_at("small", record.truth)
        seen.append((done.corrected, since and since - NOON))
    second, fifth = timedelta(hours=2), timedelta(hours=5)
    assert seen == [(False, None), (True, second), (False, second), (False, second), (True, fifth)]


def test_other_parts_of_the_same_labels_are_no_same_truth() -> None:
    truth = small_truth().divided(0.34, 5)
    assert truth.says_the_same_as(small_truth().divided(0.34, 5))
    assert not truth.says_the_same_as(small_truth())
    assert not truth.says_the_same_as(small_truth().divided(0.34, 6))


def test_a_file_is_kept_under_its_digest_and_nothing_is_left_aside(store: Store, tmp_path: Path) -> None:
    digest = store.archive.keep(io.BytesIO(b"bytes"))
    assert store.archive.keep(io.BytesIO(b"bytes")) == digest
    assert store.archive.read(digest) == b"bytes"
    assert list((tmp_path / "data" / "archive" / "incoming").iterdir()) == []


@pytest.mark.parametrize("digest", ["../../etc/passwd", "A" * 64, "0" * 63, ""])
def test_no_name_leads_out_of_the_archive(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.archive.path(digest)


def test_what_is_read_in_one_moment_is_of_one_state_whatever_is_written_meanwhile(store: Store) -> None:
    store.phases.add("first", small_truth("first"), Rules(), NOON)
    with store.database.one_moment():
        assert [one.name for one in store.phases.all()] == ["first"]
        writer = threading.Thread(
            target=store.phases.add, args=("second", small_truth("second"), Rules(), NOON)
        )
        writer.start()
        writer.join()
        assert [one.name for one in store.phases.all()] == ["first"]
    assert [one.name for one in store.phases.all()] == ["first", "second"]
