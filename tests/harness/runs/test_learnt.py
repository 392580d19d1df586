"""What a training has seen: its cells, their twins, and the people they come from."""

from pathlib import Path

import pytest

from harness.data.published import published
from harness.data.records import CellRecord
from harness.errors import DataWrong
from harness.runs.learnt import LearntCell, read_learnt, seen_by, write_learnt


def record(name: str) -> CellRecord:
    cell = published().find("train", name)
    assert cell is not None
    return CellRecord(name, Path(name), "train", cell.fold, cell.subject, cell.label, cell.sha256)


def learnt(*names: str) -> tuple[LearntCell, ...]:
    return tuple(LearntCell("train", one.name, one.subject or "", one.sha256) for one in map(record, names))


def test_a_twin_of_a_training_cell_is_known_whether_its_bytes_are_the_same_or_others():
    for identical in (True, False):
        pair = next(one for one in published().pairs if one.identical is identical)
        seen = seen_by(learnt(pair.a), [record(pair.b)])
        assert list(seen.twins) == [pair.b]
        assert not seen.cells
        assert "1 that show a cell it learnt from (subjects " in str(seen)


def test_a_subject_that_shares_cells_through_another_one_is_known():
    of = {cell.subject: cell.name for cell in published().of("train")}
    seen = seen_by(learnt(of["75"]), [record(of["78"]), record(of["75"]), record(of["1"])])
    assert set(seen.subjects) == {"75", "78"}
    assert len(seen) == 2


def test_a_training_is_written_and_read_back_with_the_cells_that_chose_its_epoch(tmp_path):
    names = [cell.name for cell in published().of("train")[:5]]
    cells = [record(name) for name in names]
    write_learnt(tmp_path, cells[:3], cells[3:])
    back = read_learnt(tmp_path)
    assert [one.name for one in back.cells] == names[:3]
    assert [one.name for one in back.chosen_by] == names[3:]
    assert back.described()["parts"] == {"train": 3}


def test_a_run_that_does_not_say_what_it_was_trained_on_is_refused(tmp_path):
    with pytest.raises(DataWrong, match="does not say which cells"):
        read_learnt(tmp_path)
