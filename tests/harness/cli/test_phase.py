"""`harness phase` as a host types it: official names, references, and the list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import harness
from tests.support.server import add_phase, administer


def _inside(command: Any, *arguments: str) -> Any:
    """The command in this process, which is as true and far quicker."""
    from click.testing import CliRunner

    return CliRunner().invoke(command, arguments)


def test_an_official_name_is_refused_for_the_cells_of_the_other_phase_and_nothing_is_added(
    tmp_path: Path,
) -> None:
    rows = "".join(f"{number}.bmp,{number % 2}\n" for number in range(1, 1868))
    (tmp_path / "labels.csv").write_text("cell,label\n" + rows)
    refused = harness("phase", "add", "final", "--truth", "labels.csv", cwd=tmp_path)
    assert refused.code == 3
    assert "1867" in refused.err
    assert "2586" in refused.err
    assert administer(tmp_path / "server-data", None, "phase", "list") == {"phases": []}


def test_other_cells_may_bear_an_official_name_and_the_host_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("cell,label\n1.bmp,0\n2.bmp,1\n")
    added = harness("phase", "add", "prelim", "--truth", "labels.csv", cwd=tmp_path)
    assert added.code == 0, added.err
    assert "these 2 cells are not those of the official phase prelim" in added.err


def test_a_table_of_references_is_taken_whole(tmp_path: Path) -> None:
    add_phase(tmp_path, None)
    table = tmp_path / "published.csv"
    table.write_text("entry,weighted_f1,source,mcc\nfirst,0.9,a book,-0.1\nfirst,0.8,a board,\n")
    assert administer(tmp_path, None, "phase", "reference", "small", str(table))["references"] == 2
    again = harness("phase", "reference", "small", table, "--data-dir", tmp_path)
    assert again.code == 3
    assert "small has a reference first already" in again.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: found the columns none"),
        ("entry,weighted_f1,source\n", "a header and no lines"),
        ("name,weighted_f1,source\nx,0.5,s\n", "line 1: found the columns name"),
        ("entry,weighted_f1,source,source\nx,0.5,s,s\n", "line 1: found the columns"),
        ("entry,weighted_f1,source\nx,0.5,s\ny,90,s\n", "line 3, weighted_f1: expected 0 to 1, found '90'"),
        ("entry,weighted_f1,source\nx,0.5,s\ny,nan,s\n", "line 3, weighted_f1: expected 0 to 1, found 'nan'"),
        ("entry,weighted_f1,source\nx,0.5,s\n ,0.5,s\n", "line 3: expected an entry's name"),
        ("entry,weighted_f1,source\nx,0.5,s\ny,0.5\n", "line 3: expected as many values"),
        ("entry,weighted_f1,source\nx,0.5,s\nx,0.6,s\n", "line 3: x stands already in line 2"),
    ],
)
def test_one_wrong_line_of_references_is_named_before_any_is_stored(
    tmp_path: Path, text: str, said: str
) -> None:
    from harness.cli.phase import _references
    from harness.errors import DataWrong

    (tmp_path / "published.csv").write_text(text)
    with pytest.raises(DataWrong) as refused:
        list(_references(tmp_path / "published.csv"))
    assert said in str(refused.value)


def test_the_list_shows_a_phase_with_the_rules_of_its_own(tmp_path: Path) -> None:
    from harness.cli.phase import phase

    add_phase(tmp_path, None, "plain")
    add_phase(tmp_path, None, "exam", "--per-day", "3", "--visibility", "hidden")
    shown = _inside(phase, "list", "--data-dir", str(tmp_path)).output.splitlines()
    assert [" ".join(line.split()) for line in shown] == [
        *("plain", "the usual rules"),
        *("exam", "per day 3", "visibility hidden"),
    ]


def test_a_count_beyond_all_bounds_is_a_matter_of_usage(tmp_path: Path) -> None:
    from harness.cli.phase import phase

    huge = _inside(phase, "set", "small", "--per-day", "9" * 20, "--data-dir", str(tmp_path))
    assert huge.exit_code == 2
    assert "below 1,000,000,000" in huge.output
