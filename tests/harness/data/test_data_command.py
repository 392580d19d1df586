"""`harness data` as it is typed: documents, tables and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import few_images, stored, whole_sample
from tests.support.disk import no_file_above
from tests.support.inside import harness_inside


def harness(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from harness.cli.main import main; main()",
        "data",
        *map(str, arguments),
    ]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )


@pytest.mark.parametrize(("images", "training", "preliminary"), [(few_images, 21, 3), (whole_sample, 323, 9)])
def test_the_audit_of_the_real_sample_prints_one_document_and_exits_with_3(
    images: Callable[[], Path], training: int, preliminary: int
) -> None:
    done = harness("audit", images(), "--json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert document["splits"]["train"]["present"] == training
    assert document["splits"]["prelim"]["present"] == preliminary
    assert document["splits"]["train"]["corrupt"] == []
    assert document["label_file"]["recognised"] is True
    assert document["stray"] == ["ATTRIBUTION.md"]
    assert document["complete"] is False


def test_a_corrupt_image_is_named_for_people_too(tmp_path: Path) -> None:
    name = "UID_1_1_1_all.bmp"
    real = stored(f"cnmc/C-NMC_Leukemia/training_data/fold_0/all/{name}").read_bytes()
    (tmp_path / name).write_bytes(real[:-3] + b"\x01" + real[-2:])
    done = harness("audit", tmp_path)
    assert done.returncode == 3
    assert f"{name}: corrupt in train; expected SHA-256" in done.stdout
    assert "Not complete." in done.stdout


def test_drawn_data_is_drawn_audited_and_called_so(tmp_path: Path) -> None:
    root = tmp_path / "data"
    drawn = harness("draw", root, "--scale", "0.002", "--seed", "3", "--json")
    assert drawn.returncode == 0
    assert json.loads(drawn.stdout)["cells"] == {"train": 10, "prelim": 15, "final": 5}
    audited = harness("audit", root)
    assert audited.returncode == 0
    assert "drawn data (scale 0.002, seed 3, recipe 1)" in audited.stdout
    assert "Complete." in audited.stdout
    shutil.rmtree(root / "C-NMC_Leukemia/testing_data")
    assert harness("audit", root, "--json").returncode == 3


def test_a_folder_without_data_ends_with_one_error_document(tmp_path: Path) -> None:
    done = harness("audit", tmp_path / "nothing", "--json")
    assert done.returncode == 3
    assert "does not exist" in json.loads(done.stdout)["error"]["message"]
    assert "C_NMC_2019" in done.stderr


def test_a_wrong_scale_is_a_matter_of_usage(tmp_path: Path) -> None:
    done = harness("draw", tmp_path / "data", "--scale", "7")
    assert done.returncode == 2
    assert "a scale of 7 cannot be drawn" in done.stderr


def test_drawing_onto_a_full_disk_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with no_file_above(100_000):
        answer = harness_inside("data", "draw", root, "--scale", "0.002")
    assert answer.code == 3, answer.err
    assert ".bmp cannot be written, there is no room" in answer.err
    assert "Make room" in answer.err
    assert list(root.iterdir()) == []
