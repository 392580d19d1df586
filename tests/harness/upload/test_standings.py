"""A leaderboard of Codabench becomes reference rows of ours, from the site or from a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli.phase import _references
from harness.errors import DataWrong
from harness.upload.standings import as_table, from_table
from tests.support.codabench_site import Stand, codabench
from tests.support.command import harness


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("CODABENCH_TOKEN", raising=False)
    with codabench(Stand()) as running:
        yield running


def test_the_site_s_leaderboard_is_read_without_a_token_and_our_board_takes_it(
    stand: Stand, tmp_path: Path
) -> None:
    out = tmp_path / "references.csv"
    where = ("--competition", 7, "--phase", "Prelim", "--site", stand.url, "--out", out)
    answer = harness("import-leaderboard", *where, "--source", "the site", "--json")
    assert answer.code == 0, answer.err
    assert answer.document() == {"references": str(out), "rows": 3, "without": 1}
    assert list(_references(out)) == [
        ("ada", {"weighted_f1": 0.9008, "accuracy": 0.9}, "the site"),
        ("ada (2)", {"weighted_f1": 0.85, "accuracy": 0.86}, "the site"),
        ("bob, jr", {"weighted_f1": 0.81}, "the site"),
    ]
    assert not any(known for _, _, known in stand.seen)


def test_a_table_with_titles_or_keys_is_read(tmp_path: Path) -> None:
    (tmp_path / "board.csv").write_text(
        "Username,Weighted F1,specificity,Rank\nada,0.9,0.8,1\nbob,n/a,0.7,2\n"
    )
    found = from_table(tmp_path / "board.csv")
    assert found.without == 1
    (row,) = csv.DictReader(as_table(found, "x").splitlines())
    assert row == {"entry": "ada", "weighted_f1": "0.9", "source": "x", "specificity": "0.8"}


def test_a_table_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "board.csv").write_text("weighted_f1\n0.9\n")
    with pytest.raises(DataWrong, match="a column of names"):
        from_table(tmp_path / "board.csv")


def test_one_of_table_and_competition_is_asked_for(tmp_path: Path) -> None:
    assert harness("import-leaderboard").code == 2
    assert harness("import-leaderboard", "--competition", 7).code == 2
