"""The scoring program: the server's numbers in any Python from 3.7 on, or one line of reasons."""

from __future__ import annotations

import ast
import json
import math
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from submissions import labels
from submissions.codabench.scoring_program import score
from submissions.packing import packed
from submissions.phases import MEMBER, Phase, phase_of
from submissions.predictions import Predictions
from submissions.problems import SubmissionRefused
from submissions.reading import read
from tests.support.codabench import PROGRAM, Job, lay_out, oldest_python, run_job, truth_of
from tests.support.submissions import a_submission, a_zip
from tests.support.truth import ENTRIES, a_truth, golden_truth, golden_verdicts

PYTHONS = (sys.executable, oldest_python())
SMALL = a_truth({"A1": "11111", "A2": "1111", "A10": "111", "H1": "0000", "H2": "000000", "H3": "000"})
CALLED = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], dtype=np.uint8)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Truth, np.ndarray]:
    """A truth of few subjects, some with cells of both classes, some with one class only, and an answer."""
    count = draw(st.integers(1, 9))
    sizes = draw(st.lists(st.integers(1, 12), min_size=count, max_size=count))
    kinds = draw(st.lists(st.sampled_from(["1", "0", "mixed"]), min_size=count, max_size=count))
    rows = {}
    for at, (size, kind) in enumerate(zip(sizes, kinds, strict=True)):
        mixed = "".join(draw(st.lists(st.sampled_from("01"), min_size=size, max_size=size)))
        rows[f"S{at}"] = mixed if kind == "mixed" else kind * size
    truth = a_truth(rows)
    share = draw(st.sampled_from([0.0, 0.02, 0.3, 0.5, 1.0]))
    wrong = np.random.default_rng(draw(st.integers(0, 2**32))).random(len(truth.phase)) < share
    known = draw(st.sampled_from([True, True, True, False]))
    kept = truth if known else Truth(truth.phase, truth.labels)
    return kept, np.where(wrong, 1 - truth.labels, truth.labels)


def expected_scores(verdict: Verdict) -> dict[str, float]:
    """The columns as the server has them; what truth does not define is 0."""
    found = {key: float(verdict.metrics[key] or 0.0) for key in score.METRICS}
    mean = 0.0 if verdict.summary is None else verdict.summary.mean.estimate
    return {**found, score.SUBJECTS: mean}


def result_of(truth: Truth, called: np.ndarray) -> score.Result:
    one = truth_of(truth)
    names = None if one.subjects is None else list(one.subjects)
    return score.judge(score.Reference(list(one.labels), names), called.tolist())


def near(found: dict[str, float], wanted: dict[str, float]) -> bool:
    assert found.keys() == wanted.keys()
    return all(abs(found[key] - wanted[key]) <= 1e-12 for key in wanted)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_numbers_are_those_of_the_server_on_random_cases(case: tuple[Truth, np.ndarray]) -> None:
    truth, called = case
    verdict, result = judge(Predictions(truth.phase, called), truth), result_of(truth, called)
    assert near(score.scores(result, "full"), expected_scores(verdict))
    assert result.confusion == verdict.confusion.to_json()
    for key in score.METRICS:
        same_interval(result.estimates[key], verdict.intervals[key].limits)
        assert result.estimates[key].value == pytest.approx(verdict.metrics[key], abs=1e-12)
        if truth.subjects:
            assert result.estimates[key].remark == verdict.intervals[key].remark
    if verdict.summary is not None:
        same_interval(result.estimates[score.SUBJECTS], verdict.summary.mean.limits)


def same_interval(one: score.Estimate, limits: list[float | None]) -> None:
    assert [one.low is None, one.high is None] == [limit is None for limit in limits]
    if one.low is not None and one.high is not None:
        assert [one.low, one.high] == pytest.approx(limits, abs=1e-12)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_golden_cells_get_the_server_s_numbers_and_intervals(entry: str) -> None:
    verdict = golden_verdicts()[entry]
    result = result_of(golden_truth(), np.asarray(verdict.cells.called))
    assert near(score.scores(result, "full"), expected_scores(verdict))
    for key in score.METRICS:
        same_interval(result.estimates[key], verdict.intervals[key].limits)


def test_the_quantile_of_student_s_t_is_right_to_the_twelfth_digit() -> None:
    from scipy.special import stdtrit

    for df in np.geomspace(1, 1e4, 60):
        assert score.t_quantile(float(df)) == pytest.approx(float(stdtrit(df, 0.975)), rel=1e-12)


def job(folder: Path, submission: bytes, python: str = sys.executable, **options: object) -> Job:
    lay_out(folder, truth_of(SMALL), submission, **options)  # type: ignore[arg-type]
    return run_job(folder, python)


@pytest.mark.parametrize("python", dict.fromkeys(PYTHONS))
def test_the_program_runs_as_the_platform_runs_it_in_this_python_and_the_oldest(
    tmp_path: Path, python: str
) -> None:
    done = job(tmp_path, packed(Predictions(SMALL.phase, CALLED)), python)
    assert (done.code, done.err) == (0, "")
    assert set(done.files) == {"scores.json", "scores.txt", "detailed_results.html"}
    assert near(done.scores, expected_scores(judge(Predictions(SMALL.phase, CALLED), SMALL)))


def test_the_golden_cells_score_the_same_as_a_process_of_the_oldest_python(tmp_path: Path) -> None:
    verdict = golden_verdicts()["E1"]
    predictions = Predictions(golden_truth().phase, verdict.cells.called)
    lay_out(tmp_path, truth_of(golden_truth()), packed(predictions))
    assert near(run_job(tmp_path, oldest_python()).scores, expected_scores(verdict))


def test_the_program_is_python_3_7_and_imports_the_standard_library_only() -> None:
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 7))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names


TRUTHS = {
    "both classes": SMALL,
    "ALL only": a_truth({"A1": "111", "A2": "11"}),
    "HEM only": a_truth({"H1": "000", "H2": "00"}),
    "one cell": a_truth({"A1": "1"}),
    "unknown subjects": Truth(SMALL.phase, SMALL.labels),
}


@pytest.mark.parametrize("feedback", ["full", "summary", "score"])
@pytest.mark.parametrize("case", TRUTHS)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_every_column_is_a_finite_number_and_both_files_of_scores_agree(
    tmp_path: Path, feedback: str, case: str, share: float
) -> None:
    import yaml

    truth = TRUTHS[case]
    wrong = np.random.default_rng(5).random(len(truth.phase)) < share
    called = np.where(wrong, 1 - truth.labels, truth.labels)
    one = truth_of(truth)
    names = None if one.subjects is None else list(one.subjects)
    reference = score.Reference(list(one.labels), names, feedback=feedback)
    score.write(tmp_path, reference, score.judge(reference, called.tolist()))
    found = json.loads((tmp_path / "scores.json").read_text())
    assert list(found) == score.columns(feedback)
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    text = (tmp_path / "scores.txt").read_text()
    assert yaml.safe_load(text) == pytest.approx(found, abs=1e-12)
    assert by_the_older_rule(text) == pytest.approx(found, abs=1e-12)


def by_the_older_rule(text: str) -> dict[str, float]:
    """CodaLab 1.5: each line is ``label:value`` with one colon, and none is blank."""
    pairs = [line.split(":") for line in text.removesuffix("\n").split("\n")]
    assert {len(pair) for pair in pairs} == {2}
    return {label: float(value) for label, value in pairs}


SOUND = b"".join(b"%d\n" % label for label in CALLED)
HARMLESS = {
    "the winner's blank": a_submission(SOUND.replace(b"\n", b" \n")),
    "CRLF": a_submission(SOUND.replace(b"\n", b"\r\n")),
    "a wrapping folder": a_submission(SOUND, name=f"mine/{MEMBER}"),
    "__MACOSX": a_zip({MEMBER: SOUND, f"__MACOSX/._{MEMBER}": b"\0"}),
    ".DS_Store": a_zip({".DS_Store": b"\0", MEMBER: SOUND}),
    "a metadata file of theirs": a_zip({MEMBER: SOUND, "metadata": b"x: 1"}),
    "a byte-order mark": a_submission(b"\xef\xbb\xbf" + SOUND),
    "no final newline": a_submission(SOUND[:-1]),
    "empty lines at the end": a_submission(SOUND + b"\n \n"),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_real_entrants_uploaded_without_harm_is_scored(tmp_path: Path, case: str) -> None:
    lay_out(tmp_path, truth_of(SMALL), HARMLESS[case])
    reference = score.read_reference(tmp_path / "input/ref")
    assert score.read_submission(tmp_path / "input/res", reference) == CALLED.tolist()
    assert read(HARMLESS[case], SMALL.phase).predictions.labels.tolist() == CALLED.tolist()


def with_line(number: int, text: bytes) -> bytes:
    lines = SOUND.split(b"\n")
    lines[number - 1] = text
    return b"\n".join(lines)


MALFORMED = {
    "one line too few and a 2 in line 17": a_submission(with_line(17, b"2")[:-2]),
    "three lines too many": a_submission(SOUND + b"1\n0\n1\n"),
    "decimals": a_submission(SOUND.replace(b"\n", b".0\n")),
    "scores": a_submission(with_line(3, b"0.73")),
    "a header": a_submission(with_line(1, b"label")),
    "an empty line": a_submission(with_line(5, b"")),
    "a blank before": a_submission(with_line(5, b" 1")),
    "a table": a_submission(with_line(2, b"2.bmp,1")),
    "all in one line": a_submission(SOUND.replace(b"\n", b" ").strip() + b"\n"),
    "not ASCII": a_submission(with_line(2, b"\xc3\xa9")),
    "UTF-16": a_submission(SOUND.decode().encode("utf-16")),
    "every kind at once": a_submission(b"x\n2\n1.0\n0.5\n\n 1\na.bmp,1\n1 0\n\xff\n"),
    "two prediction files": a_zip({MEMBER: SOUND, "old.predict": SOUND}),
    "the same name in two folders": a_zip({f"a/{MEMBER}": SOUND, f"b/{MEMBER}": SOUND}),
    "a stranger and a bad line": a_zip({MEMBER: with_line(3, b"x"), "README.md": b"hello"}),
    "another name": a_submission(with_line(3, b"x"), name="prediction.txt"),
    "a zip in the zip": a_submission(a_submission(SOUND), name="inner.zip"),
    "strangers only": a_zip({"a.md": b"a", "b.md": b"b"}),
    "nothing but litter": a_zip({"__MACOSX/._x": b"\0"}),
    "a line that never ends": a_submission(b"1" * 50_000),
    "far too many lines": a_submission(b"1\n" * 200_000),
    "a name of several lines": a_zip({"a\nb.csv": SOUND, "c.txt": SOUND}),
    "an empty file": a_submission(b""),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_our_reader_refuses_is_refused_in_one_line_with_every_reason(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, truth_of(SMALL), MALFORMED[case])
    assert score.main([str(tmp_path / "input"), str(tmp_path / "output")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert list((tmp_path / "output").iterdir()) == []
    assert re.fullmatch(r"Submission not scored: [ -~]+\n", told.err)
    with pytest.raises(SubmissionRefused) as refused:
        read(MALFORMED[case], SMALL.phase)
    named = [problem.what for problem in refused.value.problems if problem.what != "an unsafe name"]
    assert [what for what in named if what not in told.err] == []


@pytest.mark.parametrize("python", dict.fromkeys(PYTHONS))
def test_a_refusal_exits_with_1_in_this_python_and_the_oldest(tmp_path: Path, python: str) -> None:
    done = job(tmp_path, MALFORMED["every kind at once"], python)
    assert (done.code, done.out, done.files) == (1, "", {})
    assert re.fullmatch(r"Submission not scored: [ -~]+\n", done.err)


def test_the_kinds_of_bad_lines_are_those_of_the_reader() -> None:
    assert [(what, pattern.pattern) for what, pattern, _ in labels._KINDS] == list(score.KINDS)


def test_a_link_to_the_truth_is_not_followed(tmp_path: Path) -> None:
    lay_out(tmp_path, truth_of(SMALL), a_submission(SOUND))
    (tmp_path / "input/res" / MEMBER).unlink()
    (tmp_path / "input/res" / MEMBER).symlink_to(tmp_path / "input/ref/truth.csv")
    done = run_job(tmp_path)
    assert done.code == 1
    assert "no plain file" in done.err


@pytest.mark.parametrize("damage", ["missing", "no label", "no phase.json", "no cells"])
def test_damaged_reference_data_send_the_participant_to_the_organizer(tmp_path: Path, damage: str) -> None:
    lay_out(tmp_path, truth_of(SMALL), a_submission(SOUND))
    table, facts = tmp_path / "input/ref/truth.csv", tmp_path / "input/ref/phase.json"
    if damage == "missing":
        table.unlink()
    elif damage == "no phase.json":
        facts.write_text("{")
    else:
        table.write_text("cell,label,subject\n" + ("1.bmp,2,A\n" if damage == "no label" else ""))
    done = run_job(tmp_path)
    assert (done.code, done.files) == (1, {})
    assert done.err.count("\n") == 1
    assert "tell the organizer" in done.err


def test_feedback_binds_scores_and_page_alike(tmp_path: Path) -> None:
    exact = result_of(SMALL, CALLED)
    for feedback, absent in (("summary", ["Confusion", "A10"]), ("score", ["Confusion", "A10", "Accuracy"])):
        folder = tmp_path / feedback
        done = job(folder, packed(Predictions(SMALL.phase, CALLED)), feedback=feedback)
        assert done.scores == {
            key: round(exact.estimates[key].value or 0.0, 3) for key in score.columns(feedback)
        }
        assert [word for word in absent if word in done.files["detailed_results.html"]] == []
    full = score.page(score.Reference(list(SMALL.labels), list(SMALL.subjects or ())), exact)
    assert all(word in full for word in ("Confusion", "A10", "Accuracy"))


def test_the_page_loads_nothing_and_holds_names_as_text(tmp_path: Path) -> None:
    truth = a_truth({"<script>alert(1)</script>": "111", "H1": "000", "H2": "00"})
    result = result_of(truth, truth.labels)
    names = list(truth.subjects or ())
    text = score.page(score.Reference(truth.labels.tolist(), names, title="<b>"), result)
    assert "<script" not in text
    assert "<b>" not in text
    assert not re.search(r"https?:|src=|href=|url\(|@import", text)


def test_a_phase_of_other_lines_asks_for_its_own_number(tmp_path: Path) -> None:
    phase = Phase("two", ("a.bmp", "b.bmp"))
    lay_out(tmp_path, truth_of(Truth(phase, np.array([0, 1]))), a_submission(SOUND))
    assert "expected 2 lines, found 25" in run_job(tmp_path).err


def test_the_zip_a_participant_uploads_has_no_metadata() -> None:
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(packed(Predictions(phase_of("p", ["1.bmp"]), np.array([1]))))) as archive:
        assert archive.namelist() == [MEMBER]
