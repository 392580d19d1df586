"""Tables where zips go: each case through the server, on pages and as JSON, with the outcome it must have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval_server.judging.truth import read_truth
from eval_server.store.records import Rules
from submissions.phases import MEMBER
from submissions.reading import read
from tests.support.desk import Place, a_place, problem
from tests.support.server import decided
from tests.support.submissions import a_submission

CASES = Path(__file__).resolve().parents[3] / "data" / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())
READ = [name for name, case in EXPECTED.items() if case["outcome"] == "read"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with a_place(tmp_path_factory.mktemp("server") / "data") as there:
        for phase, table in (("cases", "truth.csv"), ("own", "own-truth.csv")):
            there.desk.store.phases.add(phase, read_truth(CASES / table), Rules(), there.clock())
        yield there


def phase_of(name: str) -> str:
    return "own" if EXPECTED[name].get("truth") else "cases"


def sent(place: Place, name: str, address: str = "submissions", **fields: str) -> Any:
    data = {"entry": name, "team": "red", **fields}
    files = {"file": (name, (CASES / name).read_bytes())}
    return place.client().post(f"/api/phases/{phase_of(name)}/{address}", files=files, data=data)


def judged(place: Place, name: str, **fields: str) -> dict[str, Any]:
    answer = sent(place, name, **fields)
    assert answer.status_code in (200, 202), answer.text
    return decided(place.client(), answer.json()["id"])


@pytest.mark.parametrize("name", EXPECTED)
def test_every_case_is_scored_or_refused_as_it_must_be(place: Place, name: str) -> None:
    case, found = EXPECTED[name], judged(place, name)
    if case["outcome"] == "refused":
        assert found["status"] == "refused"
        assert case["names"] in found["problems"][0]["mend"]
        return
    assert found["metrics"]["weighted_f1"] == pytest.approx(case["weighted_f1"], abs=1e-6)
    assert [hint["reading"] for hint in found["hints"]] == ([case["hint"]] if "hint" in case else [])
    assert found["kind"] == "table"


@pytest.mark.parametrize("name", EXPECTED)
def test_a_check_says_what_would_come_of_it(place: Place, name: str) -> None:
    before = place.desk.store.submissions.by_status()
    found = sent(place, name, "checks").json()
    assert found["accepted"] is (EXPECTED[name]["outcome"] == "read")
    assert place.desk.store.submissions.by_status() == before


@pytest.mark.parametrize(("name", "scale"), [("logits.csv", "logit"), ("percent.csv", "percent")])
def test_the_field_scores_as_settles_what_scores_are(place: Place, name: str, scale: str) -> None:
    found = judged(place, name, scores_as=scale)
    assert found["metrics"]["weighted_f1"] == pytest.approx(0.900111, abs=1e-6)
    assert found["has_scores"]
    assert scale in found["read_as"][0]
    original = place.client().get(f"/api/submissions/{found['id']}/original")
    assert original.content == (CASES / name).read_bytes()
    assert sent(place, name, "checks", scores_as=scale).json()["accepted"]
    problem(sent(place, name, scores_as="odds"), 422)


def test_the_zip_made_of_a_table_is_the_one_the_lines_would_make(place: Place) -> None:
    found = judged(place, "semicolon-decimal-comma.csv")
    made = place.client().get(f"/api/submissions/{found['id']}/archive").content
    truth = read_truth(CASES / "truth.csv")
    labels = read(made, truth.phase).predictions.labels
    assert float((labels == truth.labels).mean()) == pytest.approx(found["metrics"]["accuracy"])
    assert "auc" in found["metrics"]
    lines = b"".join(b"%d\n" % label for label in labels)
    zipped = a_submission(lines, name=MEMBER)
    answer = place.client().post(
        "/api/phases/cases/submissions", files={"file": zipped}, data={"entry": "z", "team": "blue"}
    )
    same = decided(place.client(), answer.json()["id"])
    assert (same["kind"], same["read_as"]) == ("zip", [])
    assert same["metrics"]["weighted_f1"] == found["metrics"]["weighted_f1"]
    assert place.client().get(f"/api/submissions/{same['id']}/archive").content == zipped


def test_a_page_says_to_its_owner_what_was_read_and_what_a_mistake_hides(place: Place) -> None:
    pages = place.client(Accept="text/html")
    read_as = pages.get(f"/submissions/{judged(place, 'file-and-class.csv')['id']}").text
    assert "How the table was read:" in read_as
    assert "label from column `class`, ALL = 1" in read_as
    hinted = pages.get(f"/submissions/{judged(place, 'inverted.csv')['id']}").text
    assert "A mistake that looks like a bad model?" in hinted
    assert "weighted F1 would then be 90.0" in hinted


def test_the_page_takes_a_table_and_checks_one(place: Place) -> None:
    pages = place.client(Accept="text/html")
    files = {"file": ("utf16.csv", (CASES / "utf16.csv").read_bytes())}
    checked = pages.post("/phases/cases/check", files=files, data={"entry": "", "team": ""}).text
    assert "It would be accepted" in checked
    assert "saved as UTF-16" in checked
    answer = pages.post("/phases/cases/submit", files=files, data={"entry": "e", "team": "green"})
    assert "saved as UTF-16" in answer.text


def test_nobody_else_reads_what_a_table_was_read_as_or_a_hint(tmp_path: Path) -> None:
    with a_place(tmp_path / "data", access="tokens") as guarded:
        guarded.desk.store.phases.add("cases", read_truth(CASES / "truth.csv"), Rules(), guarded.clock())
        mine, theirs = guarded.token(team="red"), guarded.token(team="blue")
        found = guarded.hand_in((CASES / "inverted.csv").read_bytes(), token=mine, phase="cases")
        assert [hint["reading"] for hint in found["hints"]] == ["inverted"]
        seen = guarded.client(theirs).get(f"/api/submissions/{found['id']}").json()
        assert seen["hints"] == []
        assert (seen["kind"], seen["read_as"]) == (None, [])
        host = guarded.client(guarded.token("host")).get(f"/api/submissions/{found['id']}").json()
        assert [hint["reading"] for hint in host["hints"]] == ["inverted"]
        for part in ("archive", "original"):
            assert guarded.client(theirs).get(f"/api/submissions/{found['id']}/{part}").status_code in (
                403,
                404,
            )
