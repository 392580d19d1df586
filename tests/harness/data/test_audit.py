"""A copy held against the list: what is there, missing, corrupt, unknown."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data.audit import Audit, audit
from harness.data.cache import FileState, HashCache, Hashed
from harness.data.layouts import MARKER
from harness.data.published import LABEL_FILE
from harness.errors import DataWrong
from models.progress import Advance
from tests.harness.data.conftest import Rearranged
from tests.support import few_images, stored, whole_sample
from tests.support.damage import harms


def copied(drawn: Path, target: Path) -> Path:
    shutil.copytree(drawn, target)
    return target


def some_cell(root: Path) -> Path:
    return sorted(root.rglob("fold_1/hem/*.bmp"))[0]


def flipped(path: Path, at: int = 300_000) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("images", "training", "leukemic", "preliminary"), [(few_images, 21, 10, 3), (whole_sample, 323, 276, 9)]
)
def test_the_real_sample_is_intact_and_incomplete(
    images: Callable[[], Path], training: int, leukemic: int, preliminary: int
) -> None:
    report = audit(images())
    document = report.to_json()
    train, prelim, final = (document["splits"][part] for part in ("train", "prelim", "final"))
    counted = [[part[name] for name in ("expected", "present", "missing")] for part in (train, prelim, final)]
    assert counted[0] == [10_661, training, 10_661 - training]
    assert counted[1] == [1_867, preliminary, 1_867 - preliminary]
    assert counted[2] == [2_586, 0, 2_586]
    assert train["corrupt"] == prelim["corrupt"] == train["unknown"] == []
    assert train["classes"]["ALL"]["cells"] == leukemic
    assert document["stray"] == ["ATTRIBUTION.md"]
    assert document["label_file"]["recognised"]
    assert document["drawn"] is False
    assert document["complete"] is False


def test_one_flipped_byte_of_a_real_image_is_named_as_corrupt(tmp_path: Path) -> None:
    source = stored("cnmc/C-NMC_Leukemia/training_data/fold_1/all")
    folder = tmp_path / "fold_1/all"
    folder.mkdir(parents=True)
    names = sorted(path.name for path in source.iterdir())[:3]
    for name in names:
        (folder / name).write_bytes((source / name).read_bytes())
    flipped(folder / names[1])
    train = audit(tmp_path).splits["train"]
    assert [finding.name for finding in train.corrupt] == [names[1]]
    assert train.corrupt[0].path == f"fold_1/all/{names[1]}"
    assert "expected SHA-256" in train.corrupt[0].reason
    assert train.present == 3
    assert [cell.name for cell in train.intact] == [names[0], names[2]]


def test_a_drawn_set_is_held_against_its_marker_and_called_drawn(drawn: Path) -> None:
    report = audit(drawn)
    assert report.complete
    assert report.to_json()["data"].startswith("drawn data")
    assert {twin.evidence for twin in report.twins} == {"same bytes"}


def test_without_its_marker_a_drawn_set_is_wholly_corrupt(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    (root / MARKER).unlink()
    report = audit(root)
    assert not report.drawn
    assert all(split.intact == () for split in report.splits.values())


def test_a_damaged_marker_is_refused(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    (root / MARKER).write_text('{"version": 1}')
    with pytest.raises(DataWrong, match="marker"):
        audit(root)


def test_a_marker_with_any_byte_changed_is_refused(drawn: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (root / "UID_1_1_1_all.bmp").write_bytes(b"BM")
    content = (drawn / MARKER).read_bytes()
    for words, bytes_then in harms(content, b"{}"):
        (root / MARKER).write_bytes(bytes_then)
        with pytest.raises(DataWrong, match="is damaged"):
            audit(root)
            pytest.fail(words)


def test_a_marker_of_an_earlier_version_is_still_read(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    flat = json.loads((drawn / MARKER).read_text())["content"]
    (root / MARKER).write_text(json.dumps(flat))
    assert audit(root).complete


def test_missing_truncated_renamed_and_foreign_images_are_told_apart(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    first, second, third = sorted(root.rglob("fold_0/all/*.bmp"))[:3]
    first.unlink()
    second.write_bytes(second.read_bytes()[:1000])
    foreign = third.with_name("UID_999_1_1_all.bmp")
    shutil.copy(third, foreign)
    train = audit(root).splits["train"]
    assert train.missing == (first.name,)
    assert [finding.name for finding in train.corrupt] == [second.name]
    assert "expected 608454 bytes, found 1000" in train.corrupt[0].reason
    assert "cannot be decoded" in train.corrupt[0].reason
    assert [finding.name for finding in train.unknown] == [foreign.name]
    assert f"its bytes are those of {third.name} of train" in train.unknown[0].reason
    assert train.expected == train.present + len(train.missing)
    assert not train.complete


def test_strangers_do_not_make_a_copy_incomplete(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    shutil.copy(some_cell(root), root / "UID_999_1_1_all.bmp")
    assert audit(root).complete


def test_of_two_copies_of_a_cell_the_intact_one_counts(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    cell = some_cell(root)
    damaged = root / "a" / "fold_1" / cell.name
    damaged.parent.mkdir(parents=True)
    shutil.copy(cell, damaged)
    flipped(damaged)
    report = audit(root)
    assert report.complete
    assert report.duplicates == (f"a/fold_1/{cell.name}",)


def test_an_image_in_another_folds_folder_keeps_its_published_fold(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    cell = some_cell(root)
    moved = cell.parents[2] / "fold_2" / "hem" / cell.name
    cell.rename(moved)
    report = audit(root)
    assert report.misplaced == (moved.relative_to(root).as_posix(),)
    assert {one.fold for one in report.splits["train"].intact if one.name == cell.name} == {"fold_1"}


def test_an_unchanged_file_is_not_read_again(drawn: Path, tmp_path: Path) -> None:
    """Other bytes under the old size and time go unseen, until everything is read again."""
    root = copied(drawn, tmp_path / "copy")
    cell = some_cell(root)
    assert audit(root).complete
    times = cell.stat()
    flipped(cell)
    os.utime(cell, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert audit(root).complete
    assert [one.name for one in audit(root, rehash=True).splits["train"].corrupt] == [cell.name]
    assert not audit(root).complete


def test_a_changed_time_makes_a_file_be_read_again(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    assert audit(root).complete
    cell = some_cell(root)
    flipped(cell)
    os.utime(cell, ns=(0, 0))
    assert [one.name for one in audit(root).splits["train"].corrupt] == [cell.name]


def test_an_interrupted_audit_keeps_what_it_has_read(drawn: Path) -> None:
    counts: list[int] = []

    @contextmanager
    def impatient(_words: str, total: int) -> Iterator[Advance]:
        def advance(steps: int = 1) -> None:
            counts[-1] += steps
            if len(counts) == 1 and counts[0] == total // 2:
                raise KeyboardInterrupt

        counts.append(0)
        yield advance

    with pytest.raises(KeyboardInterrupt):
        audit(drawn, impatient)
    assert audit(drawn, impatient).complete
    assert sum(counts) == len(list(drawn.rglob("*.bmp")))


def test_a_damaged_cache_is_as_good_as_none(drawn: Path, cache: Path) -> None:
    first = audit(drawn)
    (remembered,) = cache.glob("audit-*.json")
    for damage in (b"", b"[]", b"{", b'{"version": 1, "files": {"a": [1]}}', b'{"version": 99}'):
        remembered.write_bytes(damage)
        again = audit(drawn)
        assert same(replace(again, remarks=()), first)
        assert "made anew" in again.remarks[0]
        assert same(audit(drawn), first)


def test_a_cache_that_cannot_be_written_is_said_and_harms_nothing(drawn: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    report = audit(drawn, cache=blocked)
    assert report.complete
    assert "cannot be written" in report.remarks[0]


def same(one: Audit, other: Audit) -> bool:
    return one.to_json() == other.to_json()


def test_the_cache_gives_back_what_was_put_in(tmp_path: Path) -> None:
    cache = HashCache(tmp_path, tmp_path / "folder")
    assert cache.read() == ({}, "")
    state = FileState(3, 1_700_000_000_123_456_789)
    files = {
        "a/b.bmp": Hashed(state, "ab" * 32),
        "a/c.bmp": Hashed(state, "ab" * 32, "450x450:cd", ("ef", "01")),
    }
    assert cache.write(files) == ""
    assert cache.read() == (files, "")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == [cache.path.name]


def test_without_a_label_file_the_preliminary_classes_are_unknown(
    rearranged: Rearranged, tmp_path: Path
) -> None:
    root = rearranged(tmp_path / "copy", lambda inner: inner)
    (root / f"C-NMC_Leukemia/validation_data/{LABEL_FILE.name}").unlink()
    report = audit(root)
    assert report.label_file.to_json()["recognised"] is False
    assert report.splits["prelim"].classes()["unknown"].cells == 28
    assert not report.complete


def test_another_label_file_than_the_expected_one_is_said(drawn: Path, tmp_path: Path) -> None:
    root = copied(drawn, tmp_path / "copy")
    path = root / f"C-NMC_Leukemia/validation_data/{LABEL_FILE.name}"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:10]))
    report = audit(root)
    assert not report.label_file.recognised
    assert report.label_file.path == path
    assert "SHA-256" in report.label_file.reason
    assert not report.complete
