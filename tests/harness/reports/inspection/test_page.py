"""The page of a look inside: names are text whatever they hold, and what is not there is left out."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import judge
from harness.reports.inspection.figures import pictures_of_epochs
from harness.reports.inspection.found import Inspection, Look, MissedCell
from harness.reports.inspection.page import page
from submissions.phases import phase_of
from submissions.predictions import Predictions

HOSTILE = "<script>alert('x')</script>\"&"


def hostile() -> Inspection:
    names = tuple(f"{HOSTILE}{at}.bmp" for at in range(4))
    phase = phase_of(HOSTILE, names)
    truth = Truth(phase, np.array([1, 1, 0, 0], dtype=np.uint8), tuple(f"{HOSTILE}{at}" for at in range(4)))
    scores = np.zeros(4)
    scores[phase.cells.index(names[2])] = 0.9
    predictions = Predictions.from_scores(phase, scores)
    crop = np.zeros((300, 300, 3), dtype=np.uint8)
    return Inspection(
        name=HOSTILE,
        entry=HOSTILE,
        facts=((HOSTILE, HOSTILE),),
        remarks=(HOSTILE,),
        epochs=({"epoch": 0, "judged_on": HOSTILE, "auc": 0.5}, {"epoch": 1, HOSTILE: 1.0, "auc": 0.6}),
        predictions=predictions,
        verdict=judge(predictions, truth),
        wrong=(MissedCell(0, names[0], f"{HOSTILE}0", "ALL", "HEM", 0.1),),
        all_wrong=1,
        looks={names[0]: Look(crop, np.zeros((300, 300), dtype=np.float32))},
        notes=(HOSTILE,),
    )


def test_names_of_runs_entries_cells_and_subjects_are_text_and_nothing_else() -> None:
    written = page(hostile())
    assert "<script" not in written
    assert "alert(" in written
    assert "nothing spoke for the class" in written


def test_a_curve_is_plotted_over_the_epochs_that_have_its_number() -> None:
    """A run that was watched from its second epoch on, and one number that is missing in the middle."""
    epochs = tuple(
        {"epoch": at, "loss": 1.0 / at, **({"auc": 0.5 + at / 100, "weighted_f1": 0.8} if at > 2 else {})}
        for at in range(1, 6)
    )
    found = Inspection("a", "a", (), epochs=(*epochs[:4], {"epoch": 5, "loss": 0.2, "auc": None}))
    pictures = {one.name: one for one in pictures_of_epochs(found)}
    assert set(pictures) == {"epoch-loss", "epoch-metrics", "epoch-auc"}
    assert [row[0] for row in pictures["epoch-auc"].rows] == ["3", "4"]
    assert [row[0] for row in pictures["epoch-loss"].rows] == ["1", "2", "3", "4", "5"]


def test_one_epoch_is_no_curve() -> None:
    assert pictures_of_epochs(Inspection("a", "a", (), epochs=({"epoch": 1, "loss": 0.3},))) == ()


def test_an_interval_that_cannot_be_estimated_has_its_reason_on_the_page() -> None:
    found = hostile()
    assert found.verdict is not None
    reasons = {one.remark for one in found.verdict.intervals.values() if not one.estimable}
    assert reasons
    assert all(f": {reason}." in page(found) for reason in reasons)


def test_on_a_telephone_cells_of_tables_wrap() -> None:
    """The later of two rules holds: the narrow one has to follow the one for every width."""
    style = (files("harness.reports.inspection") / "page.html").read_text(encoding="utf-8")
    assert 0 < style.index("white-space: nowrap") < style.index("{ th, td { white-space: normal")
