"""Who stands for a team on a board, where two submissions are worth the same."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from eval_server.service.making import standing_ones, tied
from eval_server.store.records import Judged, PhaseRecord, Rules

DAY = datetime(2026, 12, 1, tzinfo=UTC)


def test_of_two_submissions_that_tie_but_for_the_last_digit_the_earlier_one_stands() -> None:
    record = PhaseRecord("small", Rules(), "truth", "revision", DAY)
    early = Judged("1", "red", "entry", DAY, (), False, "v1", 0.9)
    late = Judged("2", "red", "entry", DAY.replace(hour=1), (), False, "v2", float(np.nextafter(0.9, 1)))
    unjudged = Judged("3", "blue", "entry", DAY, (), False, "v3", None)
    judged = tied([early, late, unjudged])
    assert [one.value for one in judged] == [0.9, 0.9, None]
    assert [one.id for one in standing_ones(record, judged, {})] == ["1", "3"]
    assert [one.id for one in standing_ones(record, [early, late], {})] == ["2"]
