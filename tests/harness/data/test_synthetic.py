"""Drawn data: published names and formats, the same bytes every time, subjects that differ."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data.audit import audit
from harness.data.layouts import MARKER
from harness.data.painting import as_bmp, padded
from harness.data.published import published
from harness.data.synthetic import FEWEST, PlannedCell, draw, drawn_bytes, planned
from harness.errors import DataWrong, UsageWrong
from submissions.cells import Label
from tests.support import stored
from tests.support.dataset import a_dataset

SCALE = 30 / 15_114

DIGEST = """
import hashlib, sys
from pathlib import Path
from harness.data.synthetic import draw
root = Path(sys.argv[1])
draw(root, scale=float(sys.argv[2]), seed=int(sys.argv[3]), jobs=int(sys.argv[4]))
digest = hashlib.sha256()
for path in sorted(path for path in root.rglob("*") if path.is_file()):
    digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
print(digest.hexdigest())
"""


def digest(root: Path, seed: int, jobs: int) -> str:
    """SHA-256 of all that another process draws."""
    command = [sys.executable, "-c", DIGEST, str(root), str(SCALE), str(seed), str(jobs)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_two_processes_draw_the_same_bytes_from_the_same_seed_and_others_from_another(tmp_path: Path) -> None:
    first = digest(tmp_path / "a", seed=1, jobs=1)
    assert digest(tmp_path / "b", seed=1, jobs=3) == first
    assert digest(tmp_path / "c", seed=2, jobs=3) != first


def test_a_second_drawing_of_the_same_folder_is_told_and_harms_nothing(tmp_path: Path) -> None:
    code = "import fcntl, os, sys\nfcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)\n"
    code += "print('held', flush=True)\nsys.stdin.read()"
    live = tmp_path / ".drawing-1"
    live.mkdir()
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataWrong, match="another process is drawing"):
            draw(tmp_path, scale=SCALE, seed=0)
        holder.kill()
    assert live.is_dir()
    draw(tmp_path, scale=SCALE, seed=0)
    assert not live.exists()


def test_the_whole_set_has_the_published_names_counts_and_subjects() -> None:
    cells = planned(1.0, seed=0)
    assert {(cell.part, cell.name) for cell in cells} == {
        (cell.split, cell.name) for cell in published().cells
    }
    for cell in cells:
        known = published().find(cell.part, cell.name)
        assert known is not None
        if cell.part == "train":
            assert (cell.fold, cell.subject, cell.label) == (known.fold, known.subject, known.label)
    prelim = [cell for cell in cells if cell.part == "prelim"]
    assert Counter(cell.label for cell in prelim) == {Label.ALL: 1219, Label.HEM: 648}
    assert Counter(cell.subject for cell in prelim)["H33"] == 5
    final = {cell.subject: cell.label for cell in cells if cell.part == "final"}
    assert Counter(final.values()) == {Label.ALL: 9, Label.HEM: 8}


@pytest.mark.parametrize("cells", [118, 200, 2000])
def test_every_subject_keeps_a_cell_when_there_are_enough(cells: int) -> None:
    assert len({cell.subject for cell in planned(cells / 15_114, seed=0)}) == 118


@pytest.mark.parametrize("cells", [FEWEST, 40, 60, 117])
def test_small_sets_have_both_classes_in_every_fold_and_as_many_preliminary_subjects_as_can_be(
    cells: int,
) -> None:
    drawn = planned(cells / 15_114, seed=0)
    assert len(drawn) == cells
    training = {(cell.fold, cell.label) for cell in drawn if cell.part == "train"}
    assert len(training) == 6
    assert len({cell.subject for cell in drawn if cell.part == "prelim"}) == min(28, cells // 2)


def test_files_have_the_published_formats_and_a_black_background(drawn: Path) -> None:
    sizes = {"training_data": 608_454, "validation_data": 608_538, "testing_data": 1_080_054}
    for folder, size in sizes.items():
        path = next((drawn / "C-NMC_Leukemia" / folder).rglob("*.bmp"))
        assert path.stat().st_size == size
        with Image.open(path) as image:
            assert image.mode == "RGB"
            assert image.size == ((600, 600) if folder == "testing_data" else (450, 450))
            pixels = np.asarray(image)
        cell = pixels.max(axis=2) > 0
        assert 2_000 < cell.sum() < 120_000
        assert not cell[:5].any()
        assert pixels[cell].min(axis=0).all()


def test_the_long_header_is_that_of_a_real_preliminary_image() -> None:
    folder = "cnmc/C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data"
    with Image.open(stored(f"{folder}/5.bmp")) as image:
        content = as_bmp(np.asarray(image), long_header=True)
    real = stored(f"{folder}/5.bmp").read_bytes()
    assert content[:58] == real[:58]
    assert content[138:] == real[138:]


def test_a_training_image_written_again_is_the_published_file() -> None:
    path = stored("cnmc/C-NMC_Leukemia/training_data/fold_0/all/UID_1_1_1_all.bmp")
    with Image.open(path) as image:
        assert as_bmp(np.asarray(image)) == path.read_bytes()


def test_padding_keeps_the_field_in_the_middle() -> None:
    field = np.arange(450 * 450 * 3, dtype=np.uint32).astype(np.uint8).reshape(450, 450, 3)
    assert np.array_equal(padded(field, 600)[75:525, 75:525], field)


def test_shared_cells_are_byte_identical_across_folds() -> None:
    cells = {cell.name: cell for cell in planned(0.05, seed=0) if cell.part == "train"}
    pairs = [pair for pair in published().pairs if pair.a in cells and pair.b in cells]
    joined = {frozenset((cells[pair.a].subject, cells[pair.b].subject)) for pair in pairs}
    assert {frozenset(("20", "21")), frozenset(("H10", "H3")), frozenset(("51", "78"))} <= joined
    one = pairs[0]
    assert drawn_bytes(cells[one.a], 0) == drawn_bytes(cells[one.b], 0)
    assert one.a != one.b


def descriptors(cells: list[PlannedCell]) -> np.ndarray:
    """Area, mean colour and its scatter of every drawn cell."""
    rows = []
    for cell in cells:
        with Image.open(io.BytesIO(drawn_bytes(cell, 0))) as image:
            pixels = np.asarray(image)
        own = pixels[pixels.max(axis=2) > 0].astype(float)
        rows.append([len(own), *own.mean(axis=0), *own.std(axis=0)])
    return np.array(rows)


def test_subjects_differ_from_each_other_more_than_the_cells_of_one() -> None:
    """Between-subject variance of colour exceeds that within, in one class of one fold."""
    cells = [
        PlannedCell("train", f"UID_{subject}_{image}_1_all.bmp", str(subject), Label.ALL, "fold_0")
        for subject in range(1, 13)
        for image in range(1, 7)
    ]
    values = descriptors(cells).reshape(12, 6, -1)
    within = values.var(axis=1, ddof=1).mean(axis=0)
    between = values.mean(axis=1).var(axis=0, ddof=1) - within / 6
    assert (between[1:4] > within[1:4]).all()


def test_simple_descriptors_tell_the_classes_of_unseen_subjects_apart_but_not_perfectly() -> None:
    """Nearest class mean on seven numbers, subjects never on both sides."""
    cells = [
        PlannedCell("train", f"UID_{sign}{subject}_{image}_1_x.bmp", f"{sign}{subject}", label, "fold_0")
        for sign, label in (("", Label.ALL), ("H", Label.HEM))
        for subject in range(1, 41)
        for image in range(1, 3)
    ]
    values, labels = descriptors(cells), np.array([int(cell.label) for cell in cells])
    learnt = np.array([int(cell.subject.lstrip("H")) <= 20 for cell in cells])
    values = (values - values[learnt].mean(axis=0)) / values[learnt].std(axis=0)
    centres = np.array([values[learnt & (labels == label)].mean(axis=0) for label in (0, 1)])
    distance = ((values[~learnt, None] - centres) ** 2).sum(axis=2)
    right = (distance.argmin(axis=1) == labels[~learnt]).mean()
    assert 0.6 < right < 0.95


def test_drawing_again_leaves_the_same_set_as_it_is(tmp_path: Path) -> None:
    root = a_dataset(tmp_path / "data", cells=FEWEST)
    before = (root / MARKER).stat().st_mtime_ns
    a_dataset(root, cells=FEWEST)
    assert (root / MARKER).stat().st_mtime_ns == before
    with pytest.raises(DataWrong, match="is not empty"):
        a_dataset(root, cells=FEWEST, seed=1)
    assert audit(root).complete


def test_what_a_killed_drawing_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "data" / ".drawing-999999999" / "C-NMC_Leukemia"
    left.mkdir(parents=True)
    (tmp_path / "data" / MARKER).write_text("killed before the images took their place")
    root = a_dataset(tmp_path / "data", cells=FEWEST)
    assert sorted(path.name for path in root.iterdir()) == ["C-NMC_Leukemia", MARKER]


def test_nothing_is_drawn_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(DataWrong, match=r"holds thesis\.tex"):
        draw(tmp_path, scale=SCALE, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("scale", [0, -1, 1.5, 0.001, float("nan")])
def test_a_scale_that_cannot_be_drawn_is_refused(scale: float, tmp_path: Path) -> None:
    with pytest.raises(UsageWrong, match="cannot be drawn"):
        draw(tmp_path / "data", scale=scale, seed=0)
    assert not (tmp_path / "data").exists()


def test_the_marker_says_drawn_data_and_lists_every_file(drawn: Path) -> None:
    document = json.loads((drawn / MARKER).read_text())["content"]
    assert document["note"].startswith("DRAWN DATA")
    assert (document["seed"], document["recipe"]) == (0, 1)
    images = {path.name: path for path in drawn.rglob("*.bmp") if "fold_" in str(path)}
    assert set(document["files"]["train"]) == set(images)
    for name, sha256 in list(document["files"]["train"].items())[:5]:
        assert hashlib.sha256(images[name].read_bytes()).hexdigest() == sha256
