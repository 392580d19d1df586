"""The attack on a phase's labels, on few cells: where all is told it finds them, in samples it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks.leak import Computed, Condition, line_of
from benchmarks.leaks.asking import Document
from benchmarks.leaks.attacks import (
    Start,
    asked,
    blind,
    climbing,
    focused,
    from_scores,
    needed,
    random_uploads,
    share_known,
    solved,
    solved_linearly,
)
from benchmarks.leaks.solving import Known, Labels, right_called_all
from eval_server.judging.feedback import Level
from eval_server.judging.spot_check import spot_checked
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import judge
from eval_server.service import verdicts as kept
from eval_server.store.records import Rules
from submissions.packing import packed
from submissions.phases import Phase
from submissions.predictions import Predictions
from tests.support.desk import Place, a_place
from tests.support.server import decided

SIZES = {"A": 23, "B": 31, "C": 17, "X": 19, "Y": 13, "Z": 17}


def a_truth() -> Truth:
    names = [name for name, size in SIZES.items() for _ in range(size)]
    order = np.random.default_rng(2).permutation(len(names))
    subjects = tuple(names[at] for at in order)
    labels = np.array([name in "ABC" for name in subjects], dtype=np.uint8)
    return Truth(Phase("small", tuple(f"{at}.bmp" for at in range(len(names)))), labels, subjects)


TRUTH = a_truth()
KNOWN = Known(int(TRUTH.labels.sum()), len(TRUTH.labels))


def an_entry() -> Start:
    """Scores of a model that is right about three cells in four, and less sure where it is wrong."""
    generator = np.random.default_rng(7)
    return from_scores(1 / (1 + np.exp(-generator.normal(1.4 * (2.0 * TRUTH.labels - 1), 2))), 0.75)


@dataclass(frozen=True, slots=True)
class AtPlace:
    """The application asked in place, by a team with a token."""

    place: Place
    token: str

    def ask(self, phase: str, team: str, uploads: Labels, *, in_turn: bool = False) -> list[Document]:
        client, found = self.place.client(self.token), []
        for labels in uploads:
            data = packed(Predictions(TRUTH.phase, labels))
            answer = client.post(
                f"/api/phases/{phase}/submissions", files={"file": ("a.zip", data)}, data={"entry": "entry"}
            )
            found.append(decided(client, answer.json()["id"]))
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtPlace]:
    """A server with a phase of either level; its samples come out the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "spot_checked", lambda many, secret: spot_checked(many, "leak"))
        settings = {"access": "tokens", "public_names": ("board.example",), "uploads_per_minute": None}
        folder: Path = tmp_path_factory.mktemp("leak")
        with a_place(folder, **settings) as found:
            for feedback in ("full", "summary"):
                found.desk.store.phases.add(feedback, TRUTH, Rules(feedback=feedback), found.clock())
            found.desk.boards.patience = 0.01
            yield AtPlace(found, found.token(team="probe"))


def test_counts_by_subject_of_random_labels_give_all_labels_away(place: AtPlace) -> None:
    uploads = random_uploads(90, KNOWN.cells, np.random.default_rng(1))
    told = asked(place, "full", "probe", uploads)
    assert told.by_subject
    assert share_known(TRUTH.labels, solved(told, KNOWN, blind(KNOWN))) > 0.99
    assert share_known(TRUTH.labels, solved(told.first(50), KNOWN, an_entry())) > 0.95


def test_a_summary_gives_next_to_nothing_where_the_same_on_all_cells_would_give_much(place: AtPlace) -> None:
    entry, generator = an_entry(), np.random.default_rng(4)
    before = share_known(TRUTH.labels, entry.prior)
    uploads = focused(entry, 40, 50, generator)
    whole = asked(Computed(TRUTH, Level.SUMMARY), "summary", "probe", uploads)
    told = asked(place, "summary", "probe", uploads)
    assert {*told.documents[0]["metrics"]} == {*whole.documents[0]["metrics"]}
    assert not told.by_subject
    gained = [share_known(TRUTH.labels, solved(each, KNOWN, entry)) - before for each in (whole, told)]
    assert gained[0] > 0.08
    assert gained[1] < 0.04


@pytest.mark.parametrize("wrong", [0, 13, 40])
def test_the_cells_rightly_called_all_follow_from_whatever_metrics_are_told(wrong: int) -> None:
    labels = TRUTH.labels.copy()
    labels[np.random.default_rng(wrong).permutation(len(labels))[:wrong]] ^= 1
    verdict = judge(Predictions(TRUTH.phase, labels), TRUTH)
    told = {name: round(value or 0, 3) for name, value in verdict.metrics.items()}
    for metrics in (told, {"weighted_f1": told["weighted_f1"]}):
        found, _ = right_called_all(metrics, int(labels.sum()), KNOWN, 1)
        assert abs(found - verdict.confusion.tp) < 0.51


def test_an_entry_promises_no_more_than_it_keeps() -> None:
    start = an_entry()
    promised = np.maximum(start.prior, 1 - start.prior).mean()
    assert promised == pytest.approx(0.75, abs=0.01)


def test_a_climb_begins_badly_and_ends_at_the_entry() -> None:
    start = an_entry()
    uploads = climbing(start, 20, 30, np.random.default_rng(1))
    agreement = (uploads == start.calls).mean(axis=1)
    assert agreement[0] < 0.3
    assert agreement[-1] > 0.85
    assert np.diff(agreement).min() > -0.15


def test_least_squares_says_nothing_of_cells_that_never_change() -> None:
    entry = an_entry()
    uploads = focused(entry, 30, 40, np.random.default_rng(5))
    told = asked(Computed(TRUTH, Level.SCORE), "score", "probe", uploads)
    chance = solved_linearly(told, KNOWN, entry)
    never = np.setdiff1d(np.arange(KNOWN.cells), entry.least_sure(30))
    assert chance[never] == pytest.approx(entry.prior[never])


def test_a_line_of_the_table_says_more_than_were_tried_where_none_sufficed() -> None:
    at = Condition("summary", ladder=True)
    row = {"told": at.words, "ladder": True, "uploads": 1000, "blind": [None] * 3, "gain": 0.44}
    line = line_of({**row, "from_entry": [150, None, None]})
    assert line == "| summary | on | > 1,000 | > 1,000 | > 1,000 | 150 | > 1,000 | > 1,000 | +0.4 |"
    assert needed(0.9, (1, 2, 3), lambda count: count / 3) == 3
    assert needed(2.0, (1, 2, 3), lambda count: count / 3) is None
