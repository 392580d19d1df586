"""Tensors and checkpoints on a disk without room: the file is named, what was whole stays whole."""

import errno

import pytest
import torch

from models.finetune.checkpoints import Checkpoints
from models.finetune.tensors import save
from tests.support.disk import no_file_above

pytestmark = pytest.mark.training


def test_tensors_may_be_read_by_whoever_may_read_the_files_beside_them(tmp_path):
    file, beside = tmp_path / "model.safetensors", tmp_path / "facts.json"
    beside.write_text("{}")
    save({"weight": torch.zeros(3)}, file)
    assert file.stat().st_mode == beside.stat().st_mode
    assert {path.name for path in tmp_path.iterdir()} == {file.name, beside.name}


def test_tensors_without_room_name_their_file(tmp_path):
    file = tmp_path / "model.safetensors"
    with no_file_above(10_000), pytest.raises(OSError) as refused:
        save({"weight": torch.zeros(10_000)}, file)
    assert refused.value.errno == errno.EFBIG
    assert refused.value.filename == str(file)


def test_a_checkpoint_without_room_leaves_the_one_before_and_nothing_else(tmp_path):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save({"weight": torch.ones(3)}, {"epoch": 1}, None)
    with no_file_above(10_000), pytest.raises(OSError, match="last"):
        checkpoints.save({"weight": torch.zeros(10_000)}, {"epoch": 2}, None)
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]
    saved = checkpoints.last()
    assert saved is not None
    assert saved.facts == {"epoch": 1}


def test_a_checkpoint_whose_position_was_changed_is_passed_over(tmp_path):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save({"weight": torch.ones(3)}, {"epoch": 1}, None)
    file = tmp_path / "last.safetensors"
    content = file.read_bytes()
    assert content.count(b'epoch\\": 1') == 1
    file.write_bytes(content.replace(b'epoch\\": 1', b'epoch\\": 2'))
    assert checkpoints.last() is None


def test_the_best_of_another_epoch_is_not_taken_for_the_one_that_is_named(tmp_path):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save_best(1, {"weight": torch.ones(3)})
    assert checkpoints.best(1) is not None
    (tmp_path / "best-1.safetensors").rename(tmp_path / "best-2.safetensors")
    assert checkpoints.best(2) is None
