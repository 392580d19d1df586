"""The pages: the same facts as their JSON twins, and the same rules about who sees and does what."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from eval_server.judging.truth import Truth
from eval_server.scoring.measures import MEASURES
from eval_server.store.records import Rules
from tests.support.desk import Place, a_place
from tests.support.server import a_zip, small_truth
from tests.support.submissions import a_zip as a_raw_zip

HTML = {"Accept": "text/html,application/xhtml+xml"}
BAD = a_raw_zip({"isbi_valid.predict": b"1\n2\nALL\n"})


def body(answer: Any, status: int = 200) -> str:
    """The text of a page, which has to be one of this status."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("text/html")
    return str(answer.text)


def signed_in(place: Place, token: str) -> Any:
    """A browser with the session of a token."""
    browser = place.client(**HTML)
    answer = browser.post("/sign-in", data={"token": token, "next": "/help"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    return browser


def form_token(browser: Any) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get("/help").text)
    assert found is not None
    return found[1]


def scores(wrong: int) -> bytes:
    """A table of scores that calls so many cells wrong."""
    truth = small_truth()
    told = np.where(truth.labels == 1, 0.9, 0.1)
    told[:wrong] = 1 - told[:wrong]
    lines = [f"{cell},{score}" for cell, score in zip(truth.phase.cells, told, strict=True)]
    return "\n".join(["cell,score", *lines, ""]).encode()


def test_no_page_needs_anything_that_the_content_security_policy_forbids(place: Place) -> None:
    ids = [place.hand_in(a_zip(wrong), team=team)["id"] for team, wrong in (("a", 1), ("b", 6), ("c", 9))]
    refused = place.hand_in(BAD, team="a")["id"]
    pages = ["/phases/small", "/phases/small/rules", "/phases/small/submit", "/help", "/docs", "/teams"]
    pages += ["/sign-in", "/teams/a", f"/submissions/{ids[0]}", f"/submissions/{refused}"]
    pages += [f"/phases/small/compare?s={ids[0]}&s={ids[1]}", "/phases/small/compare?s=" + "&s=".join(ids)]
    for address in pages:
        text = body(place.client(**HTML).get(address))
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), address
        for script in re.findall(r"<script[^>]*>", text):
            assert 'src="/static/' in script
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), address
        assert "not a medical device" in text


def test_assets_are_served_by_us_for_good_under_an_address_that_changes_with_them(place: Place) -> None:
    text = place.client().get("/phases/small").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
        answer = place.client().get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert place.client().get("/static/../app.py").status_code == 404
    assert place.client().get("/static/nothing.css").status_code == 404


def test_what_a_stranger_wrote_is_shown_and_never_run(place: Place) -> None:
    nasty = '<script>alert(1)</script>"'
    found = place.hand_in(a_zip(1), team=nasty, entry=nasty)
    for address in ("/phases/small", f"/submissions/{found['id']}", "/teams"):
        text = body(place.client(**HTML).get(address))
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_the_board_shows_the_standings_in_order_with_rank_sets_and_references(place: Place) -> None:
    for team, wrong in (("best", 1), ("worst", 22), ("middle", 9)):
        place.hand_in(a_zip(wrong), team=team, entry=f"entry of {team}")
    place.desk.store.phases.add_published("small", "Pan et al.", {"weighted_f1": 0.925}, "abstract")
    text = body(place.client(**HTML).get("/phases/small"))
    places = [text.index(f"entry of {team}") for team in ("best", "middle", "worst")]
    assert places == sorted(places)
    assert text.index("Published, no predictions: not compared") < text.index("Pan et al.") > places[-1]
    assert "92.50" in text
    for one in place.board()["standings"]:
        assert f"{100 * one['weighted_f1']:.2f}" in text


def test_the_board_is_written_once_and_anew_when_it_changes_or_is_asked_in_another_order(
    place: Place,
) -> None:
    for team, wrong in (("best", 1), ("worst", 22)):
        place.hand_in(a_zip(wrong), team=team)

    def teams(query: str = "") -> list[str]:
        text = body(place.client(**HTML).get(f"/phases/small{query}"))
        return re.findall(r'data-team="(\w+)"', text)

    assert teams() == teams() == ["best", "worst"]
    assert teams("?sort=f1&order=asc") == ["worst", "best"]
    assert teams("?sort=nonsense") == teams("?sort=rank&order=nonsense") == ["best", "worst"]
    place.hand_in(a_zip(5), team="middle")
    place.clock.turn(minutes=1)
    assert teams() == ["best", "middle", "worst"]


def test_a_hidden_board_says_so_and_shows_no_one(guarded: Place) -> None:
    guarded.phase("secret", visibility="hidden")
    red = guarded.token(team="red")
    guarded.hand_in(a_zip(1), token=red, phase="secret", entry="mine")
    text = body(guarded.client(**HTML).get("/phases/secret"))
    assert "hidden until it closes" in text
    assert "mine" not in text
    assert guarded.client(**HTML).get("/phases/secret/compare?s=a&s=b").status_code == 403


def test_an_anonymous_board_names_nobody_but_oneself(guarded: Place) -> None:
    guarded.phase("masked", visibility="anonymous")
    red, blue = guarded.token(team="redteam"), guarded.token(team="blueteam")
    ids = [
        guarded.hand_in(a_zip(wrong), token=token, phase="masked", entry=entry)["id"]
        for token, wrong, entry in ((red, 1, "red net"), (blue, 9, "blue net"))
    ]
    browser = signed_in(guarded, red)
    for address in ("/phases/masked", f"/phases/masked/compare?s={ids[0]}&s={ids[1]}"):
        text = body(browser.get(address))
        assert "red net" in text
        assert "blue" not in text
    assert "blue" not in body(browser.get(f"/submissions/{ids[1]}"))


def test_many_entries_are_compared_by_the_same_numbers_as_their_json_twin(place: Place) -> None:
    ids = [place.hand_in(a_zip(wrong), team=team)["id"] for team, wrong in (("a", 1), ("b", 9), ("c", 24))]
    query = "&".join(f"s={one}" for one in ids)
    text = body(place.client(**HTML).get(f"/phases/small/compare?{query}"))
    twin = place.client().get(f"/api/phases/small/significance?{query}").json()
    assert sorted(twin["submissions"].values()) == sorted(ids)
    assert len(twin["pairs"]) == 3
    for pair in twin["pairs"]:
        assert f"{pair['a']} − {pair['b']}" in text
        assert f"+{100 * pair['difference']:.2f}" in text


def test_without_subjects_every_page_still_works_and_says_what_is_missing(place: Place) -> None:
    known = small_truth("blind")
    place.desk.store.phases.add("blind", Truth(known.phase, known.labels), Rules(), place.clock())
    ids = [
        place.hand_in(a_zip(wrong), team=team, phase="blind")["id"]
        for team, wrong in (("a", 1), ("b", 9), ("c", 24))
    ]
    pages = {"/phases/blind": "subjects of these cells are not known"}
    pages["/phases/blind/rules"] = "subjects of these cells are not known"
    pages[f"/submissions/{ids[0]}"] = "There is no interval"
    pages[f"/phases/blind/compare?s={ids[0]}&s={ids[1]}"] = "chance over subjects cannot be judged"
    pages["/phases/blind/compare?s=" + "&s=".join(ids)] = "chance over subjects cannot be judged"
    for address, said in pages.items():
        assert said in body(place.client(**HTML).get(address)), address


def test_with_the_ladder_on_a_page_says_whose_numbers_it_shows(guarded: Place) -> None:
    guarded.phase("steps", ladder=True)
    red = guarded.token(team="red")
    first = guarded.hand_in(a_zip(3, seed=1), token=red, phase="steps")["id"]
    guarded.clock.turn(seconds=1)
    second = guarded.hand_in(a_zip(3, seed=2), token=red, phase="steps")["id"]
    browser = signed_in(guarded, red)
    assert "The Ladder is on" not in body(browser.get(f"/submissions/{first}"))
    text = "not out yet"
    while "not out yet" in text:
        text = body(browser.get(f"/submissions/{second}"))
    assert "The Ladder is on" in text
    assert f'href="/submissions/{first}"' in text


def test_a_team_may_have_any_name(place: Place) -> None:
    for name in ("a/b & c", "ü ?#", "100 %"):
        place.hand_in(a_zip(1), team=name)
        listed = body(place.client(**HTML).get("/teams"))
        address = next(one for one in re.findall(r'href="(/teams/[^"]+)"', listed) if quote(name) in one)
        assert escape(name) in body(place.client(**HTML).get(address))
        made = place.client(**HTML).post(f"{address}/tokens", data={"note": "x"})
        assert "shown this once" in body(made)


def test_the_tokens_of_a_team_of_any_name_are_made_and_revoked_by_programs_too(place: Place) -> None:
    name = "Te/am & co?"
    place.hand_in(a_zip(1), team=name)
    address = f"/api/teams/{quote(name, safe='')}/tokens"
    made = place.client().post(address, data={"note": "x"})
    assert (made.status_code, made.json()["team"]) == (201, name)
    assert place.client().delete(f"{address}/{made.json()['id']}").status_code == 204
    assert place.desk.store.tokens.by_id(made.json()["id"]).revoked_at is not None


def test_the_pages_of_teams_have_json_twins_whatever_a_team_is_called(guarded: Place) -> None:
    name = "Te/am & co?"
    red, host = guarded.token(team=name), guarded.token("host")
    guarded.hand_in(a_zip(1), token=red)
    twin = guarded.client(red).get(f"/api/teams/{quote(name, safe='')}")
    assert (twin.status_code, twin.json()["team"]) == (200, name)
    for token in (red, host):
        assert guarded.client(token).get("/api/teams").json() == {"teams": [name]}
    assert guarded.client().get("/api/teams").status_code == 401


def test_a_refused_submission_lists_every_problem_first_and_a_way_to_try_again(place: Place) -> None:
    found = place.hand_in(BAD, entry="broken")
    text = body(place.client(**HTML).get(f"/submissions/{found['id']}"))
    assert len(found["problems"]) == 3
    for problem in found["problems"]:
        for part in problem.values():
            assert part.replace("'", "&#39;").replace('"', "&#34;") in text
    assert text.index("3 problems to mend") < text.index("Try again") < text.index("Its way so far")
    assert "/phases/small/submit?entry=broken&amp;team=red" in text


def test_a_form_hands_in_and_its_answer_is_the_finished_page(place: Place) -> None:
    files = {"file": ("s.zip", a_zip(3)), "scores": ("", b""), "manifest": ("", b"")}
    answer = place.client(**HTML).post(
        "/phases/small/submit", files=files, data={"entry": "mine", "team": "red"}, follow_redirects=True
    )
    assert "Scored" in body(answer)
    assert place.board()["standings"][0]["entry"] == "mine"


def test_checking_on_the_page_keeps_nothing(place: Place) -> None:
    for data, said in ((a_zip(2), "It would be accepted"), (BAD, "It would be refused: 3 problems")):
        answer = place.client(**HTML).post("/phases/small/check", files={"file": ("s.zip", data)})
        assert said in body(answer)
    assert place.desk.store.submissions.listed() == []


def test_errors_are_pages_for_browsers_and_problem_documents_for_programs(place: Place) -> None:
    text = body(place.client(**HTML).get("/phases/nothing"), 404)
    assert "There is nothing here" in text
    assert "To the phases" in text
    assert place.client().get("/phases/nothing").headers["content-type"] == "application/problem+json"
    api = place.client(**HTML).get("/api/phases/nothing")
    assert api.headers["content-type"] == "application/problem+json"
    assert "To the leaderboard" in body(place.client(**HTML).get("/phases/small/compare"), 422)
    assert body(place.client(**HTML).get("/nowhere"), 404)


def test_even_what_the_guard_refuses_and_our_own_mistakes_are_said_on_a_page(place: Place) -> None:
    text = body(place.client(**HTML, Host="evil.example").get("/"), 400)
    assert "does not answer to the name" in text
    place.desk.store.phases.all = lambda: 1 / 0  # type: ignore[assignment, return-value]
    answer = place.client(**HTML).get("/")
    assert "This is our mistake" in body(answer, 500)
    assert answer.headers["x-request-id"] in answer.text
    assert "content-security-policy" in answer.headers


def test_a_closed_phase_and_a_spent_quota_are_said_on_a_page(place: Place) -> None:
    place.phase("brief", per_day=1)
    place.hand_in(a_zip(1), phase="brief")
    files = {"file": ("s.zip", a_zip(2))}
    answer = place.client(**HTML).post(
        "/phases/brief/submit", files=files, data={"entry": "x", "team": "red"}
    )
    text = body(answer, 429)
    assert "The one submission of today is used" in text
    assert "2 Dec 2026, 00:00 UTC" in text
    assert answer.headers["retry-after"]
    assert "red has 0 of today" in body(place.client(**HTML).get("/phases/brief/submit?team=red"))


def test_signing_in_opens_a_session_and_signing_out_ends_it(guarded: Place) -> None:
    browser = signed_in(guarded, guarded.token(team="red"))
    assert "Sign out" in body(browser.get("/help"))
    browser.post("/sign-out", data={"csrf": form_token(browser)})
    assert "Sign in" in body(browser.get("/help"))


def test_a_wrong_token_is_said_on_the_form_and_opens_nothing(guarded: Place) -> None:
    browser = guarded.client(**HTML)
    answer = browser.post("/sign-in", data={"token": "cnmc_wrong"})
    assert "unknown, revoked or expired" in body(answer, 401)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/\\evil.example", "evil"])
def test_signing_in_never_leads_to_another_site(guarded: Place, address: str) -> None:
    browser = guarded.client(**HTML)
    data = {"token": guarded.token(team="red"), "next": address}
    assert browser.post("/sign-in", data=data, follow_redirects=False).headers["location"] == "/"


def test_no_route_that_changes_something_works_without_the_sessions_form_token(guarded: Place) -> None:
    host = signed_in(guarded, guarded.token("host"))
    routes = [
        (method, one.path)
        for part in host.app.routes
        for one in getattr(getattr(part, "original_router", None), "routes", [part])
        for method in sorted(getattr(one, "methods", ()))
        if method not in ("GET", "HEAD")
    ]
    opens_one = {"/sign-in", "/api/session"}
    reads_files = ("/submit", "/submissions", "/introduction", "/check", "/checks")
    asked = [one for one in routes if one[1] not in opens_one and not one[1].endswith(reads_files)]
    assert len(asked) > 30
    answers = {path: host.request(method, re.sub(r"{[^}]*}", "x", path)) for method, path in asked}
    taken = [path for path, one in answers.items() if "not from this session" not in one.text]
    assert taken == []


def test_no_form_works_without_the_sessions_form_token(guarded: Place) -> None:
    host = signed_in(guarded, guarded.token("host"))
    found = guarded.hand_in(a_zip(1), token=guarded.token(team="red"))
    kept = guarded.desk.store.tokens.listed("red")[0]
    forms = [f"/submissions/{found['id']}/choice", f"/submissions/{found['id']}/judging", "/sign-out"]
    forms += ["/teams/red/tokens", f"/teams/red/tokens/{kept.id}/revocation"]
    for address in forms:
        for data in ({}, {"csrf": "0" * 64}):
            assert "not from this session" in body(host.post(address, data=data), 403), address
    upload = host.post("/phases/small/submit", files={"file": a_zip(2)}, data={"entry": "x", "team": "red"})
    assert "not from this session" in body(upload, 403)
    texts = host.post("/phases/small/introduction", files={"picture": b""}, data={"title": "x"})
    assert "not from this session" in body(texts, 403)
    assert guarded.desk.store.tokens.by_id(kept.id).revoked_at is None
    assert len(guarded.desk.store.submissions.listed()) == 1


def test_a_team_makes_a_token_that_is_shown_once_and_revokes_it(guarded: Place) -> None:
    browser = signed_in(guarded, guarded.token(team="red"))
    guarded.hand_in(a_zip(1), token=guarded.token(team="red"))
    made = browser.post("/teams/red/tokens", data={"csrf": form_token(browser), "note": "laptop"})
    secret = re.search(r"cnmc_[\w-]{40,}", body(made))
    assert secret is not None
    assert made.headers["cache-control"] == "no-store"
    assert secret[0] not in body(browser.get("/teams/red"))
    assert guarded.client(secret[0]).get("/api/session").json()["team"] == "red"
    token = next(one for one in guarded.desk.store.tokens.listed("red") if one.note == "laptop")
    address = f"/teams/red/tokens/{token.id}/revocation"
    body(browser.post(address, data={"csrf": form_token(browser)}, follow_redirects=True))
    assert guarded.client(secret[0]).get("/api/session").status_code == 401


def test_pages_of_others_are_not_there_for_a_team_nor_for_a_visitor(guarded: Place) -> None:
    blue = guarded.hand_in(BAD, token=guarded.token(team="blue"))["id"]
    red = signed_in(guarded, guarded.token(team="red"))
    for address, status in (("/teams/blue", 403), ("/host", 403), (f"/submissions/{blue}", 404)):
        assert red.get(address).status_code == status
    visitor = guarded.client(**HTML)
    for address, status in (
        ("/teams", 401),
        ("/teams/blue", 401),
        ("/host", 401),
        (f"/submissions/{blue}", 404),
    ):
        assert visitor.get(address).status_code == status
    assert red.get("/teams", follow_redirects=False).headers["location"] == "/teams/red"


def test_only_the_host_sees_single_cells(guarded: Place) -> None:
    red = guarded.token(team="red")
    ids = [guarded.hand_in(a_zip(4, seed=1), token=red, scores=scores(4))["id"]]
    ids.append(guarded.hand_in(a_zip(9, seed=2), token=guarded.token(team="blue"))["id"])
    pages = (f"/submissions/{ids[0]}", f"/phases/small/compare?s={ids[0]}&s={ids[1]}")
    for browser in (guarded.client(**HTML), signed_in(guarded, red)):
        for address in pages:
            assert ".bmp" not in body(browser.get(address))
    host = signed_in(guarded, guarded.token("host"))
    for address in pages:
        assert ".bmp" in body(host.get(address))
    assert "Calibration" in body(host.get(pages[0]))
    assert "Calibration" not in body(guarded.client(**HTML).get(pages[0]))


def test_thumbnails_are_cut_from_the_hosts_images_for_the_host_alone(tmp_path: Path) -> None:
    images = tmp_path / "images" / "small"
    images.mkdir(parents=True)
    for number in range(1, 51):
        Image.new("RGB", (450, 450), (number, 0, 0)).save(images / f"{number}.bmp")
    with a_place(tmp_path / "data", access="tokens", images=tmp_path / "images") as place:
        place.phase()
        red, host = place.token(team="red"), signed_in(place, place.token("host"))
        found = place.hand_in(a_zip(4), token=red)
        sources = re.findall(r'<img src="([^"]+)"', body(host.get(f"/submissions/{found['id']}")))
        assert len(sources) == 4
        answer = host.get(sources[0])
        assert answer.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size == (136, 136)
        assert signed_in(place, red).get(sources[0]).status_code == 403
        assert place.client().get(sources[0]).status_code == 401
        for name in ("99.bmp", "..%2f..%2fserver.sqlite3"):
            assert host.get(f"/phases/small/cells/{name}.png").status_code == 404


def test_the_host_judges_again_and_reads_the_audit_log(guarded: Place) -> None:
    found = guarded.hand_in(a_zip(1), token=guarded.token(team="red"))
    host = signed_in(guarded, guarded.token("host"))
    address = f"/submissions/{found['id']}/judging"
    body(host.post(address, data={"csrf": form_token(host)}, follow_redirects=True))
    text = body(host.get("/host"))
    assert "judged again" in text
    assert found["id"] in text


def test_a_team_chooses_what_stands_for_it_on_its_page(guarded: Place) -> None:
    guarded.phase("pick", represents="chosen")
    red = guarded.token(team="red")
    first = guarded.hand_in(a_zip(1), token=red, phase="pick")["id"]
    guarded.hand_in(a_zip(9), token=red, phase="pick")
    browser = signed_in(guarded, red)
    chosen = browser.post(f"/submissions/{first}/choice", data={"csrf": form_token(browser)})
    assert "stands for the team" in body(chosen)
    assert guarded.board(phase="pick")["standings"][0]["submission"] == first


def test_the_start_says_what_this_is_where_the_images_are_and_whom_to_ask(tmp_path: Path) -> None:
    with a_place(tmp_path, contact="Ada Lovelace, room 12") as place:
        place.phase("small", title="The small phase")
        text = body(place.client(**HTML).get("/"))
    for said in ("The small phase", "The Cancer Imaging Archive", "Ada Lovelace, room 12"):
        assert said in text


def test_the_start_says_when_a_phase_opens_until_when_it_is_open_or_since_when_it_is_closed(
    place: Place,
) -> None:
    tomorrow, yesterday = place.clock() + timedelta(days=1), place.clock() - timedelta(days=1)
    place.phase("next", opens_at=tomorrow)
    place.phase("now", closes_at=tomorrow)
    place.phase("past", closes_at=yesterday)
    text = re.sub(r"<[^>]+>", "", body(place.client(**HTML).get("/")))
    said = re.findall(r"(opens|until|closed) (\d+ \w+ \d+), 12:00 UTC", text)
    assert sorted(said) == [("closed", "30 Nov 2026"), ("opens", "2 Dec 2026"), ("until", "2 Dec 2026")]
    assert text.count("without an end") == 1


def test_a_team_reads_what_is_left_of_an_open_phase_only(place: Place) -> None:
    tomorrow, yesterday = place.clock() + timedelta(days=1), place.clock() - timedelta(days=1)
    place.phase("next", opens_at=tomorrow, per_day=5)
    place.phase("past", closes_at=yesterday)
    place.hand_in(a_zip(1), team="red")
    text = re.sub(r"<[^>]+>", "", body(place.client(**HTML).get("/teams/red")))
    assert "small: as many submissions as you like." in text
    assert "next: opens 2 Dec 2026, 12:00 UTC." in text
    assert "past: closed 30 Nov 2026, 12:00 UTC." in text


def test_the_help_promises_what_scores_add_for_a_team_and_no_more(guarded: Place) -> None:
    red = guarded.token(team="red")
    found = guarded.hand_in(a_zip(4), token=red, scores=scores(4))
    shown = body(signed_in(guarded, red).get(f"/submissions/{found['id']}"))
    told = body(guarded.client(**HTML).get("/help"))
    for name in ("auc", "average_precision", "brier", "log_loss", "ece"):
        assert MEASURES[name].words in shown
    promised = ("ROC curve", "average precision", "Brier score", "log loss", "expected calibration error")
    assert all(word in told for word in promised)
    assert 'id="roc"' in shown
    assert 'id="calibration"' not in shown
    assert "the picture of the calibration is the host" in told


def test_the_help_says_when_the_same_zip_counts_once(place: Place) -> None:
    first = place.upload(a_zip(4)).json()
    assert place.upload(a_zip(4)).json()["id"] == first["id"]
    assert place.upload(a_zip(4), scores=scores(4)).json()["id"] != first["id"]
    told = body(place.client(**HTML).get("/help"))
    assert "counts once where the optional parts are the same too" in told


def test_the_apis_description_lists_every_operation(place: Place) -> None:
    text = body(place.client(**HTML).get("/docs"))
    for path in place.client().get("/openapi.json").json()["paths"]:
        assert path in text
