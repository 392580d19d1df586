"""`harness doctor`: what is there of the data, what is in the way, which variables are read, torch's pair."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.data.layouts import find_files
from harness.doctor import REINSTALL, State, _data, shadows
from harness.errors import exit_code_of, words_of
from harness.house import HOUSE
from tests.support.command import harness
from tests.support.dataset import a_dataset


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return a_dataset(tmp_path / "drawn")


def test_a_whole_data_set_is_ok_and_counted_by_part(drawn: Path) -> None:
    finding = _data(drawn)
    assert finding.state is State.OK
    assert "drawn images" in finding.found
    assert "a label file" in finding.found


@pytest.mark.parametrize("part", ["train", "prelim", "final"])
def test_one_image_too_few_is_said_with_its_part_and_is_not_ok(drawn: Path, part: str) -> None:
    cells = find_files(drawn).cells
    of_part = [cell for cell in cells if cell.part == part]
    of_part[0].path.unlink()
    finding = _data(drawn)
    assert finding.state is State.NOTE
    assert f"{len(cells) - 1} of {len(cells)} drawn images" in finding.found
    assert f"{part} {len(of_part) - 1} of {len(of_part)}" in finding.found
    assert f"harness data audit {drawn}" in finding.mend


def test_a_label_file_that_is_missing_is_not_ok(drawn: Path) -> None:
    for file in find_files(drawn).label_files:
        file.unlink()
    assert _data(drawn).state is State.NOTE
    assert "no label file" in _data(drawn).found


def test_a_few_published_images_are_no_whole_data_set(drawn: Path, tmp_path: Path) -> None:
    one = next(cell for cell in find_files(drawn).cells if cell.part == "train")
    (tmp_path / "few" / "fold_0").mkdir(parents=True)
    shutil.copy(one.path, tmp_path / "few" / "fold_0")
    finding = _data(tmp_path / "few")
    assert finding.state is State.NOTE
    assert "1 of 15,114 images" in finding.found
    assert "train 1 of 10,661, prelim 0 of 1,867, final 0 of 2,586; no label file" in finding.found


def test_what_hides_modules_in_the_working_folder_and_on_the_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "secrets.py").write_text("")
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "mine.py").write_text("")
    here, there = shadows(tmp_path, str(tmp_path))
    assert (here.state, there.state) == (State.NOTE, State.WRONG)
    for finding in (here, there):
        assert f"models/, secrets.py, torch.py in {tmp_path}" in finding.found
    assert "`import harness` first" in here.mend


def test_neither_our_own_house_nor_an_installed_package_is_in_the_way(tmp_path: Path) -> None:
    assert shadows(Path(HOUSE), "")[0].state is State.OK
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("")
    assert shadows(tmp_path, "")[0].state is State.NOTE
    (tmp_path / "numpy-2.0.dist-info").mkdir()
    assert shadows(tmp_path, "")[0].state is State.OK


def test_variables_that_are_set_are_listed_and_secrets_are_not_shown(tmp_path: Path) -> None:
    set_ = {"HARNESS_SEED": "7", "HARNESS_TOKEN": "abc123", "HARNESS_SEDE": "1"}
    checks = harness("doctor", "--json", cwd=tmp_path, **set_).document()["checks"]
    told = {one["found"]: one["state"] for one in checks if one["name"] == "variable"}
    (token,) = [one for one in told if one.startswith("HARNESS_TOKEN is set, read by submit --token")]
    assert told[token] == "ok"
    assert any(one.startswith("HARNESS_SEED = 7, read by ") for one in told)
    assert told["nothing reads the variable HARNESS_SEDE. Did you mean HARNESS_SEED?"] == "note"
    assert "abc123" not in str(checks)


def an_installed(folder: Path, name: str, code: str, wants: str = "") -> None:
    (folder / f"{name}.py").write_text(code)
    about = folder / f"{name}-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n{wants}")


def test_a_torchvision_of_another_torch_is_explained_to_whoever_has_it(tmp_path: Path) -> None:
    an_installed(tmp_path, "torch", "")
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    an_installed(tmp_path, "torchvision", broken, "Requires-Dist: torch==9.9\n")
    answer = harness("doctor", "--json", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    checks = {one["name"]: one for one in answer.document()["checks"]}
    assert answer.code == 4
    for name in ("torch pair", "device"):
        assert checks[name]["state"] == "wrong"
        assert "operator torchvision::nms does not exist" in checks[name]["found"]
        assert checks[name]["mend"] == REINSTALL
    assert "torch 0.1 with torchvision 0.1, which asks for torch ==9.9" in checks["torch pair"]["found"]


def test_whoever_meets_that_mismatch_in_a_run_is_sent_to_the_doctor() -> None:
    error = RuntimeError("operator torchvision::nms does not exist")
    assert exit_code_of(error) == 4
    assert "torch and torchvision do not match" in words_of(error)[0]
    assert "`harness doctor`" in words_of(error)[1]
