"""Images are found wherever the copies that go round keep them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.audit import audit
from harness.data.layouts import find_files
from harness.errors import DataWrong
from tests.harness.data.conftest import Rearranged
from tests.support import few_images

LABELS = "C-NMC_test_prelim_phase_data_labels.csv"


def as_kaggle(inner: Path) -> Path:
    return inner


def as_archive(inner: Path) -> Path:
    """The Cancer Imaging Archive: test sets nested once more, the label file beside the inner folder."""
    top = Path("PKG - C-NMC 2019")
    if "training_data" in inner.parts:
        return top.joinpath("C-NMC_training_data", *inner.parts[2:])
    if inner.name == LABELS:
        return top / "C-NMC_test_prelim_phase_data" / LABELS
    folder = inner.parts[2]
    return top / folder / folder / inner.name


def as_challenge(inner: Path) -> Path:
    if "training_data" in inner.parts:
        return Path(*inner.parts[2:])
    if inner.name == LABELS:
        return Path("phase2.csv")
    return Path("phase2" if "prelim" in inner.parts[2] else "phase3", inner.name)


def as_nested_folds(inner: Path) -> Path:
    if "training_data" not in inner.parts:
        return Path("copy", inner)
    fold = inner.parts[2]
    return Path("copy", *inner.parts[:2], fold, *inner.parts[2:])


def with_label_file_renamed(inner: Path) -> Path:
    return Path("answers.csv") if inner.name == LABELS else inner


@pytest.mark.parametrize(
    "place", [as_kaggle, as_archive, as_challenge, as_nested_folds, with_label_file_renamed]
)
def test_the_same_cells_are_found_in_every_layout(
    place: Callable[[Path], Path], rearranged: Rearranged, drawn: Path, tmp_path: Path
) -> None:
    report = audit(rearranged(tmp_path / "copy", place))
    plain = audit(drawn)
    assert report.complete
    assert report.stray == report.misplaced == report.duplicates == ()
    for part, split in plain.splits.items():
        assert [(c.name, c.fold, c.subject, c.label) for c in report.splits[part].intact] == [
            (c.name, c.fold, c.subject, c.label) for c in split.intact
        ]


def test_a_part_of_a_copy_can_be_the_root(drawn: Path) -> None:
    root = drawn / "C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data"
    found = find_files(root)
    assert {cell.part for cell in found.cells} == {"prelim"}
    assert len(found.cells) == 28


def test_the_lower_case_h3_is_subject_h3(drawn: Path) -> None:
    cells = [cell for cell in audit(drawn).splits["train"].intact if cell.subject == "H3"]
    assert cells
    assert all(cell.name.startswith("UID_h3_") for cell in cells)


def test_stray_files_are_passed_over_and_named(rearranged: Rearranged, tmp_path: Path) -> None:
    root = rearranged(tmp_path / "copy", as_kaggle)
    fold = root / "C-NMC_Leukemia/training_data/fold_0/all"
    names = (
        ".~lock.ISBI_final_test_data.csv#",
        ".DS_Store",
        "Thumbs.db",
        "UID_1_1_1.bmp",
        "._UID_1_1_1_all.bmp",
    )
    for name in names:
        (fold / name).write_bytes(b"stray")
    (root / "17.bmp").write_bytes(b"in no test set")
    (root / "elsewhere.bmp").symlink_to(root / "not-there")
    report = audit(root)
    assert report.complete
    assert {Path(path).name for path in report.stray} == {*names, "elsewhere.bmp"}
    assert [(one.path, one.reason[:16]) for one in report.other_forms] == [("17.bmp", "a numbered image")]


def test_folders_that_link_to_each_other_end(rearranged: Rearranged, tmp_path: Path) -> None:
    root = rearranged(tmp_path / "copy", as_kaggle)
    (root / "C-NMC_Leukemia/again").symlink_to(root)
    assert audit(root).duplicates == ()


def test_an_absent_root_is_refused_with_the_place_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataWrong, match="does not exist") as caught:
        find_files(tmp_path / "nothing")
    assert "C_NMC_2019" in caught.value.hint


def test_a_root_without_images_of_the_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"sea")
    with pytest.raises(DataWrong, match=r"UID_1_1_1_all\.bmp, found 1 other files"):
        find_files(tmp_path)


def test_the_real_label_file_is_recognised_in_the_sample() -> None:
    report = audit(few_images())
    assert report.label_file.recognised
    assert len(report.label_file.labels) == 1867
