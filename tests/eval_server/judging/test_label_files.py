"""Label files as people write them mean what the plain one means."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval_server.judging.truth import TruthInvalid, read_truth
from eval_server.judging.verdict import judge
from submissions.phases import FINAL, PRELIM, phase_of
from submissions.reading import read
from tests.support import stored
from tests.support.submissions import a_submission
from tests.support.truth import LABEL_FILE

CASES = Path(__file__).resolve().parents[2] / "data" / "cases"
PLAIN = (CASES / "truth.csv").read_text()
HEAD = "cell,label,subject\n"
TABLES = int(os.environ.get("HARNESS_TEST_MUTATED_TABLES", "400"))
"""The long form is 2,000."""


def dialect(**change: str) -> bytes:
    text = PLAIN
    for old, new in change.items():
        text = text.replace({"comma": ",", "head": HEAD}.get(old, old), new)
    return text.encode()


@pytest.mark.parametrize(
    "table",
    [
        dialect(comma=";"),
        dialect(comma="\t"),
        dialect(head="Filename,Class,Subject\n"),
        dialect(head="image,y_pred,SUBJECT\n"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",1,", ",ALL,").replace(",0,", ",hem,").replace("cell", "path").encode(),
        PLAIN.replace(",1,", ",1.0,").replace(",0,", ",0.0,").replace("label", "Label").encode(),
        PLAIN.replace(",1,", ",1.0,").replace(",0,", ",0.,").encode(),
        "\n".join(
            f"/data/x/{line}" if at else line.upper() for at, line in enumerate(PLAIN.split())
        ).encode(),
        b"sep=;\n" + dialect(comma=";"),
    ],
)
def test_a_label_file_in_another_dialect_is_the_same_truth(table: bytes) -> None:
    assert read_truth(table).sha256 == read_truth(PLAIN.encode()).sha256


def test_the_published_file_from_a_spreadsheet_is_the_published_truth() -> None:
    text = stored(LABEL_FILE).read_text()
    again = text.replace(",", ";").replace("Patient_ID", "patient_id").encode("utf-16")
    assert read_truth(again).sha256 == read_truth(stored(LABEL_FILE)).sha256


def test_cells_and_labels_without_names_are_a_truth_and_it_is_said() -> None:
    rows = PLAIN.split()[1:]
    truth = read_truth("\n".join(row.rsplit(",", 1)[0] for row in rows).encode())
    expected = read_truth(PLAIN.encode())
    assert (truth.phase.cells, truth.labels.tolist()) == (expected.phase.cells, expected.labels.tolist())
    assert truth.subjects is None
    assert truth.read_as == ("read as: cell from column 1; label from column 2, ALL = 1",)


def test_subjects_under_another_name_are_said_to_be_passed_over() -> None:
    truth = read_truth(PLAIN.replace(HEAD, "cell,label,patient\n").encode())
    assert truth.read_as == ("no column `subject`, which names the subjects; passed over: `patient`",)
    assert not read_truth(PLAIN.encode()).read_as


def test_labels_alone_are_those_of_the_phase_in_its_order() -> None:
    expected = read_truth(PLAIN.encode())
    lines = "".join(f"{label}\n" for label in expected.labels).encode()
    truth = read_truth(lines, expected.phase)
    assert truth.labels.tolist() == expected.labels.tolist()
    assert truth.read_as == ("read as: a list of labels, line 1 is 1.bmp, ALL = 1",)
    with pytest.raises(TruthInvalid, match=r"expected 1867 labels \(prelim\) or 2586 .*, found 30 labels"):
        read_truth(lines)
    assert read_truth(b"1\n" * 2586).phase is FINAL


def test_official_cells_behind_paths_or_by_their_first_names_are_the_official_phase() -> None:
    rows = [row.split(",") for row in stored(LABEL_FILE).read_text().split()[1:]]
    by_path = "".join(f"/data/{name.upper()},{label}\n" for _, name, label in rows)
    by_original = "".join(f"{original},{label}\n" for original, _, label in rows)
    published = read_truth(stored(LABEL_FILE))
    for table in (
        f"cell,label\n{by_path}",
        f"Patient_ID;class\n{by_original.replace(',', ';')}",
        by_original,
    ):
        truth = read_truth(table.encode())
        assert truth.phase is PRELIM
        assert truth.labels.tolist() == published.labels.tolist()


def test_a_column_of_labels_that_comes_twice_is_refused() -> None:
    with pytest.raises(TruthInvalid, match="line 1: expected one column `label`, found 2") as refused:
        read_truth(b"cell,label,label\n1.bmp,1,0\n")
    assert "rename" in refused.value.hint


def test_a_file_of_wrong_lines_only_is_not_looked_at_to_its_end() -> None:
    with pytest.raises(TruthInvalid, match="and 981 more") as refused:
        read_truth(b"cell,label\n" + b"x,7\n" * 5000)
    assert refused.value.problems[-1] == "what follows line 1001 was not looked at"


def test_a_wrong_label_is_named_with_its_own_line() -> None:
    table = PLAIN.replace(",", ";").replace("\n3.bmp;1", "\n\n3.bmp;maybe")
    with pytest.raises(TruthInvalid, match=r"line 5: expected the label 0, 1, hem or all, found 'maybe'"):
        read_truth(table.encode())


@pytest.mark.parametrize(
    "table", [b"\x89PNG\r\n", b"cell;label,x\n1;1\n", b"file,target,pred\na,1,0\n", b"", b"a\n"]
)
def test_what_is_no_label_file_is_refused(table: bytes) -> None:
    with pytest.raises(TruthInvalid):
        read_truth(table)


@settings(max_examples=60, deadline=None, database=None)
@given(seed=st.integers(0, 2**32 - 1), known=st.booleans())
def test_rows_in_any_order_with_lines_in_that_order_give_the_same_verdict(seed: int, known: bool) -> None:
    """Also where the table holds no subjects: then nothing is said of them."""
    generator = np.random.default_rng(seed)
    head, *rows = PLAIN.split() if known else [row.rpartition(",")[0] for row in PLAIN.split()]
    called = generator.integers(0, 2, len(rows))
    order = generator.permutation(len(rows))

    def verdict_of(places: np.ndarray) -> dict[str, object]:
        truth = read_truth("\n".join([head, *(rows[at] for at in places)]).encode())
        lines = a_submission(b"".join(b"%d\n" % called[at] for at in places))
        found = judge(read(lines, truth.phase).predictions, truth).to_json()
        return {name: found[name] for name in ("metrics", "confusion", "intervals")}

    assert verdict_of(order) == verdict_of(np.arange(len(rows)))


SEEDS = (PLAIN.encode(), dialect(comma=";"), PLAIN.encode("utf-16"), b"1\n0\n" * 15, b"a,1\nb,0\n")
PIECES = st.sampled_from(
    [b",", b";", b"\t", b'"', b"\n", b"\r", b"\0", b"\xff\xfe", b"=1+1", b"," * 2000, b"9" * 20_000,
     b"label,", b"subject", b"\xe4", b"UID_1_1_1_all.bmp"]
) | st.binary(max_size=20)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A label file with some of its bytes changed, cut out, doubled, or with something put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 40)))
        data[start:stop] = draw(PIECES | st.just(bytes(data[start:stop]) * 2))
    return bytes(data)


@settings(max_examples=TABLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_mutated_label_file_is_read_or_refused_with_what_to_do(data: bytes) -> None:
    for phase in (None, phase_of("thirty", (f"{at}.bmp" for at in range(1, 31)))):
        try:
            truth = read_truth(data, phase)
            answer = (len(truth.labels), len(truth.phase))
        except TruthInvalid as refused:
            answer = (len(refused.problems), len(refused.hint))
        assert all(answer)


# The peak of this process alone: ru_maxrss starts with that of the process it was forked from.
HOSTILE = """
from pathlib import Path
from eval_server.judging.truth import TruthInvalid, read_truth
from submissions.label_files import MOST_BYTES as most
tables = (
    lambda: b"cell,label" + b",x" * 1_000_000 + b"\\n1.bmp,1\\n",
    lambda: b"cell,label\\n" + b"," * (most - 20),
    lambda: b"cell,label\\n" + b"x,7\\n" * 900_000,
    lambda: b"cell,label\\n" + b"x,1\\n" * 900_000,
    lambda: b'cell,label\\n"' + b"x" * (most - 20),
    lambda: b"\\xff\\xfe" + "cell,label\\n".encode("utf-16-le") + b"1\\0" * (most // 2 - 20),
    lambda: b"\\n" * most,
    lambda: bytes(most),
    lambda: b"x" * (most + 1),
)
for made in tables:
    try:
        read_truth(made())
    except TruthInvalid:
        continue
    raise SystemExit("a hostile file was taken")
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process's own peak memory is read from /proc")
def test_no_label_file_makes_the_reader_take_300_megabytes() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 300 * 10**6
