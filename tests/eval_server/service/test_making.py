"""Who stands for a team on a board, and that the command line ranks as the server does."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eval_server.judging.comparing import compare
from eval_server.judging.truth import Truth
from eval_server.service.jobs import Judge
from eval_server.service.making import Board, BoardMaker, standing_ones, tied
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import Arrival, PhaseRecord, Rules, ScoredSubmission
from eval_server.store.store import Store
from submissions.phases import Phase
from tests.support.server import a_zip, small_truth
from tests.support.truth import a_truth

DAY = datetime(2026, 12, 1, tzinfo=UTC)


def test_of_two_submissions_that_tie_but_for_the_last_digit_the_earlier_one_stands() -> None:
    record = PhaseRecord("small", Rules(), "truth", "revision", DAY)
    early = ScoredSubmission("1", "red", "entry", DAY, (), False, "v1", 0.9)
    late = ScoredSubmission(
        "2", "red", "entry", DAY.replace(hour=1), (), False, "v2", float(np.nextafter(0.9, 1))
    )
    unjudged = ScoredSubmission("3", "blue", "entry", DAY, (), False, "v3", None)
    judged = tied([early, late, unjudged])
    assert [one.value for one in judged] == [0.9, 0.9, None]
    assert [one.id for one in standing_ones(record, judged, {})] == ["1", "3"]
    assert [one.id for one in standing_ones(record, [early, late], {})] == ["2"]


def mixed_truth() -> Truth:
    """One subject with cells of both classes among three."""
    found = a_truth({"A": "1" * 12, "B": "0" * 9, "C": "1111100000"}, "small")
    return Truth(Phase("small", found.phase.cells), found.labels, found.subjects)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ladder", [False, True], ids=["all", "ladder"])
@pytest.mark.parametrize("truth", [small_truth(), mixed_truth()], ids=["apart", "mixed"])
def test_the_command_line_ranks_what_stands_on_a_board_as_the_server_does(
    tmp_path: Path, truth: Truth, ladder: bool, seed: int
) -> None:
    """Random boards, some of whose entries tie and some of which are the same, made anew while they grow."""
    with closing(Store.open(tmp_path)) as store:
        store.phases.add("small", truth, Rules(ladder=ladder), DAY)
        judge, maker = Judge(store, Verdicts(store), lambda: DAY), BoardMaker(store, Verdicts(store))
        generator = np.random.default_rng(seed)
        for number in range(16):
            wrong, which, team = generator.integers((1, 0, 0), (12, 3, 7)).tolist()
            arrive(store, a_zip(wrong, which, truth), f"team {team}", DAY + timedelta(minutes=number))
            if number % 5 == 0:
                judge.work()
                maker.make("small")
        while judge.work():
            pass
        ranked_alike(store, maker.make("small"))


def arrive(store: Store, data: bytes, team: str, at: datetime) -> None:
    digest = store.archive.keep(io.BytesIO(data))
    arrival = Arrival("small", team, "entry", digest, digest, None, None, (), len(data), at)
    store.arrivals.receive(arrival, lambda spent: None)


def ranked_alike(store: Store, board: Board) -> None:
    """The same places, ranks, rank sets, groups and adjusted p; entries are named by their arrival."""
    names = {row.judged.id: f"{row.judged.submitted_at:%H:%M}" for row in board.rows}
    verdicts = Verdicts(store).all([row.judged.verdict for row in board.rows])
    entries = {names[row.judged.id]: verdicts[row.judged.verdict] for row in board.rows}
    report = compare(entries, stability=False)
    told = [(names[row.judged.id], row.rank, row.rank_set) for row in board.rows]
    assert [(one.entry, one.rank, one.rank_set) for one in report.entries] == told
    assert report.groups == board.places.groups
    assert (None if board.power is None else board.power.findable) == report.findable
    ids = {name: submission for submission, name in names.items()}
    for pair in report.pairs:
        found = board.holm_between(ids[pair.a], ids[pair.b])
        assert found == board.holm_between(ids[pair.b], ids[pair.a])
        assert found == pytest.approx(pair.p_holm, rel=1e-12)
