"""`harness token add --teams`: one new file of tokens for many teams, and what it is refused for."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pytest

from eval_server.service.access import digest_of
from eval_server.store.store import Store
from tests.support.command import harness
from tests.support.inside import harness_inside
from tests.support.server import administer


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(folder: Path, *arguments: Any) -> Any:
    return harness("token", "add", "--data-dir", folder / "data", "--out", folder / "tokens.csv", *arguments)


def test_a_file_of_twenty_names_becomes_a_file_of_twenty_tokens_that_open(tmp_path: Path) -> None:
    names = [f"Gruppe {number}" for number in range(1, 20)] + ["白血病チーム"]
    (tmp_path / "teams.txt").write_text("\ufeff" + "\r\n".join(names) + "\r\n\r\n", encoding="utf-8")
    given = "--teams", tmp_path / "teams.txt", "--note", "course", "--server", "https://board.example/"
    made = add(tmp_path, *given)
    assert made.code == 0, made.err
    assert "20 tokens for 20 teams" in made.out
    rows = rows_of(tmp_path / "tokens.csv")
    assert list(rows[0]) == ["team", "token", "expires", "link"]
    assert [row["team"] for row in rows] == names
    assert {row["link"] for row in rows} == {"https://board.example/sign-in"}
    assert stat.S_IMODE((tmp_path / "tokens.csv").stat().st_mode) == 0o600
    assert not any(row["token"] in made.out + made.err for row in rows)
    store = Store.open(tmp_path / "data")
    found = {row["team"]: store.tokens.by_digest(digest_of(row["token"])) for row in rows}
    deeds = store.audit.listed()
    store.close()
    assert {team: one.team for team, one in found.items() if one} == {name: name for name in names}
    assert {one.note for one in found.values() if one} == {"course"}
    assert sorted(one.subject for one in deeds) == sorted(names)


def test_names_on_the_command_line_and_files_go_together(tmp_path: Path) -> None:
    (tmp_path / "teams.txt").write_text("gamma\n=delta\n", encoding="utf-8")
    document = add(tmp_path, "--teams", "alpha", "beta", tmp_path / "teams.txt", "--json").document()
    assert [one["team"] for one in document["tokens"]] == ["alpha", "beta", "gamma", "=delta"]
    assert [row["team"] for row in rows_of(tmp_path / "tokens.csv")] == ["alpha", "beta", "gamma", "'=delta"]


def test_a_team_that_is_there_in_another_spelling_gets_one_more_token(tmp_path: Path) -> None:
    administer(tmp_path / "data", None, "token", "add", "--team", "Blue Cells")
    document = add(tmp_path, "--teams", "BLUE cells", "green", "--json").document()
    assert [one["team"] for one in document["tokens"]] == ["Blue Cells", "green"]
    assert [row["team"] for row in rows_of(tmp_path / "tokens.csv")] == ["Blue Cells", "green"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--teams", "alpha", "Alpha"], 3, "line 2: 'Alpha' is the team of line 1, 'alpha'"),
        (["--teams", "a" * 81], 3, "line 1: a team's name is one line of 1 to 80"),
        (["--teams", ""], 3, "found 0 names"),
        (["--teams", "alpha", "--role", "host"], 2, "--teams makes tokens of teams"),
        (["--teams", "alpha", "--team", "beta"], 2, "--teams makes tokens of teams"),
        (["--teams", "nofile.txt"], 2, "nofile.txt looks like a file, and there is none"),
        (["--teams", "alpha", "list/of/teams"], 2, "list/of/teams looks like a file"),
        (["alpha"], 2, "expected options only, found 'alpha'"),
        (["--teams", "alpha", "--out", "no-such-folder/tokens.csv"], 2, "cannot be written"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_made(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = harness_inside("token", "add", "--data-dir", tmp_path, "--out", tmp_path / "t.csv", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert administer(tmp_path, None, "token", "list") == {"tokens": []}
    assert not (tmp_path / "t.csv").exists()


def test_a_name_with_a_dot_is_a_team_and_one_of_each_is_said_as_one(tmp_path: Path) -> None:
    made = add(tmp_path, "--teams", "St. Anna")
    assert "1 token for 1 team: " in made.out
    assert [row["team"] for row in rows_of(tmp_path / "tokens.csv")] == ["St. Anna"]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tokens.csv").write_text("the last course")
    refused = add(tmp_path, "--teams", "alpha")
    assert refused.code == 2
    assert "is there already" in refused.err
    assert (tmp_path / "tokens.csv").read_text() == "the last course"
    assert administer(tmp_path / "data", None, "token", "list") == {"tokens": []}
