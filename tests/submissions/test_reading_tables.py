"""Tables from anywhere: what each dialect means, what is refused and why, and what a hostile one costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from submissions.checking import check
from submissions.packing import packed
from submissions.phases import PRELIM, Phase, phase_of
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Reading, read
from submissions.rows import MOST_BYTES
from submissions.tables import read_table, reading_of_table, table_of
from tests.support import stored
from tests.support.submissions import some_predictions
from tests.support.truth import LABEL_FILE

TABLES = int(os.environ.get("HARNESS_TEST_MUTATED_TABLES", "400"))
"""The long form is 2,000."""
CASES = Path(__file__).resolve().parents[1] / "data" / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())
THIRTY = phase_of("thirty", (f"{number}.bmp" for number in range(1, 31)))
THREE = phase_of("three", ("1.bmp", "2.bmp", "10.bmp"))
FOLD = phase_of("fold", ("UID_1_1_1_all.bmp", "UID_H2_1_1_hem.bmp"))


def said(text: str | bytes, phase: object = THREE, **asked: object) -> Reading:
    data = text.encode() if isinstance(text, str) else text
    return reading_of_table(data, phase, **asked)  # type: ignore[arg-type]


def labels(text: str | bytes, phase: object = THREE, **asked: object) -> list[int]:
    return said(text, phase, **asked).predictions.labels.tolist()


def scores(text: str | bytes, **asked: object) -> list[float]:
    found = said(text, **asked).predictions.scores
    assert found is not None
    return [round(score, 6) for score in found.tolist()]


def refused(text: str | bytes, phase: object = THREE, **asked: object) -> Problem:
    with pytest.raises(SubmissionRefused) as refusal:
        said(text, phase, **asked)
    return refusal.value.problems[0]


@pytest.mark.parametrize("name", [name for name, case in EXPECTED.items() if case["outcome"] == "refused"])
def test_a_case_to_refuse_names_the_option_that_settles_it(name: str) -> None:
    assert EXPECTED[name]["names"] in refused((CASES / name).read_bytes(), THIRTY).mend


@pytest.mark.parametrize("name", ["capitals.csv", "utf16.csv", "tabs.tsv", "semicolon-decimal-comma.csv"])
def test_a_spreadsheet_s_dialect_says_what_the_plain_table_says(name: str) -> None:
    plain = reading_of_table(CASES / "SHOUTED.CSV", THIRTY)
    found = reading_of_table(CASES / name, THIRTY)
    assert plain.read_as == ()
    assert found.read_as != ()
    assert table_of(found.predictions) == table_of(plain.predictions)


def test_a_confidence_beside_a_label_becomes_the_probability_of_all() -> None:
    found = reading_of_table(CASES / "confidence.csv", THIRTY)
    plain = reading_of_table(CASES / "SHOUTED.CSV", THIRTY).predictions
    np.testing.assert_allclose(found.predictions.scores, plain.scores)
    assert "confidence in the label" in found.read_as[0]


def test_logits_and_percent_are_read_when_their_scale_is_said() -> None:
    wanted = reading_of_table(CASES / "SHOUTED.CSV", THIRTY).predictions
    for name, scale in (("logits.csv", "logit"), ("percent.csv", "percent")):
        found = reading_of_table(CASES / name, THIRTY, scale=scale)
        assert found.predictions.labels.tolist() == wanted.labels.tolist()
        assert np.argsort(found.predictions.scores).tolist() == np.argsort(wanted.scores).tolist()
        assert scale in found.read_as[0]


def test_a_list_of_labels_is_read_as_the_lines_of_a_submission() -> None:
    found = said("1\n0\n1\n")
    assert found.predictions.labels.tolist() == [1, 0, 1]
    assert "line 1 is 1.bmp" in found.read_as[0]
    assert refused("1\n0\n").what == "1 line too few"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00", "a picture"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"PK\x03\x04", "a zip or a spreadsheet's own file"),
        (b"\x1f\x8b\x08", "a packed file"),
        (b'{"1.bmp": 1}', "a JSON document"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(data: bytes, kind: str) -> None:
    assert refused(data).found == kind


def test_an_encoding_that_is_not_unicode_is_refused_with_the_way_out() -> None:
    problem = refused("cell,label\n1.bmp,1\nZellkörper,1\n".encode("latin-1"))
    assert problem.found == "byte 0xf6 in line 3"
    assert "UTF-8" in problem.mend


@pytest.mark.parametrize(
    "text",
    [
        "cell;score;label\n1.bmp;0,9;1\n2.bmp;0,1;0\n10.bmp;,8;1\n",
        "sep=;\ncell;score;label\n1.bmp;0.9;1\n2.bmp;0.1;0\n10.bmp;0.8;1\n",
        "cell\tscore\n1.bmp\t0.9\n2.bmp\t0.1\n10.bmp\t0.8\n",
        '\ufeff"CELL", "Prob"\r\n"1.bmp","0.9"\r\n"2.bmp","0.1"\r\n"10.bmp","0.8"\r\n',
        ",cell,score\n0,10.bmp,0.8\n1,1.bmp,0.9\n2,2.bmp,0.1\n",
        "cell,score,note,\n1.bmp,0.9,,\n2.bmp,0.1,=1+1,\n10.bmp,0.8,x\n",
    ],
)
def test_separators_marks_row_numbers_and_further_columns_change_nothing(text: str) -> None:
    if "x\n" in text:
        text = text.replace("x\n", "x,\n")
    assert labels(text) == [1, 0, 1]
    assert scores(text) == [0.9, 0.1, 0.8]


def test_mixed_separators_are_refused_with_the_line() -> None:
    assert refused("cell;score,label\n1.bmp;1,1\n").where == "line 1"
    problem = refused("cell,label\n1.bmp,1\n2.bmp;0\n10.bmp,1\n")
    assert (problem.where, problem.found) == ("line 3", "1 columns (another separator)")


@pytest.mark.parametrize("text", ["cell|label\n1.bmp|1\n", "cell label\n1.bmp 1\n", "1.bmp 1\n2.bmp 0\n"])
def test_what_separates_nothing_here_is_refused_with_what_does(text: str) -> None:
    assert refused(text).mend == "Separate the columns by commas, semicolons or tabs."


def test_a_headed_list_of_labels_is_told_that_the_list_has_no_header() -> None:
    assert "leave this line out" in refused("label\n1\n0\n1\n").mend


@pytest.mark.parametrize(
    "name", ["UID_57_29_1_all.bmp", "uid_57_29_1_ALL", "1", "1.BMP", r"D:\cells\1.bmp", "/data/x/1.bmp"]
)
def test_every_spelling_of_a_preliminary_cell_is_that_cell(name: str) -> None:
    rows = [f"{number}.bmp,0" for number in range(2, 1868)]
    text = "\n".join(["file,label", *rows, f"{name},1"])
    assert labels(text, PRELIM)[:2] == [1, 0]
    assert reading_of_table(text.encode()).predictions.phase is PRELIM


def test_the_label_file_itself_is_a_table_of_predictions() -> None:
    found = reading_of_table(stored(LABEL_FILE))
    assert found.predictions.phase is PRELIM
    by_original = "\n".join(
        ",".join(line.split(",")[::2]) for line in stored(LABEL_FILE).read_text().splitlines()
    )
    assert table_of(reading_of_table(by_original.encode()).predictions) == table_of(found.predictions)


def test_two_cells_whose_spellings_differ_in_their_case_are_told_apart_behind_paths() -> None:
    found = reading_of_table(b"file,label\nx/A.bmp,1\ny/a.bmp,0\n").predictions
    assert (found.phase.cells, found.labels.tolist()) == (("A.bmp", "a.bmp"), [1, 0])


@pytest.mark.parametrize(
    "table",
    [
        b"file,label\nA\x07.bmp,1\na\x07,1\nA\x07,0\n",
        b'cell\tlabel\n"1.bmp"x\t1\n',
        b"cell,label\n\x07,1\n\x07,1\n",
    ],
)
def test_control_characters_of_a_table_are_never_printed(table: bytes) -> None:
    for phase in (None, THIRTY):
        report = check(table, phase)
        assert all(word.isprintable() for word in (*map(str, report.problems), *report.read_as))


def test_two_columns_that_name_different_cells_are_a_question() -> None:
    problem = refused("id,file,label\n1,10.bmp,1\n2,2.bmp,1\n10,1.bmp,0\n")
    assert (problem.where, problem.found) == ("line 2", "column `file` and column `id`")
    assert labels("id,file,label\n0,10.bmp,1\n1,2.bmp,1\n2,1.bmp,0\n") == [0, 1, 1]


def test_two_columns_of_labels_that_differ_are_a_question() -> None:
    problem = refused("cell,target,pred\n1.bmp,1,1\n2.bmp,1,0\n10.bmp,0,0\n")
    assert (problem.where, problem.what) == ("line 3", "two columns of labels that differ")
    assert labels("cell,target,pred\n1.bmp,1,1\n2.bmp,0,0\n10.bmp,0,0.0\n") == [1, 0, 0]


@pytest.mark.parametrize("word", ["-1", "2", "True", "yes", "", "0.5", "malignant"])
def test_a_word_that_is_no_label_is_refused_with_its_line(word: str) -> None:
    assert refused(f"cell,label\n1.bmp,1\n2.bmp,{word}\n10.bmp,0\n").where == "line 3"


def test_probabilities_under_the_name_of_a_label_are_told_where_they_belong() -> None:
    assert "`p_all`" in refused("id,target\n1.bmp,0.93\n2.bmp,0.2\n10.bmp,0.8\n").mend


def test_two_probabilities_have_to_add_to_one() -> None:
    head = "cell,hem,all\n1.bmp,0.1,0.9\n2.bmp,0.8,0.2\n"
    assert labels(head + "10.bmp,0.3,0.7\n") == [1, 0, 1]
    assert refused(head + "10.bmp,0.7,0.7\n").where == "line 4"
    assert scores("cell,p_hem\n1.bmp,0.1\n2.bmp,0.8\n10.bmp,0\n") == [0.9, 0.2, 1.0]
    logits = "cell,hem,all\n1.bmp,-2,2\n2.bmp,3,-1\n10.bmp,0,1\n"
    assert scores(logits, scale="logit") == [0.982014, 0.017986, 0.731059]
    assert "--scores logit" in refused(logits).mend


def test_a_confidence_alone_is_asked_what_it_means() -> None:
    assert "p_hem" in refused("cell,confidence\n1.bmp,0.9\n2.bmp,0.8\n10.bmp,0.7\n").mend


def test_scores_that_contradict_labels_are_said_with_their_lines() -> None:
    text = "cell,label,score\n1.bmp,1,0.9\n2.bmp,0,0.8\n10.bmp,1,0.7\n"
    (remark,) = said(text).read_as
    assert remark.startswith("label and score disagree in 1 of 3 lines (line 3): the label counts")
    assert "confidence" in remark
    (remark,) = said("cell,label,score\n1.bmp,1,0.1\n2.bmp,0,0.8\n10.bmp,1,0.3\n").read_as
    assert "lines 2-4" in remark
    assert "p_hem" in remark
    assert labels(text) == [1, 0, 1]


def test_scores_that_call_no_cell_hem_are_said_to_look_like_confidences() -> None:
    rows = "".join(f"{number}.bmp,0.{50 + number}\n" for number in range(1, 31))
    assert "no cell is called HEM" in said(f"cell,score\n{rows}", THIRTY).read_as[-1]
    assert "confidence" in said(f"cell,score\n{rows}", THIRTY).read_as[-1]


def test_a_score_of_exactly_one_half_is_hem_and_the_remark_knows_it() -> None:
    halves = said("cell,score\n" + "".join(f"{number}.bmp,0.5\n" for number in range(1, 31)), THIRTY)
    assert not halves.predictions.labels.any()
    assert "only a cell with exactly one half is called HEM" in halves.read_as[-1]


def test_cells_of_a_fold_are_found_without_their_ending_and_in_any_case() -> None:
    assert labels("image,label\nuid_h2_1_1_hem,0\nx/UID_1_1_1_all.BMP,1\n", FOLD) == [1, 0]


@settings(max_examples=100, deadline=None, database=None)
@given(seed=st.integers(0, 2**32 - 1), scored=st.booleans())
def test_rows_in_any_order_say_the_same_and_a_packed_table_is_unchanged(seed: int, scored: bool) -> None:
    predictions = some_predictions(THIRTY, seed)
    if not scored:
        predictions = Predictions(THIRTY, predictions.labels)
    head, *rows = table_of(predictions).decode().splitlines()
    np.random.default_rng(seed).shuffle(rows)
    found = reading_of_table("\n".join([head, *rows]).encode(), THIRTY).predictions
    assert table_of(found) == table_of(predictions)
    assert table_of(reading_of_table(table_of(found), THIRTY).predictions) == table_of(predictions)
    assert read(packed(found), THIRTY).predictions.labels.tolist() == predictions.labels.tolist()


SEEDS = tuple((CASES / name).read_bytes() for name in EXPECTED)
PIECES = st.sampled_from(
    [b",", b";", b"\t", b'"', b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"=1+1", b"nan", b"1e999",
     b"," * 2000, b"9" * 20_000, b"cell,", b"label", b"\xe4", "\U0001f600".encode(), b"../../1.bmp", b"-0"]
) | st.binary(max_size=20)  # fmt: skip


@st.composite
def mutated_tables(draw: st.DrawFn) -> bytes:
    """A case with some of its bytes changed, cut out, doubled, or with something put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 40)))
        data[start:stop] = draw(PIECES | st.just(bytes(data[start:stop]) * 2))
    recode = draw(st.sampled_from(["", "utf-16", "latin-1", "utf-16-le"]))
    return data.decode("latin-1").encode(recode, "replace") if recode else bytes(data)


@settings(max_examples=TABLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_tables())
def test_a_mutated_table_is_read_or_refused(data: bytes) -> None:
    for phase in (THIRTY, None):
        report = check(data, phase)
        words = [*map(str, report.problems), *report.read_as]
        assert words or report.predictions is not None
        assert all(word.isprintable() for word in words)


# The peak of this process alone: ru_maxrss starts with that of the process it was forked from.
HOSTILE = """
from pathlib import Path
from submissions.checking import check
from submissions.phases import PRELIM
most = 16 * 2**20
tables = (
    lambda: b"cell,label" + b",x" * 1_000_000 + b"\\n1.bmp,1\\n",
    lambda: b"cell,label\\n" + b"," * (most - 20),
    lambda: b"cell,label,score\\n" + b"".join(b"%d,1,.5\\n" % n for n in range(300_000)),
    lambda: b'cell,label\\n"' + b"x\\n" * (most // 2 - 20),
    lambda: b"cell,label\\n" + chr(128512).encode() * (most // 4 - 10),
    lambda: b"\\xff\\xfe" + "cell,label\\n".encode("utf-16-le") + b"1\\0" * (most // 2 - 20),
    lambda: b"\\n" * most,
    lambda: b"cell,label\\n" + b'"' * (most - 20),
    lambda: b"0\\n" * (most // 2),
    lambda: bytes(most),
    lambda: b"x" * (most + 1),
)
for made in tables:
    assert not check(made(), PRELIM).accepted
assert not check(tables[2]()).accepted
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def test_no_table_makes_the_reader_take_300_megabytes() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 300 * 10**6


def test_a_table_may_be_as_large_as_its_phase_needs() -> None:
    phase = Phase("many", tuple(f"{at:0100}" for at in range(165_000)))
    table = "cell,label\n" + "".join(f"{cell},1\n" for cell in phase.cells)
    assert len(table) > MOST_BYTES
    assert read_table(table.encode(), phase).positives == 165_000
    with pytest.raises(SubmissionRefused, match="the file is too large"):
        read_table(table.encode(), Phase("few", phase.cells[:10]))
