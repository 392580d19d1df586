"""The packaged list agrees with the facts it was built from."""

from __future__ import annotations

import csv
import lzma
from collections import Counter
from pathlib import Path

from harness.data import build_published
from harness.data.published import LIST_FILE, PAIRS_FILE, Box, published
from submissions.cells import CellName, Label
from tests.support import few_images, stored, whole_sample

PACKAGE = Path(build_published.__file__).parent


def test_every_published_image_is_listed_with_its_part_fold_and_class() -> None:
    cells = published().cells
    assert Counter(cell.split for cell in cells) == {"train": 10_661, "prelim": 1_867, "final": 2_586}
    folds = Counter((cell.fold, cell.label) for cell in cells if cell.split == "train")
    assert folds == {
        ("fold_0", Label.ALL): 2397, ("fold_0", Label.HEM): 1130,
        ("fold_1", Label.ALL): 2418, ("fold_1", Label.HEM): 1163,
        ("fold_2", Label.ALL): 2457, ("fold_2", Label.HEM): 1096,
    }  # fmt: skip


def test_a_training_cell_carries_what_its_name_says_and_its_box() -> None:
    cell = published().find("train", "UID_h3_1_1_hem.bmp")
    assert cell is not None
    assert (cell.subject, cell.image, cell.cell, cell.label) == ("H3", 1, 1, Label.HEM)
    assert cell.box == Box(134, 131, 186, 199)
    for one in published().of("train"):
        name = CellName.parse(one.name)
        assert (name.subject, name.image, name.cell, name.label) == (
            one.subject, one.image, one.cell, one.label,
        )  # fmt: skip


def test_what_was_never_published_is_not_in_the_list() -> None:
    assert published().find("train", "UID_999_1_1_all.bmp") is None
    assert published().find("prelim", "1868.bmp") is None
    assert all(cell.label is None and cell.subject is None for cell in published().of("final"))


def test_twins_name_each_other_and_have_the_same_bytes() -> None:
    known = published()
    twins = [cell for cell in known.cells if cell.identical_to]
    assert len(twins) == 212
    for cell in twins:
        other = known.find(cell.split, cell.identical_to or "")
        assert other is not None
        assert other.sha256 == cell.sha256
    assert known.find("final", "972.bmp").identical_to == "2217.bmp"  # type: ignore[union-attr]


def test_the_recurring_pairs_join_subjects_into_the_four_known_groups() -> None:
    assert sorted(map(sorted, published().groups())) == [
        ["20", "21"], ["51", "75", "78"], ["H10", "H3"], ["H2", "H4", "H5", "H6", "H7"],
    ]  # fmt: skip
    assert published().neighbours()["H4"] == {"H2"}
    assert len(published().pairs) == 352
    assert sum(pair.identical for pair in published().pairs) == 104
    assert len(published().same_cell()) == 2 * 352


def test_the_packaged_files_are_those_the_builder_makes_and_stay_under_one_megabyte(tmp_path: Path) -> None:
    build_published.build(stored("facts"), whole_sample(), tmp_path)
    sizes = []
    for name in (LIST_FILE, PAIRS_FILE):
        built, carried = (lzma.decompress((folder / name).read_bytes()) for folder in (tmp_path, PACKAGE))
        assert built == carried
        sizes.append((PACKAGE / name).stat().st_size)
    assert sum(sizes) < 1_000_000


def test_without_the_images_the_builder_makes_the_same_lists_but_for_their_pixels(tmp_path: Path) -> None:
    build_published.build(stored("facts"), few_images(), tmp_path)
    assert rows_of(tmp_path / PAIRS_FILE) == rows_of(PACKAGE / PAIRS_FILE)
    built, carried = rows_of(tmp_path / LIST_FILE), rows_of(PACKAGE / LIST_FILE)
    assert [row[:-1] for row in built] == [row[:-1] for row in carried]
    seen = [(ours[-1], theirs[-1]) for ours, theirs in zip(built[1:], carried[1:], strict=True) if ours[-1]]
    assert len(seen) == 24
    assert all(ours == theirs for ours, theirs in seen)


def rows_of(packed: Path) -> list[list[str]]:
    with lzma.open(packed, "rt", newline="") as table:
        return list(csv.reader(table))


def test_every_sha256_is_that_of_the_table_of_facts() -> None:
    with stored("facts/known_files.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            cell = published().find(row["split"], row["name"])
            assert cell is not None
            assert (cell.sha256, cell.size) == (row["sha256"], int(row["bytes"]))
