"""Numbers that leave the server are rounded for all but the host, whatever somebody adds and forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from eval_server.judging import comparing, verdict
from eval_server.scoring import metrics
from eval_server.scoring.metrics import Metric
from eval_server.web.documents.comparisons import SecondTest
from eval_server.web.documents.document import IN_FULL, Chance, Document, Metrics, plain
from eval_server.web.documents.publishing import rounded
from tests.support.desk import Place, a_place
from tests.support.server import a_zip, small_truth

HTML = {"Accept": "text/html"}
SECRET, TRACES = 0.6180339887498949, ("0.61803", "61.803", "6180339", "61.80 ")
OF_CELLS, OF_SCORES = "forgotten", "forgotten_of_scores"


def forgotten_value(tp: Any, tn: Any, p: Any, n: Any) -> Any:
    """A value that grows with right cells by so little that every entry has the first digits of `SECRET`."""
    return SECRET + 1e-9 * (np.asarray(tp, dtype=float) + tn)


def forgotten_gradient(tp: Any, tn: Any, p: Any, n: Any) -> Any:
    slope = np.full(np.broadcast(tp, tn).shape, 1e-9)
    return slope, slope


@pytest.fixture
def forgetful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A server to which somebody has added two metrics and said nothing of who may see their digits."""
    added = Metric(OF_CELLS, forgotten_value, forgotten_gradient, increasing=True)
    monkeypatch.setitem(metrics.METRICS, OF_CELLS, added)  # type: ignore[arg-type]
    original = verdict.score_metrics

    def scored(*parts: Any) -> dict[str, float | None]:
        return {**original(*parts), OF_SCORES: SECRET}

    monkeypatch.setattr(verdict, "score_metrics", scored)
    monkeypatch.setattr(comparing, "SWAPPED", (*comparing.SWAPPED, added))
    with a_place(tmp_path / "server", access="tokens", public_names=("board.example",)) as place:
        place.phase(metric=OF_CELLS)
        yield place


def scores(wrong: int) -> bytes:
    truth = small_truth()
    told = np.where(truth.labels == 1, 0.9, 0.1)
    told[:wrong] = 1 - told[:wrong]
    lines = [f"{cell},{score}" for cell, score in zip(truth.phase.cells, told, strict=True)]
    return "\n".join(["cell,score", *lines, ""]).encode()


def ways_out(a: str, b: str) -> list[str]:
    """Every address that tells numbers of submissions."""
    return [
        *("/api/phases", "/api/phases/small", "/api/phases/small/leaderboard"),
        *("/api/phases/small/leaderboard.csv", "/api/phases/small/leaderboard.md"),
        *(f"/api/submissions/{a}", "/api/phases/small/submissions?team=red", "/api/teams/red"),
        f"/api/phases/small/comparisons?a={a}&b={b}",
        f"/api/phases/small/significance?s={a}&s={b}",
        *("/", "/phases/small", "/phases/small?sort=metric", "/phases/small/rules", "/teams/red"),
        *(f"/submissions/{a}", f"/phases/small/compare?s={a}&s={b}"),
    ]


def test_a_metric_that_nobody_named_as_safe_leaves_the_server_rounded_by_every_way(forgetful: Place) -> None:
    place = forgetful
    red, blue = place.token(team="red"), place.token(team="blue")
    a = place.hand_in(a_zip(3), token=red, scores=scores(2))["id"]
    b = place.hand_in(a_zip(9), token=blue, scores=scores(5))["id"]
    c = place.hand_in(a_zip(12), team="green", token=place.token(team="green"))["id"]
    for path in [*ways_out(a, b), f"/phases/small/compare?s={a}&s={b}&s={c}"]:
        answer = place.client(red, **({} if path.startswith("/api") else HTML)).get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert not [trace for trace in TRACES if trace in answer.text], path
    told = place.client(red).get(f"/api/submissions/{a}").json()
    assert (told["metrics"][OF_CELLS], told["metrics"][OF_SCORES]) == (0.618, 0.618)
    assert told["intervals"][OF_CELLS]["estimate"] == 0.618
    assert place.board(red)["standings"][0][OF_CELLS] == 0.618
    two = place.client(red).get(f"/api/phases/small/comparisons?a={a}&b={b}").json()
    assert two["secondary"][OF_CELLS]["difference"] == 0.0
    assert "61.8" in place.client(red, **HTML).get(f"/submissions/{a}").text


def test_a_host_reads_every_digit_and_everybody_those_of_what_is_named_as_safe(forgetful: Place) -> None:
    place = forgetful
    red, host = place.token(team="red"), place.token("host")
    a = place.hand_in(a_zip(3), token=red, scores=scores(2))["id"]
    full, told = (place.client(token).get(f"/api/submissions/{a}").json() for token in (host, red))
    assert full["metrics"][OF_SCORES] == SECRET
    assert str(full["metrics"][OF_CELLS]).startswith("0.618034")
    for name in ("weighted_f1", "accuracy", "mcc", "kappa", "f1_hem"):
        assert told["metrics"][name] == full["metrics"][name]
        assert told["intervals"][name] == full["intervals"][name]
    assert told["subjects"] == full["subjects"]
    for name in ("auc", "average_precision", "brier", "log_loss", "ece"):
        assert told["metrics"][name] == round(full["metrics"][name], 3)


class Deep(Document):
    """A document in a document, with a number that somebody added and one that was declared as safe."""

    new: tuple[float, int]
    safe: Annotated[tuple[float, int], IN_FULL]


class Told(Document):
    """One of everything."""

    metrics: Metrics
    deep: list[Deep]
    count: int
    p: Chance


def told(**other: Any) -> Told:
    deep = Deep(new=(SECRET, 3), safe=(SECRET, 3))
    facts = {"metrics": {"accuracy": SECRET, "new": SECRET}, "deep": [deep], "count": 7, "p": 0.5}
    return Told.model_validate({**facts, **other})


def test_a_number_that_somebody_adds_to_a_document_is_rounded_until_it_is_named() -> None:
    assert plain(rounded(told())) == {
        "metrics": {"accuracy": SECRET, "new": 0.618},
        "deep": [{"new": (0.618, 3), "safe": (SECRET, 3)}],
        "count": 7,
        "p": 0.5,
    }


def test_a_p_is_rounded_up_so_that_it_never_claims_too_much() -> None:
    assert [rounded(told(p=p)).p for p in (0.00001, 0.9999)] == [0.001, 1.0]
    beside = SecondTest(difference=0.00001, p=0.00001)
    assert plain(rounded(beside)) == {"difference": 0.0, "p": 0.001}


def test_what_a_comparison_makes_of_scores_is_rounded_for_all_but_the_host(guarded: Place) -> None:
    red, blue, host = guarded.token(team="red"), guarded.token(team="blue"), guarded.token("host")
    a = guarded.hand_in(a_zip(3), token=red, scores=scores(2))["id"]
    b = guarded.hand_in(a_zip(9), token=blue, scores=scores(5))["id"]
    for address in ("comparisons?a={a}&b={b}", "significance?s={a}&s={b}"):
        path = f"/api/phases/small/{address.format(a=a, b=b)}"
        full, told = (guarded.client(token).get(path).json() for token in (host, red))
        pair, exact = (one["pairs"][0] if "pairs" in one else one for one in (told, full))
        assert len(str(exact["auc"]["difference"])) > 5
        assert pair["auc"]["difference"] == round(exact["auc"]["difference"], 3)
        assert pair["auc_cells"]["p"] == pytest.approx(exact["auc_cells"]["p"], abs=0.001)
        for name in ("difference", "interval", "p", "wilcoxon", "mcnemar", "design_effect", "secondary"):
            assert pair[name] == exact[name]
