"""`harness upload`: what was made elsewhere is handed in to a running server, as a table or as a zip."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import harness
from tests.support.dataset import a_dataset
from tests.support.server import FREE, Server, administer, started

CASES = Path(__file__).resolve().parents[1] / "data" / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    administer(folder, None, "phase", "add", "cases", "--truth", str(CASES / "truth.csv"), *FREE)
    running = started(folder)
    yield running
    running.stop()


def uploaded(server: Server, path: Path, *more: str):
    asked = ("--server", server.url, "--phase", "cases", "--entry", path.name, "--team", "red", *more)
    return harness("upload", path, *asked)


def test_a_table_is_handed_in_and_its_number_is_told_with_what_was_read(server: Server) -> None:
    answer = uploaded(server, CASES / "file-and-class.csv")
    assert answer.code == 0, answer.err
    assert "weighted F1 0.9001" in answer.out
    assert "label from column `class`, ALL = 1" in answer.err


def test_a_number_without_an_interval_is_told_without_one(server: Server) -> None:
    answer = uploaded(server, CASES / "truth.csv")
    assert answer.code == 0, answer.err
    assert "weighted F1 1.0000\n" in answer.out


def test_a_mistake_is_hinted_at_and_an_open_question_is_refused_with_its_option(server: Server) -> None:
    hinted = uploaded(server, CASES / "inverted.csv", "--json")
    assert [hint["reading"] for hint in hinted.document()["hints"]] == ["inverted"]
    refused = uploaded(server, CASES / "logits.csv")
    assert refused.code == 5
    assert "--scores logit" in refused.err
    assert "(lines 2-9, 11-19, 21-27, 29-31): expected a number from 0 to 1, found '-2.407'" in refused.err
    settled = uploaded(server, CASES / "logits.csv", "--scores", "logit", "--json")
    assert settled.document()["metrics"]["weighted_f1"] == pytest.approx(0.900111, abs=1e-6)


def test_the_scores_that_were_packed_beside_a_zip_go_with_it(server: Server, tmp_path: Path) -> None:
    cells = ("--cells", CASES / "truth.csv", "--phase", "thirty")
    assert harness("pack", CASES / "tabs.tsv", "--out", tmp_path / "mine.zip", *cells).code == 0
    found = uploaded(server, tmp_path / "mine.zip", "--json").document()
    assert found["has_scores"]
    assert "auc" in found["metrics"]


def test_terms_are_shown_and_accepted_by_an_option_and_without_it_the_way_is_told(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "terms.md").write_text("The images stay here.")
    given = ("--truth", str(CASES / "truth.csv"), "--terms", str(tmp_path / "terms.md"))
    administer(
        server.data_dir, None, "phase", "add", "bound", *given, "--class-names", "parasite,normal", *FREE
    )
    asked = ("upload", CASES / "inverted.csv", "--server", server.url, "--phase", "bound", "--entry", "e")
    refused = harness(*asked, "--team", "red")
    assert refused.code == 6
    assert "--accept-terms" in refused.err
    done = harness(*asked, "--team", "red", "--accept-terms")
    assert done.code == 0, done.err
    assert "The images stay here." in done.err
    assert "0 for parasite, 1 for normal" in done.err
    assert "ALL" not in done.err
    assert harness(*asked, "--team", "red").code == 0
    administer(server.data_dir, None, "phase", "close", "bound")
    closed = harness(*asked, "--team", "blue", "--accept-terms")
    assert (closed.code, "accepts" in closed.err) == (6, False), closed.err


def test_a_submission_made_here_accepts_terms_by_the_same_option(server: Server, tmp_path: Path) -> None:
    a_dataset(tmp_path / "data")
    cells, terms = tmp_path / "cells.csv", tmp_path / "terms.md"
    table = ("data", "table", tmp_path / "data", "--split", "fold1", "--part", "test", "--out", cells)
    assert harness(*table).code == 0
    terms.write_text("The images stay here.")
    given = ("--truth", str(cells), "--terms", str(terms))
    administer(server.data_dir, None, "phase", "add", "fold1", *given, *FREE)
    asked = ("submit", "--model", "majority", "--split", "fold1", "--data", tmp_path / "data")
    asked = (*asked, "--runs", tmp_path / "runs", "--server", server.url, "--team", "red")
    refused = harness(*asked)
    assert (refused.code, "--accept-terms" in refused.err) == (6, True), refused.err
    done = harness(*asked, "--accept-terms")
    assert done.code == 0, done.err
    assert "The images stay here." in done.err


def test_a_file_or_a_phase_that_is_not_there_is_said(server: Server) -> None:
    assert uploaded(server, CASES / "none.csv").code == 3
    nowhere = harness(
        "upload", CASES / "tabs.tsv", "--server", server.url, "--phase", "none", "--entry", "e", "--team", "t"
    )
    assert nowhere.code == 6


@pytest.mark.parametrize("first", [b"cell,label\n", b"PK\x03\x04"])
def test_a_file_over_the_server_s_limit_is_refused_with_its_size_and_the_limit(
    server: Server, tmp_path: Path, first: bytes
) -> None:
    large = tmp_path / "large"
    large.write_bytes(first + b"1.bmp,1\n" * (18 * 2**17))
    answer = uploaded(server, large)
    assert answer.code == 6
    assert "the server answered 413" in answer.err
    assert "Expected at most 17,825,792 bytes" in answer.err
    assert ", found 18,874," in answer.err


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/csv"])
def test_a_client_that_closes_after_its_request_reads_why_it_was_refused(server: Server, kind: str) -> None:
    asked = urllib.request.Request(
        f"{server.url}/api/phases/cases/submissions", bytes(24 * 2**20), {"Content-Type": kind}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    assert json.load(refused.value)["status"] == (415 if kind == "text/csv" else 413)
