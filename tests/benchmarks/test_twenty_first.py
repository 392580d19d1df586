"""What one entry more costs a server, counted in pairs that are tested."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Board
from benchmarks.twenty_first import grown


def test_on_a_server_the_twenty_first_entry_tests_twenty_pairs(tmp_path: Path) -> None:
    """Through a real store: handed in, judged, and the board made anew with all its comparisons."""
    first, last = grown(Board(21), tmp_path / "data")
    assert (first.entries, first.tested) == (20, 190)
    assert (last.entries, last.tested) == (21, 20)
