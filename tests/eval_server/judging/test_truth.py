"""Label files: the published one, plain tables, and every way in which they go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.judging.truth import Truth, TruthInvalid, read_truth
from submissions.phases import FINAL, MOST_CELLS, PRELIM, Phase, phase_of
from tests.support import stored
from tests.support.truth import LABEL_FILE

PUBLISHED = b"Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp,1\nUID_h3_35_1_hem.bmp,2.bmp,0\n"


def test_the_published_label_file_is_the_preliminary_phase_with_28_subjects() -> None:
    truth = read_truth(stored(LABEL_FILE))
    assert truth.phase is PRELIM
    assert truth.subjects is not None
    assert len(set(truth.subjects)) == 28
    assert (int(truth.labels.sum()), len(truth.labels)) == (1219, 1867)
    assert truth.subjects[0] == "57"
    assert (truth.subjects[3], int(truth.labels[3])) == ("H49", 0)


def test_subject_h3_is_one_person_however_it_is_written() -> None:
    truth = read_truth(PUBLISHED)
    assert truth.subjects == ("57", "H3")
    assert truth.phase.cells == ("1.bmp", "2.bmp")


def test_a_plain_table_may_have_words_other_columns_and_any_order_of_rows() -> None:
    text = b"\xef\xbb\xbfsubject,cell,note,label\r\nB,10.bmp,x,hem\r\nA,9.bmp,,ALL\r\n\r\n"
    truth = read_truth(text)
    assert truth.phase.cells == ("10.bmp", "9.bmp")
    assert truth.labels.tolist() == [0, 1]
    assert truth.subjects == ("B", "A")


def test_a_table_without_subjects_has_none_and_says_so() -> None:
    truth = read_truth(b"cell,label\n1.bmp,1\n2.bmp,0\n")
    assert truth.subjects is None
    assert "subject of 2 of 2 cells is not known" in truth.remark


def test_partly_known_subjects_are_no_subjects() -> None:
    truth = read_truth(b"cell,label,subject\n1.bmp,1,A\n2.bmp,0,\n")
    assert truth.subjects is None
    assert "1 of 2" in truth.remark


def test_the_official_phases_are_recognised_by_their_cells() -> None:
    rows = "\n".join(f"{cell},0" for cell in reversed(FINAL.cells))
    assert read_truth(f"cell,label\n{rows}\n".encode()).phase is FINAL


def test_the_official_cells_without_endings_are_the_official_phase_under_its_own_names() -> None:
    rows = "\n".join(f"{cell.removesuffix('.bmp')},{at % 2}" for at, cell in enumerate(PRELIM.cells))
    truth = read_truth(f"cell,label\n{rows}\n".encode())
    assert truth.phase is PRELIM
    assert truth.labels.tolist()[:4] == [0, 1, 0, 1]


def test_a_cell_that_comes_with_its_ending_and_without_comes_twice() -> None:
    with pytest.raises(TruthInvalid, match=r"line 3: 2\.bmp stands already in line 2"):
        read_truth(b"cell,label\n2.bmp,1\n2,0\n", phase_of("p", ["2.bmp"]))


def test_the_order_of_any_other_truth_is_that_of_its_rows() -> None:
    truth = read_truth(b"cell,label,subject\nslide10,1,A\nslide9,0,H\nslide1,1,A\n")
    assert truth.phase.cells == ("slide10", "slide9", "slide1")
    assert truth.labels.tolist() == [1, 0, 1]


def test_a_phase_that_is_there_keeps_its_order_whatever_the_order_of_the_rows() -> None:
    phase = Phase("old", ("1", "10", "9"))
    truth = read_truth(b"cell,label\n9.bmp,0\n10.bmp,0\n1.bmp,1\n", phase)
    assert (truth.phase.cells, truth.labels.tolist()) == (("1", "10", "9"), [1, 0, 0])


def test_corrected_labels_of_published_names_are_read_when_they_are_trusted() -> None:
    """The hint names both ways out: the option, and a table that holds no class in its names."""
    corrected = PUBLISHED.replace(b"2.bmp,0", b"2.bmp,1")
    with pytest.raises(TruthInvalid, match="says hem, the label says all") as refused:
        read_truth(corrected)
    assert "--trust-labels" in refused.value.hint
    assert "cell,label,subject" in refused.value.hint
    truth = read_truth(corrected, trust_labels=True)
    assert (truth.labels.tolist(), truth.subjects) == ([1, 1], ("57", "H3"))


def test_a_phase_for_which_no_zip_could_be_read_is_refused_with_the_limit() -> None:
    with pytest.raises(TruthInvalid, match="at most 1,000,000 cells, found 1,000,002 lines") as refused:
        read_truth(b"cell,label\n" + b"c,1\n" * (MOST_CELLS + 1))
    assert refused.value.hint


def test_a_file_gives_other_phases_their_name(tmp_path) -> None:
    path = tmp_path / "fold0.csv"
    path.write_bytes(b"cell,label\n1.bmp,1\n")
    assert read_truth(path).phase.name == "fold0"


def test_every_problem_is_named_with_its_line() -> None:
    text = b"cell,label,subject\n1.bmp,2,A\n,1,A\n3.bmp,1,A\n3.bmp,0,A\n4.bmp\n"
    with pytest.raises(TruthInvalid) as caught:
        read_truth(text)
    assert caught.value.problems == (
        "line 2: expected the label 0, 1, hem or all, found '2'",
        "line 3: expected the name of a cell, found nothing",
        "line 6: expected 3 columns, found 1",
        "line 5: 3.bmp stands already in line 4",
    )
    assert caught.value.hint


def test_a_patient_id_that_contradicts_the_label_or_has_no_subject_is_a_problem() -> None:
    text = b"Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp,0\nsomebody,2.bmp,1\n"
    with pytest.raises(TruthInvalid) as caught:
        read_truth(text)
    assert caught.value.problems == (
        "line 2: UID_57_29_1_all.bmp says all, the label says hem",
        "line 3: expected Patient_ID as UID_<subject>_…, found 'somebody'",
    )


def test_many_problems_are_counted_and_not_all_printed() -> None:
    with pytest.raises(TruthInvalid) as caught:
        read_truth(b"cell,label\n" + b"x,7\n" * 50)
    assert len(caught.value.problems) == 50
    assert str(caught.value).endswith("and 30 more")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "its header is nothing"),
        (b"name,klasse\na,1\n", "its header is name,klasse"),
        (b"cell,label\n", "a header and no cells"),
        (b"cell,label\n\xff\xfe,1\n", "UTF-8"),
        (b"\x00\x01\x02", "not a label file"),
    ],
)
def test_what_is_no_label_file_is_refused_with_what_was_found(content: bytes, said: str) -> None:
    with pytest.raises(TruthInvalid, match=said) as caught:
        read_truth(content)
    assert caught.value.hint


def test_a_file_that_is_not_there_is_a_problem_and_no_traceback(tmp_path) -> None:
    with pytest.raises(TruthInvalid, match="No such file"):
        read_truth(tmp_path / "none.csv")


def test_a_phase_that_is_asked_for_must_be_there_whole_and_alone() -> None:
    phase = phase_of("small", ["1.bmp", "3.bmp"])
    with pytest.raises(TruthInvalid) as caught:
        read_truth(PUBLISHED, phase)
    assert caught.value.problems == (
        "line 3: 2.bmp is no cell of the phase small",
        "3.bmp of the phase small has no line",
    )
    assert read_truth(PUBLISHED, phase_of("two", ["1.bmp", "2.bmp"])).phase.name == "two"


def test_the_identity_changes_with_cells_labels_and_subjects_alone() -> None:
    phase, other = phase_of("a", ["1.bmp", "2.bmp"]), phase_of("b", ["1.bmp", "2.bmp"])
    first = Truth(phase, np.array([1, 0]), ("A", "H"))
    assert Truth(other, np.array([1, 0]), ("A", "H"), "a remark").sha256 == first.sha256
    assert Truth(phase, np.array([1, 1]), ("A", "H")).sha256 != first.sha256
    assert Truth(phase, np.array([1, 0]), ("A", "B")).sha256 != first.sha256
    assert Truth(phase, np.array([1, 0])).sha256 != first.sha256


def test_some_cells_of_a_truth_are_a_truth() -> None:
    whole = Truth(phase_of("w", ["1.bmp", "2.bmp", "3.bmp"]), np.array([1, 0, 1]), ("A", "H", "B"))
    some = whole.only(phase_of("s", ["3.bmp", "1.bmp"], partial=True))
    assert (some.labels.tolist(), some.subjects) == ([1, 1], ("A", "B"))
    with pytest.raises(ValueError, match=r"4\.bmp"):
        whole.only(phase_of("s", ["4.bmp"]))


def test_labels_are_read_only_and_must_fit_the_phase() -> None:
    phase = phase_of("p", ["1.bmp"])
    with pytest.raises(ValueError, match="read-only"):
        Truth(phase, np.array([1])).labels[0] = 0
    with pytest.raises(ValueError, match="1 cells, found 2 labels"):
        Truth(phase, np.array([1, 0]))
    with pytest.raises(ValueError, match="0 or 1, found 2"):
        Truth(phase, np.array([2]))
    with pytest.raises(ValueError, match="as many subjects"):
        Truth(phase, np.array([1]), ("A", "B"))
