"""Build the packaged list of published cells from the table of facts about C-NMC 2019.

``python -m harness.data.build_published FACTS_FOLDER`` reads ``known_files.csv`` and
``shared_cells.csv`` there and writes ``published.csv.xz`` and ``shared.csv.xz`` beside this module:
the same rows without what the package does not need, the same bytes every time.
"""

from __future__ import annotations

import csv
import io
import lzma
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from harness.data.published import LIST_COLUMNS, LIST_FILE, PAIR_COLUMNS, PAIRS_FILE


def build(facts: Path, target: Path) -> tuple[Path, Path]:
    """Write both compressed lists into `target`; returns their paths."""
    return (
        _write(target / LIST_FILE, LIST_COLUMNS, _cells(facts / "known_files.csv")),
        _write(target / PAIRS_FILE, PAIR_COLUMNS, _pairs(facts / "shared_cells.csv")),
    )


def _cells(table: Path) -> Iterator[Sequence[str]]:
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            twin = PurePosixPath(row["identical_to"]).name
            yield *(row[column] for column in LIST_COLUMNS[:-1]), twin


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
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m harness.data.build_published FACTS_FOLDER\n")
        return 2
    for path in build(Path(arguments[0]), Path(__file__).parent):
        sys.stderr.write(f"{path.name}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
