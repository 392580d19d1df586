"""Letters against every pair: a common one exactly where the pair cannot be told apart."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from eval_server.judging.comparing import compare
from harness.reports.letters import letters, letters_of
from tests.support.truth import golden_verdicts


def test_neighbours_that_overlap_share_letters_in_order():
    apart = [("one", "three"), ("one", "four"), ("two", "four")]
    assert letters(["one", "two", "three", "four"], apart) == {
        "one": "a",
        "two": "a b",
        "three": "b c",
        "four": "c",
    }


@given(some.integers(1, 7).flatmap(lambda n: some.tuples(some.just(n), some.sets(some.integers(0, 20)))))
def test_two_share_a_letter_exactly_where_they_cannot_be_told_apart(drawn):
    count, chosen = drawn
    names = [f"entry {at}" for at in range(count)]
    apart = [pair for at, pair in enumerate(combinations(names, 2)) if at in chosen]
    found = {name: set(text.split()) for name, text in letters(names, apart).items()}
    assert all(found.values())
    for pair in combinations(names, 2):
        assert bool(found[pair[0]] & found[pair[1]]) is (pair not in apart)
    columns = {one: {name for name in names if one in found[name]} for one in set().union(*found.values())}
    assert not any(mine < other for mine in columns.values() for other in columns.values())


def test_there_are_letters_after_z():
    names = [f"{at:02}" for at in range(28)]
    found = letters(names, combinations(names, 2))
    assert (found["25"], found["26"], found["27"]) == ("z", "aa", "ab")


@pytest.mark.parametrize("more", [{"baseline": "E1"}, {}])
def test_a_leaderboard_has_letters_where_all_pairs_were_tested(more):
    report = compare(golden_verdicts(), resamples=200, **more)
    found = letters_of(report)
    assert bool(found) is (not more)
    for pair in report.pairs if found else ():
        assert bool(set(found[pair.a].split()) & set(found[pair.b].split())) is not pair.significant
