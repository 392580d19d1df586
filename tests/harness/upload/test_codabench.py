"""Handing in to Codabench: right with its faults, twice only where that is safe, and the token stays here."""

from __future__ import annotations

import logging
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import Refused, ServerTrouble, UsageWrong
from harness.upload.codabench import Patience, Site, found_competition, hand_in, place_of, verdict_of
from harness.upload.token import token_of
from submissions.packing import pack
from submissions.phases import PRELIM
from tests.support.codabench_site import TOKEN, Stand, codabench
from tests.support.command import Answer, harness
from tests.support.submissions import a_submission, some_predictions

QUICK = Patience(pause=0.01, look=0.01, whole=20, late_scores=5)
SECRETS = (TOKEN, "s1gn4tur3")


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with codabench(Stand()) as running:
        yield running


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    pack(some_predictions(), tmp_path / "mine.zip")
    return tmp_path / "mine.zip"


def handed_in(stand: Stand, submission: Path) -> int:
    site = Site(stand.url, TOKEN, QUICK)
    return hand_in(site, place_of(site, 7, "prelim"), submission, lambda count: None)


def verdict(stand: Stand, submission: Path) -> dict:
    number = handed_in(stand, submission)
    return verdict_of(Site(stand.url, TOKEN, QUICK), number, lambda words: None)


def test_the_sequence_ends_with_the_scores_and_the_bytes_that_were_sent(
    stand: Stand, submission: Path
) -> None:
    sent: list[int] = []
    site = Site(stand.url, TOKEN, QUICK)
    number = hand_in(site, place_of(site, 7, "PRELIM"), submission, sent.append)
    told: list[str] = []
    assert verdict_of(site, number, told.append)["scores"] == {"weighted_f1": 0.9007992947}
    assert list(stand.stored.values()) == [submission.read_bytes()]
    assert sum(sent) == submission.stat().st_size
    assert told[0] == "Submission 100: Submitting"
    assert told[-1] == "Submission 100: Finished"
    assert [path for method, path, _ in stand.seen[:2]] == [
        "/api/competitions/7/",
        "/api/can_make_submission/31/",
    ]


def test_the_token_goes_to_the_site_and_to_no_signed_address(stand: Stand, submission: Path) -> None:
    stand.ends = "Failed"
    with pytest.raises(Refused):
        verdict(stand, submission)
    assert {known for _, path, known in stand.seen if path.startswith("/storage")} == {False}
    assert {known for _, path, known in stand.seen if path.startswith("/api")} == {True}


def test_where_no_submission_is_allowed_nothing_is_sent(stand: Stand, submission: Path) -> None:
    stand.allowed = False
    with pytest.raises(Refused, match="Reached maximum allowed submissions"):
        handed_in(stand, submission)
    assert stand.count("POST", "/") == 0


def test_scores_that_come_after_finished_are_read_again(stand: Stand, submission: Path) -> None:
    stand.late = 3
    assert verdict(stand, submission)["scores"] == {"weighted_f1": 0.9007992947}


def test_a_finished_submission_without_scores_is_said_after_some_looks(
    stand: Stand, submission: Path
) -> None:
    stand.late = 1000
    with pytest.raises(ServerTrouble, match="finished and has no scores"):
        verdict(stand, submission)


def test_a_failed_one_tells_the_last_lines_of_its_log(stand: Stand, submission: Path) -> None:
    stand.ends = "Failed"
    with pytest.raises(Refused) as failed:
        verdict(stand, submission)
    lines = str(failed.value).splitlines()
    assert "Child task failed or non-zero return code" in lines[0]
    assert lines[-1].strip() == "Submission not scored: 1 line too few"
    assert len(lines) == 21


def test_a_cancelled_one_is_said(stand: Stand, submission: Path) -> None:
    stand.ends = "Cancelled"
    with pytest.raises(Refused, match="submission 100 cancelled"):
        verdict(stand, submission)


def test_an_address_that_expired_is_asked_for_anew_once(stand: Stand, submission: Path) -> None:
    stand.faults = {"expired": 1}
    handed_in(stand, submission)
    assert list(stand.stored) == ["key-2"]
    assert stand.submissions[0]["data"] == "key-2"
    stand.faults = {"expired": 9}
    with pytest.raises(ServerTrouble, match="refused the file with 403"):
        handed_in(stand, submission)


def test_bytes_that_were_cut_in_the_middle_are_sent_again_to_the_same_place(
    stand: Stand, tmp_path: Path
) -> None:
    large = tmp_path / "large.zip"
    large.write_bytes(a_submission() + bytes(3_000_000))
    stand.faults = {"cut put": 2}
    handed_in(stand, large)
    assert stand.stored == {"key-1": large.read_bytes()}
    assert stand.count("PUT", "/storage") == 3
    assert len(stand.submissions) == 1


def test_a_busy_site_is_asked_again(stand: Stand, submission: Path) -> None:
    stand.faults = {"busy": 3}
    assert handed_in(stand, submission) == 100


def test_a_lost_answer_to_handing_in_hands_in_no_second_time(stand: Stand, submission: Path) -> None:
    stand.faults = {"cut after": 1}
    assert handed_in(stand, submission) == 100
    assert len(stand.submissions) == stand.count("POST", "/api/submissions/") == 1


def test_handing_in_that_never_arrived_is_said_and_not_repeated(stand: Stand, submission: Path) -> None:
    stand.faults = {"cut before": 1}
    with pytest.raises(ServerTrouble, match="not listed"):
        handed_in(stand, submission)
    assert stand.count("POST", "/api/submissions/") == 1


def test_a_500_over_quota_is_not_repeated_and_explained(stand: Stand, submission: Path) -> None:
    stand.faults = {"over quota": 1}
    with pytest.raises(ServerTrouble, match="500") as trouble:
        handed_in(stand, submission)
    assert "quota" in trouble.value.hint
    assert stand.count("POST", "/api/submissions/") == 1


def test_a_site_that_never_answers_ends_after_some_tries(stand: Stand, submission: Path) -> None:
    stand.faults = {"busy": 100}
    with pytest.raises(ServerTrouble, match="in 4 tries"):
        handed_in(stand, submission)


def test_an_unknown_phase_names_those_there_are(stand: Stand) -> None:
    with pytest.raises(UsageWrong) as wrong:
        place_of(Site(stand.url, TOKEN, QUICK), 7, "test")
    assert "prelim, final" in wrong.value.hint


@pytest.mark.parametrize("fault", ["expired", "cut put", "cut before", "over quota", "busy"])
def test_no_log_message_or_traceback_holds_the_token_or_a_signature(
    stand: Stand, submission: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stand.faults = {fault: 100}
    with pytest.raises(ServerTrouble) as trouble:
        handed_in(stand, submission)
    said = "".join(traceback.format_exception(trouble.value)) + caplog.text + repr(Site(stand.url, TOKEN))
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("url", ["http://example.org", "ftp://127.0.0.1", "www.example.org"])
def test_the_token_goes_to_https_alone_but_for_loopback(url: str) -> None:
    with pytest.raises(UsageWrong, match="https"):
        Site(url, TOKEN)


def test_a_token_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    with pytest.raises(UsageWrong, match="may be read by others"):
        token_of(file, lambda: "")
    file.chmod(0o600)
    assert token_of(file, lambda: "") == TOKEN


def test_without_file_and_variable_the_token_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODABENCH_TOKEN", raising=False)
    assert token_of(None, lambda: f" {TOKEN} ") == TOKEN
    with pytest.raises(UsageWrong):
        token_of(None, lambda: "")


def upload(stand: Stand, file: Path, *more: object, **environment: str) -> Answer:
    where = ("--competition", 7, "--phase", "prelim", "--site", stand.url)
    return harness("upload", file, *where, *more, **{"CODABENCH_TOKEN": TOKEN, **environment})


def test_the_command_hands_in_and_prints_no_secret(stand: Stand, submission: Path) -> None:
    answer = upload(stand, submission, "--json")
    assert answer.code == 0, answer.err
    assert answer.document() == {
        "competition": 7,
        "phase": "prelim",
        "submission": 100,
        "status": "Submitted",
    }
    assert [secret for secret in SECRETS if secret in answer.out + answer.err] == []


def test_a_zip_that_would_be_refused_is_not_sent_unless_forced(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "short.zip").write_bytes(a_submission(b"1\n0\n"))
    refused = upload(stand, tmp_path / "short.zip")
    assert (refused.code, stand.seen) == (5, [])
    assert "1865 lines too few" in refused.err
    assert upload(stand, tmp_path / "short.zip", "--force").code == 0


def test_a_table_is_packed_first(stand: Stand, tmp_path: Path) -> None:
    predictions = some_predictions()
    rows = "".join(f"{cell},{label}\n" for cell, label in zip(PRELIM.cells, predictions.labels, strict=True))
    (tmp_path / "table.csv").write_text("cell,label\n" + rows)
    assert upload(stand, tmp_path / "table.csv").code == 0
    pack(predictions, tmp_path / "same.zip")
    assert list(stand.stored.values()) == [(tmp_path / "same.zip").read_bytes()]


def test_a_token_on_the_command_line_is_refused(stand: Stand, submission: Path) -> None:
    answer = upload(stand, submission, "--token", TOKEN)
    assert (answer.code, stand.seen) == (2, [])
    assert TOKEN not in answer.err


@pytest.mark.parametrize("token", ["", "unset"])
@pytest.mark.parametrize("command", ["upload", "bundle upload"])
def test_without_a_token_and_a_terminal_the_ways_to_give_one_are_said(
    stand: Stand, submission: Path, monkeypatch: pytest.MonkeyPatch, token: str, command: str
) -> None:
    monkeypatch.delenv("CODABENCH_TOKEN", raising=False)
    environment = {} if token else {"CODABENCH_TOKEN": ""}
    more = ("--force",) if command == "bundle upload" else ("--competition", 7, "--phase", "prelim")
    arguments = (*command.split(), submission, "--site", stand.url, *more)
    answer = harness(*arguments, stdin=subprocess.DEVNULL, **environment)
    assert (answer.code, stand.seen, answer.out) == (2, [], "")
    assert "CODABENCH_TOKEN" in answer.err
    assert "--token-file" in answer.err
    assert "GetPassWarning" not in answer.err
    told = harness(*arguments, "--json", stdin=subprocess.DEVNULL, **environment)
    assert told.code == 2
    assert "CODABENCH_TOKEN" in str(told.document())


def test_one_of_server_and_competition_is_asked_for(submission: Path) -> None:
    assert harness("upload", submission, "--phase", "prelim").code == 2


def founded(stand: Stand, bundle: Path) -> int:
    return found_competition(Site(stand.url, TOKEN, QUICK), bundle, lambda count: None, lambda words: None)


def test_a_bundle_is_sent_unpacked_and_its_competition_named(stand: Stand, submission: Path) -> None:
    assert founded(stand, submission) == 44
    assert stand.stored == {"key-1": submission.read_bytes()}
    assert stand.count("PUT", "/api/datasets/completed/key-1/") == 1


def test_a_bundle_that_is_refused_comes_with_the_platform_s_words(stand: Stand, submission: Path) -> None:
    stand.ends = "Failed"
    with pytest.raises(Refused, match="'NoneType' object is not iterable"):
        founded(stand, submission)


def test_unpacking_is_asked_for_once(stand: Stand, submission: Path) -> None:
    stand.faults = {"cut unpacking": 1}
    with pytest.raises(ServerTrouble, match="was lost"):
        founded(stand, submission)
    assert stand.count("PUT", "/api/datasets/completed/") == 1


def test_a_bundle_with_mistakes_is_not_sent(stand: Stand, submission: Path) -> None:
    answer = harness("bundle", "upload", submission, "--site", stand.url, CODABENCH_TOKEN=TOKEN)
    assert (answer.code, stand.seen) == (5, [])
    assert "no competition.yaml" in answer.err
    forced = harness("bundle", "upload", submission, "--site", stand.url, "--force", CODABENCH_TOKEN=TOKEN)
    assert forced.code == 0, forced.err
    assert f"Competition 44: {stand.url}/competitions/44/" in forced.out


PLACES = {
    "GET /api/competitions/7/": (
        [1],
        {"phases": None},
        {"phases": [3]},
        {"phases": [{"name": 3, "id": 1}]},
        None,
    ),
    "GET /api/can_make_submission/31/": ({}, [], {"can": "no"}, "yes"),
    "POST /api/datasets/": ({"key": "a"}, {"key": "a", "sassy_url": None}, [], {"key": 1, "sassy_url": "x"}),
    "POST /api/submissions/": ({}, {"id": None}, [1], "done"),
    "GET /api/submissions/100/": ([], {"status": 3}, {"scores": [1]}, {"status": "Finished", "scores": 7}),
}
ODD = [(place, document) for place, documents in PLACES.items() for document in documents]
WORTHLESS = {"status": "Finished", "scores": [{"column_key": "weighted_f1", "score": "good"}]}


@pytest.mark.parametrize(("place", "document"), [*ODD, ("GET /api/submissions/100/", WORTHLESS)])
def test_an_answer_of_another_shape_is_told_with_what_was_expected(
    stand: Stand, submission: Path, place: str, document: object
) -> None:
    stand.answers = {place: (200, document)}
    with pytest.raises(ServerTrouble, match=r"expected .+ at the answer.*, found "):
        verdict(stand, submission)


def test_an_answer_of_another_shape_exits_with_6(stand: Stand, submission: Path) -> None:
    stand.answers = {"GET /api/competitions/7/": (200, {"phases": None})}
    answer = upload(stand, submission)
    assert answer.code == 6
    assert "expected a list of fields (id, name) at the answer.phases, found null" in " ".join(
        answer.err.split()
    )


@pytest.mark.parametrize(
    ("place", "document"),
    [
        ("PUT /api/datasets/completed/key-1/", {}),
        ("GET /api/competitions/5/creation_status/", [1]),
        ("GET /api/competitions/5/creation_status/", {"status": "Finished"}),
    ],
)
def test_so_is_one_on_the_way_of_a_bundle(
    stand: Stand, submission: Path, place: str, document: object
) -> None:
    stand.answers = {place: (200, document)}
    with pytest.raises(ServerTrouble, match=r"expected .+ at the answer"):
        founded(stand, submission)


@pytest.mark.parametrize("address", ["http://[", "nonsense"])
def test_a_place_without_an_address_is_the_site_s_fault(stand: Stand, submission: Path, address: str) -> None:
    stand.answers = {"POST /api/datasets/": (201, {"key": "a", "sassy_url": address})}
    with pytest.raises(ServerTrouble):
        handed_in(stand, submission)


TALKING = {
    "a refusal": ("GET /api/competitions/7/", 403, {"detail": f"bad token {TOKEN}"}),
    "a failure": ("GET /api/competitions/7/", 500, {"detail": "x" * 290 + TOKEN}),
    "a reason": ("GET /api/can_make_submission/31/", 200, {"can": False, "reason": f"not {TOKEN}"}),
    "a phase": ("GET /api/competitions/7/", 200, {"phases": [{"id": 1, "name": TOKEN}]}),
    "an odd shape": ("GET /api/competitions/7/", 200, {"phases": TOKEN}),
    "details": ("GET /api/submissions/100/", 200, {"status": "Failed", "status_details": TOKEN}),
    "a log": ("GET /storage/log", 200, f"Traceback {TOKEN}".encode()),
    "scores": ("GET /api/submissions/100/", 200, {"scores": [{"column_key": TOKEN, "score": "x"}]}),
}


@pytest.mark.parametrize("case", TALKING)
def test_what_the_site_says_is_shown_without_the_token(stand: Stand, submission: Path, case: str) -> None:
    place, *answer = TALKING[case]
    stand.answers, stand.ends = {place: tuple(answer)}, "Failed"
    with pytest.raises((Refused, ServerTrouble, UsageWrong)) as told:
        verdict(stand, submission)
    words = f"{told.value} {told.value.hint}"
    assert TOKEN[:9] not in words
