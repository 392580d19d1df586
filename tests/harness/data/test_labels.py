"""The label file is read exactly, or refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.labels import has_sha256, read_labels
from harness.data.published import LABEL_FILE
from harness.errors import DataWrong
from submissions.cells import Label
from tests.support import stored

HEADER = "Patient_ID,new_names,labels\n"


def test_the_published_file_is_read_whole() -> None:
    labels = read_labels(stored(f"cnmc/C-NMC_Leukemia/validation_data/{LABEL_FILE.name}"))
    assert len(labels) == LABEL_FILE.rows
    assert (labels["4.bmp"].subject, labels["4.bmp"].label) == ("H49", Label.HEM)
    assert sum(row.label is Label.ALL for row in labels.values()) == 1219


def test_line_ends_and_a_byte_order_mark_do_not_make_it_another_file(tmp_path: Path) -> None:
    published = stored(f"cnmc/C-NMC_Leukemia/validation_data/{LABEL_FILE.name}")
    copy = tmp_path / "phase2.csv"
    copy.write_bytes(b"\xef\xbb\xbf" + published.read_bytes().replace(b"\r\n", b"\n"))
    assert has_sha256(copy, LABEL_FILE.sha256)
    assert read_labels(copy) == read_labels(published)
    copy.write_bytes(published.read_bytes().replace(b"UID_57_", b"UID_58_", 1))
    assert not has_sha256(copy, LABEL_FILE.sha256)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the header Patient_ID,new_names,labels, found an empty file"),
        ("cell,label\n1.bmp,1\n", "line 1: expected the header"),
        (HEADER + "UID_57_29_1_all.bmp,1.bmp\n", "line 2: expected 3 columns, found 2"),
        (HEADER + "UID_57_29_1_all.bmp,1.bmp,0\n", "line 2: expected the label 1 .*found '0'"),
        (HEADER + "UID_57_29_1.bmp,1.bmp,1\n", "line 2: expected a name like UID_"),
        (HEADER + "UID_57_29_1_all.bmp,one.bmp,1\n", "line 2: expected a name like 17.bmp"),
        (HEADER + "UID_57_29_1_all.bmp,1.bmp,1\nUID_57_22_2_all.bmp,1.bmp,1\n", "line 3: 1.bmp comes twice"),
    ],
)
def test_a_wrong_line_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(DataWrong, match=said):
        read_labels(path)
