"""Every sentence about an interval, a test or a rank that is printed: in one place, so that all say the same.

`HELD_BY` names for each the test that holds it to its numbers; tests/contracts/test_statements.py looks that
each is listed, that the tests are there, and that no other module has such words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eval_server.figures.wording import counted, p_words, percent, signed, signed_interval
from eval_server.scoring.methods import BothSources
from eval_server.scoring.seeds import PairedSeeds

CARE = 0.93
"""An interval that covers less than this in some design of docs/calibration.md is marked."""
MARK = "†"


def level_words(alpha: float) -> str:
    """The level of intervals beside tests at `alpha`: "95 %"."""
    return f"{100 * (1 - alpha):g} %"


def interval_means(level: str = "95 %") -> str:
    """What a confidence interval is; it is not where the next value will lie."""
    share = level.removesuffix(" %")
    return (
        f"The {level} interval: of 100 test sets with subjects of the same kind about {share} give an "
        "interval that holds the value over all such subjects. The value on the next few subjects varies more"
    )


def interval_takes(subjects: int) -> str:
    """Why an interval over subjects is so much wider than one over cells."""
    return f"The interval takes the {subjects} subjects as the unit, because cells of a subject are alike."


def interval_says(subjects: int, low: float, high: float) -> str:
    """The same with numbers, for one entry."""
    return (
        f"By these {subjects} subjects the value over all subjects of their kind lies between "
        f"{percent(low, 1)} and {percent(high, 1)} %; of 100 such statements about 5 are wrong."
    )


def next_subjects(subjects: int, low: float, high: float) -> str:
    """A prediction interval, for those who ask what the next subjects will show."""
    return (
        f"On {counted(subjects, 'other subject')} of the same kind weighted F1 will lie between "
        f"{percent(low, 1)} and {percent(high, 1)} % in about 95 of 100 cases (prediction interval; "
        "wider than the confidence interval, because those subjects vary too)."
    )


def marked_means() -> str:
    """What the mark beside some intervals says."""
    return (
        f"{MARK} covers 88 to 93 % in place of 95 % where the size of a subject goes with its difficulty, "
        "as it does in the real entries."
    )


def rank_sets_mean(alpha: float) -> str:
    """What a rank set is."""
    return (
        "the rank set holds the ranks an entry may have, all of them together right with a chance of at "
        f"least {100 * (1 - alpha):g} %"
    )


def no_subjects() -> str:
    """Why there is nothing where subjects are not known."""
    return (
        "Without subjects there are no intervals and no rank sets: cells of one subject are alike, and "
        "intervals that ignore it are far too short."
    )


def own_rank(name: str, low: int, high: int, among_best: int, entries: int, alpha: float) -> str:
    """What is known of one entry that somebody asked about beforehand, taken alone."""
    level = level_words(alpha)
    best = f", and among the best {among_best}" if among_best < entries else ""
    return f"Taken alone, {name} has one of the ranks {low} to {high} ({level}){best}."


def overlap_says_nothing() -> str:
    """Why intervals of two entries are not compared by eye."""
    return (
        "Overlapping intervals do not mean that two entries are alike: the test compares them "
        "subject by subject."
    )


def bars_mean() -> str:
    """What a bar joins, and what its absence does not say."""
    return (
        "A bar at the left joins entries of which no two can be told apart; two without a common bar may "
        "still not be told apart: the rank sets and the map say it."
    )


def unequal_spread() -> str:
    """Where the primary test is bolder than it says."""
    return (
        "Where one entry is much more variable over subjects than the other, the test finds a difference "
        "that is not there in up to 9 of 100 cases instead of 5, mostly in favour of the more variable one."
    )


def not_equal() -> str:
    """What "not told apart" does not show."""
    return (
        "That two entries cannot be told apart does not show that they are equally good; --margin tests that "
        "against a margin fixed beforehand."
    )


def of_this_kind(subjects: int | None = None) -> str:
    """Whom intervals and tests speak about; without a number where several test sets are told of."""
    these = "these" if subjects is None else f"these {subjects}"
    return (
        f"Intervals and tests speak about other subjects like {these}, imaged in the "
        "same way, not about other hospitals, stains or microscopes."
    )


def one_seed() -> str:
    """What a single set of predictions does not show."""
    return (
        "One set of predictions stands for each entry: what another training seed would give is not in these "
        "intervals (harness seeds compares methods over seeds)."
    )


def too_few(subjects: int, tests: int) -> str:
    """Where no p can be small enough."""
    return (
        f"With {counted(subjects, 'subject')} no p can fall below {2.0 ** (1 - subjects):.3g}, so nothing "
        f"can be significant after Holm over {counted(tests, 'test')}, whatever the entries."
    )


def not_adjusted() -> str:
    """What a list of equivalences does not promise."""
    return "each pair by itself, not adjusted for the number of pairs"


def not_inferior(worse: str, better: str, margin: float, *, shown: bool) -> str:
    """What the margin says of an entry against a better-ranked one."""
    said = "shown" if shown else "not shown"
    return f"{worse} is not worse than {better} by more than {margin:g}: {said}"


def diagnosis_holds() -> str:
    """What the exact interval of a diagnosis rests on."""
    return "exact if every subject of a class has the same chance"


def within_subject() -> str:
    """What the interval of a single subject is about."""
    return (
        "Line below a bar: 95 % interval within the subject (Wilson), as if its cells were independent; it "
        "says nothing about other subjects."
    )


def diagnosis_test(names: tuple[str, str], only: tuple[int, int], p: float) -> str:
    """How two entries part in the diagnosis of whole subjects, with its exact paired test."""
    return (
        f"Diagnosis by majority: {counted(only[0], 'subject')} only {names[0]} names rightly, {only[1]:,} "
        f"only {names[1]}: McNemar's exact {p_words(p)}, over subjects, which are independent; not adjusted."
    )


def best_of(tries: int, optimism: float, metric: str) -> str:
    """What a number is worth that was chosen as the best of several."""
    about = f"about {percent(optimism, 1)}" if optimism >= 0.0005 else "less than 0.1"
    return (
        f"It is the best of {tries} submissions of its team, chosen on these subjects: where subjects are "
        f"resampled, the best of them comes out {about} points of {metric} too high. Nothing is taken off."
    )


def can_find(difference: float, subjects: int) -> str:
    """How large a difference these subjects can show."""
    return (
        f"With these {subjects} subjects a difference between two of these entries is found in 80 of 100 "
        f"cases, taken alone, where it is {signed(difference)} points or more."
    )


def subjects_needed() -> str:
    """What the table of subjects says."""
    return (
        "subjects of the same kind, in the same shares of classes, with which it is found in 80 of 100 cases"
    )


def over_seeds(which: str) -> str:
    """What tests over seeds hold fixed."""
    return (
        f"tests over seeds hold {which} fixed: they say whether other seeds would keep the order, "
        "not whether other subjects would."
    )


def both_speak() -> str:
    """Which line is the one to quote for a method."""
    return "only the line with seeds and subjects together speaks about the methods on other subjects."


def both_lines(both: BothSources) -> Iterator[str]:
    """What is said of two methods with subjects and seeds both as noise."""
    said = f"seeds and subjects together: {signed(both.difference)} points"
    if both.low is None or both.high is None or both.seeds_share is None:
        yield f"{said}, no interval: {both.remark}"
        return
    yield f"{said}, 95 % interval {signed_interval((both.low, both.high))}, {p_words(both.p)}"
    seeds = both.seeds_share
    more, than = ("subjects", "seeds") if seeds < 0.5 else ("seeds", "subjects")
    yield (
        f"of the variance behind it {percent(1 - seeds, 0)} % comes from the subjects, "
        f"{percent(seeds, 0)} % from the seeds: more {more} would help more than more {than}"
    )


def won_words(paired: PairedSeeds) -> str:
    """What a share of seeds won shows, by the limits that Bouthillier et al. 2021 look at."""
    if not paired.significant:
        return "not shown to win more than half of the seeds"
    if not paired.meaningful:
        return "wins more than half of the seeds, but fewer than three quarters"
    return "wins more than half of the seeds, three quarters or more are possible"


_CALIBRATION = "tests/benchmarks/test_calibration.py::"
_HERE = "tests/contracts/test_statements.py::"
HELD_BY: Mapping[str, str] = {
    "level_words": "tests/eval_server/judging/test_comparing.py::test_an_intervals_level_follows_alpha",
    "interval_means": _CALIBRATION + "test_small_runs_show_what_large_ones_do",
    "interval_takes": _CALIBRATION + "test_small_runs_show_what_large_ones_do",
    "interval_says": _CALIBRATION + "test_small_runs_show_what_large_ones_do",
    "next_subjects": _CALIBRATION + "test_the_next_subjects_lie_where_it_is_predicted",
    "marked_means": _CALIBRATION + "test_what_does_not_hold_93_percent_is_marked_where_it_is_printed",
    "rank_sets_mean": "tests/eval_server/scoring/test_ranking.py::test_rank_sets_follow_the_significance_map",
    "own_rank": "tests/eval_server/scoring/test_ranking.py::"
    "test_an_entrys_own_ranks_are_tested_by_its_own_pairs",
    "no_subjects": "tests/eval_server/judging/test_verdict.py::"
    "test_without_subjects_there_is_no_interval_and_no_result_by_subject",
    "overlap_says_nothing": _HERE + "test_overlapping_intervals_can_be_told_apart",
    "bars_mean": _HERE + "test_two_without_a_common_bar_may_not_be_told_apart",
    "unequal_spread": _CALIBRATION + "test_unequal_spread_makes_the_swap_test_bolder",
    "not_equal": "tests/eval_server/judging/test_comparing.py::"
    "test_the_margin_decides_equivalence_by_the_90_percent_interval",
    "of_this_kind": _CALIBRATION + "test_drawn_entries_have_the_expected_rates_and_consistent_cells",
    "one_seed": "tests/eval_server/scoring/test_methods.py::"
    "test_seeds_that_move_every_subject_alike_are_noise_of_the_seeds",
    "too_few": _HERE + "test_the_smallest_p_is_what_is_said",
    "not_adjusted": "tests/eval_server/judging/test_comparing.py::"
    "test_the_lower_ranked_is_not_inferior_where_the_upper_limit_lies_below_the_margin",
    "not_inferior": "tests/eval_server/judging/test_comparing.py::"
    "test_the_lower_ranked_is_not_inferior_where_the_upper_limit_lies_below_the_margin",
    "diagnosis_holds": "tests/eval_server/scoring/test_subjects.py::"
    "test_clopper_pearson_equals_scipys_exact_interval",
    "within_subject": "tests/eval_server/scoring/test_subjects.py::"
    "test_wilsons_interval_is_where_the_score_test_no_longer_rejects",
    "diagnosis_test": "tests/eval_server/judging/test_comparing.py::"
    "test_the_diagnosis_by_majority_is_tested_over_the_subjects_that_one_entry_alone_names",
    "best_of": "tests/eval_server/scoring/test_optimism.py::test_the_optimism_is_the_mean_over_all_draws",
    "can_find": _CALIBRATION + "test_what_is_said_to_be_found_in_80_of_100_cases_is",
    "subjects_needed": _CALIBRATION + "test_what_is_said_to_be_found_in_80_of_100_cases_is",
    "over_seeds": _CALIBRATION + "test_two_methods_over_seeds_keep_their_promise_where_swapping_them_did_not",
    "both_speak": _CALIBRATION + "test_two_methods_over_seeds_keep_their_promise_where_swapping_them_did_not",
    "both_lines": "tests/eval_server/scoring/test_methods.py::"
    "test_the_variance_is_that_of_a_crossed_design_written_out",
    "won_words": "tests/eval_server/scoring/test_seeds.py::test_the_rule_of_bouthillier_needs_both_limits",
}
"""For every sentence the test that holds it to its numbers."""
