"""The page on the API says what the server says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval_server.judging.comparing import compare
from eval_server.judging.verdict import judge
from eval_server.service.settings import Settings
from eval_server.web.app import create
from eval_server.web.documents.comparisons import ComparedEntry, ComparedPair, SignificanceDocument
from eval_server.web.documents.results import ResultDocument
from eval_server.web.reference import text
from submissions.predictions import Predictions
from tests.support.server import small_truth

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    return create(Settings(data_dir=tmp_path)).openapi()


def test_the_page_on_the_api_is_the_one_that_the_models_make() -> None:
    assert PAGE.read_text() == text(), "run `python -m eval_server.web.reference > docs/api.md`"


def test_every_operation_says_what_it_answers_and_how_it_refuses(spec: dict[str, Any]) -> None:
    operations = [one for methods in spec["paths"].values() for one in methods.values()]
    assert len(operations) >= 24
    for one in operations:
        good = [answer for status, answer in one["responses"].items() if status.startswith("2")]
        assert all("content" in answer for answer in good) or "204" in one["responses"], one["summary"]
        assert list(one["responses"]["default"]["content"]) == ["application/problem+json"]
        assert "422" not in one["responses"]


def test_every_document_has_a_sentence_and_some_fields_are_promised(spec: dict[str, Any]) -> None:
    schemas = {name: one for name, one in spec["components"]["schemas"].items() if "Body_" not in name}
    assert all(one["description"] for one in schemas.values())
    promised = [
        name for one in schemas.values() for name, part in one["properties"].items() if "x-stable" in part
    ]
    assert {"weighted_f1", "interval", "rank_set", "status", "problems"} <= set(promised)


def test_all_that_a_comparison_and_a_verdict_tell_is_declared() -> None:
    truth = small_truth()
    calls = truth.labels.copy()
    calls[:9] ^= 1
    verdicts = {
        name: judge(Predictions(truth.phase, one), truth) for name, one in (("a", truth.labels), ("b", calls))
    }
    report = compare(verdicts, margin=0.01).to_json()
    asked = {"submissions", "set_aside", "feedback"}
    assert set(report) == set(SignificanceDocument.model_fields) - asked
    assert set(report["entries"][0]) == set(ComparedEntry.model_fields)
    assert set(report["pairs"][0]) == set(ComparedPair.model_fields)
    beside = {"phase", "truth_sha256", "partial", "drawn"}
    assert set(verdicts["a"].to_json()) - beside == set(ResultDocument.model_fields)
