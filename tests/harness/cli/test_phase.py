"""`harness phase` as a host types it: official names, references, and the list."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.cli.check import asked_phase
from submissions.phases import Phase
from tests.support.command import harness
from tests.support.desk import a_place
from tests.support.inside import harness_inside
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


OWN = "cell,label,subject\nslide10,1,A\nslide9,0,H\nslide1,1,A\nslide2,0,H\n"


def test_adding_a_phase_prints_the_order_of_its_lines_and_its_window(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    data = "--truth", tmp_path / "own.csv", "--data-dir", tmp_path / "data"
    told = harness_inside("phase", "add", "own", *data, "--opens", "2026-01-02", "--closes", "2026-01-03")
    assert told.code == 0, told.err
    assert "The lines follow the rows of its table: slide10, slide9, slide1, slide2" in told.out
    window = "opens 2 Jan 2026, 00:00 UTC, closes 3 Jan 2026, 23:59 UTC: already closed"
    assert window in told.out
    document = harness_inside("phase", "add", "other", *data, "--json").document()
    assert document["first_cells"] == ["slide10", "slide9", "slide1", "slide2"]
    assert document["window"] == {"opens_at": None, "closes_at": None, "status": "open"}


def test_a_bare_date_is_the_whole_day_and_a_phase_that_ends_today_is_open(tmp_path: Path) -> None:
    add_phase(tmp_path, None)
    today = datetime.now(UTC).date()
    told = harness_inside(
        "phase", "set", "small", "--closes", today, "--data-dir", tmp_path, "--json"
    ).document()
    closes_at = datetime.fromisoformat(told["window"]["closes_at"])
    assert closes_at == datetime.combine(today, time.max, UTC)
    assert told["window"]["status"] == "open" or datetime.now(UTC).date() > today
    with a_place(tmp_path) as place:
        for hour, status in ((23.99, 202), (24, 403)):
            place.clock.at = datetime.combine(today, time.min, UTC) + timedelta(hours=hour)
            assert place.upload().status_code == status


def test_the_window_is_printed_with_both_moments_and_what_the_clock_says(tmp_path: Path) -> None:
    add_phase(tmp_path, None)
    for limits, words in (
        (("--closes", "2026-01-05"), "opens at once, closes 5 Jan 2026, 23:59 UTC: already closed"),
        (("--closes", "2026-01-05T10:00"), "closes 5 Jan 2026, 10:00 UTC: already closed"),
        (("--closes", "2026-01-05T10:00+02:00"), "closes 5 Jan 2026, 08:00 UTC: already closed"),
        (("--closes", "none"), "opens at once, closes never: open now"),
        (("--opens", "2999-05-01"), "opens 1 May 2999, 00:00 UTC, closes never: not open yet"),
    ):
        told = harness_inside("phase", "set", "small", *limits, "--data-dir", tmp_path)
        assert words in told.out, told.err
    help_of = harness_inside("phase", "set", "--help").out
    assert "a day to its end (UTC)" in " ".join(help_of.split())


def test_the_host_is_told_where_the_order_of_the_rows_is_a_trap(tmp_path: Path) -> None:
    data = "--data-dir", tmp_path / "data"
    (tmp_path / "sorted.csv").write_text("cell,label\na,1\nb,1\nc,0\nd,0\n")
    (tmp_path / "numbers.csv").write_text("cell,label\n2.bmp,1\n1.bmp,0\n3.bmp,1\n")
    told = harness_inside("phase", "add", "sorted", "--truth", tmp_path / "sorted.csv", *data)
    assert "the order tells every label" in " ".join(told.err.split())
    told = harness_inside("phase", "add", "numbers", "--truth", tmp_path / "numbers.csv", *data)
    assert "not in the order of the cells' numbers" in " ".join(told.err.split())


def test_the_cells_of_a_phase_are_printed_as_a_table_for_cells(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    data = "--data-dir", tmp_path / "data"
    harness_inside("phase", "add", "own", "--truth", tmp_path / "own.csv", *data)
    table = harness_inside("phase", "cells", "own", *data).out
    assert table.splitlines() == ["line,cell", "1,slide10", "2,slide9", "3,slide1", "4,slide2"]
    (tmp_path / "cells.csv").write_text(table)
    assert asked_phase("own", tmp_path / "cells.csv") == Phase(
        "own", ("slide10", "slide9", "slide1", "slide2")
    )


def test_corrected_published_labels_replace_a_truth_when_they_are_trusted(tmp_path: Path) -> None:
    published = "Patient_ID,new_names,labels\nUID_1_1_1_all.bmp,1.bmp,1\nUID_H1_1_1_hem.bmp,2.bmp,0\n"
    (tmp_path / "labels.csv").write_text(published)
    (tmp_path / "mended.csv").write_text(published.replace("1.bmp,1", "1.bmp,0"))
    data = "--data-dir", tmp_path / "data"
    assert harness_inside("phase", "add", "own", "--truth", tmp_path / "labels.csv", *data).code == 0
    refused = harness_inside("phase", "truth", "own", "--truth", tmp_path / "mended.csv", *data)
    assert refused.code == 3
    assert "UID_1_1_1_all.bmp says all, the label says hem" in " ".join(refused.err.split())
    assert "--trust-labels" in refused.err
    taken = harness_inside(
        "phase", "truth", "own", "--truth", tmp_path / "mended.csv", "--trust-labels", *data
    )
    assert taken.code == 0, taken.err
    (tmp_path / "plain.csv").write_text("cell,label,subject\n1.bmp,1,1\n2.bmp,0,H1\n")
    assert harness_inside("phase", "truth", "own", "--truth", tmp_path / "plain.csv", *data).code == 0


def test_a_board_is_not_ranked_by_a_metric_that_its_truth_does_not_define(tmp_path: Path) -> None:
    (tmp_path / "normal.csv").write_text("cell,label,subject\na,0,H1\nb,0,H2\n")
    data = "--truth", tmp_path / "normal.csv", "--data-dir", tmp_path / "data"
    refused = harness_inside("phase", "add", "normal", *data, "--metric", "sensitivity")
    assert refused.code == 2
    assert "sensitivity is not defined here" in refused.err
    assert harness_inside("phase", "add", "normal", *data, "--metric", "specificity").code == 0


def test_a_perfect_entry_on_normal_cells_alone_has_no_sensitivity(tmp_path: Path) -> None:
    (tmp_path / "normal.csv").write_text("cell,label,subject\na,0,H1\nb,0,H2\nc,0,H2\n")
    (tmp_path / "mine.csv").write_text("cell,label\na,0\nb,0\nc,0\n")
    told = harness_inside("score", tmp_path / "mine.csv", "--truth", tmp_path / "normal.csv")
    rows = {line[:22].strip(): line[22:].split()[:1] for line in told.out.splitlines()}
    assert "0.0000" not in told.out
    assert rows["sensitivity (ALL)"] == ["—"]
    document = harness_inside("score", tmp_path / "mine.csv", "--truth", tmp_path / "normal.csv", "--json")
    found = document.document()["metrics"]
    assert (found["sensitivity"], found["mcc"], found["specificity"]) == (None, None, 1.0)
    compared = harness_inside(
        "compare",
        tmp_path / "mine.csv",
        f"b={tmp_path / 'mine.csv'}",
        "--truth",
        tmp_path / "normal.csv",
        "--json",
    )
    assert "sensitivity" not in compared.document()["pairs"][0]["secondary"]
