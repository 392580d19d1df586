"""Label files as people write them mean what the plain one means."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval_server.judging.truth import TruthInvalid, read_truth
from submissions.phases import FINAL, PRELIM
from tests.support import stored
from tests.support.truth import LABEL_FILE

CASES = Path(__file__).resolve().parents[2] / "data" / "cases"
PLAIN = (CASES / "truth.csv").read_text()
HEAD = "cell,label,subject\n"


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
