"""What is said in a paper: the caption and notes of its table, and the paragraph of its methods section.

``[@name]`` stands where a reference belongs; who prints the paragraph numbers them.
"""

from __future__ import annotations

from eval_server.figures.statements import intervals
from eval_server.figures.wording import counted
from submissions.phases import OFFICIAL


def caption(phase: str, cells: int, subjects: int | None, alpha: float) -> str:
    """What a table shows."""
    count = (
        f"{cells:,} of the {len(OFFICIAL[phase]):,} cells" if _part(phase, cells) else counted(cells, "cell")
    )
    of = f"{count} of phase {phase}"
    if subjects is None:
        return f"Weighted F1 (wF1) on {of}; the subjects are not known."
    level = intervals.level_words(alpha)
    return f"Weighted F1 (wF1) on {of}, with {level} intervals over {counted(subjects, 'subject')}."


def _part(phase: str, cells: int) -> bool:
    """Whether these are fewer cells than the official phase of this name has."""
    return phase in OFFICIAL and cells < len(OFFICIAL[phase])


def letters_mean(alpha: float) -> str:
    """What it means to share a letter, and what not to."""
    return (
        "Two entries share a letter exactly where the exact subject-swap test after Holm does not tell them "
        f"apart at {100 * alpha:g} %; that is no proof that they are equally good."
    )


def p_means(other: str, tests: int) -> str:
    """What the p of a row is of."""
    return f"p: difference with {other}, exact subject-swap test, after Holm over {counted(tests, 'test')}."


def no_tests() -> str:
    """Why a table has neither intervals nor tests."""
    return "Without subjects there are no intervals and no tests: cells of one subject are alike."


def judged_on(phase: str, cells: int, subjects: int | None, entries: int) -> str:
    """What was judged, in a methods section."""
    people = "whose subjects are not known" if subjects is None else f"of {counted(subjects, 'subject')}"
    whose = f"The predictions of {counted(entries, 'entry', 'entries')} were judged by weighted F1"
    part = ", in part" if _part(phase, cells) else ""
    return f"{whose} on {counted(cells, 'cell')} {people} (phase {phase} of C-NMC 2019{part} [@data])."


def intervals_by(alpha: float) -> str:
    """How the intervals were computed, in a methods section."""
    return (
        f"Confidence intervals ({intervals.level_words(alpha)}) take the subject as the unit: they rest on a "
        "cluster-robust variance (CR3) [@variance] with effective degrees of freedom [@freedom], on the "
        "logit scale."
    )


def tests_by(tests: int, alpha: float, baseline: str | None, *, exact: bool) -> str:
    """How differences were tested, in a methods section."""
    which = f"of weighted F1 with {baseline}" if baseline else "of weighted F1 between all pairs"
    were = "was" if tests == 1 else "were"
    how = (
        "all swaps are counted"
        if exact
        else "swaps are counted, or a sample of them where they are too many [@sampled]"
    )
    return (
        f"Differences {which} were tested two-sided by swapping the predictions of whole subjects between "
        f"the two entries (a permutation test [@swap]; {how}). The p of {counted(tests, 'test')} "
        f"{were} adjusted by Holm [@holm]; below {alpha:g} two entries are told apart."
    )


def rank_sets_by(alpha: float) -> str:
    """How rank sets were made, in a methods section."""
    chance = f"{100 * (1 - alpha):g} %"
    return f"Rank sets follow from these tests and hold jointly with a chance of at least {chance} [@ranks]."


def margin_by(margin: float, alpha: float) -> str:
    """How equivalence was tested, in a methods section."""
    level = intervals.level_words(2 * alpha)
    return (
        f"Two entries count as equivalent where the {level} interval of their difference lies between "
        f"-{margin:g} and +{margin:g} (two one-sided tests [@margin]), not adjusted for the number of pairs."
    )
