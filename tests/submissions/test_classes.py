"""Phases about other cells: their classes by name in tables, in label files and in our sentences."""

from __future__ import annotations

import pytest

from submissions.classes import CNMC, ClassNames
from submissions.label_files import label_table
from submissions.phases import Phase
from submissions.problems import SubmissionRefused
from submissions.tables import reading_of_table

MALARIA = ClassNames("parasite", "uninfected")
PHASE = Phase("malaria", ("a.png", "b.png", "c.png"), classes=MALARIA)


def test_a_table_says_the_labels_by_the_names_of_the_classes_in_any_case() -> None:
    table = b"cell,label\nb.png,Uninfected\na.png,PARASITE\nc.png,1\n"
    assert reading_of_table(table, PHASE).predictions.labels.tolist() == [1, 0, 1]


def test_where_the_classes_have_other_names_those_of_cnmc_mean_nothing() -> None:
    with pytest.raises(SubmissionRefused) as refused:
        reading_of_table(b"cell,label\na.png,ALL\nb.png,HEM\nc.png,1\n", PHASE)
    assert [problem.found for problem in refused.value.problems] == ["'ALL', 'HEM'"]
    assert reading_of_table(
        b"cell,label\na.png,all\nb.png,hem\nc.png,1\n", PHASE.called(CNMC)
    ).predictions.labels.tolist() == [1, 0, 1]


def test_a_label_file_is_read_by_the_same_names_and_says_them_where_one_is_wrong() -> None:
    found = label_table(b"cell,label,subject\na.png,parasite,1\nb.png,uninfected,2\n", classes=MALARIA)
    assert found.labels.tolist() == [1, 0]
    wrong = label_table(b"cell,label,subject\na.png,parasite,1\nb.png,all,2\n", classes=MALARIA)
    assert wrong.problems == ["line 3: expected the label 0, 1, uninfected or parasite, found 'all'"]


def test_our_sentences_speak_of_the_classes_and_names_between_backticks_stay() -> None:
    said = MALARIA.said("a column `ALL`: 3 leukemic (ALL) cells, 2 leukemic cells, 1 normal cell, 0 (HEM)")
    assert said == "a column `ALL`: 3 parasite cells, 2 parasite cells, 1 uninfected cell, 0 (uninfected)"
    assert MALARIA.said("ALLOWED, abnormal") == "ALLOWED, abnormal"
    assert CNMC.said("leukemic (ALL)") == "leukemic (ALL)"


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (("a", "A"), "two names"),
        (("0", "1"), "by a word"),
        (("", "b"), "printable"),
        (("a\nb", "c"), "printable"),
        (("x" * 41, "b"), "1 to 40"),
        ((" a", "b"), "printable"),
    ],
)
def test_names_that_nobody_could_tell_apart_are_refused(names: tuple[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        ClassNames(*names)
