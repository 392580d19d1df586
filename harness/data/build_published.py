"""Build the packaged list of published cells from the table of facts about C-NMC 2019.

``python -m harness.data.build_published FACTS_FOLDER IMAGES_FOLDER`` reads ``known_files.csv`` and
``shared_cells.csv`` there and writes ``published.csv.xz`` and ``shared.csv.xz`` beside this module:
the same rows without what the package does not need, with the pixels of those published images that
lie below IMAGES_FOLDER, the same bytes every time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.data.pixels import shown_by
from harness.data.published import LIST_COLUMNS, LIST_FILE, PAIR_COLUMNS, PAIRS_FILE


def build(facts: Path, images: Path, target: Path) -> tuple[Path, Path]:
    """Write both compressed lists into `target`; returns their paths."""
    return (
        _write(target / LIST_FILE, LIST_COLUMNS, _cells(facts / "known_files.csv", _pixels(images))),
        _write(target / PAIRS_FILE, PAIR_COLUMNS, _pairs(facts / "shared_cells.csv")),
    )


def _pixels(images: Path) -> dict[str, str]:
    """The pixels of every image below a folder, by the SHA-256 of its file."""
    contents = (path.read_bytes() for path in images.rglob("*.bmp"))
    return {hashlib.sha256(content).hexdigest(): shown_by(content).pixels for content in contents}


def _cells(table: Path, pixels: Mapping[str, str]) -> Iterator[Sequence[str]]:
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            twin = PurePosixPath(row["identical_to"]).name
            yield *(row[column] for column in LIST_COLUMNS[:-2]), twin, pixels.get(row["sha256"], "")


def _pairs(table: Path) -> Iterator[Sequence[str]]:
    """The pairs that recur between the same two subjects; the others look like chance."""
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["subject_pair_recurs"] == "1":
                yield row["a"], row["b"], "1" if row["evidence"].startswith("byte-identical") else "0"


def _write(target: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    target.write_bytes(lzma.compress(text.getvalue().encode(), preset=9 | lzma.PRESET_EXTREME))
    return target


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m harness.data.build_published FACTS_FOLDER IMAGES_FOLDER\n")
        return 2
    for path in build(Path(arguments[0]), Path(arguments[1]), Path(__file__).parent):
        sys.stderr.write(f"{path.name}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
