"""A finished run on images of one's own: scores of lossless copies, refusals, and what everything says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from harness.data.own_images import OwnFile, own_files
from harness.errors import DataWrong
from harness.reports.own_page import own_page
from harness.runs.finished import FinishedRun, open_finished
from harness.runs.own_folder import ImagesOutcome, predict_images
from harness.runs.plan import Request, resolve
from harness.runs.workflow import run
from tests.support import few_images

pytestmark = pytest.mark.training

QUICK = {"side": "48", "views": "2", "batch": "4", "epochs": "1"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedRun]:
    """A network that has learnt from the real images of two folds."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        request = Request(
            "tiny", "fold0", data_root=few_images(), runs_root=folder, settings=QUICK, allow_partial=True
        )
        yield open_finished(run(resolve(request)).folder.path)


def originals(pattern: str) -> list[Path]:
    return sorted(few_images().rglob(pattern))


def scored(finished: FinishedRun, place: Path, root: Path, **options: bool) -> ImagesOutcome:
    return predict_images(finished, own_files(place), root, own_page, device="cpu", **options)


def rows(outcome: ImagesOutcome) -> dict[str, dict[str, str]]:
    with outcome.table.open(newline="") as table:
        return {row["image"]: row for row in csv.DictReader(table)}


def test_lossless_copies_get_the_scores_of_the_originals(finished, tmp_path):
    with (finished.folder.predictions).open(newline="") as table:
        known = {row["cell"]: row["score"] for row in csv.DictReader(table)}
    (tmp_path / "mine").mkdir()
    for path in originals("fold_0/*/*.bmp"):
        with Image.open(path) as image:
            for ending in ("png", "tiff"):
                image.save(tmp_path / "mine" / f"{path.stem}.{ending}")
            padded = Image.new("RGB", (600, 600))
            padded.paste(image, (75, 75))
            padded.save(tmp_path / "mine" / f"{path.stem}.bmp")
    found = rows(scored(finished, tmp_path / "mine", tmp_path))
    assert len(found) == 3 * len(known)
    for name, row in found.items():
        expected = float(known[f"{Path(name).stem}.bmp"])
        assert float(row["score"]) == pytest.approx(expected, rel=1e-6)
        assert row["label"] == ("ALL" if expected > 0.5 else "HEM")


def test_images_of_cells_that_the_network_has_seen_are_refused_or_marked(finished, tmp_path):
    (tmp_path / "mine").mkdir()
    for path in originals("fold_1/all/*.bmp"):
        with Image.open(path) as image:
            image.save(tmp_path / "mine" / f"my-{path.stem}.png")
    count = len(originals("fold_1/all/*.bmp"))
    with pytest.raises(DataWrong) as refused:
        scored(finished, tmp_path / "mine", tmp_path)
    assert f"has seen {count} of these {count} images in training" in str(refused.value)
    assert "my-UID_" in str(refused.value)
    outcome = scored(finished, tmp_path / "mine", tmp_path, allow_seen=True)
    assert "cells seen in training" in outcome.manifest.remarks
    assert "cells seen in training" in outcome.page.read_text()
    assert all("cells seen in training" in row["said"] for row in rows(outcome).values())


def test_table_page_and_document_say_what_got_no_score_and_that_none_is_a_diagnosis(finished, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    with Image.open(originals("fold_0/all/*.bmp")[0]) as image:
        image.save(mine / "one.png")
        image.resize((900, 900)).save(mine / "twice.png")
    Image.new("RGB", (300, 300)).save(mine / "empty <b>.png")
    (mine / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    outcome = scored(finished, mine, tmp_path)
    found = rows(outcome)
    assert found["empty <b>.png"]["score"] == ""
    assert "nothing but background" in found["empty <b>.png"]["problem"]
    assert "its edge is cut" in found["twice.png"]["remarks"]
    assert all("no diagnosis" in row["said"] for row in found.values())
    page = outcome.page.read_text()
    assert page.count("no diagnosis") >= 2
    assert "empty &lt;b&gt;.png" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    document = outcome.to_json()
    assert (document["images"], document["scored"]) == (4, 2)
    assert {one["image"] for one in document["not_scored"]} == {"empty <b>.png", "broken.jpg"}
    assert "no diagnosis" in document["remarks"][-1]
    assert outcome.manifest.predicted_by["run"] == finished.name


def test_where_no_image_can_be_scored_that_is_an_error_and_nothing_is_left(finished, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataWrong, match=r"none of 1 images can be scored: notes\.txt"):
        scored(finished, tmp_path / "notes.txt", tmp_path / "runs")
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt"}


def test_the_page_shows_the_highest_score_first_and_the_same_images_come_to_the_same_folder(
    finished, tmp_path
):
    files = [OwnFile(path.name, path) for path in originals("fold_0/*/*.bmp")]
    first = predict_images(finished, files, tmp_path, own_page, device="cpu")
    again = predict_images(finished, files, tmp_path, own_page, device="cpu")
    assert first.folder == again.folder
    page, found = first.page.read_text(), rows(first)
    order = sorted(found, key=lambda name: -float(found[name]["score"]))
    assert order == sorted(found, key=lambda name: page.index(f">{name}<"))
