"""A divided phase as people see it: the public part while it is open, the private one from its end on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

import eval_server.service.verdicts as kept
from eval_server.figures.statements import ranks
from eval_server.judging.spot_check import spot_checked
from eval_server.judging.truth import Truth
from submissions.packing import packed
from submissions.predictions import Predictions
from tests.eval_server.web.routes.test_pages import body, form_token, signed_in
from tests.support.desk import NOON, Place, a_place, problem
from tests.support.parts import PRIVATE, PUBLIC, Subjects, add_divided, an_entry, labels_of

HTML = {"Accept": "text/html"}
CLOSES = NOON + timedelta(days=2)
ENTRIES = {
    "red": {"A": 1, "D": 5, "E": 3, "X": 3},
    "blue": {"A": 3, "U": 2, "D": 1},
    "green": {"A": 5, "B": 3, "U": 4, "V": 2, "X": 2, "Y": 1},
}
"""Cells wrong by subject: red leads on the public part and comes last on the private one."""


@contextmanager
def divided(
    folder: Path, database: str | None = None, private: Subjects = PRIVATE, **rules: Any
) -> Iterator[Any]:
    """A server with a divided phase into which three teams have handed in, and its truth."""
    with a_place(folder, database, access="tokens", public_names=("board.example",)) as place:
        truth = add_divided(place, private=private, closes_at=CLOSES, **rules)
        place.tokens = {team: place.token(team=team, days=30) for team in ENTRIES}  # type: ignore[attr-defined]
        yield place, truth


def hand_in_all(place: Any, truth: Truth, entries: Mapping[str, dict[str, int]] = ENTRIES) -> dict[str, str]:
    """Every team's entry; returns their submissions."""
    found = {}
    for team, wrong in entries.items():
        found[team] = place.hand_in(an_entry(truth, **wrong), team, place.tokens[team], entry=f"of {team}")[
            "id"
        ]
        place.clock.turn(minutes=1)
    return found


def standings(place: Place, part: str = "", token: str | None = None) -> list[dict[str, Any]]:
    query = {"part": part} if part else {}
    answer = place.client(token).get("/api/phases/small/leaderboard", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["standings"]
    return found


def recomputed(truth: Truth, part: str, wrong: dict[str, int]) -> float:
    """Weighted F1 of an entry on one part, by pandas and scikit-learn from the table itself."""
    division = truth.division
    assert division is not None
    called = labels_of(an_entry(truth, **wrong), truth)
    table = pd.DataFrame({"subject": truth.subjects, "label": truth.labels, "called": called})
    kept = table[table.subject.isin(division.private) == (part == "private")]
    return float(f1_score(kept.label, kept.called, average="weighted"))


def test_the_board_is_of_the_public_part_until_the_end_and_of_the_private_one_from_then_on(
    tmp_path: Path, database: str | None
) -> None:
    with divided(tmp_path, database) as (place, truth):
        hand_in_all(place, truth)
        before = standings(place)
        assert [one["team"] for one in before] == ["red", "blue", "green"]
        assert all("moved" not in one for one in before)
        place.clock.at = CLOSES
        after = standings(place)
        assert [(one["team"], one["rank"], one["public_rank"], one["moved"]) for one in after] == [
            ("blue", 1, 2, 1),
            ("green", 2, 3, 1),
            ("red", 3, 1, -2),
        ]
        assert standings(place, "public") == before
        assert standings(place, "private") == after
        for part, rows in (("public", before), ("private", after)):
            for one in rows:
                value = recomputed(truth, part, ENTRIES[one["team"]])
                assert one["weighted_f1"] == pytest.approx(value, abs=1e-12)


def test_a_page_tells_the_move_in_places_and_leads_to_the_board_as_it_stood(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, truth):
        ids = hand_in_all(place, truth)
        client = place.client(**HTML)
        page = client.get("/phases/small").text
        assert "Shown is the public part, 6 subjects." in page
        assert "1 up" not in page
        place.clock.at = CLOSES
        page = client.get("/phases/small").text
        assert "Shown is the private part, 6 subjects kept back until the end" in page
        assert ">1 up<" in page
        assert ">2 down<" in page
        assert 'href="?part=public"' in page
        page = client.get("/phases/small?part=public").text
        assert "public part as it stood" in page
        assert " up<" not in page
        assert f'/submissions/{ids["red"]}?part=public"' in page
        assert 'name="part" value="public"' in page
        table = client.get("/api/phases/small/leaderboard.csv").text
        rows = list(csv.DictReader(io.StringIO(table)))
        assert next((one["team"], one["public_rank"], one["moved"]) for one in rows) == ("blue", "2", "1")
        public = client.get("/api/phases/small/leaderboard.csv?part=public").text
        assert "moved" not in public


@pytest.mark.parametrize("ladder", [False, True], ids=["all", "ladder"])
@pytest.mark.parametrize("feedback", ["summary", "score"])
def test_what_stood_is_what_teams_saw_on_samples_and_that_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, feedback: str, ladder: bool
) -> None:
    monkeypatch.setattr(kept, "spot_checked", lambda many, secret: spot_checked(many, "saw"))
    with divided(tmp_path, feedback=feedback, ladder=ladder) as (place, truth):
        for more in range(4):
            hand_in_all(place, truth, {team: {**one, "C": more} for team, one in ENTRIES.items()})
        before = standings(place)
        place.clock.at = CLOSES
        assert standings(place, "public") == before
        client = place.client()
        for one in before:
            there = client.get(f"/api/submissions/{one['submission']}", params={"part": "public"}).json()
            assert there["spot_checked"] is True
            assert there["metrics"]["weighted_f1"] == one["weighted_f1"]
        after = {one["team"]: (one["submission"], one["public_rank"]) for one in standings(place)}
        assert after == {one["team"]: (one["submission"], one["rank"]) for one in before}


SAMPLED_BY = "k4"
"""A key whose samples put blue first and red last on the public part."""


@contextmanager
def seen_by_samples(folder: Path, patch: pytest.MonkeyPatch, **rules: Any) -> Iterator[Any]:
    """A divided phase whose teams see blue before green before red; on all cells red leads."""
    patch.setattr(kept, "spot_checked", lambda many, secret: spot_checked(many, SAMPLED_BY))
    with divided(folder, feedback="summary", **rules) as (place, truth):
        hand_in_all(place, truth)
        yield place, truth


def test_a_row_moved_from_the_place_that_teams_saw_where_the_host_sees_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seen_by_samples(tmp_path, monkeypatch) as (place, _):
        seen = {one["team"]: one["rank"] for one in standings(place)}
        place.clock.at = CLOSES
        host = place.token("host", days=30)
        on_all_cells = {one["team"]: one["rank"] for one in standings(place, "public", host)}
        assert seen != on_all_cells, "this key tells the two apart"
        for one in standings(place, token=host):
            assert one["public_rank"] == seen[one["team"]]
            assert one["moved"] == seen[one["team"]] - one["rank"]
        page = body(place.client(host, **HTML).get("/phases/small"))
        assert ranks.moved_from_seen() in page
        assert ranks.moved_from_seen() not in body(place.client(**HTML).get("/phases/small"))


def test_the_host_is_told_that_its_public_part_is_of_all_cells_and_teams_saw_a_tenth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seen_by_samples(tmp_path, monkeypatch) as (place, _):
        host, team = place.client(place.token("host", days=30), **HTML), place.client(**HTML)
        assert "Here it is measured on all cells; teams see it" in body(host.get("/phases/small"))
        assert "Here it is" not in body(team.get("/phases/small"))
        place.clock.at = CLOSES
        assert "as it stood" not in body(host.get("/phases/small"))
        page = body(host.get("/phases/small?part=public"))
        assert "as it stood" not in page
        assert "6 subjects, measured on all cells. What teams saw of it while the phase was open" in page
        page = body(team.get("/phases/small?part=public"))
        assert "Shown is the public part as it stood, 6 subjects" in page
        assert "all cells" not in page.split("Shown is")[1].split("</p>")[0]


@pytest.mark.parametrize("rules", [{"feedback": "none"}, {"visibility": "hidden"}])
def test_what_nobody_was_shown_is_not_told_as_seen(tmp_path: Path, rules: dict[str, Any]) -> None:
    with divided(tmp_path, **rules) as (place, truth):
        hand_in_all(place, truth)
        place.clock.at = CLOSES
        client = place.client(**HTML)
        assert "as it stood" not in body(client.get("/phases/small"))
        page = body(client.get("/phases/small?part=public"))
        assert "Its board was hidden while the phase was open." in page
        assert "as it stood" not in page


def test_until_the_end_the_private_part_is_for_the_host_alone(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, truth):
        ids = hand_in_all(place, truth)
        host = place.token("host", days=30)
        assert [one["team"] for one in standings(place, "private", host)] == ["blue", "green", "red"]
        assert [one["team"] for one in standings(place, token=host)] == ["red", "blue", "green"]
        page = place.client(host, **HTML).get("/phases/small").text
        assert 'href="?part=private"' in page
        for token in (None, place.tokens["red"]):
            client = place.client(token)
            for path in PARTED:
                address = path.format(one=ids["red"], other=ids["blue"], team="red")
                beside = "&" if "?" in address else "?"
                said = client.get(f"{address}{beside}part=private")
                assert said.status_code == 403, address
                assert problem(said, 403)["detail"].startswith("The private part is shown once")
        wrong = place.client().get("/api/phases/small/leaderboard?part=hidden")
        assert "public or private" in problem(wrong, 422)["detail"]


PARTED = (
    "/api/phases/small",
    "/api/phases/small/leaderboard",
    "/api/phases/small/leaderboard.csv",
    "/api/phases/small/leaderboard.md",
    "/api/phases/small/comparisons?a={one}&b={other}",
    "/api/phases/small/significance?s={one}&s={other}",
    "/api/submissions/{one}",
    "/phases/small",
    "/phases/small/compare?s={one}&s={other}",
    "/submissions/{one}",
)
"""Everything that may be asked for one part or the other."""
OTHERS = (
    "/",
    "/help",
    "/api/phases",
    "/api/phases/small/cells.csv",
    "/api/phases/small/submissions",
    "/phases/small/rules",
    "/phases/small/submit",
    "/phases/small/compare?s={one}&s={other}&s={third}",
    "/api/teams/{team}",
    "/teams/{team}",
    "/phases/small/cells/2.bmp.png",
    "/api/submissions/{one}/original",
    "/api/session",
)


def everything(place: Any, truth: Truth) -> dict[str, str]:
    """All that visitors and teams are told, with ids in the place of which only their order stands."""
    entries = {team: {**_of_public(wrong), "private": at} for at, (team, wrong) in enumerate(ENTRIES.items())}
    ids = hand_in_all(place, truth, entries)
    turned = np.where([one == "private" for one in truth.subjects or ()], 0, 1 - truth.labels)
    place.hand_in(packed(Predictions(truth.phase, turned)), "red", place.tokens["red"], entry="turned round")
    listed = place.client(place.tokens["red"]).get("/api/phases/small/submissions?team=red").json()
    ids |= {f"wrong {at}": one["id"] for at, one in enumerate(listed["submissions"])}
    found = {}
    for who in (None, "red", "blue"):
        client = place.client(place.tokens[who] if who else None)
        for path in (
            *PARTED,
            *OTHERS,
            *(f"{kind}{one}" for one in ids.values() for kind in ("/submissions/", "/api/submissions/")),
        ):
            names = {"one": ids["red"], "other": ids["blue"], "third": ids["green"], "team": who or "red"}
            address = path.format(**names)
            accept = HTML if not address.startswith("/api") else {}
            answer = client.get(address, headers=accept)
            head = {key: value for key, value in answer.headers.items() if key != "x-request-id"}
            found[f"{who} {neutral(address, ids)}"] = neutral(
                f"{answer.status_code} {head} {answer.text}", ids
            )
        data = an_entry(truth, A=2)
        checked = client.post("/api/phases/small/checks", files={"file": ("s.zip", data)})
        found[f"{who} checks"] = neutral(checked.text, ids)
    return found


def neutral(text: str, ids: dict[str, str]) -> str:
    """A text in which no random name stands; a file's own digest and size are the sender's."""
    for name, one in ids.items():
        text = text.replace(one, f"<{name}>")
    text = re.sub(r"/tokens/[0-9a-f]{20}/|> [0-9a-f]{20}</span>", "…", text)
    text = re.sub(r'"(request|sha256|id)": "[0-9a-f]{16,}"', r'"\1": "…"', text)
    return re.sub(r"<dd>[0-9a-f]{16}</dd>|<dt>Request</dt><dd>.*?</dd>|cnmc_[\w-]+", "…", text)


ELSE = {"D": ("0", 11), "Mr Q": ("1", 4), "R": ("0", 7), "S": ("1", 3), "T": ("1", 12), "ZZ": ("0", 4)}
"""Other private subjects: names, labels and sizes."""


@pytest.mark.parametrize("rules", [{}, {"ladder": True}, {"represents": "chosen"}])
def test_nothing_that_teams_are_told_depends_on_the_private_subjects(
    tmp_path: Path, rules: dict[str, Any]
) -> None:
    """Two servers whose private subjects have nothing in common say the same to the last byte."""
    with divided(tmp_path / "one", **rules) as (place, truth):
        one = everything(place, _only_public_answers(truth))
    with divided(tmp_path / "other", private=ELSE, **rules) as (place, truth):
        other = everything(place, _only_public_answers(truth))
    hinted = any("look inverted" in said for said in one.values())
    assert hinted != rules.get("ladder", False), "with the Ladder the number shown is another's"
    assert list(one) == list(other)
    for where, said in one.items():
        assert said == other[where], where


def _only_public_answers(truth: Truth) -> Truth:
    """The same with every private cell an ALL cell of one subject: both worlds are handed the same files."""
    assert truth.division is not None
    private = [subject in truth.division.private for subject in truth.subjects or ()]
    subjects = ("private" if kept else one for kept, one in zip(private, truth.subjects or (), strict=True))
    labels = np.where(private, 1, truth.labels).astype(np.uint8)
    return Truth(truth.phase, labels, tuple(subjects))


def _of_public(wrong: dict[str, int]) -> dict[str, int]:
    return {subject: count for subject, count in wrong.items() if subject in PUBLIC}


def test_a_rescored_phase_keeps_its_parts(tmp_path: Path, database: str | None) -> None:
    with divided(tmp_path, database) as (place, truth):
        hand_in_all(place, truth)
        labels = truth.labels.copy()
        labels[[subject == "Z" for subject in truth.subjects or ()]] ^= 1
        corrected = Truth(truth.phase, labels, truth.subjects).divided_like(truth)
        before = standings(place)
        host = place.token("host", days=30)
        private = standings(place, "private", host)
        place.desk.store.phases.replace_truth("small", corrected, place.clock())
        place.desk.judge.wake()
        while standings_state(place, host) != "current":
            pass
        assert standings(place) == before, "the public part has the labels that it had"
        assert standings(place, "private", host) != private


def standings_state(place: Place, host: str) -> str:
    client = place.client(host)
    states = [
        client.get(f"/api/phases/small/leaderboard?part={part}").json()["state"]
        for part in ("public", "private")
    ]
    return (
        "current" if states == ["current", "current"] and not place.desk.store.queue.waiting() else "not yet"
    )


def test_every_kind_of_answer_follows_the_part(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, truth):
        ids = hand_in_all(place, truth)
        place.clock.at = CLOSES
        client = place.client(place.tokens["red"])
        for part, subjects in (("public", "ABCUVW"), ("private", "DEFXYZ")):
            told = client.get(f"/api/submissions/{ids['red']}?part={part}").json()
            assert "".join(one["subject"] for one in told["subjects"]["table"]) == subjects
            assert told["cells"] == 41
            pair = client.get(
                "/api/phases/small/comparisons", params={"a": ids["red"], "b": ids["blue"], "part": part}
            ).json()
            assert "".join(one["subject"] for one in pair["subjects"]) == subjects
            assert pair["a"] == (ids["red"] if part == "public" else ids["blue"])
            several = client.get(
                "/api/phases/small/significance", params={"s": list(ids.values()), "part": part}
            ).json()
            assert (several["cells"], several["subjects"]) == (41, 6)
            page = client.get(f"/submissions/{ids['red']}?part={part}", headers=HTML).text
            assert ("kept back until the end" in page) == (part == "private")
        assert json.loads(client.get("/api/teams/red").text)["submissions"][0]["rank"] == 3


def test_closing_a_divided_phase_says_that_the_private_part_is_shown_for_good(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, _):
        browser = signed_in(place, place.token("host"))
        data = {"csrf": form_token(browser)}
        asked = body(browser.post("/phases/small/deeds/close", data=data))
        assert "shows the private part" in asked
        assert "does not take back what was seen" in asked
        assert "private part" not in body(browser.post("/phases/small/deeds/archive", data=data))


@pytest.mark.parametrize("rules", [{"feedback": "none"}, {"visibility": "hidden"}], ids=str)
def test_no_part_is_said_to_be_shown_before_anything_is(tmp_path: Path, rules: dict[str, str]) -> None:
    with divided(tmp_path / "s", **rules) as (place, truth):
        hand_in_all(place, truth)
        for who in (None, *place.tokens.values()):
            page = body(place.client(who, Accept="text/html").get("/phases/small"))
            assert "Shown is" not in page
            assert "the private one decides in the end" in page
        host = body(place.client(place.token("host"), Accept="text/html").get("/phases/small"))
        assert "Shown is the public part" in host
