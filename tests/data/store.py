"""Make the packed files of this folder anew: ``python -m tests.data.store SHARED``.

SHARED is the folder with the specification's data (`entries`, `facts`, `cnmc-sample`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

DATA = Path(__file__).parent
LABELS = "C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data_labels.csv"
SEEDS = 6
"""Of each of the two methods; the folder they come from holds 24."""

IMAGES = {
    "training_data/fold_0/all": "1_1_1 3_1_1 11_1_1 11_16_1",
    "training_data/fold_0/hem": "H6_1_1 H6_14_1 H12_1_1 H19_26_1",
    "training_data/fold_1/all": "2_10_1 2_2_1 16_1_1 23_1_1",
    "training_data/fold_1/hem": "H10_1_1 H10_103_3 H22_1_1",
    "training_data/fold_2/all": "18_1_1 24_1_1",
    "training_data/fold_2/hem": "h3_1_1 h3_2_1 H4_1_1 H5_2_1",
    "validation_data/C-NMC_test_prelim_phase_data": "5 1002 1105",
}
"""Both classes and all folds. H10_1_1 and h3_1_1 show one cell; H4, H5 and H6 share cells with H2."""


def _packed(content: bytes) -> bytes:
    return lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)


def _tar(paths: Iterable[Path], folder: str) -> bytes:
    """The same bytes every time: no owner, no time."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path in sorted(paths):
            member = tarfile.TarInfo(f"{folder}/{path.name}")
            member.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(member, content)
    return _packed(target.getvalue())


def _file_names(place: str, names: str) -> list[str]:
    label = place.rpartition("/")[2]
    form = f"UID_{{}}_{label}.bmp" if place.startswith("training") else "{}.bmp"
    return [form.format(name) for name in names.split()]


def store_images(sample: Path) -> None:
    """Every chosen image as a PNG, and a table with its place, its header and the digest of its file."""
    with (DATA / "cnmc" / "images.csv").open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(("path", "header", "sha256"))
        for place, names in IMAGES.items():
            for name in _file_names(place, names):
                path = Path("C-NMC_Leukemia") / place / name
                content = (sample / path).read_bytes()
                header = content[: int.from_bytes(content[10:14], "little")]
                writer.writerow((path.as_posix(), header.hex(), hashlib.sha256(content).hexdigest()))
                with Image.open(sample / path) as image:
                    image.save(DATA / "cnmc" / f"{path.stem}.png", optimize=True)


def main(shared: Path) -> None:
    entries = shared / "entries"
    seeds = [path for path in (entries / "prelim-seeds").iterdir() if int(path.stem[-2:]) < SEEDS]
    (DATA / "entries" / "prelim.tar.xz").write_bytes(_tar((entries / "prelim").iterdir(), "prelim"))
    (DATA / "entries" / "prelim-seeds.tar.xz").write_bytes(_tar(seeds, "prelim-seeds"))
    for name in ("known_files.csv", "shared_cells.csv"):
        (DATA / "facts" / f"{name}.xz").write_bytes(_packed((shared / "facts" / name).read_bytes()))
    labels = DATA / "cnmc" / f"{LABELS}.xz"
    labels.parent.mkdir(parents=True, exist_ok=True)
    labels.write_bytes(_packed((shared / "cnmc-sample" / LABELS).read_bytes()))
    store_images(shared / "cnmc-sample")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
