"""What a level withholds leaves the server by no way: every route, page, picture, table, error and header.

The subjects are of prime sizes, so that nearly every number of a verdict has digits by which it is known.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from eval_server.judging.comparing import compare
from eval_server.judging.feedback import Level
from eval_server.judging.spot_check import spot_checked
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from eval_server.scoring.metrics import METRICS
from eval_server.service import verdicts as kept
from eval_server.service.access import Caller, Role
from eval_server.service.sight import level_of, seen_board
from eval_server.store.records import Rules
from submissions.packing import packed
from submissions.phases import Phase
from submissions.predictions import Predictions
from tests.support.desk import Place, a_place, problem
from tests.support.server import a_zip, decided
from tests.support.walking import Answer, walk

SIZES = {
    "zebra-q": 23,
    "zebra-w": 29,
    "zebra-e": 17,
    "zebra-r": 31,
    "okapi-q": 13,
    "okapi-w": 37,
    "okapi-e": 19,
    "okapi-r": 11,
}
WRONG = {"red": 41, "blue": 67, "green": 151}
"""Cells that each team has wrong; most of green's, so that it looks inverted."""
LEVELS = [
    ("summary", "full", False),
    ("summary", "score", True),
    ("score", "full", False),
    ("none", "full", False),
    ("full", "score", False),
]
READERS = ("visitor", "red", "blue", "green")
SUBJECT = re.compile("zebra-|okapi-")
SHAPES = re.compile(r"<(?:svg|g|circle|line|path|rect|polygon|polyline)\b[^>]*>")
TOKEN = re.compile(r"(?<![\w.])-?\d+\.\d{2,}")


def a_truth(seed: int = 0) -> Truth:
    """The labels, with a few of one subject turned by a seed."""
    names = tuple(name for name, size in SIZES.items() for _ in range(size))
    labels = np.array([name.startswith("zebra") for name in names], dtype=np.uint8)
    order = np.random.default_rng(5).permutation(len(names))
    if seed:
        labels[[at for at, name in enumerate(names) if name == "okapi-e"][:7]] ^= 1
    phase = Phase("small", tuple(f"{at + 1}.bmp" for at in range(len(names))))
    return Truth(phase, labels[order], tuple(names[at] for at in order))


def calls(team: str, again: int = 0) -> np.ndarray:
    truth = a_truth()
    labels = truth.labels.copy()
    order = np.random.default_rng([len(team), again]).permutation(len(labels))
    labels[order[: WRONG[team] + 3 * again]] ^= 1
    return labels


def scores(team: str) -> bytes:
    told = 0.05 + 0.9 * calls(team) + np.random.default_rng(len(team)).uniform(-0.04, 0.04, len(calls(team)))
    lines = [f"{cell},{score:.6f}" for cell, score in zip(a_truth().phase.cells, told, strict=True)]
    return "\n".join(["cell,score", *lines, ""]).encode()


@pytest.fixture(scope="module", params=LEVELS, ids=lambda rules: "-".join(map(str, rules)))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A phase of this level in which three teams handed in twice, and everything was judged anew."""
    feedback, others, ladder = request.param
    with pytest.MonkeyPatch.context() as patch:
        # the secret of a database is drawn: with one of our own the same digits come out each time
        patch.setattr(kept, "spot_checked", lambda many, secret: spot_checked(many, "walk"))
        folder = tmp_path_factory.mktemp("server")
        with a_place(folder, access="tokens", public_names=("board.example",)) as place:
            yield _filled(place, Rules(feedback=feedback, others=others, ladder=ladder))


class Told:
    """A server with what was handed in, and who asks."""

    def __init__(self, place: Place, rules: Rules, tokens: dict[str, str], ids: dict[str, list[str]]) -> None:
        self.place, self.rules, self.tokens, self.ids = place, rules, tokens, ids

    def answers(self, who: str) -> list[Answer]:
        """What this reader is sent by every way: what is there, what is not, and what is forbidden."""
        client = self.place.client(self.tokens.get(who))
        ids = [one for group in self.ids.values() for one in group]
        known = {"phase": ["small", "gone"], "submission": ids, "team": [*WRONG], "cell": ["1.bmp"]}
        pairs = [f"/phases/small/compare?s={ids[0]}&s={one}" for one in ids]
        many = "&".join(f"s={group[0]}" for group in self.ids.values())
        found = walk(client, known, [*pairs, f"/phases/small/compare?{many}", "/phases/small?sort=f1"])
        return found + [_posted(client, path) for one in ids for path in _deeds(one)]

    def verdicts(self, team: str) -> list[Verdict]:
        """Every verdict on a team's submissions, by the labels of before and by those of now."""
        store = self.place.desk.store
        last = [store.verdicts.last_stored(one) for one in self.ids[team]]
        before = [judge(Predictions(a_truth().phase, calls(team, again)), a_truth()) for again in range(2)]
        return [*Verdict.all_from_bytes([one for one in last if one is not None]), *before]

    def level(self, who: str, team: str) -> Level:
        return level_of(self.rules, a_caller(who), team, self.place.desk.now())

    def is_about(self, answer: Answer, teams: Sequence[str]) -> bool:
        """Whether only submissions of these teams were asked for."""
        named = [team for team, group in self.ids.items() for one in group if one in answer.asked]
        return bool(named) and {*named} <= {*teams}

    def teams(self, who: str, *, told_in_full: bool) -> list[str]:
        """The teams of whose results this reader is told everything, or less."""
        return [team for team in WRONG if (self.level(who, team) >= Level.FULL) == told_in_full]


def a_caller(who: str) -> Caller:
    if who == "host":
        return Caller(Role.HOST)
    return Caller() if who == "visitor" else Caller(Role.TEAM, who)


def _filled(place: Place, rules: Rules) -> Told:
    place.desk.store.phases.add("small", a_truth(), rules, place.clock())
    tokens = {team: place.token(team=team) for team in WRONG} | {"host": place.token("host")}
    ids: dict[str, list[str]] = {}
    for team in WRONG:
        for again in range(2):
            data = packed(Predictions(a_truth().phase, calls(team, again)))
            files = {"scores": scores(team)} if not again else {}
            entry = f"{team} {('once', 'twice')[again]}"
            found = place.hand_in(data, team, tokens[team], entry=entry, **files)
            ids.setdefault(team, []).append(found["id"])
            place.clock.turn(minutes=3)
    place.desk.store.phases.replace_truth("small", a_truth(1), place.clock())
    place.desk.judge.wake()
    for group in ids.values():
        for one in group:
            assert decided(place.client(tokens["host"]), one)["status"] == "scored"
    return Told(place, rules, tokens, ids)


def _deeds(submission: str) -> tuple[str, ...]:
    deeds = f"/api/submissions/{submission}/choice", f"/submissions/{submission}/judging"
    return (*deeds, "/api/phases/small/check")


def _posted(client: Any, path: str) -> Answer:
    """What somebody is told who may not, or sends nothing."""
    if client.headers.get("authorization") and path.endswith("judging"):
        return Answer(path, 0, "", "")  # the host would have it judged anew
    answer = client.post(path)
    return Answer(path, answer.status_code, str(answer.headers), answer.text)


def numbers(document: Any) -> Iterator[float]:
    """Every fraction in a document."""
    if isinstance(document, Mapping):
        for part in document.values():
            yield from numbers(part)
    elif isinstance(document, list | tuple):
        for part in document:
            yield from numbers(part)
    elif isinstance(document, float) and np.isfinite(document):
        yield document


def digits(value: float) -> set[str]:
    """The first four digits of a share and of its percentage, cut off and rounded; none of a round number."""
    size = abs(value)
    if round(size, 3) == round(size, 6):
        return set()
    cut = int(size * 1e4 + 1e-9) / 1e4
    return {f"{one:.4f}" for one in (cut, size)}


def said(answer: Answer) -> set[str]:
    """Every fraction of four digits (of percentages two after the point) as a share; no place of a shape."""
    found = set()
    for token in TOKEN.findall(answer.headers + "\n" + SHAPES.sub("", answer.body)):
        size, places = abs(float(token)), len(token.partition(".")[2])
        if places >= 4:
            found |= {f"{int(size * 1e4 + 1e-9) / 1e4:.4f}", f"{size:.4f}"}
        elif places == 2 and 10 <= size < 100 and not token.endswith("0"):  # that is a tenth of a percent
            found.add(f"{size / 100:.4f}")
    return found


def facts(told: Told, team: str, others: Sequence[str]) -> dict[str, float]:
    """The numbers of a team by where they stand: its verdicts, and how they differ from those of others."""
    found: dict[str, float] = {}
    kinds: tuple[tuple[str, Any], ...] = (("all", list), ("sample", lambda one: spot_checked(one, "walk")))
    for kind, of in kinds:
        mine = of(told.verdicts(team))
        theirs = [one for other in others for one in of(told.verdicts(other)[:2])]
        pairs = [(one, other) for one in mine[:2] for other in theirs if one is not other]
        documents = [one.to_json() for one in mine]
        documents += [
            compare({"a": one, "b": other}, stability=False).pairs[0].to_json() for one, other in pairs
        ]
        listed = [value for document in documents for value in numbers(document)]
        found.update({f"{kind} {place}": value for place, value in enumerate(listed)})
    return found


def known_by(told: Told, teams: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """The digits of all numbers of these teams, and what each is."""
    return {
        digit: f"{place} of {team}: {value}"
        for team in teams
        for place, value in facts(told, team, others).items()
        for digit in digits(value)
    }


@pytest.mark.parametrize("who", READERS)
def test_no_number_that_a_level_withholds_leaves_by_any_way(told: Told, who: str) -> None:
    less, all_of = told.teams(who, told_in_full=False), told.teams(who, told_in_full=True)
    withheld, own = known_by(told, less, [*WRONG][:2]), known_by(told, all_of, all_of)
    usual = said(Answer("/help", 200, "", told.place.client().get("/help").text))  # its examples
    assert less
    assert len(withheld) > 300
    for answer in told.answers(who):
        assert told.place.desk.store.phases.key("small") not in answer.headers + answer.body
        if told.is_about(answer, all_of):
            continue
        found = said(answer) & (withheld.keys() - own.keys() - usual)
        assert not found, (answer.asked, {digit: withheld[digit] for digit in found})


@pytest.mark.parametrize("who", READERS)
def test_below_full_feedback_nothing_is_said_by_subject_nor_hinted(told: Told, who: str) -> None:
    full = bool(told.teams(who, told_in_full=True))
    for answer in told.answers(who):
        if not full:
            assert not SUBJECT.search(answer.headers + answer.body), answer.asked
        if not full or who != "green":
            assert "look inverted" not in answer.body, answer.asked


@pytest.mark.parametrize("who", READERS)
def test_documents_hold_what_the_level_names_and_no_more(told: Told, who: str) -> None:
    client = told.place.client(told.tokens.get(who))
    for team in told.teams(who, told_in_full=False):
        level = told.level(who, team)
        for submission in told.ids[team]:
            document = client.get(f"/api/submissions/{submission}").json()
            if level is Level.NONE and who != team:
                assert document["status"] == 404
                continue
            assert not {"confusion", "subjects"} & {*document}
            assert document["hints"] == []
            assert document["best_of"] is None
            expected = {Level.NONE: set(), Level.SCORE: {"weighted_f1"}}.get(level, {*METRICS})
            assert {*document["metrics"]} == expected
            assert all(value == round(value, 3) for value in document["metrics"].values())
            assert {*document.get("intervals", ())} <= (expected if level is Level.SUMMARY else set())


def test_a_board_of_scores_alone_orders_ties_by_time_and_says_nothing_of_chance(told: Told) -> None:
    board = told.place.board()
    if told.rules.feedback == "none":
        assert board["visible"] is False
        assert board["standings"] == []
        return
    values = [(-one["weighted_f1"], one["submitted_at"]) for one in board["standings"]]
    assert values == sorted(values)
    if told.rules.feedback == "score" or told.rules.others == "score":
        assert board["groups"] == []
        assert {one["rank_set"] for one in board["standings"]} == {None}
        assert {tuple(one["interval"]) for one in board["standings"]} == {(None, None)}


def test_a_rank_set_that_is_not_told_is_empty_in_files(told: Told) -> None:
    if told.rules.feedback == "none":
        return
    kept = told.level("visitor", "red") >= Level.SUMMARY
    client = told.place.client()
    table = csv.DictReader(client.get("/api/phases/small/leaderboard.csv").text.splitlines())
    found = [row["rank_set"] for row in table if row["team"]]
    lines = client.get("/api/phases/small/leaderboard.md").text.splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    written = [row[cells[0].index("rank_set")] for row in cells[2:] if row[cells[0].index("team")]]
    assert len(found) == len(written) == len(WRONG)
    if not kept:
        assert ({*found}, {*written}) == ({""}, {"\N{EN DASH}"})
    else:
        assert found == written
        assert all(re.fullmatch(r"\d-\d", one) for one in found)


@pytest.mark.parametrize("who", ["red", "host"])
def test_no_table_has_a_column_without_a_value_and_no_footnote_lacks_its_mark(told: Told, who: str) -> None:
    client = told.place.client(told.tokens[who], Accept="text/html")
    ids = [group[0] for group in told.ids.values()]
    many = "&".join(f"s={one}" for one in ids)
    for address in (f"/submissions/{ids[0]}", "/teams/red", f"/phases/small/compare?{many}"):
        page = client.get(address).text
        for table in re.findall("<table.*?</table>", page, re.S):
            rows = [re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.S) for row in table.split("<tr>")[1:]]
            for column in zip(*rows, strict=True):
                head, *cells = (re.sub("<[^>]*>", "", cell).strip() for cell in column)
                assert [cell for cell in cells if cell not in ("", "—")], (address, head)
        assert page.count("†") != 1, address


@pytest.mark.parametrize("who", [*READERS, "host"])
def test_no_page_leads_to_a_comparison_that_is_refused(told: Told, who: str) -> None:
    client = told.place.client(told.tokens.get(who), Accept="text/html")
    board = client.get("/phases/small").text
    offered = re.findall(r'name="s" value="(\w+)"', board)
    links = re.findall(r'href="(/phases/small/compare[^"]*)"', board)
    if who not in WRONG:  # a style shows "vs mine" to whoever has an entry on the board
        links = [one for one in links if "s=mine" not in one]
    else:
        mine = re.findall(r'class="standing own" id="s-(\w+)"', board)
        links = [one for one in links if not any(one.endswith(own) for own in mine)]
    addresses = [f"/phases/small/compare?s={offered[0]}&s={one}" for one in offered[1:]]
    for address in [html.unescape(one) for one in links] + addresses:
        assert client.get(address).status_code == 200, address
    least = min(told.level(who, team) for team in WRONG)
    visible = told.rules.feedback != "none" or who == "host"
    assert len(offered) == (len(WRONG) if visible and least >= Level.SUMMARY else 0)
    assert ("Compare selected" in board) is bool(offered)


def test_a_team_is_led_to_what_it_may_compare_of_its_own_where_others_are_told_by_scores(
    guarded: Place,
) -> None:
    guarded.phase("own", feedback="summary", others="score", represents="every")
    tokens = {team: guarded.token(team=team) for team in ("red", "blue")}
    for wrong, (team, entry) in enumerate([("red", "a"), ("red", "b"), ("blue", "c")]):
        guarded.hand_in(a_zip(wrong), token=tokens[team], entry=entry, phase="own")
    pages = {
        team: guarded.client(token, Accept="text/html").get("/phases/own").text
        for team, token in tokens.items()
    }
    names = {team: re.findall(r'aria-label="Select (\w+) of', page) for team, page in pages.items()}
    assert names == {"red": ["a", "b"], "blue": []}
    assert 'button class="main compare"' in pages["red"]
    for text in ("Compare with the first", "Compare selected", "vs mine"):
        assert text not in pages["blue"]


def test_scores_alone_are_not_compared(told: Told) -> None:
    a, b = told.ids["red"][0], told.ids["blue"][0]
    asked = f"/api/phases/small/comparisons?a={a}&b={b}"
    least = min(told.level("visitor", team) for team in ("red", "blue"))
    answer = told.place.client().get(asked)
    if least < Level.SUMMARY:
        problem(answer, 403)
    elif not told.rules.ladder:
        document = answer.json()
        assert document["p"] is document["p_holm"] is document["subjects"] is None
        assert isinstance(document["significant"], bool)


def test_the_host_sees_all_of_it_so_the_search_finds_what_is_there(told: Told) -> None:
    answers = told.answers("host")
    found = set().union(*(said(one) for one in answers))
    for team in WRONG:
        for verdict in told.verdicts(team)[:2]:
            for name, value in verdict.metrics.items():
                assert not digits(value or 0) or digits(value or 0) & found, (team, name, value)
    text = "".join(one.body for one in answers)
    assert all(name in text for name in SIZES)
    assert "look inverted" in text


def test_what_is_told_when_the_phase_has_closed_is_measured_on_all_cells(told: Told) -> None:
    place, clock = told.place, told.place.clock.at
    rules = replace(told.rules, closes_at=clock + timedelta(minutes=1))
    place.desk.store.phases.change("small", rules)
    place.clock.turn(minutes=2)
    try:
        document = place.client(told.tokens["red"]).get(f"/api/submissions/{told.ids['red'][0]}").json()
        board = place.board()
    finally:
        place.clock.at = clock
        place.desk.store.phases.change("small", told.rules)
    if told.rules.ladder:
        return
    exact = told.verdicts("red")[0].weighted_f1
    score = exact if told.rules.feedback == "full" else round(exact, 3)
    assert document["metrics"]["weighted_f1"] == score
    assert document["spot_checked"] is board["spot_checked"] is False
    assert len(board["standings"]) == 3


def test_a_host_changes_what_a_phase_tells_on_the_hosts_page(guarded: Place) -> None:
    host, page = guarded.token("host"), {"follow_redirects": False}
    form = {"feedback": "score", "others": "score"}
    problem(guarded.client(guarded.token(team="red")).post("/phases/small/feedback", data=form), 403)
    assert guarded.client(host).post("/phases/small/feedback", data=form, **page).status_code == 303
    told = guarded.client().get("/api/phases/small").json()
    assert (told["feedback"], told["others"], told["spot_checked"]) == ("score", "score", True)
    wrong = problem(
        guarded.client(host).post("/phases/small/feedback", data={**form, "feedback": "all"}), 422
    )
    assert "full, summary, score, none" in wrong["detail"]
    said = guarded.client(host, Accept="text/html").get("/host").text
    assert "<option selected>score</option>" in said
    assert "phase changed" in guarded.client(host).get("/api/audit").text


def test_a_board_that_was_made_while_more_was_told_is_shown_to_nobody_who_may_know_less(place: Place) -> None:
    for team, wrong in (("red", 3), ("blue", 9)):
        place.hand_in(a_zip(wrong), team)
    assert len(place.board()["standings"]) == 2
    place.desk.boards.patience = 0.0
    record = place.desk.store.phases.find("small")
    assert record is not None
    stale = replace(record, rules=replace(record.rules, feedback="summary"))
    board = seen_board(place.desk, stale, Caller())
    assert board.lines == board.groups == ()
    assert board.state == "being made anew"
    assert len(seen_board(place.desk, stale, Caller(Role.HOST)).lines) == 2
