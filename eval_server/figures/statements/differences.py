"""What is said of the differences between entries: the test, its p, and what it shows and does not show."""

from __future__ import annotations

from collections.abc import Sequence

from eval_server.figures.statements.intervals import level_words
from eval_server.figures.wording import counted, p_words, signed, signed_interval

MOST_NAMED = 12
"""Pairs that a sentence names one by one."""
Limits = tuple[float, float]


def how_tested() -> str:
    """What the primary test does, for readers who know no statistics."""
    return (
        "if two entries were alike, it would not matter whose predictions for a subject are called whose. "
        "Swap them for every subject, in all ways, and count how often the difference is as large as the "
        "observed one: that share is p, exact, without random numbers. Over all pairs of a board p is "
        "adjusted by Holm's method, so that the chance of even one false claim stays below 5 %."
    )


def p_is() -> str:
    """The p of the primary test as a formula."""
    return "the share of the 2ᴷ swaps of K subjects with |difference| at least as large as observed"


def told_apart_by(metric: str, alpha: float) -> str:
    """By which test entries are told apart on a board."""
    return f"Told apart at {_percent(alpha)} by the exact subject-swap test of {metric} after Holm."


def unknown() -> str:
    """Why nothing is tested where the subjects are not known."""
    return (
        "The subjects of these cells are not known, so chance over subjects cannot be judged and nothing can "
        "be called significant"
    )


def alone() -> str:
    """Why one entry has no tests."""
    return "One entry alone: there is nothing to compare it with."


def significant(some: int, tests: int, alpha: float, *, baseline: str | None = None) -> str:
    """How many differences of a family are significant: "6 of the 36 differences in weighted F1 are …"."""
    whose = "" if baseline is None else f" with {baseline}"
    if tests == 1:
        share = f"The one difference in weighted F1{whose} {'is' if some else 'is not'}"
    else:
        verb = "are" if some > 1 else "is"
        share = f"{some or 'None'} of the {tests:,} differences in weighted F1{whose} {verb}"
    return f"{share} significant at {_percent(alpha)} by the exact subject-swap test after Holm"


def by_cells(some: int) -> str:
    """How many McNemar's test on cells would call significant."""
    return f"{some or 'none'} by McNemar's test, which takes cells for independent"


def better(a: str, b: str, p: float | None, alpha: float) -> str:
    """Which of two is better, or that nobody can tell; `a` has the higher score, `p` decides."""
    if p is None:
        return f"{a} has the higher score; whether by chance cannot be judged"
    if p < alpha:
        return f"{a} is better than {b}"
    return f"{a} and {b} cannot be told apart"


def by_how_much(difference: float, limits: Limits | None, alpha: float, p_holm: float | None) -> str:
    """A difference with its interval and its p among all pairs."""
    between = "" if limits is None else f" ({level_words(alpha)} interval {signed_interval(limits)})"
    return f"{signed(difference)} points{between}, {p_words(p_holm, name='Holm p')}"


def more_pairs(left: int) -> str:
    """That not all significant pairs are named."""
    return f"and {left} more (--format json lists all)"


def on_subjects(name: str, better: int, worse: int, even: int) -> str:
    """On how many subjects one of two is better, by the share of their cells that are right."""
    subjects = counted(better + worse + even, "subject")
    return f"{name} is better on {better} of {subjects}, worse on {worse} and even on {even}"


def swaps_give(difference: float, p: float) -> str:
    """What p is, with its numbers."""
    share = "less than 0.01 %" if p < 0.0001 else f"{100 * p:.2g} %" if p < 0.1 else f"{100 * p:.0f} %"
    return (
        f"if the two were alike, swapping them within subjects would give {abs(100 * difference):.2f} points "
        f"or more, either way, in {share} of swaps"
    )


def null_shown(p: float) -> str:
    """How the picture of all swaps shows p."""
    return f"dark; {p_words(p)}, exact, before Holm"


def verdict(p: float, p_holm: float | None, alpha: float, *, exact: bool) -> str:
    """Whether a difference is significant, by which test, alone or among all pairs of a board."""
    said = f"{p_words(p)}, {'exact' if exact else 'resampled'} subject-swap test"
    if p_holm is None:
        word = "is" if p < alpha else "is not"
        return f"Taken alone the difference {word} significant at {_percent(alpha)} ({said})."
    word = "is" if p_holm < alpha else "is not"
    among = f"{p_words(p_holm, name='Holm p')} among all pairs of the board"
    return f"The difference {word} significant at {_percent(alpha)} ({said}; {among})."


def not_on_board() -> str:
    """Why a pair has no p among the pairs of the board: one of them is not there."""
    return "Not both stand on the board."


def other_metric(ranked_by: str) -> str:
    """The same where the board is ranked by something else than is tested here."""
    return f"This is the difference in weighted F1; the board is ranked by {ranked_by}."


def each_alone() -> str:
    """What the tests of the other metrics do not promise."""
    return "Each p is the exact test of that metric alone, over subjects, two-sided, not adjusted."


def cells_apart(names: tuple[str, str], only: tuple[int, int], midp: float) -> str:
    """McNemar's test in a sentence that says what it is not."""
    return (
        f"{counted(only[0], 'cell')} only {names[0]} has right, {only[1]:,} only {names[1]} has right: "
        f"McNemar's {p_words(midp, name='mid-p')}. {cells_decide_nothing()}"
    )


def cells_decide_nothing() -> str:
    """What is wrong with a test that counts cells."""
    return (
        "It takes cells for independent, which those of one subject are not, so it finds differences that "
        "are not there and decides nothing here."
    )


def design_effect(effect: float) -> str:
    """How far off a test on cells is."""
    return f"Here it takes the variance to be {effect:.1f} times too small."


def effect_column() -> str:
    """What stands beside McNemar's p in the table of all comparisons."""
    return (
        "McNemar's test takes cells for independent and only describes; the design effect says how many "
        "times too small its variance is."
    )


def would_be(midp: float | None) -> str:
    """McNemar's p below a pair's picture."""
    return f"McNemar's {p_words(midp, name='mid-p')} over cells only describes."


def diagnosis_test(names: tuple[str, str], only: tuple[int, int], p: float) -> str:
    """How two entries part in the diagnosis of whole subjects, with its exact paired test."""
    return (
        f"Diagnosis by majority: {counted(only[0], 'subject')} only {names[0]} names rightly, {only[1]:,} "
        f"only {names[1]}: McNemar's exact {p_words(p)}, over subjects, which are independent; not adjusted."
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


def too_few(subjects: int, tests: int) -> str:
    """Where no p can be small enough."""
    return (
        f"With {counted(subjects, 'subject')} no p can fall below {2.0 ** (1 - subjects):.3g}, so nothing "
        f"can be significant after Holm over {counted(tests, 'test')}, whatever the entries."
    )


def not_adjusted() -> str:
    """What a list of equivalences does not promise."""
    return "each pair by itself, not adjusted for the number of pairs"


def margin_words(margin: float) -> str:
    """A margin of weighted F1 in points: "1 point", "2.5 points"."""
    points = round(100 * margin, 10)
    return f"{points:g} point{'' if points == 1 else 's'}"


def the_margin(margin: float) -> str:
    """The margin of a phase on its page of rules."""
    return f"Non-inferiority margin: {margin_words(margin)} of weighted F1."


def within_margin(margin: float) -> str:
    """What is grey in the picture of differences."""
    return f"Grey: within the margin of {margin_words(margin)} fixed beforehand."


def equivalent(margin: float, limits: Limits | None, alpha: float, *, shown: bool) -> str:
    """Whether two are shown to be as good as each other."""
    level = level_words(2 * alpha)
    within = f"within ±{margin_words(margin)} ({level} interval {signed_interval(limits)})"
    if shown:
        return f"They are equivalent {within}."
    return f"That they are equivalent is not shown {within}."


def equivalents(margin: float, named: Sequence[str], pairs: int, alpha: float) -> str:
    """Which pairs of many are shown to be as good as each other; `named` are all of them."""
    how = f"{level_words(2 * alpha)} interval; {not_adjusted()}"
    share = f"{len(named)} of {counted(pairs, 'pair')}"
    which = f": {', '.join(named[:MOST_NAMED])}" if named else ""
    return f"Equivalent within ±{margin_words(margin)} ({how}): {share}{which}."


def not_inferior(worse: str, better: str, margin: float, *, shown: bool) -> str:
    """What the margin says of an entry against a better-ranked one."""
    said = "shown" if shown else "not shown"
    return f"{worse} is not worse than {better} by more than {margin_words(margin)}: {said}"


def ladder_means() -> str:
    """The rule of the Ladder."""
    return (
        "The Ladder is on: a team's number on the board moves only when a new submission is better by more "
        "than chance (over subjects; over cells where a class has a single subject), so that many small "
        "tries do not climb by luck."
    )


def ladder_holds() -> str:
    """Why a submission shows the numbers of an earlier one."""
    return (
        "The Ladder is on, and this submission is not better than an earlier one by more than chance: shown "
        "are the numbers of"
    )


def mistaken() -> str:
    """When a submission gets a hint that a mistake looks like a bad model."""
    return (
        "Where a result would be significantly better with its labels turned around, its lines sorted as "
        "text (1, 10, 100, …), one line late or early, sorted by class or by Patient_ID, or where the calls "
        "fit the subjects only in one of these orders, the page of the submission says so to its team and "
        "the host, with the number it would have had. Nothing is changed: hand it in again, mended."
    )


def _percent(alpha: float) -> str:
    return f"{100 * alpha:g} %"
