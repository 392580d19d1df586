"""The folder in which the examples for Python are run: everything that they name lies there."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from harness.runs.plan import Request, resolve
from harness.runs.workflow import run
from tests.support import stored
from tests.support.dataset import a_dataset
from tests.support.truth import LABEL_FILE


def furnish(folder: Path) -> None:
    """Drawn data, a finished run, two real tables with their labels, and four images, one of them empty."""
    a_dataset(folder / "data")
    settings = {"side": "32", "views": "1", "batch": "8", "epochs": "2"}
    request = Request("tiny", data_root=folder / "data", runs_root=folder / "runs", settings=settings)
    run(resolve(request)).folder.path.rename(folder / "runs" / "tiny")
    for name in ("svm", "lda"):
        shutil.copy(stored(f"entries/prelim/{name}.csv"), folder / f"{name}.csv")
    shutil.copy(stored(LABEL_FILE), folder / "labels.csv")
    (folder / "images").mkdir()
    cells = sorted((folder / "data").rglob("*prelim_phase_data/*.bmp"))[:3]
    for at, cell in enumerate(cells):
        with Image.open(cell) as image:
            image.save(folder / "images" / f"cell{at}.png")
    Image.new("RGB", (300, 300)).save(folder / "images" / "empty.png")
