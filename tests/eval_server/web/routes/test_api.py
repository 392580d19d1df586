"""Upload, judgement, leaderboard: what other programs rely on."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eval_server.judging.comparing import compare
from eval_server.judging.truth import Truth
from eval_server.store.records import Rules
from tests.support.desk import NOON, Place, a_place, problem
from tests.support.server import a_zip, decided, small_truth


def test_an_upload_is_acknowledged_scored_and_ranked(place: Place) -> None:
    answer = place.upload(a_zip(3))
    assert answer.status_code == 202
    told = answer.json()
    assert told["status"] == "received"
    assert told["url"] == f"/api/submissions/{told['id']}"
    found = decided(place.client(), told["id"])
    assert found["status"] == "scored"
    assert found["metrics"]["accuracy"] == pytest.approx(47 / 50)
    (standing,) = place.board()["standings"]
    assert standing["submission"] == told["id"]
    assert (standing["rank"], standing["rank_set"], standing["team"]) == (1, [1, 1], "red")
    assert standing["weighted_f1"] == found["metrics"]["weighted_f1"]
    low, high = standing["interval"]
    assert low < standing["weighted_f1"] < high


def test_a_refused_upload_says_every_reason_and_is_not_ranked(place: Place) -> None:
    found = place.hand_in(b"this is no zip")
    assert found["status"] == "refused"
    assert {"what", "where", "expected", "found", "mend"} == set(found["problems"][0])
    assert found["metrics"] == {}
    assert place.board()["standings"] == []


def test_the_same_archive_by_the_same_team_answers_with_the_earlier_result(place: Place) -> None:
    first = place.hand_in(a_zip(2))
    again = place.upload(a_zip(2))
    assert again.status_code == 200
    assert again.json() | {"id": first["id"], "status": "scored", "earlier": True} == again.json()
    assert place.board()["standings"][0]["submissions"] == 1


def test_entries_that_tie_share_a_rank_and_the_earlier_stands_first(place: Place) -> None:
    for team, wrong in (("late", 4), ("early", 4), ("best", 1)):
        place.clock.turn(seconds=-1 if team == "early" else 1)
        place.hand_in(a_zip(wrong, seed=1), team=team)
    assert [(row["rank"], row["team"]) for row in place.board()["standings"]] == [
        (1, "best"),
        (2, "early"),
        (2, "late"),
    ]


def test_the_boards_rank_sets_are_those_of_the_full_comparison(place: Place) -> None:
    for number in range(6):
        place.hand_in(a_zip(1 + 4 * number, seed=number), team=f"team {number}")
    rows = place.board()["standings"]
    record = place.desk.store.phases.find("small")
    assert record is not None
    judged = place.desk.store.verdicts.judged("small", record.truth)
    verdicts = place.desk.verdicts.all([one.verdict for one in judged])
    report = compare({one.id: verdicts[one.verdict] for one in judged}, stability=False)
    assert [(row["submission"], tuple(row["rank_set"])) for row in rows] == [
        (standing.entry, standing.rank_set) for standing in report.entries
    ]
    assert place.board()["groups"] == [list(group) for group in report.groups]


@pytest.mark.parametrize(("rule", "standing"), [("best", "good"), ("last", "poor"), ("chosen", "fair")])
def test_what_stands_for_a_team_is_the_phases_rule(tmp_path: Path, rule: str, standing: str) -> None:
    with a_place(tmp_path / "data") as place:
        place.phase(represents=rule)
        ids = {}
        for entry, wrong in (("fair", 5), ("good", 1), ("poor", 9)):
            answer = place.upload(a_zip(wrong), entry=entry)
            ids[entry] = decided(place.client(), answer.json()["id"])["id"]
            place.clock.turn(seconds=1)
        assert place.client().post(f"/api/submissions/{ids['fair']}/choice").status_code == 200
        assert [row["entry"] for row in place.board()["standings"]] == [standing]


def test_with_every_each_entry_of_a_team_stands_for_itself(tmp_path: Path) -> None:
    with a_place(tmp_path / "data") as place:
        place.phase(represents="every")
        for entry, wrong in (("one", 1), ("two", 2)):
            decided(place.client(), place.upload(a_zip(wrong), entry=entry).json()["id"])
        assert [row["entry"] for row in place.board()["standings"]] == ["one", "two"]


def test_scores_come_as_a_second_part_and_add_what_depends_on_them(place: Place) -> None:
    cells = small_truth().phase.cells
    labels = small_truth().labels
    table = "cell,score\n" + "".join(
        f"{cell},{0.9 if label else 0.2}\n" for cell, label in zip(cells, labels, strict=True)
    )
    found = place.hand_in(a_zip(), scores=table.encode())
    assert found["status"] == "scored"
    assert found["metrics"]["auc"] == 1.0


def test_a_wrong_table_of_scores_is_refused_with_its_reason(place: Place) -> None:
    found = place.hand_in(a_zip(), scores=b"cell,score\n1.bmp,2\n")
    assert found["status"] == "refused"
    assert any("probability" in problem["what"] for problem in found["problems"])


def test_a_manifests_words_stand_beside_the_result(place: Place) -> None:
    manifest = {"entry": "e", "origin": "o", "phase": "small", "split": "s", "seed": 0, "cells": 50}
    manifest |= {"predictions_sha256": "0" * 64, "version": 1, "drawn": True}
    place.hand_in(a_zip(1), manifest=json.dumps(manifest).encode())
    assert "drawn data" in place.board()["standings"][0]["remarks"]


@pytest.mark.parametrize(
    "manifest", [b"{", b'{"version": 1}', b"[" * 5000, b'{"version":1,"entry":1e999}', b"\xff", b"null"]
)
def test_a_manifest_that_cannot_be_read_is_refused_before_anything_is_kept(
    place: Place, manifest: bytes
) -> None:
    problem(place.upload(a_zip(), manifest=manifest), 422)
    assert place.desk.store.submissions.by_status() == {}


def test_a_check_says_what_would_happen_and_keeps_nothing(place: Place) -> None:
    good = place.client().post("/api/phases/small/checks", files={"file": a_zip()})
    bad = place.client().post("/api/phases/small/checks", files={"file": b"no zip"})
    assert good.json()["accepted"] is True
    assert good.json()["predictions"] == 50
    assert bad.json()["accepted"] is False
    assert bad.json()["problems"]
    assert place.desk.store.submissions.by_status() == {}


def test_a_check_reads_every_part_that_a_submission_reads(place: Place) -> None:
    client = place.client()
    scores = client.post("/api/phases/small/checks", files={"file": a_zip(), "scores": b"cell,score\n"})
    assert [one["where"] for one in scores.json()["problems"]] == ["the scores, the table"]
    manifest = client.post("/api/phases/small/checks", files={"file": a_zip(), "manifest": b"no JSON"})
    problem(manifest, 422)


def test_two_submissions_are_compared_with_difference_interval_and_exact_test(place: Place) -> None:
    one, other = place.hand_in(a_zip(1), team="a"), place.hand_in(a_zip(12), team="b")
    found = (
        place.client().get("/api/phases/small/comparisons", params={"a": one["id"], "b": other["id"]}).json()
    )
    expected = one["metrics"]["weighted_f1"] - other["metrics"]["weighted_f1"]
    assert found["difference"] == pytest.approx(expected)
    assert 0 <= found["p"] <= found["p_holm"] <= 1
    assert len(found["subjects"]) == 6
    assert found["disagreements"] is None


def test_a_board_ranked_by_another_metric_lends_no_p_to_the_comparison_of_weighted_f1(place: Place) -> None:
    place.phase("other", metric="balanced_accuracy")
    ids = [place.hand_in(a_zip(n), team=f"team {n}", phase="other")["id"] for n in (1, 12)]
    found = (
        place.client().get("/api/phases/other/comparisons", params=dict(zip("ab", ids, strict=True))).json()
    )
    assert found["p"] is not None
    assert (found["ranked_by"], found["p_holm"], found["significant"]) == ("balanced_accuracy", None, None)
    page = (
        place.client().get("/phases/other/compare", params={"s": ids}, headers={"Accept": "text/html"}).text
    )
    assert "the board is ranked by balanced accuracy" in page
    csv_head = place.client().get("/api/phases/other/leaderboard.csv").text.splitlines()[0]
    assert "balanced_accuracy" in csv_head.split(",")


def test_what_cannot_be_compared_is_refused(place: Place) -> None:
    one, refused = place.hand_in(a_zip(1)), place.hand_in(b"no zip")
    client = place.client()
    problem(client.get("/api/phases/small/comparisons", params={"a": one["id"], "b": one["id"]}), 422)
    problem(client.get("/api/phases/small/comparisons", params={"a": one["id"], "b": refused["id"]}), 409)
    problem(client.get("/api/phases/small/comparisons", params={"a": one["id"], "b": "0" * 20}), 404)
    problem(client.get("/api/phases/small/comparisons", params={"a": one["id"]}), 422)


def test_the_board_comes_as_csv_and_markdown_and_no_cell_is_a_formula(place: Place) -> None:
    place.hand_in(a_zip(1), team="=1+1|x", entry="@SUM")
    place.desk.store.phases.add_published("small", "paper", {"weighted_f1": 0.9}, "the paper")
    table = place.client().get("/api/phases/small/leaderboard.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert "'=1+1|x,'@SUM" in table.text
    assert "paper,0.9" in table.text
    assert r"=1+1\|x" in place.client().get("/api/phases/small/leaderboard.md").text


def test_published_results_are_references_and_never_ranked(place: Place) -> None:
    place.desk.store.phases.add_published("small", "paper", {"weighted_f1": 0.99}, "the paper")
    place.hand_in(a_zip(20))
    board = place.board()
    assert board["standings"][0]["rank"] == 1
    assert board["references"] == [{"entry": "paper", "source": "the paper", "weighted_f1": 0.99}]


def test_the_phases_say_their_window_and_where_they_stand_by_the_clock(place: Place) -> None:
    place.phase("soon", opens_at=NOON + timedelta(hours=1), closes_at=NOON + timedelta(hours=2))
    assert {one["name"]: one["status"] for one in phases(place)} == {"small": "open", "soon": "upcoming"}
    place.clock.turn(hours=1)
    assert phases(place)[1]["status"] == "open"
    place.clock.turn(hours=1)
    assert phases(place)[1] | {"status": "closed", "closes_at": "2026-12-01T14:00:00Z"} == phases(place)[1]


def phases(place: Place) -> list[dict[str, object]]:
    found: list[dict[str, object]] = place.client().get("/api/phases").json()["phases"]
    return found


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_submission_after_the_window_is_refused_with_both_times(place: Place, seconds: int) -> None:
    place.phase("short", closes_at=NOON + timedelta(hours=1))
    place.clock.turn(hours=1, seconds=seconds)
    found = problem(place.upload(a_zip(), phase="short"), 403)
    assert found["closes_at"] == "2026-12-01T13:00:00Z"
    assert found["arrived_at"] == f"2026-12-01T13:00:0{seconds}Z"
    assert found["closes_at"] in found["detail"]
    assert found["arrived_at"] in found["detail"]


def test_a_submission_before_the_window_is_refused_with_both_times(place: Place) -> None:
    place.phase("later", opens_at=NOON + timedelta(seconds=1))
    assert "opens at 2026-12-01T12:00:01Z" in problem(place.upload(a_zip(), phase="later"), 403)["detail"]
    place.clock.turn(seconds=1)
    assert place.upload(a_zip(), phase="later").status_code == 202


def test_over_quota_is_429_with_what_is_left_and_when(place: Place) -> None:
    place.phase("scarce", per_day=2, in_all=3)
    for wrong in (1, 2):
        decided(place.client(), place.upload(a_zip(wrong), phase="scarce").json()["id"])
    answer = place.upload(a_zip(3), phase="scarce")
    found = problem(answer, 429)
    assert found["left"] | {"left_today": 0, "left": 1} == found["left"]
    assert found["resets_at"] == "2026-12-02T00:00:00Z"
    assert answer.headers["retry-after"] == str(12 * 3600)
    place.clock.turn(hours=12)
    assert place.upload(a_zip(3), phase="scarce").status_code == 202


def test_the_whole_quota_once_used_never_resets(place: Place) -> None:
    place.phase("one", in_all=1)
    decided(place.client(), place.upload(a_zip(1), phase="one").json()["id"])
    assert problem(place.upload(a_zip(2), phase="one"), 429)["resets_at"] is None
    assert place.upload(a_zip(1), phase="one").json()["earlier"] is True


def test_refused_uploads_do_not_count_but_have_a_cap_of_their_own(place: Place) -> None:
    place.phase("scarce", per_day=1, unscored_per_day=2)
    for data in (b"bad 1", b"bad 2"):
        decided(place.client(), place.upload(data, phase="scarce").json()["id"])
    assert "refused or failed" in problem(place.upload(b"bad 3", phase="scarce"), 429)["detail"]
    assert place.upload(a_zip(), phase="scarce", team="other").status_code == 202


def test_a_team_sees_what_is_left_of_its_quota(place: Place) -> None:
    place.phase("scarce", per_day=5)
    place.hand_in(a_zip(1), phase="scarce")
    quota = place.client().get("/api/teams/red").json()["quotas"]["scarce"]
    assert quota == {
        "left_today": 4,
        "left": None,
        "unscored_left_today": None,
        "waiting": 0,
        "resets_at": "2026-12-02T00:00:00Z",
    }


def numbers_out(place: Place, submission: str) -> dict[str, Any]:
    """The submission once the Ladder has said which numbers it shows, a moment after it was scored."""
    for _ in range(500):
        found: dict[str, Any] = decided(place.client(), submission)
        if "metrics" in found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"no numbers: {found}")


def test_the_ladder_repeats_the_old_number_until_an_improvement_is_clear(place: Place) -> None:
    place.phase("ladder", ladder=True)
    told = []
    for wrong in (15, 14, 1):
        place.clock.turn(seconds=1)
        told.append(numbers_out(place, place.upload(a_zip(wrong), phase="ladder").json()["id"]))
    first, second, third = (one["metrics"]["accuracy"] for one in told)
    assert first == second == pytest.approx(35 / 50)
    assert third == pytest.approx(49 / 50)
    assert place.board(phase="ladder")["standings"][0]["submission"] == told[2]["id"]
    host = place.client(place.token("host")).get(f"/api/submissions/{told[1]['id']}").json()
    assert host["metrics"]["accuracy"] == pytest.approx(36 / 50)


def test_the_ladder_needs_more_than_a_standard_error_over_cells_where_subjects_are_not_known(
    place: Place,
) -> None:
    truth = small_truth("plain")
    place.desk.store.phases.add("plain", Truth(truth.phase, truth.labels), Rules(ladder=True), NOON)
    told = []
    for wrong in (15, 14, 1):
        place.clock.turn(seconds=1)
        told.append(numbers_out(place, place.upload(a_zip(wrong), phase="plain").json()["id"]))
    assert [one["metrics"]["accuracy"] for one in told] == pytest.approx([35 / 50, 35 / 50, 49 / 50])


def test_the_ladder_goes_with_the_best_submission_only() -> None:
    with pytest.raises(ValueError, match="`represents` is best, found 'chosen'"):
        Rules(ladder=True, represents="chosen")


def test_a_replaced_truth_judges_all_anew(place: Place) -> None:
    submission = place.hand_in(a_zip())["id"]
    truth = small_truth()
    labels = truth.labels.copy()
    labels[:5] ^= 1
    place.desk.store.phases.replace_truth("small", type(truth)(truth.phase, labels, truth.subjects), NOON)
    place.desk.judge.wake()
    found = decided(place.client(), submission)
    assert found["metrics"]["accuracy"] == pytest.approx(45 / 50)
    assert place.board()["standings"][0]["weighted_f1"] == found["metrics"]["weighted_f1"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/api/phases/unknown", 404),
        ("GET", "/api/phases/%00", 404),
        ("GET", "/api/submissions/../../etc", 404),
        ("GET", "/api/teams/%00%ff", 404),
        ("PUT", "/api/phases", 405),
        ("POST", "/api/phases/small/submissions", 415),
    ],
)
def test_every_error_is_a_problem_document(place: Place, method: str, path: str, status: int) -> None:
    problem(place.client().request(method, path), status)


def test_an_upload_that_is_too_large_is_refused_with_the_limit(tmp_path: Path) -> None:
    with a_place(tmp_path / "data", upload_bytes=1000) as place:
        place.phase()
        found = problem(place.upload(b"x" * (2 * 2**20)), 413)
        assert found["limit"] == 1000 + 2**20
        assert list((tmp_path / "data" / "archive" / "incoming").iterdir()) == []


@pytest.mark.parametrize("entry", ["", " ", "a\nb", "\x00", "x" * 81])
def test_an_entrys_name_is_one_line_of_text(place: Place, entry: str) -> None:
    assert "entry" in problem(place.upload(a_zip(), entry=entry), 422)["detail"]


def test_an_entrys_name_that_is_too_long_is_told_with_its_length(place: Place) -> None:
    said = problem(place.upload(a_zip(), entry="x" * 95), 422)["detail"]
    assert said == f"Expected `entry`: 1 to 80 printable characters, found 95: '{'x' * 30}…'."


def test_the_server_says_that_it_is_well_and_how_much_it_did(place: Place) -> None:
    place.hand_in(a_zip())
    assert place.client().get("/healthz").json() == {"status": "ok", "troubles": []}
    text = place.client().get("/metrics").text
    assert 'harness_submissions{status="scored"} 1.0' in text
    assert 'harness_requests_total{method="GET",route="/healthz",status="200"}' in text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/help",
        "/healthz",
        "/static/site.css",
        "/phases/small",
        "/api/phases",
        "/api/phases/small/leaderboard",
        "/api/phases/small/leaderboard.csv",
        "/nothing",
        "/api/submissions/{id}/archive",
    ],
)
def test_head_is_answered_like_get_without_the_body(place: Place, path: str) -> None:
    path = path.format(id=place.hand_in(a_zip(1))["id"])
    client = place.client()
    got, head = client.get(path, follow_redirects=False), client.head(path, follow_redirects=False)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "location"):
        assert head.headers.get(name) == got.headers.get(name)


def test_head_is_not_possible_where_get_is_not(place: Place) -> None:
    assert place.client().head("/api/phases/small/checks").status_code == 405


@pytest.mark.parametrize("part", ["scores", "manifest"])
def test_a_part_that_is_too_large_is_named(place: Place, part: str) -> None:
    found = problem(place.upload(a_zip(1), **{part: b"cell,score\n" + b"1.bmp,0.5\n" * 200_000}), 413)
    assert f"`{part}`" in found["detail"]


@pytest.mark.parametrize("field", ["entry", "team", "scores_as", "manifest"])
def test_a_field_that_is_too_large_is_named_with_the_limit(place: Place, field: str) -> None:
    fields = {"entry": "e", "team": "red"} | {field: "x" * 600_000}
    answer = place.client().post(
        "/api/phases/small/submissions", files={"file": ("s.zip", a_zip())}, data=fields
    )
    found = problem(answer, 413)
    assert f"at most 524,288 bytes in the field `{field}`" in found["detail"]
    assert found["limit"] == 524_288


def test_an_upload_that_is_too_large_as_a_whole_says_so(tmp_path: Path) -> None:
    with a_place(tmp_path / "data", upload_bytes=1000) as place:
        place.phase()
        found = problem(place.upload(bytes(2**21)), 413)
    assert "the whole upload" in found["detail"]
