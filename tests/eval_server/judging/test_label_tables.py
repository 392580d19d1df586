"""Label files as people write them mean what the plain one means."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval_server.judging.truth import TruthInvalid, read_truth
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
