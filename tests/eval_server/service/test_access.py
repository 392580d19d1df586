"""Each rule of access has a test that fails when the rule is taken out."""

from __future__ import annotations

import hmac
import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eval_server.service import access
from eval_server.service.access import Rate, digest_of
from eval_server.service.logs import JsonLines
from eval_server.service.settings import Settings, SettingsUnsafe
from eval_server.web.routes.callers import COOKIE
from eval_server.web.routes.guard import FORWARDED
from tests.support.command import harness
from tests.support.desk import NOON, Place, a_place, problem
from tests.support.server import a_wrapped_zip, a_zip, decided, small_truth


def signed_in(place: Place, token: str) -> tuple[Any, str]:
    """A browser with a session, and its form token."""
    browser = place.client()
    answer = browser.post("/api/session", data={"token": token})
    assert answer.status_code == 200, answer.text
    return browser, answer.json()["csrf"]


# Starting


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_open_server_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsUnsafe, match="tokens"):
        Settings(data_dir=tmp_path, host=host)
    with pytest.raises(SettingsUnsafe):
        Settings(data_dir=tmp_path, public_names=("board.example",))


@pytest.mark.parametrize(
    "reach", [("--host", "0.0.0.0"), ("--public-name", "board.example"), ("--access", "tokens")]
)
def test_a_server_that_others_can_reach_does_not_start_without_a_hosts_token(
    tmp_path: Path, reach: tuple[str, str]
) -> None:
    answer = harness("serve", "--port", 0, "--data-dir", tmp_path / "data", *reach)
    assert answer.code == 2
    assert "harness token add --role host" in answer.err


def test_sqlite_is_served_by_one_worker(tmp_path: Path) -> None:
    answer = harness("serve", "--port", 0, "--data-dir", tmp_path / "data", "--workers", 2)
    assert answer.code == 2
    assert "PostgreSQL" in answer.err


# Roles


def test_handing_in_needs_a_teams_token_where_tokens_are_asked_for(guarded: Place) -> None:
    assert "WWW-Authenticate" in guarded.upload().headers
    problem(guarded.upload(), 401)
    assert guarded.upload(token=guarded.token("team", "red")).status_code == 202


def test_a_token_hands_in_for_its_own_team_only(guarded: Place) -> None:
    token = guarded.token("team", "red")
    answer = guarded.client(token).post(
        "/api/phases/small/submissions", files={"file": a_zip()}, data={"entry": "e", "team": "blue"}
    )
    problem(answer, 403)


@pytest.mark.parametrize("token", ["", "cnmc_wrong", "x" * 500])
def test_an_unknown_token_is_refused(guarded: Place, token: str) -> None:
    problem(guarded.client(token).get("/api/phases"), 401)


def test_a_revoked_token_is_refused_and_its_session_is_over(guarded: Place) -> None:
    token = guarded.token("team", "red")
    browser, _ = signed_in(guarded, token)
    assert browser.get("/api/teams/red").status_code == 200
    (record,) = guarded.desk.store.tokens.listed()
    guarded.desk.store.tokens.revoke(record.id, guarded.clock())
    problem(guarded.client(token).get("/api/phases"), 401)
    problem(browser.get("/api/teams/red"), 401)


def test_a_token_expires(guarded: Place) -> None:
    token = guarded.token("team", "red", days=1)
    guarded.clock.turn(days=1, seconds=-1)
    assert guarded.client(token).get("/api/phases").status_code == 200
    guarded.clock.turn(seconds=1)
    problem(guarded.client(token).get("/api/phases"), 401)


def test_a_session_ends_by_itself_and_when_it_is_closed(guarded: Place) -> None:
    browser, csrf = signed_in(guarded, guarded.token("team", "red", days=9))
    guarded.clock.turn(hours=12, seconds=-1)
    assert browser.get("/api/teams/red").status_code == 200
    guarded.clock.turn(seconds=1)
    problem(browser.get("/api/teams/red"), 401)
    browser, csrf = signed_in(guarded, guarded.token("team", "red"))
    secret = browser.cookies[COOKIE]
    assert browser.delete("/api/session", headers={"X-CSRF-Token": csrf}).status_code == 204
    late = guarded.client(Cookie=f"{COOKIE}={secret}")
    problem(late.get("/api/teams/red"), 401)


def test_a_teams_page_files_and_refused_uploads_are_its_own(guarded: Place) -> None:
    red, blue = guarded.token("team", "red"), guarded.token("team", "blue")
    good = guarded.hand_in(a_zip(1), token=red)
    bad = guarded.hand_in(b"no zip", token=red)
    for token in (None, blue):
        client = guarded.client(token)
        status = 403 if token else 401
        problem(client.get("/api/teams/red"), status)
        problem(client.get(f"/api/submissions/{good['id']}/archive"), status)
        problem(client.get("/api/phases/small/submissions", params={"team": "red"}), status)
        problem(client.post(f"/api/submissions/{good['id']}/choice"), status)
        problem(client.get(f"/api/submissions/{bad['id']}"), 404)
        seen = client.get(f"/api/submissions/{good['id']}").json()
        assert seen["metrics"]
        assert (seen["manifest"], seen["sha256"], seen["size"]) == (None, None, None)
    own = guarded.client(red)
    assert own.get(f"/api/submissions/{good['id']}/archive").content == a_zip(1)
    assert own.get(f"/api/submissions/{bad['id']}").json()["problems"]


def test_what_only_a_host_may_do_is_refused_to_everybody_else(guarded: Place) -> None:
    red = guarded.token("team", "red")
    submission = guarded.hand_in(token=red)["id"]
    asked = (("GET", "/api/audit"), ("GET", "/metrics"), ("POST", f"/api/submissions/{submission}/judging"))
    for method, path in asked:
        problem(guarded.client().request(method, path), 401)
        problem(guarded.client(red).request(method, path), 403)
        assert guarded.client(guarded.token("host")).request(method, path).status_code in (200, 202)


def test_an_open_server_makes_nobody_a_host(place: Place) -> None:
    submission = place.hand_in()["id"]
    problem(place.client().get("/api/audit"), 401)
    problem(place.client().post(f"/api/submissions/{submission}/judging"), 401)


# What is not told


def test_no_truth_and_no_single_cell_is_told_to_anyone_but_the_host(guarded: Place) -> None:
    tokens = {
        "red": guarded.token("team", "red"),
        "blue": guarded.token("team", "blue"),
        "host": guarded.token("host"),
    }
    ids = [
        guarded.hand_in(a_zip(wrong), token=tokens[team])["id"] for team, wrong in (("red", 3), ("blue", 9))
    ]
    paths = [
        f"/api/submissions/{ids[0]}",
        "/api/phases/small",
        "/api/phases/small/leaderboard",
        "/api/teams/red",
    ]
    paths += [f"/submissions/{ids[0]}", "/phases/small", "/teams/red"]
    paths += [f"/phases/small/compare?s={ids[0]}&s={ids[1]}"]
    paths.append(f"/api/phases/small/comparisons?a={ids[0]}&b={ids[1]}")
    for token in (None, tokens["red"], tokens["blue"]):
        for path in paths:
            told = guarded.client(token).get(path).text
            order = re.compile(r'"first_cells": ?\[[^]]*\]')  # which cells, not what anybody said of them
            assert not re.search(r"\d+\.bmp", order.sub("", told))
    assert re.search(r"\d+\.bmp", guarded.client(tokens["host"]).get(paths[-1]).text)


def test_numbers_made_from_scores_are_rounded_because_they_can_spell_out_the_truth(guarded: Place) -> None:
    truth = small_truth()
    scores = [(number + 1) / 97 for number in range(len(truth.phase))]
    table = "cell,score\n" + "".join(
        f"{cell},{score}\n" for cell, score in zip(truth.phase.cells, scores, strict=True)
    )
    red = guarded.token("team", "red")
    found = guarded.hand_in(a_zip(), token=red, scores=table.encode())
    for name in ("auc", "log_loss", "brier"):
        assert found["metrics"][name] == round(found["metrics"][name], 3)
    host = guarded.client(guarded.token("host")).get(f"/api/submissions/{found['id']}").json()
    assert host["metrics"]["log_loss"] != found["metrics"]["log_loss"]


def test_a_hidden_board_is_the_hosts_until_the_phase_closes(guarded: Place) -> None:
    closes_at = guarded.clock() + timedelta(hours=1)
    guarded.phase("exam", visibility="hidden", closes_at=closes_at)
    red, blue = guarded.token("team", "red"), guarded.token("team", "blue")
    own = guarded.hand_in(a_zip(1), token=red, phase="exam")["id"]
    other = guarded.hand_in(a_zip(2), token=blue, phase="exam")["id"]
    for token in (None, red):
        assert guarded.board(token, "exam")["standings"] == []
        assert own not in guarded.client(token).get("/api/phases/exam/leaderboard.csv").text
        problem(guarded.client(token).get(f"/api/phases/exam/comparisons?a={own}&b={other}"), 403)
        problem(guarded.client(token).get(f"/api/submissions/{other}"), 404)
    assert len(guarded.board(guarded.token("host"), "exam")["standings"]) == 2
    guarded.clock.turn(hours=1)
    assert len(guarded.board(None, "exam")["standings"]) == 2


def test_an_anonymous_board_names_nobody_in_any_format(guarded: Place) -> None:
    guarded.phase("blind", visibility="anonymous")
    red, blue = guarded.token("team", "red-team"), guarded.token("team", "blue-team")
    ids = [
        guarded.hand_in(a_zip(n), token=token, phase="blind", entry=f"entry-{n}")["id"]
        for n, token in ((1, red), (2, blue))
    ]
    paths = [f"/api/phases/blind/leaderboard{end}" for end in ("", ".csv", ".md")]
    paths += [f"/api/submissions/{ids[0]}", f"/api/phases/blind/comparisons?a={ids[0]}&b={ids[1]}"]
    paths += [f"/submissions/{ids[0]}", "/phases/blind", f"/phases/blind/compare?s={ids[0]}&s={ids[1]}"]
    for path in paths:
        text = guarded.client().get(path).text
        assert "red-team" not in text
        assert "entry-1" not in text
        assert "red-team" in guarded.client(red).get(path).text
        assert "red-team" not in guarded.client(blue).get(path).text


# Tokens


def test_a_token_is_shown_once_and_kept_as_a_digest(guarded: Place, tmp_path: Path) -> None:
    red = guarded.token("team", "red")
    answer = guarded.client(red).post("/api/teams/red/tokens", data={"note": "laptop"})
    assert answer.status_code == 201
    secret = answer.json()["token"]
    assert len(secret) > 40
    assert guarded.client(secret).get("/api/session").json()["team"] == "red"
    assert secret not in guarded.client(red).get("/api/teams/red").text
    guarded.desk.store.database.engine.dispose()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "guarded").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert digest_of(secret).encode() in kept


def test_a_team_revokes_its_own_tokens_and_no_others(guarded: Place) -> None:
    red, blue = guarded.token("team", "red"), guarded.token("team", "blue")
    (theirs,) = [one.id for one in guarded.desk.store.tokens.listed("blue")]
    problem(guarded.client(red).delete(f"/api/teams/blue/tokens/{theirs}"), 403)
    problem(guarded.client(red).delete(f"/api/teams/red/tokens/{theirs}"), 404)
    assert guarded.client(blue).delete(f"/api/teams/blue/tokens/{theirs}").status_code == 204
    problem(guarded.client(blue).get("/api/phases"), 401)


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch, guarded: Place) -> None:
    compared: list[str | bytes] = []
    plain = hmac.compare_digest

    def recording(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return plain(one, other)

    monkeypatch.setattr("hmac.compare_digest", recording)
    token = guarded.token("team", "red")
    browser, csrf = signed_in(guarded, token)
    browser.post("/api/teams/red/tokens", data={"csrf": csrf})
    assert compared == [digest_of(token).encode(), csrf.encode()]


# Rates


def test_guessing_tokens_is_slowed_down(guarded: Place) -> None:
    for _ in range(10):
        problem(guarded.client("cnmc_guess").get("/api/phases"), 401)
    answer = guarded.client("cnmc_guess").get("/api/phases")
    assert int(answer.headers["retry-after"]) >= 1
    problem(answer, 429)
    problem(guarded.client().post("/api/session", data={"token": "cnmc_guess"}), 429)


def test_a_wrong_token_that_is_sent_again_and_again_stops_no_other_from_its_address(guarded: Place) -> None:
    """Others behind the same address use theirs, and one who mistypes his own is told so."""
    good = guarded.token("team", "red")
    looping, codes = guarded.client("cnmc_wrong_and_sent_by_a_loop"), []
    for number in range(1000):
        codes.append(looping.get("/api/phases").status_code)
        if number % 100 == 0:
            assert guarded.client(good).get("/api/phases").status_code == 200
    assert codes[:10] == [401] * 10
    assert set(codes) == {401, 429}
    assert guarded.client().post("/api/session", data={"token": good}).status_code == 200
    problem(guarded.client(good[:-1]).get("/api/phases"), 401)


def test_many_different_wrong_tokens_are_limited_by_address_and_a_valid_one_is_not(guarded: Place) -> None:
    good = guarded.token("team", "red")
    codes = [guarded.client(access.new_secret("cnmc_")).get("/api/phases").status_code for _ in range(300)]
    assert codes[:100] == [401] * 100
    assert set(codes) == {401, 429}
    assert guarded.client(good).get("/api/phases").status_code == 200


def test_uploads_are_limited_by_the_minute(tmp_path: Path) -> None:
    with a_place(tmp_path / "data", uploads_per_minute=3) as place:
        place.phase()
        codes = [place.upload(a_zip(n)).status_code for n in range(5)]
        assert codes == [202, 202, 202, 429, 429]
        assert "Retry-After" in place.upload(a_zip(9)).headers
        problem(place.client().post("/api/phases/small/checks", files={"file": a_zip()}), 429)


def test_a_rate_refills_evenly_and_remembers_a_bounded_number_of_callers() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    for _ in range(60):
        assert rate.wait("a") == 0
        rate.count("a")
    assert rate.wait("a") == pytest.approx(1)
    assert rate.wait("b") == 0
    now[0] = 1.0
    assert rate.wait("a") == 0
    for number in range(access.MOST_WATCHED + 5):
        rate.count(str(number))
    assert len(rate._levels) == access.MOST_WATCHED


# The browser


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(guarded: Place) -> None:
    token = guarded.token("team", "red")
    plain = guarded.client().post("/api/session", data={"token": token}).headers["set-cookie"].lower()
    assert "httponly" in plain
    assert "samesite=lax" in plain
    assert "secure" not in plain
    tls = guarded.client()
    tls.base_url = "https://board.example"
    assert "; secure" in tls.post("/api/session", data={"token": token}).headers["set-cookie"].lower()


def test_a_form_sent_with_a_session_carries_that_sessions_form_token(guarded: Place) -> None:
    browser, csrf = signed_in(guarded, guarded.token("team", "red"))
    _, others = signed_in(guarded, guarded.token("team", "red"))
    upload = {"url": "/api/phases/small/submissions", "files": {"file": a_zip()}}
    for wrong in ({}, {"csrf": ""}, {"csrf": others}):
        problem(browser.post(**upload, data={"entry": "e", **wrong}), 403)
        problem(browser.post("/api/teams/red/tokens", data=wrong), 403)
    problem(browser.delete("/api/session"), 403)
    assert browser.post(**upload, data={"entry": "e", "csrf": csrf}).status_code == 202
    assert browser.post("/api/teams/red/tokens", headers={"X-CSRF-Token": csrf}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_send_anything(place: Place, headers: dict[str, str]) -> None:
    answer = place.client(**headers).post(
        "/api/phases/small/submissions", files={"file": a_zip()}, data={"entry": "e", "team": "t"}
    )
    problem(answer, 403)
    assert place.desk.store.submissions.by_status() == {}
    assert place.client(**headers).get("/api/phases").status_code == 200


def test_our_own_pages_can_send(place: Place) -> None:
    answer = place.client(Origin="http://127.0.0.1:8000", **{"Sec-Fetch-Site": "same-origin"}).post(
        "/api/phases/small/submissions", files={"file": a_zip()}, data={"entry": "e", "team": "t"}
    )
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", "[", "192.0.2.1", ""]
)
def test_a_name_that_is_not_ours_is_refused_so_dns_cannot_be_rebound(place: Place, name: str) -> None:
    problem(place.client(Host=name).get("/api/phases"), 400)


@pytest.mark.parametrize("name", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000"])
def test_the_machines_own_names_are_answered(place: Place, name: str) -> None:
    assert place.client(Host=name).get("/api/phases").status_code == 200


def test_the_public_name_is_answered(guarded: Place) -> None:
    assert guarded.client(Host="board.example").get("/api/phases").status_code == 200
    problem(guarded.client(Host="other.example").get("/api/phases"), 400)


@pytest.mark.parametrize("header", FORWARDED)
def test_an_open_server_does_not_answer_through_a_proxy(place: Place, guarded: Place, header: str) -> None:
    problem(place.client(**{header: "203.0.113.7"}).get("/api/phases"), 403)
    assert guarded.client(**{header: "203.0.113.7"}).get("/api/phases").status_code == 200


@pytest.mark.parametrize("path", ["/api/phases", "/nothing", "/healthz"])
def test_every_answer_carries_the_security_headers(place: Place, path: str) -> None:
    headers = place.client().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


# What is written down


def test_what_a_host_does_is_in_the_audit_log(guarded: Place) -> None:
    host = guarded.client(guarded.token("host"))
    submission = guarded.hand_in(token=guarded.token("team", "red"))["id"]
    host.post(f"/api/submissions/{submission}/judging")
    decided(host, submission)  # what is being judged again cannot be chosen
    host.post("/api/teams/red/tokens")
    host.post(f"/api/submissions/{submission}/choice")
    other = guarded.hand_in(a_zip(2), token=guarded.token("host"), team="blue", named=True)["id"]
    found = host.get("/api/audit").json()["audit"]
    assert {(deed["actor"], deed["action"], deed["subject"]) for deed in found} == {
        ("host", "judged again", submission),
        ("host", "token added", "red"),
        ("host", "chose for a team", "red"),
        ("host", "handed in for a team", "blue"),
    }
    assert {"submission": other} in [deed["detail"] for deed in found]


def test_a_team_does_not_choose_after_the_end_and_the_host_does(guarded: Place) -> None:
    guarded.phase("pick", represents="chosen", closes_at=NOON + timedelta(hours=1))
    red = guarded.token("team", "red")
    submission = guarded.hand_in(a_zip(1), token=red, phase="pick")["id"]
    guarded.clock.turn(hours=1, seconds=1)
    late = problem(guarded.client(red).post(f"/api/submissions/{submission}/choice"), 403)
    assert "closed at 2026-12-01T13:00:00Z; this choice was made at 2026-12-01T13:00:01Z" in late["detail"]
    host = guarded.client(guarded.token("host"))
    assert host.post(f"/api/submissions/{submission}/choice").status_code == 200


def test_what_was_passed_over_in_a_zip_is_for_its_owner(guarded: Place) -> None:
    red, blue = guarded.token("team", "red"), guarded.token("team", "blue")
    found = guarded.hand_in(a_wrapped_zip("Jane_Doe"), token=red)
    assert "Jane_Doe" in str(found["passed_over"])
    seen = guarded.client(blue).get(f"/api/submissions/{found['id']}")
    assert seen.json()["passed_over"] == []
    assert "Jane_Doe" not in seen.text + guarded.client(blue).get(f"/submissions/{found['id']}").text


def test_log_lines_are_json_with_a_request_id_and_hold_no_secret(
    guarded: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    token = guarded.token("team", "red")
    browser, csrf = signed_in(guarded, token)
    answer = guarded.client(token).get(f"/api/phases?token={token}")
    guarded.upload(a_zip(), token=token)
    secrets = (token, csrf, browser.cookies[COOKIE], digest_of(token))
    lines = [JsonLines().format(record) for record in caplog.records if record.name.startswith("harness")]
    assert not [line for line in lines for secret in secrets if secret in line]
    said = [json.loads(line) for line in lines]
    asked = next(one for one in said if one.get("request") == answer.headers["x-request-id"])
    assert asked | {"method": "GET", "path": "/api/phases", "status": 200, "caller": "red"} == asked
