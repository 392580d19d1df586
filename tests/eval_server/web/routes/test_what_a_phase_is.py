"""A phase about other cells: its words on every page, its terms, its picture, its files to start from."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eval_server.store.records import Introduction
from tests.eval_server.service.test_own_picture import a_picture
from tests.eval_server.web.routes.test_pages import HTML, body, form_token, scores, signed_in
from tests.support.desk import Place, a_place, problem
from tests.support.server import a_zip, small_truth
from tests.support.submissions import a_zip as a_raw_zip

NAMES = {"positive_class": "parasite", "negative_class": "uninfected"}
OURS = re.compile(r"\b(?:ALL|HEM|[Ll]euk\w+|normal)\b")
WRONG = a_raw_zip({"isbi_valid.predict": b"1\n2\nx\n"})
TERMS = "The images stay **here**."
DIGEST = hashlib.sha256(TERMS.encode()).hexdigest()


@pytest.fixture
def malaria(tmp_path: Path) -> Iterator[Place]:
    """A server that asks for tokens, with one phase, about malaria."""
    with a_place(tmp_path, access="tokens", public_names=("board.example",)) as found:
        found.phase(title="Malaria", metric="f1_all", **NAMES)
        yield found


def introduced(place: Place, **texts: str) -> None:
    place.desk.store.introductions.put("small", Introduction(**texts), None)


def words(page: Any) -> str:
    """What a reader of a page meets: its text, with the titles and labels of its marks."""
    text = re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.S)
    told = re.findall(r'(?:title|aria-label|alt|placeholder)="([^"]*)"', text)
    return html.unescape(re.sub(r"<[^>]*>", " ", text) + " ".join(told))


def a_table(label: str) -> bytes:
    """Every cell called the same, by a word."""
    return "\n".join(["cell,label", *(f"{cell},{label}" for cell in small_truth().phase.cells), ""]).encode()


def test_no_page_about_other_cells_speaks_of_leukemia(malaria: Place) -> None:
    red, green = malaria.token("team", "red"), malaria.token("team", "green")
    ids = [
        malaria.hand_in(a_zip(2), token=red, scores=scores(2))["id"],
        malaria.hand_in(a_zip(9), team="green", token=green)["id"],
        malaria.hand_in(a_table("Parasite"), team="green", token=green, entry="words")["id"],
    ]
    refused = malaria.hand_in(WRONG, token=red)["id"]
    wrong = malaria.hand_in(a_table("ALL"), token=red)["id"]
    worst = malaria.hand_in(a_zip(50), token=red, entry="inverted")["id"]
    assert malaria.client(red).get(f"/api/submissions/{wrong}").json()["status"] == "refused"
    pages = [
        "/",
        "/help",
        "/phases/small",
        "/phases/small/rules",
        "/phases/small/submit",
        "/phases/small?sort=metric",
    ]
    pages += [f"/submissions/{one}" for one in (*ids, refused, worst)]
    pages += [
        f"/phases/small/compare?s={ids[0]}&s={ids[1]}",
        "/phases/small/compare?s=" + "&s=".join(ids),
    ]
    for token in (red, malaria.token("host")):
        browser = signed_in(malaria, token)
        for address in pages:
            page = browser.get(address)
            assert page.status_code == 200, address
            assert OURS.findall(words(page)) == [], address
    said = words(signed_in(malaria, red).get(f"/submissions/{ids[0]}"))
    for told in (
        "parasite cells",
        "called parasite",
        "called uninfected",
        "F1 of parasite",
        "precision of uninfected",
    ):
        assert told in said
    hint = malaria.client(red).get(f"/api/submissions/{worst}").json()["hints"][0]
    assert "0 for parasite, 1 for uninfected" in hint["says"]
    assert OURS.findall(hint["says"] + hint["mend"]) == []


def test_a_phase_of_cnmc_looks_as_before(place: Place) -> None:
    submission = place.hand_in(a_zip(2), scores=scores(2))["id"]
    said = words(place.client(**HTML).get(f"/submissions/{submission}"))
    assert "leukemic cells" in said
    assert "called normal" in said
    rules = body(place.client(**HTML).get("/phases/small/rules"))
    for absent in ("Rules</h2>", "Terms</h2>", "Whom to ask", "<img"):
        assert absent not in rules
    told = place.client().get("/api/phases/small").json()
    assert told["classes"] == ["normal", "ALL"]
    assert [told[name] for name in ("description", "rules", "terms", "terms_sha256", "contact")] == [""] * 5
    assert told["picture_url"] is None


def test_the_files_to_start_from_are_taken_and_say_the_same_of_every_cell(place: Place) -> None:
    told = place.client().get("/api/phases/small").json()
    for name in ("example_url", "example_table_url"):
        example = place.client().get(told[name]).content
        found = place.hand_in(example, entry=name)
        assert found["status"] == "scored"
        assert found["confusion"]["tp"] == found["confusion"]["fp"] == 0
    assert {line.split(b",", 1)[1] for line in example.split()[1:]} == {b"0.5,0"}
    page = body(place.client(**HTML).get("/phases/small/rules"))
    assert told["example_url"] in page
    assert told["example_table_url"] in page


def test_what_the_host_wrote_stands_on_the_page_of_the_phase(place: Place) -> None:
    introduced(
        place,
        description="# Cells\n\n<b>of</b> mice",
        rules="# Teams\n\nOne team each.",
        contact="<mailto:me@a.example>",
    )
    page = body(place.client(**HTML).get("/phases/small/rules"))
    assert "<h2>Cells</h2>" in page
    assert "<h3>Teams</h3>" in page
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert all(later <= level + 1 for level, later in pairwise(levels)), levels
    assert "&lt;b&gt;of&lt;/b&gt; mice" in page
    assert "One team each." in page
    assert 'href="mailto:me@a.example"' in page
    assert "What this phase is about" in body(place.client(**HTML).get("/phases/small"))


def test_the_picture_is_served_as_a_picture_and_nothing_else(place: Place) -> None:
    place.desk.store.introductions.put("small", Introduction(), b"\x89PNG pixels")
    address = place.client().get("/api/phases/small").json()["picture_url"]
    answer = place.client().get(address)
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG pixels", "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert address in body(place.client(**HTML).get("/phases/small/rules"))
    place.desk.store.introductions.put("small", Introduction(), b"\x89PNG others")
    assert place.client().get("/api/phases/small").json()["picture_url"] != address


def test_a_team_accepts_the_terms_before_its_first_hand_in_and_is_told_how(guarded: Place) -> None:
    introduced(guarded, terms=TERMS)
    token = guarded.token("team", "red")
    refusal = problem(guarded.upload(token=token), 403)
    assert (
        refusal["terms_sha256"] == DIGEST == guarded.client().get("/api/phases/small").json()["terms_sha256"]
    )
    assert "--accept-terms" in refusal["detail"]
    assert (
        sent(guarded, token, terms="f" * 64)
        .json()["detail"]
        .startswith(
            "The phase small has terms, which have changed since they were read: it takes a submission once"
        )
    )
    assert sent(guarded, token, terms=DIGEST).status_code == 202
    assert guarded.upload(a_zip(3), token=token).status_code == 202
    (deed,) = [one for one in guarded.desk.store.audit.listed() if one.action == "terms accepted"]
    assert (deed.actor, deed.subject, deed.detail["terms_sha256"]) == ("red", "red", DIGEST)
    assert guarded.upload(token=guarded.token("team", "green")).status_code == 403
    introduced(guarded, terms=TERMS + " Really.")
    assert guarded.upload(a_zip(4), token=token).status_code == 403
    assert guarded.upload(a_zip(4), "blue", guarded.token("host"), named=True).status_code == 202


def sent(place: Place, token: str, **fields: str) -> Any:
    return place.client(token).post(
        "/api/phases/small/submissions",
        files={"file": ("s.zip", a_zip())},
        data={"entry": "entry", **fields},
    )


def test_on_the_page_the_terms_are_read_and_accepted_by_a_tick(guarded: Place) -> None:
    introduced(guarded, terms=TERMS)
    browser = signed_in(guarded, guarded.token("team", "red"))
    form = body(browser.get("/phases/small/submit"))
    assert "stay <strong>here</strong>" in form
    assert f'name="terms" value="{DIGEST}" required' in form
    assert "--accept-terms" in form
    assert f"-F terms={DIGEST} " in form
    fields = {"entry": "entry", "csrf": form_token(browser)}
    files = {"file": ("s.zip", a_zip())}
    refused = browser.post("/phases/small/submit", files=files, data=fields)
    assert "has terms: it takes a submission once" in body(refused, 403)
    done = browser.post("/phases/small/submit", files=files, data={**fields, "terms": DIGEST})
    assert "Scored" in body(done)
    assert 'name="terms"' not in body(browser.get("/phases/small/submit"))


def test_checking_asks_for_no_terms(guarded: Place) -> None:
    introduced(guarded, terms=TERMS)
    answer = guarded.client().post("/api/phases/small/checks", files={"file": ("s.zip", a_zip())})
    assert answer.json()["accepted"]


def test_a_host_writes_it_all_on_a_page_and_nobody_else_does(guarded: Place) -> None:
    host, red = (signed_in(guarded, guarded.token(*who)) for who in (("host",), ("team", "red")))
    assert "/phases/small/introduction" in body(host.get("/host"))
    assert "50000" in body(host.get("/phases/small/introduction"))
    fields = {"title": "Malaria", "description": "Two\r\nlines", "terms": TERMS, "contact": "me", **NAMES}
    files = {"picture": ("p.jpg", a_picture("JPEG"))}
    for browser, status in ((red, 403), (host, 200)):
        csrf = {"csrf": form_token(browser)}
        answer = browser.post("/phases/small/introduction", data={**fields, **csrf}, files=files)
        assert answer.status_code == status
    told = guarded.client().get("/api/phases/small").json()
    assert (told["title"], told["description"], told["contact"]) == ("Malaria", "Two\nlines", "me")
    assert (told["terms_sha256"], told["classes"]) == (DIGEST, ["uninfected", "parasite"])
    assert guarded.client().get(told["picture_url"]).content.startswith(b"\x89PNG")
    assert guarded.desk.store.audit.listed()[0].detail["terms_sha256"] == DIGEST
    sent = {**fields, "csrf": form_token(host), "without_picture": "yes"}
    host.post("/phases/small/introduction", data=sent, files={"picture": ("", b"")})
    assert guarded.client().get("/api/phases/small").json()["picture_url"] is None
    wrong = {**fields, "csrf": form_token(host), "negative_class": ""}
    refused = host.post("/phases/small/introduction", data=wrong, files={"picture": ("", b"")})
    assert "both of its classes or neither" in body(refused, 422)
    forged = host.post("/phases/small/introduction", data={**fields, "csrf": "x"}, files=files)
    assert forged.status_code == 403
