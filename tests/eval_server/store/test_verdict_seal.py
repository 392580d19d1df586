"""A verdict that was changed in the database is named, never shown, and never saved as whole."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from eval_server.judging.division import TruthPart
from eval_server.store.backup import dump, load
from eval_server.store.backup_file import BackupUnfit
from eval_server.store.database import StoreDamaged
from eval_server.store.store import DATABASE_FILE, Store
from eval_server.store.verdict_seal import LENGTH
from tests.eval_server.store.test_backup import NOON, a_full_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A full store on SQLite."""
    made = Store.open(tmp_path / "data")
    a_full_store(made)
    return made


def by_hand(store: Store, statement: str, *values: object) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(store.archive.folder.parent / DATABASE_FILE)
    with connection:
        found = connection.execute(statement, values).fetchall()
    connection.close()
    return found


def one_digit(store: Store) -> str:
    """Change the first digit of a weighted F1; returns the submission."""
    verdict, submission, document = by_hand(store, "SELECT id, submission, document FROM verdicts")[0]
    changed = re.sub(
        r'("weighted_f1":)(\d)', lambda found: f"{found[1]}{1 - int(found[2])}", document, count=1
    )
    assert changed != document
    by_hand(store, "UPDATE verdicts SET document = ? WHERE id = ?", changed, verdict)
    return submission


def cells_of_another(store: Store) -> str:
    (one, submission, _), (_, _, cells) = by_hand(store, "SELECT id, submission, stored FROM verdicts")[:2]
    by_hand(store, "UPDATE verdicts SET stored = ? WHERE id = ?", cells, one)
    return submission


def of_another_part(store: Store) -> str:
    verdict, submission = by_hand(store, "SELECT id, submission FROM verdicts")[0]
    by_hand(store, "UPDATE verdicts SET part = 'public' WHERE id = ?", verdict)
    return submission


def of_another_submission(store: Store) -> str:
    (one, first), (_, second) = by_hand(store, "SELECT id, submission FROM verdicts")[:2]
    by_hand(store, "DELETE FROM verdicts WHERE submission = ?", second)
    by_hand(store, "UPDATE verdicts SET submission = ? WHERE id = ?", second, one)
    assert first != second
    return second


@pytest.mark.parametrize(
    "change", [one_digit, cells_of_another, of_another_submission], ids=lambda change: change.__name__
)
def test_a_changed_verdict_is_refused_by_name_wherever_it_is_read(
    store: Store, change: Callable[[Store], str], tmp_path: Path
) -> None:
    submission = change(store)
    said = f"the verdict on the submission {submission} is not what was written"
    truth = store.phases.all()[0].truth
    verdicts = [row[0] for row in by_hand(store, "SELECT id FROM verdicts")]
    for reading in (
        store.require_sound,
        lambda: dump(store, tmp_path / "b.tar", NOON),
        lambda: store.verdicts.standing(submission, truth),
        lambda: store.verdicts.last_stored(submission),
        lambda: store.verdicts.stored(verdicts),
        lambda: store.verdicts.judged("small", truth),
    ):
        store.database.damage = None
        with pytest.raises(StoreDamaged, match=said):
            reading()
    assert said in store.troubles()[0]
    assert not (tmp_path / "b.tar").exists()
    store.close()


def test_a_verdict_that_was_moved_to_another_part_is_noticed(store: Store, tmp_path: Path) -> None:
    said = f"the verdict on the submission {of_another_part(store)} is not what was written"
    truth = store.phases.all()[0].truth
    for reading in (
        store.require_sound,
        lambda: dump(store, tmp_path / "b.tar", NOON),
        lambda: store.verdicts.judged("small", truth, part=TruthPart.PUBLIC),
    ):
        store.database.damage = None
        with pytest.raises(StoreDamaged, match=said):
            reading()
    store.close()


def test_a_board_keeps_the_number_that_it_read_though_the_row_is_changed_later(store: Store) -> None:
    truth = store.phases.all()[0].truth
    before = store.verdicts.judged("small", truth)
    one_digit(store)
    assert store.verdicts.judged("small", truth) == before
    store.close()


def test_a_backup_of_a_changed_verdict_is_not_restored(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = one_digit(store)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "require_sound", lambda store: None)
        dump(store, tmp_path / "b.tar", NOON)
    store.close()
    other = Store.open(tmp_path / "other")
    with pytest.raises(BackupUnfit, match=submission):
        load(other, tmp_path / "b.tar")
    assert other.phases.names() == []
    other.close()


def test_verdicts_of_releases_without_seals_are_read_as_before(store: Store) -> None:
    truth = store.phases.all()[0].truth
    (submission, stored), *_ = by_hand(store, "SELECT submission, stored FROM verdicts")
    by_hand(store, "UPDATE verdicts SET stored = ? WHERE submission = ?", stored[:-LENGTH], submission)
    store.require_sound()
    assert store.verdicts.standing(submission, truth) is not None
    assert store.verdicts.last_stored(submission) == stored[:-LENGTH]
    store.close()
