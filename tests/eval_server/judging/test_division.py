"""Subjects are divided, never cells: by share and seed or by a column, with both classes in both parts."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score, roc_auc_score

from eval_server.judging.division import DIVIDED, DivisionInvalid, TruthPart
from eval_server.judging.parts import judge_parts
from eval_server.judging.truth import Truth, TruthInvalid, read_truth
from submissions.predictions import Predictions
from tests.support import stored
from tests.support.submissions import some_predictions
from tests.support.truth import LABEL_FILE, a_truth

TABLE = "cell,label,subject,part\n1.bmp,1,A,public\n2.bmp,0,X,private\n3.bmp,1,B,Private\n4.bmp,0,Y,public\n"


def prelim() -> Truth:
    return read_truth(stored(LABEL_FILE))


def private(truth: Truth) -> set[str]:
    assert truth.division is not None
    return set(truth.division.private)


def test_the_real_truth_is_divided_by_subject_with_both_classes_in_both_parts() -> None:
    truth = prelim().divided(0.5, 0)
    parts = {part: truth.part(part) for part in DIVIDED}
    subjects = {part: set(one.subjects or ()) for part, one in parts.items()}
    assert subjects[TruthPart.PUBLIC] | subjects[TruthPart.PRIVATE] == set(truth.subjects or ())
    assert not subjects[TruthPart.PUBLIC] & subjects[TruthPart.PRIVATE]
    assert [len(subjects[part]) for part in DIVIDED] == [13, 15]
    assert all(set(one.labels.tolist()) == {0, 1} for one in parts.values())
    cells = [cell for one in parts.values() for cell in one.phase.cells]
    assert sorted(cells) == sorted(truth.phase.cells)
    assert parts[TruthPart.PUBLIC].phase.cells == tuple(
        cell for cell in truth.phase.cells if cell in set(parts[TruthPart.PUBLIC].phase.cells)
    )


def test_the_division_follows_from_truth_and_seed_alone() -> None:
    truth = prelim()
    order = np.random.default_rng(0).permutation(len(truth.phase))
    turned = Truth(
        type(truth.phase)("turned", tuple(truth.phase.cells[at] for at in order)),
        truth.labels[order],
        tuple((truth.subjects or ())[at] for at in order),
    )
    assert private(truth.divided(0.5, 7)) == private(turned.divided(0.5, 7)) == private(truth.divided(0.5, 7))
    assert private(truth.divided(0.5, 8)) != private(truth.divided(0.5, 7))
    assert truth.divided(0.5, 7).sha256 == truth.sha256


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
def test_each_part_has_a_subject_of_each_class_however_small_the_share(share: float) -> None:
    truth = a_truth({"A": "11", "B": "1", "C": "111", "X": "0", "Y": "00"}).divided(share, 0)
    for part in DIVIDED:
        assert set(truth.part(part).labels.tolist()) == {0, 1}


def test_a_class_with_one_subject_cannot_be_divided_and_is_named() -> None:
    with pytest.raises(DivisionInvalid, match=r"the class HEM has one subject \(X\)"):
        a_truth({"A": "11", "B": "1", "X": "000"}).divided(0.5, 0)


def test_a_subject_of_both_classes_may_be_what_the_other_part_lacks() -> None:
    truth = a_truth({"A": "11", "X": "0", "Y": "00", "M": "10"}).divided(0.5, 0)
    assert "M" in private(truth)
    assert "A" not in private(truth)
    with pytest.raises(DivisionInvalid, match="one subject"):
        a_truth({"A": "11", "X": "0", "Y": "00"}).divided(0.5, 0)


def test_cells_without_known_subjects_cannot_be_divided() -> None:
    truth = a_truth({"A": "11", "X": "00"})
    with pytest.raises(DivisionInvalid, match="subjects of these cells are not known"):
        Truth(truth.phase, truth.labels).divided(0.5, 0)


def test_a_column_of_the_table_says_the_part_of_each_subject() -> None:
    assert private(read_truth(TABLE.encode(), parts=True)) == {"X", "B"}
    assert read_truth(TABLE.encode()).division is None


def test_the_part_that_a_table_of_a_split_has_divides_no_phase() -> None:
    table = TABLE.replace("public", "test").replace("private", "test")
    assert read_truth(table.encode(), parts=True).division is None


def test_a_subject_in_both_parts_is_named_with_its_lines() -> None:
    wrong = TABLE + "5.bmp,1,A,private\n6.bmp,1,A,private\n"
    with pytest.raises(TruthInvalid) as refused:
        read_truth(wrong.encode(), parts=True)
    assert refused.value.problems == (
        "line 6: the subject A is in both parts (line 2: public): subjects are divided, never cells",
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            TABLE.replace("X,private", "X,hidden"),
            "line 3: expected the part public or private, found 'hidden'",
        ),
        (TABLE.replace("X,private", "X,public"), "the private part has no HEM cell"),
        (TABLE.replace("1,A,public", "1,,public"), "divides subjects, and that of 1 cells is not known"),
    ],
)
def test_a_column_that_divides_nothing_sensible_is_refused(table: str, said: str) -> None:
    with pytest.raises(TruthInvalid, match=re.escape(said)):
        read_truth(table.encode(), parts=True)


def test_a_corrected_truth_keeps_every_cell_in_its_part_with_the_subjects_that_join() -> None:
    before = prelim().divided(0.5, 3)
    for kept_back in (True, False):
        subjects = list(before.subjects or ())
        cells = [at for at, one in enumerate(subjects) if (one in private(before)) == kept_back]
        for at in cells[::7]:
            subjects[at] = "a new one"
        after = Truth(before.phase, before.labels, tuple(subjects)).divided_like(before)
        assert after.places(TruthPart.PRIVATE) == before.places(TruthPart.PRIVATE)
        assert private(after) - private(before) == ({"a new one"} if kept_back else set())


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({0: "B"}, "1.bmp (from A to B)"),
        ({2: "A"}, "3.bmp (from B to A)"),
        ({1: "N", 3: "N"}, "4.bmp (from B to N)"),
    ],
)
def test_a_corrected_subject_that_takes_a_cell_to_the_other_part_is_refused(
    moved: dict[int, str], said: str
) -> None:
    """Public cells whose results were seen never decide in the private part, nor are private ones shown."""
    rows = zip("AABBXXYY", "11110000", strict=True)
    parts = {"A": "public", "B": "private", "X": "public", "Y": "private"}
    lines = [f"{at}.bmp,{label},{one},{parts[one]}" for at, (one, label) in enumerate(rows, start=1)]
    before = read_truth("\n".join(["cell,label,subject,part", *lines]).encode(), parts=True)
    subjects = [moved.get(at, one) for at, one in enumerate(before.subjects or ())]
    with pytest.raises(DivisionInvalid, match=re.escape(said)):
        Truth(before.phase, before.labels, tuple(subjects)).divided_like(before)


def test_a_corrected_table_may_repeat_the_parts_and_may_not_change_them() -> None:
    before = read_truth(TABLE.encode(), parts=True)
    assert private(before.divided_like(before)) == {"X", "B"}
    turned = TABLE.replace("A,public", "A,private").replace("B,Private", "B,public")
    with pytest.raises(DivisionInvalid, match="the part of A, B is another than before"):
        read_truth(turned.encode(), parts=True).divided_like(before)
    whole = read_truth(TABLE.encode())
    assert whole.divided_like(before).division == before.division
    with pytest.raises(DivisionInvalid, match="the phase is not divided"):
        before.divided_like(whole)


def test_verdicts_of_the_parts_are_what_other_programs_say_of_the_restricted_table() -> None:
    truth = prelim().divided(0.4, 1)
    predictions = some_predictions(truth.phase)
    assert predictions.scores is not None
    table = pd.DataFrame(
        {
            "subject": truth.subjects,
            "label": truth.labels,
            "called": predictions.labels,
            "score": predictions.scores,
        }
    )
    (found,) = judge_parts([predictions], truth)
    assert list(found) == [TruthPart.WHOLE, *DIVIDED]
    for part, verdict in found.items():
        kept = (
            table
            if part is TruthPart.WHOLE
            else table[table.subject.isin(private(truth)) == (part is TruthPart.PRIVATE)]
        )
        said = verdict.metrics
        assert len(verdict.cells.labels) == len(kept)
        assert said["weighted_f1"] == pytest.approx(f1_score(kept.label, kept.called, average="weighted"))
        assert said["sensitivity"] == pytest.approx(recall_score(kept.label, kept.called))
        assert said["auc"] == pytest.approx(roc_auc_score(kept.label, kept.score))
        right = (kept.label == kept.called).groupby(kept.subject).agg(["sum", "count"])
        assert {one.subject: (one.correct, one.cells) for one in verdict.subjects or ()} == {
            name: (int(row["sum"]), int(row["count"])) for name, row in right.iterrows()
        }


def test_a_truth_that_is_not_divided_is_judged_as_ever() -> None:
    truth = prelim()
    (found,) = judge_parts([Predictions(truth.phase, truth.labels)], truth)
    assert list(found) == [TruthPart.WHOLE]
