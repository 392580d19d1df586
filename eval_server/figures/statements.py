"""Every sentence about an interval, a test or a rank that is printed: in one place, so that all say the same.

Each is held to its numbers by the test that `HELD_BY` names; tests/contracts runs through the list.
"""

from __future__ import annotations

from collections.abc import Iterator

from eval_server.figures.wording import p_words, percent, signed, signed_interval
from eval_server.scoring.methods import BothSources
from eval_server.scoring.seeds import PairedSeeds


def both_lines(both: BothSources) -> Iterator[str]:
    """What is said of two methods with subjects and seeds both as noise."""
    said = f"seeds and subjects together: {signed(both.difference)} points"
    if both.low is None or both.high is None or both.seeds_share is None:
        yield f"{said}, no interval: {both.remark}"
        return
    yield f"{said}, 95 % interval {signed_interval((both.low, both.high))}, {p_words(both.p)}"
    seeds = both.seeds_share
    more = (
        "subjects would help more than more seeds"
        if seeds < 0.5
        else "seeds would help more than more subjects"
    )
    yield (
        f"of the variance behind it {percent(1 - seeds, 0)} % comes from the subjects, "
        f"{percent(seeds, 0)} % from the seeds: more {more}"
    )


def won_words(paired: PairedSeeds) -> str:
    """What a share of seeds won shows, by the limits that Bouthillier et al. 2021 look at."""
    if not paired.significant:
        return "not shown to win more than half of the seeds"
    if not paired.meaningful:
        return "wins more than half of the seeds, but fewer than three quarters"
    return "wins more than half of the seeds, three quarters or more are possible"
