"""Splits: who is learnt from, who is predicted, and that no cell is on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.audit import Audit, LabelFileAudit, SplitAudit
from harness.data.dataset import Dataset, open_dataset
from harness.data.published import LABEL_FILE, PARTS, published
from harness.data.splits import SPLITS, CellRecord, Split, make_split
from harness.errors import DataWrong, UsageWrong
from submissions.cells import submission_order
from tests.harness.data.conftest import Rearranged
from tests.support import few_images, whole_sample


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(few_images(), cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def dataset(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(drawn, cache=tmp_path_factory.mktemp("cache"))


def classes(cells: tuple[CellRecord, ...]) -> dict[str, int]:
    return dict(Counter(cell.label.name for cell in cells if cell.label is not None))


def subjects(cells: tuple[CellRecord, ...]) -> set[str | None]:
    return {cell.subject for cell in cells}


def taken_out(split: Split) -> dict[str, int]:
    return {one.subject: one.cells for one in split.dropped}


@pytest.mark.parametrize(
    ("images", "test", "train", "out"),
    [
        (few_images, 8, {"ALL": 6, "HEM": 5}, {"H4": 1, "H5": 1}),
        (whole_sample, 231, {"ALL": 64, "HEM": 23}, {"H4": 3, "H5": 2}),
    ],
)
def test_fold0_of_the_real_sample_leaves_out_h4_and_h5_because_they_meet_h6_in_h2(
    images: Callable[[], Path], test: int, train: dict[str, int], out: dict[str, int]
) -> None:
    split = make_split(open_dataset(images()), "fold0")
    assert len(split.test) == len(split.phase) == test
    assert classes(split.train) == train
    assert taken_out(split) == out
    assert "through H2, with H6 of fold_0" in split.dropped[0].reason
    assert split.partial
    assert split.phase.partial
    assert not split.drawn


@pytest.mark.parametrize(("images", "cells"), [(few_images, 13), (whole_sample, 92)])
def test_fold0_of_the_real_sample_keeps_all_cells_when_told_to(
    images: Callable[[], Path], cells: int
) -> None:
    split = make_split(open_dataset(images()), "fold0", shared_cells="keep")
    assert len(split.train) == cells
    assert split.dropped == ()


def whole_training_part() -> Dataset:
    """The published training cells as if all their images lay here intact."""
    records = tuple(
        CellRecord(cell.name, Path(cell.name), "train", cell.fold, cell.subject, cell.label, cell.sha256)
        for cell in published().of("train")
    )
    parts = {part: SplitAudit(part, 0, (), (), (), ()) for part in PARTS}
    report = Audit(Path(), parts, LabelFileAudit(), (), (), (), (), None)
    return Dataset(Path(), records, report)


@pytest.mark.parametrize(
    ("fold", "subjects_out", "cells_out"),
    [
        ("fold0", {"21": 80, "H2": 112, "H4": 9, "H5": 28}, 71 + 9 + 10),
        ("fold1", {"75": 99, "78": 218, "H3": 36}, 59 + 86 + 27),
        ("fold2", {"20": 76, "51": 757, "H10": 405, "H6": 18, "H7": 18}, 71 + 59 + 86 + 27 + 10 + 9),
    ],
)
def test_over_the_whole_published_set_the_known_groups_are_taken_out(
    fold: str, subjects_out: dict[str, int], cells_out: int
) -> None:
    dataset = whole_training_part()
    assert taken_out(make_split(dataset, fold)) == subjects_out
    split = make_split(dataset, fold, shared_cells="drop-cells")
    assert sum(one.cells for one in split.dropped) == cells_out
    assert not split.partial


def test_drop_cells_takes_out_only_the_images_of_the_same_cell(few: Dataset) -> None:
    """UID_h3_1_1 and UID_H10_1_1 show one cell; its bytes differ, so the published pair decides."""
    split = make_split(few, "fold1", shared_cells="drop-cells")
    assert taken_out(split) == {"H3": 1}
    assert "UID_h3_1_1_hem.bmp" not in {cell.name for cell in split.train}
    assert "H3" in subjects(split.train)
    assert taken_out(make_split(few, "fold1")) == {"H3": 2}


@pytest.mark.parametrize("name", SPLITS)
def test_no_subject_and_no_image_is_on_both_sides(name: str, dataset: Dataset) -> None:
    split = make_split(dataset, name)
    assert not {cell.sha256 for cell in split.train} & {cell.sha256 for cell in split.test}
    assert not (subjects(split.train) & subjects(split.test)) - {None}
    groups = ({"20", "21"}, {"51", "75", "78"}, {"H10", "H3"}, {"H2", "H4", "H5", "H6", "H7"})
    for group in groups:
        assert not (group & subjects(split.train) and group & subjects(split.test))


def test_drop_cells_leaves_no_image_on_both_sides_but_keeps_subjects(dataset: Dataset) -> None:
    whole = make_split(dataset, "fold2", shared_cells="keep")
    split = make_split(dataset, "fold2", shared_cells="drop-cells")
    assert {cell.sha256 for cell in whole.train} & {cell.sha256 for cell in whole.test}
    assert not {cell.sha256 for cell in split.train} & {cell.sha256 for cell in split.test}
    assert len(split.train) > len(make_split(dataset, "fold2").train)
    assert len(split.train) + sum(one.cells for one in split.dropped) == len(whole.train)


def test_each_split_learns_from_the_parts_it_should(dataset: Dataset) -> None:
    def parts(name: str) -> tuple[set[str], set[str]]:
        split = make_split(dataset, name)
        learnt = {cell.fold or cell.part for cell in split.train}
        return learnt, {cell.fold or cell.part for cell in split.test}

    folds = {"fold_0", "fold_1", "fold_2"}
    assert parts("prelim") == (folds, {"prelim"})
    assert parts("final") == (folds | {"prelim"}, {"final"})
    assert parts("fold1") == (folds - {"fold_1"}, {"fold_1"})


@pytest.mark.parametrize("name", SPLITS)
def test_the_test_side_stands_in_submission_order(name: str, dataset: Dataset) -> None:
    split = make_split(dataset, name)
    names = [cell.name for cell in split.test]
    assert tuple(names) == split.phase.cells
    assert names == sorted(names, key=submission_order)
    assert split.phase.drawn
    assert split.drawn
    assert not split.partial
    assert not split.phase.partial


def test_a_held_out_part_is_not_learnt_from_and_is_protected_like_the_test_side(dataset: Dataset) -> None:
    split = make_split(dataset, "prelim", holdout="fold2")
    assert {cell.fold for cell in split.validation} == {"fold_2"}
    assert {cell.fold for cell in split.train} == {"fold_0", "fold_1"}
    assert {"20", "51", "H10", "H6", "H7"} <= set(taken_out(split))
    assert not subjects(split.train) & subjects(split.validation)


@pytest.mark.parametrize("policy", ["drop-subjects", "drop-cells"])
def test_a_reason_says_whether_the_others_are_tested_or_held_out(dataset: Dataset, policy: str) -> None:
    split = make_split(dataset, "prelim", holdout="fold2", shared_cells=policy)
    assert split.dropped
    for one in split.dropped:
        assert "of fold_2, which is held out for the choice of epoch" in one.reason
    for one in make_split(dataset, "fold2", shared_cells=policy).dropped:
        assert "of fold_2, which is tested" in one.reason


def test_what_is_held_out_shares_no_cells_with_the_test_side_either(dataset: Dataset) -> None:
    split = make_split(dataset, "fold0", holdout="fold2")
    assert not {"21", "H2", "H4", "H5"} & subjects(split.validation)
    assert {cell.fold for cell in split.train} == {"fold_1"}


def test_the_preliminary_cells_can_be_held_out_of_the_final_split(dataset: Dataset) -> None:
    split = make_split(dataset, "final", holdout="prelim")
    assert {cell.part for cell in split.train} == {"train"}
    assert {cell.part for cell in split.validation} == {"prelim"}


def test_a_limit_keeps_few_balanced_cells_and_marks_the_split_partial(dataset: Dataset) -> None:
    split = make_split(dataset, "prelim", limit=12)
    assert classes(split.train) == {"ALL": 6, "HEM": 6}
    assert classes(split.test) == {"ALL": 6, "HEM": 6}
    assert len(subjects(split.train)) == 12
    assert split.partial
    assert split.phase.partial
    assert split == make_split(dataset, "prelim", limit=12)
    assert make_split(dataset, "final", limit=1000).phase.partial


def test_a_limit_holds_where_the_classes_are_not_known(dataset: Dataset) -> None:
    assert len(make_split(dataset, "final", limit=5).test) == 5


def without(rearranged: Rearranged, target: Path, word: str) -> Dataset:
    root = rearranged(target, lambda inner: inner)
    for path in sorted(root.rglob("*")):
        if word in path.as_posix() and path.is_file():
            path.unlink()
    return open_dataset(root)


def test_without_label_file_prelim_can_be_predicted_but_not_learnt_from(
    rearranged: Rearranged, tmp_path: Path
) -> None:
    dataset = without(rearranged, tmp_path / "copy", LABEL_FILE.name)
    split = make_split(dataset, "prelim")
    assert all(cell.label is None and cell.subject is None for cell in split.test)
    with pytest.raises(DataWrong, match=r"prelim cells cannot be learnt from.*there is no C-NMC_test"):
        make_split(dataset, "final")
    with pytest.raises(DataWrong, match="labels are not known"):
        make_split(dataset, "fold0", holdout="prelim")


def test_only_the_splits_that_miss_images_are_partial(rearranged: Rearranged, tmp_path: Path) -> None:
    dataset = without(rearranged, tmp_path / "copy", "fold_0/all")
    assert dataset.partial
    assert make_split(dataset, "fold0").phase.partial
    fold1 = make_split(dataset, "fold1")
    assert fold1.partial
    assert not fold1.phase.partial


def test_missing_final_images_leave_the_preliminary_split_whole(
    rearranged: Rearranged, tmp_path: Path
) -> None:
    dataset = without(rearranged, tmp_path / "copy", "final_phase_data/3.bmp")
    assert not make_split(dataset, "prelim").partial
    assert make_split(dataset, "final").phase.partial


def test_a_split_without_cells_says_which_side_is_empty(few: Dataset) -> None:
    with pytest.raises(DataWrong, match="split final has no cells to predict"):
        make_split(few, "final")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("fold3", {}, "no split 'fold3'"),
        ("prelim", {"shared_cells": "some"}, "no 'some'"),
        ("prelim", {"holdout": "final"}, "'final' cannot be held out"),
        ("fold0", {"holdout": "fold0"}, "fold0 is what split fold0 predicts"),
        ("prelim", {"limit": 1}, "a limit of 1"),
    ],
)
def test_what_cannot_be_split_is_refused(
    name: str, options: dict[str, object], said: str, dataset: Dataset
) -> None:
    with pytest.raises(UsageWrong, match=said):
        make_split(dataset, name, **options)  # type: ignore[arg-type]


def test_a_data_set_describes_itself_without_a_path(dataset: Dataset, drawn: Path) -> None:
    facts = dataset.described()
    assert facts["drawn"] is True
    assert facts["source"].startswith("drawn data")
    assert facts["cells"]["prelim"] == 28
    assert str(drawn) not in str(facts)
    assert make_split(dataset, "fold2").described()["dropped"][0]["subject"]
