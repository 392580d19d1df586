"""What a team finds on the pages: its own line, its own results, and doors only where they open."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from eval_server.web.presenting.words import BOARD_STATES
from tests.eval_server.web.routes.test_pages import HTML, body, signed_in
from tests.support.desk import Place
from tests.support.server import a_zip, decided, small_truth, turned_truth


def four_teams(place: Place) -> dict[str, str]:
    """Tokens of four teams that stand on the board, the best first."""
    tokens = {team: place.token(team=team) for team in ("north", "east", "south", "west")}
    for at, (team, token) in enumerate(tokens.items()):
        place.hand_in(a_zip(1 + 6 * at, seed=at), token=token, entry=f"net of {team}")
    return tokens


def test_a_line_says_its_place_by_score_beside_the_places_that_are_possible(guarded: Place) -> None:
    tokens = four_teams(guarded)
    text = body(guarded.client(**HTML).get("/phases/small"))
    shown = re.findall(r'<span class="place">(\d)</span> <span class="possible">\((\d(?:-\d)?)\)', text)
    sets = [
        "-".join(map(str, dict.fromkeys(one["rank_set"])))
        for one in guarded.board(tokens["north"])["standings"]
    ]
    assert shown == [(str(at + 1), one) for at, one in enumerate(sets)]
    assert re.search(r"better than \d, worse than \d, no difference shown to \d", text)


def test_a_team_finds_its_own_line_and_compares_it_in_one_click(guarded: Place) -> None:
    tokens = four_teams(guarded)
    browser = signed_in(guarded, tokens["south"])
    text = body(browser.get("/phases/small"))
    first, mine = (guarded.board()["standings"][at]["submission"] for at in (0, 2))
    assert re.findall(r'class="standing own" id="s-(\w+)"', text) == [mine]
    assert f'href="/phases/small/compare?s={mine}&amp;s={first}">Compare with the first' in text
    pair = body(browser.get(f"/phases/small/compare?s=mine&s={first}"))
    assert "net of south" in pair
    assert "net of north" in pair


def test_a_teams_page_says_which_ranks_its_entry_may_have_taken_alone(guarded: Place) -> None:
    tokens = four_teams(guarded)
    board = {one["team"]: one for one in guarded.board(tokens["south"])["standings"]}
    said = {}
    for team, standing in board.items():
        browser = signed_in(guarded, tokens[team])
        low, high = standing["own_rank_set"]
        words = f"Taken alone, it has one of the ranks {low} to {high} (95 %)"
        said[low, high] = words in body(browser.get(f"/teams/{team}"))
        (mine,) = browser.get(f"/api/teams/{team}").json()["submissions"]
        assert (mine["own_rank_set"], mine["among_best"]) == ([low, high], standing["among_best"])
    assert said == {ranks: ranks != (1, 4) for ranks in said}


def test_who_has_no_line_sees_none_marked_and_cannot_compare_with_it(guarded: Place) -> None:
    four_teams(guarded)
    visitor = guarded.client(**HTML)
    text = body(visitor.get("/phases/small"))
    assert "standing own" not in text
    assert "has-own" not in text
    first = guarded.board()["standings"][0]["submission"]
    assert "no entry of yours" in body(visitor.get(f"/phases/small/compare?s=mine&s={first}"), 422)


def test_the_best_of_several_submissions_says_how_much_too_high_it_may_be(guarded: Place) -> None:
    """Beside the number, on the submission's page and the team's; of a single one nothing is said."""
    token = four_teams(guarded)["south"]
    for seed in range(4):
        guarded.hand_in(a_zip(9, seed=20 + seed), token=token, entry=f"try {seed}")
    board = {one["team"]: one for one in guarded.board(token)["standings"]}
    browser = signed_in(guarded, token)
    mine = board["south"]["submission"]
    told = browser.get(f"/api/submissions/{mine}").json()
    assert told["best_of"]["tries"] == 5
    assert told["metrics"]["weighted_f1"] == board["south"]["weighted_f1"]
    for page in (f"/submissions/{mine}", "/teams/south"):
        assert "the best of 5 submissions of its team" in body(browser.get(page))
    others = board["north"]["submission"]
    assert browser.get(f"/api/submissions/{others}").json()["best_of"] is None
    assert "Nothing is taken off" not in body(browser.get(f"/submissions/{others}"))


@pytest.mark.parametrize("rules", [{"represents": "last"}, {"ladder": True}, {"visibility": "hidden"}])
def test_nothing_is_said_of_the_best_where_it_was_not_chosen_or_may_not_be_seen(
    guarded: Place, rules: dict[str, Any]
) -> None:
    guarded.phase("other", **rules)
    token = guarded.token(team="red")
    for seed in range(3):
        found = guarded.hand_in(a_zip(9, seed=seed), token=token, phase="other")
    guarded.board(token, "other")
    assert guarded.client(token).get(f"/api/submissions/{found['id']}").json()["best_of"] is None


def test_a_teams_page_says_what_each_submission_came_to_and_which_one_stands(guarded: Place) -> None:
    token = four_teams(guarded)["south"]
    guarded.hand_in(a_zip(24, seed=9), token=token, entry="a worse net")
    text = body(signed_in(guarded, token).get("/teams/south"))
    lines = dict(re.findall(r'<tr><th scope="row"><a [^>]*>([^<]*)</a>(.*?)</tr>', text, re.S))
    standing = next(one for one in guarded.board()["standings"] if one["team"] == "south")
    low, high = (f"{100 * end:.2f}" for end in standing["interval"])
    assert f"{100 * standing['weighted_f1']:.2f}" in lines["net of south"]
    assert f"{low} to {high}" in lines["net of south"]
    assert "3 of 4" in lines["net of south"]
    assert "stands for the team" in lines["net of south"]
    assert "stands for the team" not in lines["a worse net"]
    assert re.search(r"\d\d\.\d\d", lines["a worse net"])


def test_an_entry_without_an_interval_shows_the_places_that_its_tests_leave(guarded: Place) -> None:
    tokens = {team: guarded.token(team=team) for team in ("north", "east")}
    for wrong, token in enumerate(tokens.values()):
        guarded.hand_in(a_zip(wrong), token=token)
    (standing, _) = guarded.board()["standings"]
    assert (standing["interval"], standing["rank_set"]) == ([None, None], [1, 2])
    board = body(guarded.client(**HTML).get("/phases/small"))
    assert board.count('<span class="possible">(1-2)</span>') == 2
    assert "None of the 2 entries can be told apart" in board
    assert "(1-2)" in body(signed_in(guarded, tokens["north"]).get("/teams/north"))


def test_an_anonymous_line_has_a_name_that_stays_and_that_nobody_finds_by_trying(guarded: Place) -> None:
    for phase in ("masked", "other"):
        guarded.phase(phase, visibility="anonymous")
        guarded.hand_in(a_zip(3), token=guarded.token(team="red"), phase=phase)
    (name,) = {one["team"] for one in guarded.board(phase="masked")["standings"]}
    assert re.fullmatch(r"anonymous-[0-9a-f]{6}", name)
    guarded.hand_in(a_zip(1), token=guarded.token(team="red"), phase="masked", entry="a better one")
    assert {one["team"] for one in guarded.board(phase="masked")["standings"]} == {name}
    assert {one["team"] for one in guarded.board(phase="other")["standings"]} != {name}
    assert name in body(guarded.client(**HTML).get("/phases/masked"))


def test_submit_is_offered_only_where_it_would_be_taken(guarded: Place) -> None:
    button = '<button class="main">Submit</button>'
    token = guarded.token(team="red")
    browser, soon = signed_in(guarded, token), guarded.clock() + timedelta(days=1)
    guarded.phase("later", opens_at=soon)
    guarded.phase("once", per_day=1)
    assert button in body(browser.get("/phases/once/submit"))
    assert (
        'name="entry" maxlength="80" value="" aria-describedby="entry-hint" autocomplete="off" required'
        in body(browser.get("/phases/once/submit"))
    )
    guarded.hand_in(a_zip(1), token=token, phase="once")
    for phase, asker in (("once", browser), ("later", browser), ("small", guarded.client(**HTML))):
        text = body(asker.get(f"/phases/{phase}/submit"))
        assert button not in text, phase
        assert "Check without submitting" in text


@pytest.mark.parametrize(
    ("opened", "said"), [(-2, "while this phase was open"), (1, "the phase is not open")]
)
def test_an_empty_phase_that_is_not_open_asks_for_nothing(guarded: Place, opened: int, said: str) -> None:
    start = guarded.clock() + timedelta(days=opened)
    guarded.phase("empty", opens_at=start, closes_at=start + timedelta(days=1))
    text = body(guarded.client(**HTML).get("/phases/empty"))
    assert said in text
    assert "Hand in the first" not in text
    assert 'class="button main"' not in body(guarded.client(**HTML).get("/phases/empty/rules"))


def test_the_commands_that_hand_in_are_not_shown_after_a_phase_has_closed(guarded: Place) -> None:
    guarded.phase("next", opens_at=guarded.clock() + timedelta(days=1))
    guarded.phase("past", closes_at=guarded.clock() - timedelta(days=1))
    visitor = guarded.client(**HTML)
    assert "harness upload" in body(visitor.get("/phases/next/submit"))
    assert "harness upload" not in body(visitor.get("/phases/past/submit"))


def test_a_board_says_when_its_labels_were_corrected(guarded: Place) -> None:
    assert "labels corrected" not in body(guarded.client(**HTML).get("/phases/small"))
    guarded.clock.turn(days=3)
    guarded.desk.store.phases.replace_truth("small", turned_truth(), guarded.clock())
    assert "labels corrected" in body(guarded.client(**HTML).get("/phases/small"))
    with guarded.client() as client:
        assert client.get("/api/phases/small").json()["labels_corrected_at"] == "2026-12-04T12:00:00Z"


def test_what_is_judged_anew_by_the_same_truth_is_not_said_to_be_corrected(guarded: Place) -> None:
    red = guarded.token(team="red", days=9)
    handed_in = guarded.hand_in(a_zip(3), token=red)["id"]
    guarded.clock.turn(days=3)
    assert not guarded.desk.store.phases.replace_truth("small", small_truth(), guarded.clock()).corrected
    page = signed_in(guarded, red)
    for text in (body(page.get("/phases/small")), *BOARD_STATES.values()):  # before it is judged, and after
        assert "corrected" not in text
        assert "replaced" not in text
    guarded.desk.judge.wake()
    decided(guarded.client(red), handed_in)
    assert "Scored anew on 4 Dec 2026, 12:00 UTC: by the same truth." in body(
        page.get(f"/submissions/{handed_in}")
    )
    for path in ("/phases/small", "/phases/small/rules", f"/submissions/{handed_in}"):
        text = body(page.get(path))
        assert "corrected" not in text
        assert "replaced" not in text
    assert guarded.client(red).get("/api/phases/small").json()["labels_corrected_at"] is None


def test_many_pairs_are_folded_but_for_those_that_can_be_told_apart(place: Place) -> None:
    ids = [place.hand_in(a_zip(2 * at, seed=at), team=f"team{at}")["id"] for at in range(8)]
    text = body(place.client(**HTML).get("/phases/small/compare?" + "&".join(f"s={one}" for one in ids)))
    counts = {head: int(count) for head, count in re.findall(r"<h2>(Told|Not told) apart: (\d+) of 28", text)}
    assert sum(counts.values()) == 28
    open_part, folded = text.split("<details><summary>Show these pairs")
    assert folded.count("compare?s=") == counts["Not told"]
    assert open_part.count("compare?s=") == counts.get("Told", 0)


def test_the_answer_is_the_heading_of_a_pairs_page(guarded: Place) -> None:
    four_teams(guarded)
    first, second = (guarded.board()["standings"][at]["submission"] for at in (0, 1))
    text = body(guarded.client(**HTML).get(f"/phases/small/compare?s={first}&s={second}"))
    (heading,) = re.findall(r"<h1[^>]*>(.*?)</h1>", text)
    assert re.fullmatch(
        r"net of \w+ (is better than net of \w+\.|and net of \w+ cannot be told apart\.)", heading
    )
