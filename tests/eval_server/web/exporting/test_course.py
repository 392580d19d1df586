"""A course taken out: whole or not at all, with the numbers of the boards, and names that do no harm."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from eval_server.figures.statements import ranks as of_ranks
from eval_server.store.records import Act
from eval_server.web.exporting.writing import ExportRefused, export_course, plain_name
from tests.eval_server.web.routes.test_parts import (
    CLOSES,
    ENTRIES,
    divided,
    hand_in_all,
    recomputed,
    seen_by_samples,
    standings,
)
from tests.support.desk import NOON, a_place, problem
from tests.support.parts import an_entry
from tests.support.server import a_zip

FORMULA = '=HYPERLINK("http://x")'


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"))))


def test_the_tables_say_what_the_boards_say(tmp_path: Path, database: str | None) -> None:
    with divided(tmp_path / "server", database) as (place, truth):
        ids = hand_in_all(place, truth)
        place.hand_in(b"no zip at all", "late", place.token(team="late"))
        place.clock.at = CLOSES
        exported = export_course(place.desk, tmp_path / "course")
        assert (exported.phases, exported.teams, exported.submissions, exported.lost) == (1, 4, 4, ())
        folder = tmp_path / "course" / "small"
        table = rows_of(folder / "teams.csv")
        boards = {
            part: {one["team"]: one for one in standings(place, part)} for part in ("public", "private")
        }
        assert [one["team"] for one in table] == ["blue", "green", "red", "late"]
        for one in table[:3]:
            for part, board in boards.items():
                said = board[one["team"]]
                assert float(one[f"weighted_f1_{part}"]) == pytest.approx(said["weighted_f1"], abs=1e-3)
                assert float(one[f"low_{part}"]) == pytest.approx(said["interval"][0], abs=1e-3)
            assert int(one["place"]) == boards["private"][one["team"]]["rank"]
            assert int(one["moved"]) == boards["private"][one["team"]]["moved"]
        late = table[3]
        assert (late["place"], late["scored"], late["handed_in"]) == ("", "0", "1")
        assert late["state"] == "nothing scored"
        pairs = rows_of(folder / "comparisons-private.csv")
        assert len(pairs) == 3
        assert {pairs[0]["submission_a"], pairs[0]["submission_b"]} <= set(ids.values())
        uploads = rows_of(folder / "uploads.csv")
        red = next(one for one in uploads if one["team"] == "red")
        assert (folder / red["file"]).read_bytes() == an_entry(truth, **ENTRIES["red"])
        assert json.loads((folder / "board-private.json").read_text())["part"] == "private"
        assert {path.name for path in (folder / "pictures-private").iterdir()} >= {"leaderboard.svg"}


def test_a_row_of_teams_is_of_one_submission_and_says_beside_it_what_teams_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"A": 5, "B": 3, "U": 5, "D": 1}
    with seen_by_samples(tmp_path / "server", monkeypatch) as (place, truth):
        red = place.tokens["red"]
        chosen = place.hand_in(an_entry(truth, **other), "red", red, entry="chosen")["id"]
        assert place.client(red).post(f"/api/submissions/{chosen}/choice").status_code == 200
        place.clock.at = CLOSES
        export_course(place.desk, tmp_path / "course")
        seen = {one["team"]: one for one in standings(place, "public")}
        final = {one["team"]: one for one in standings(place)}
    table = {one["team"]: one for one in rows_of(tmp_path / "course" / "small" / "teams.csv")}
    for team, wrong in {**ENTRIES, "red": other}.items():
        row, shown = table[team], seen[team]
        assert row["submission"] == final[team]["submission"]
        for part in ("public", "private"):
            value = recomputed(truth, part, wrong)
            assert float(row[f"weighted_f1_{part}"]) == pytest.approx(value, abs=1e-12)
            assert float(row[f"low_{part}"]) < value < float(row[f"high_{part}"])
        assert int(row["public_shown_place"]) == shown["rank"]
        assert float(row["public_shown_weighted_f1"]) == shown["weighted_f1"]
        assert row["public_shown_submission"] == shown["submission"]
        assert row["public_shown_entry"] == f"of {team}"
        assert int(row["moved"]) == shown["rank"] - int(row["place"]) == final[team]["moved"]
    assert table["red"]["submission"] == chosen != table["red"]["public_shown_submission"]
    page = (tmp_path / "course" / "report.html").read_text()
    assert "as it stood" not in page
    assert "measured on all cells. What teams saw" in page
    assert of_ranks.moved_from_seen() in page
    for name in next(iter(table.values())):
        assert f"<dt><code>{name}</code></dt>" in page


def test_who_handed_in_nothing_comes_last_but_not_who_has_no_token_any_more(tmp_path: Path) -> None:
    with divided(tmp_path / "server") as (place, truth):
        for team in ("group 10", "group 9", "mistyped", "red 2"):
            place.token(team=team, days=0.1)
        store = place.desk.store
        (mistyped,) = store.tokens.listed("mistyped")
        store.tokens.revoke(mistyped.id, place.clock())
        store.joining.join("red 2", "red", Act("host", place.clock()))
        hand_in_all(place, truth)
        place.clock.at = CLOSES
        assert export_course(place.desk, tmp_path / "course").teams == 5
    table = rows_of(tmp_path / "course" / "small" / "teams.csv")
    assert [one["team"] for one in table] == ["blue", "green", "red", "group 9", "group 10"]
    for one in table[3:]:
        said = {name: value for name, value in one.items() if value not in ("", "0")}
        assert said == {"team": one["team"], "state": "handed in nothing"}
    page = (tmp_path / "course" / "report.html").read_text()
    assert "5 teams, 2 of which handed in nothing, 3 submissions" in page


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-2, "Upcoming: opens 1 Dec 2026, 12:00 UTC, closes 3 Dec 2026, 12:00 UTC."),
        (1, "Open: opened 1 Dec 2026, 12:00 UTC, closes 3 Dec 2026, 12:00 UTC."),
        (48, "Closed: opened 1 Dec 2026, 12:00 UTC, closed 3 Dec 2026, 12:00 UTC."),
    ],
)
def test_the_report_tells_what_is_over_as_over(tmp_path: Path, hours: float, said: str) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase(opens_at=NOON, closes_at=CLOSES)
        place.clock.turn(hours=hours)
        export_course(place.desk, tmp_path / "course")
    assert said in (tmp_path / "course" / "report.html").read_text()


def test_what_was_withdrawn_or_disqualified_is_named_and_its_team_stands_at_the_end(tmp_path: Path) -> None:
    with divided(tmp_path / "server") as (place, truth):
        ids = hand_in_all(place, truth)
        red, host = place.client(place.tokens["red"]), place.client(place.token("host", days=30))
        assert red.post(f"/api/submissions/{ids['red']}/withdrawal").status_code == 200
        aside = {"kind": "disqualified", "reason": "two accounts"}
        barred = host.post(f"/api/submissions/{ids['blue']}/bar", data=aside)
        assert barred.status_code == 200, barred.text
        place.clock.at = CLOSES
        export_course(place.desk, tmp_path / "course")
    folder = tmp_path / "course" / "small"
    table = rows_of(folder / "teams.csv")
    assert [(one["place"], one["team"], one["state"]) for one in table] == [
        ("1", "green", "stands"),
        ("", "red", "withdrawn"),
        ("", "blue", "disqualified"),
    ]
    assert [(one["withdrawn"], one["disqualified"]) for one in table] == [("0", "0"), ("1", "0"), ("0", "1")]
    uploads = {one["team"]: one for one in rows_of(folder / "uploads.csv")}
    assert (uploads["blue"]["state"], uploads["blue"]["reason"]) == ("disqualified", "two accounts")
    assert (folder / uploads["red"]["file"]).exists()
    assert "1 withdrawn, 1 disqualified" in (tmp_path / "course" / "report.html").read_text()


def test_the_report_needs_nothing_but_itself_and_shows_both_boards(tmp_path: Path) -> None:
    with divided(tmp_path / "server") as (place, truth):
        hand_in_all(place, truth)
        place.clock.at = CLOSES
        export_course(place.desk, tmp_path / "course")
    page = (tmp_path / "course" / "report.html").read_text()
    assert "kept back until the end" in page
    assert "public part as it stood" in page
    assert "2 down" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script" not in page
    assert "share a place" not in page
    for link in re.findall(r'href="([^#"]+)"', page):
        assert (tmp_path / "course" / link).exists(), link


def test_the_report_says_that_places_are_of_scores_to_a_tenth_where_they_are(tmp_path: Path) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase(feedback="summary")
        place.hand_in(a_zip(1), "red")
        export_course(place.desk, tmp_path / "course")
    assert of_ranks.ties_to_a_tenth() in (tmp_path / "course" / "report.html").read_text()


def test_a_folder_that_holds_something_is_refused_and_what_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase()
        place.hand_in()
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "mine.txt").write_text("mine")
        with pytest.raises(ExportRefused, match="not an empty folder"):
            export_course(place.desk, tmp_path / "full")
        monkeypatch.setattr(Path, "rename", _no_room)
        with pytest.raises(OSError, match="no room"):
            export_course(place.desk, tmp_path / "course")
        monkeypatch.undo()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "server"]
        (tmp_path / "empty").mkdir()
        export_course(place.desk, tmp_path / "empty")
        assert (tmp_path / "empty" / "small" / "board.csv").exists()


def _no_room(self: Path, target: Any) -> Path:
    raise OSError(28, "no room")


def test_names_lead_nowhere_and_no_cell_is_a_formula(tmp_path: Path) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase()
        for team in ("../../etc", FORMULA, "-1+1|calc", "白血病"):
            place.hand_in(a_zip(1), team, entry=FORMULA)
            place.clock.turn(minutes=1)
        export_course(place.desk, tmp_path / "course")
    folder = tmp_path / "course" / "small"
    table = rows_of(folder / "teams.csv")
    assert {one["team"] for one in table} == {"../../etc", f"'{FORMULA}", "'-1+1|calc", "白血病"}
    assert all(one["entry"] == f"'{FORMULA}" for one in table)
    for one in rows_of(folder / "uploads.csv"):
        assert (folder / one["file"]).resolve().is_relative_to(folder / "uploads")
        assert (folder / one["file"]).is_file()
    assert not (folder / "teams.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("name", "plain"), [("..", "unnamed"), ("a/b", "a-b"), ("Zürich", "Zürich"), ("x" * 99, "x" * 60)]
)
def test_a_name_becomes_part_of_a_files_name(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_lost_upload_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase()
        one = place.hand_in(a_zip(1), "red")["id"]
        place.hand_in(a_zip(2), "blue")
        found = place.desk.store.submissions.find(one)
        assert found is not None
        place.desk.store.archive.path(found.archive).unlink()
        exported = export_course(place.desk, tmp_path / "course")
    assert exported.lost == (one,)
    files = {row["submission"]: row["file"] for row in rows_of(tmp_path / "course" / "small" / "uploads.csv")}
    assert files[one] == "lost"


def test_a_host_downloads_the_same_as_a_zip_and_nobody_else_does(tmp_path: Path) -> None:
    with divided(tmp_path / "server") as (place, truth):
        hand_in_all(place, truth)
        export_course(place.desk, tmp_path / "course")
        for token in (None, place.tokens["red"]):
            assert problem(place.client(token).post("/host/course.zip"), 403 if token else 401)
        answer = place.client(place.token("host")).post("/host/course.zip")
        assert answer.headers["content-disposition"] == 'attachment; filename="course.zip"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = {name.removeprefix("course/") for name in archive.namelist() if not name.endswith("/")}
            teams = archive.read("course/small/teams.csv")
        there = {
            str(path.relative_to(tmp_path / "course"))
            for path in (tmp_path / "course").rglob("*")
            if path.is_file()
        }
        assert names == there
        assert teams == (tmp_path / "course" / "small" / "teams.csv").read_bytes()
        assert "Download the course" in place.client(place.token("host")).get("/host").text
