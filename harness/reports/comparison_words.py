"""A comparison in sentences: what it shows, what is significant, and what its numbers do not say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eval_server.figures.showing import limits_of
from eval_server.figures.statements import differences, intervals, ranks
from eval_server.figures.wording import counted, percent
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report
from harness.data.published import LABEL_FILE
from harness.reports.shown import Shown

PUBLISHED = "Published weighted F1, %: no predictions, so not compared."
"""What stands above results that come of a paper."""


def phase_called(report: Report) -> str:
    """The phase as readers know it: the published label file is the preliminary one's, in part too."""
    return "prelim" if report.phase == Path(LABEL_FILE.name).stem else report.phase


def about(report: Report) -> str:
    """Phase and size in one line."""
    subjects = "subjects not known" if report.subjects is None else counted(report.subjects, "subject")
    return f"Phase {phase_called(report)}: {counted(report.cells, 'cell')}, {subjects}."


def answer(report: Report) -> str:
    """How many differences are significant: the first thing that a reader should know."""
    tests = len(report.pairs)
    if not tests:
        return differences.alone()
    by_cells = differences.by_cells(report.mcnemar_significant)
    if report.subjects is None:
        return f"{differences.unknown()} ({by_cells})."
    told = differences.significant(report.significant, tests, report.alpha, baseline=report.baseline)
    return f"{told} ({by_cells})."


def reading(report: Report, *, bars: bool = False) -> str:
    """What the table shows, in a sentence or two; `bars` where its rows are joined by them."""
    if report.subjects is None:
        return intervals.no_subjects()
    spread = intervals.interval_means(intervals.level_words(report.alpha))
    if len(report.entries) == 1:
        return f"{spread}."
    joined = f" {ranks.bars_mean()}" if bars and not report.baseline else ""
    sets = ranks.rank_sets_mean(report.alpha)
    return f"{spread}; {sets}. {intervals.overlap_says_nothing()}{joined}"


def own_ranks(report: Report) -> list[str]:
    """The ranks of entries taken alone, where they say more than the rank sets of all together."""
    named = []
    for one in report.entries:
        own = one.own_rank
        if own is None or one.rank_set is None:
            continue
        narrower = own.high - own.low < one.rank_set[1] - one.rank_set[0]
        if narrower or own.among_best < one.rank_set[1]:
            named.append((one.entry, (own.low, own.high), own.among_best))
    return [ranks.own_ranks(named[: differences.MOST_NAMED], report.alpha)] if named else []


def limits(shown: Shown) -> tuple[str, ...]:
    """What the numbers do not say; remarks about entries come first."""
    report = shown.report
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, words in shown.remarks.items():
        alike.setdefault(words, []).append(name)
    said = [
        f"{', '.join(names)}: {', '.join(words)}. Such a result is not comparable with one on the whole "
        "published data without these words."
        for words, names in alike.items()
        if words
    ]
    if report.subjects is not None:
        said.append(intervals.of_this_kind(report.subjects))
        if report.findable is not None:
            said.append(intervals.can_find(report.findable, report.subjects))
    said.extend(_few_of_a_class(shown))
    said.extend(_too_few(report))
    return (
        *said,
        intervals.one_seed(),
        *((differences.unequal_spread(), differences.not_equal()) if report.pairs else ()),
    )


def also_said(shown: Shown) -> tuple[str, ...]:
    """What was assumed, who was kept out, and which mistake a result looks like."""
    read_as = (f"{name}: {'; '.join(words)}" for name, words in shown.read_as.items())
    notes = (f"Note: {words}." for words in (*shown.notes, *read_as))
    return (*notes, *(f"Hint: {name}: {hint}" for name, found in shown.hints.items() for hint in found))


def _few_of_a_class(shown: Shown) -> Iterator[str]:
    fewest = min((one.tally.fewest for one in shown.verdicts.values() if one.tally), default=intervals.FEW)
    if said := intervals.few_of_a_class(fewest):
        yield said


def _too_few(report: Report) -> Iterator[str]:
    """Where even the smallest p that so few subjects allow would not survive Holm."""
    if report.subjects is not None and report.pairs:
        smallest = 2.0 ** (1 - report.subjects)
        if smallest * len(report.pairs) >= report.alpha:
            yield differences.too_few(report.subjects, len(report.pairs))


def significant_pairs(report: Report) -> list[str]:
    """The differences that can be told from chance, the largest first."""
    apart = [pair for pair in report.pairs if pair.significant]
    apart.sort(key=lambda pair: -abs(pair.difference))
    named = [pair_said(pair, report.alpha) for pair in apart[: differences.MOST_NAMED]]
    left = len(apart) - len(named)
    return [*named, *([differences.more_pairs(left)] if left else [])]


def pair_said(pair: Comparison, alpha: float) -> str:
    """Which of two is better, by how much, and how surely."""
    turned = pair.difference < 0
    a, b = (pair.b, pair.a) if turned else (pair.a, pair.b)
    limits = limits_of(pair.interval)
    if limits is not None and turned:
        limits = (-limits[1], -limits[0])
    numbers = differences.by_how_much(abs(pair.difference), limits, alpha, pair.p_holm)
    return f"{differences.better(a, b, pair.p_holm, alpha)}: {numbers}"


def published(shown: Shown) -> list[str]:
    """The published results below a table, with the words that keep them apart."""
    if not shown.references:
        return []
    rows = [f"  {percent(one.weighted_f1)}  {one.name} ({one.source})" for one in shown.references]
    return [PUBLISHED, *rows]


def equivalences(report: Report) -> list[str]:
    """What the margin fixed beforehand says, pair by pair; nothing without a margin."""
    if report.margin is None or not report.pairs:
        return []
    within = [pair for pair in report.pairs if pair.equivalence is not None and pair.equivalence.equivalent]
    named = [f"{pair.a} and {pair.b}" for pair in within]
    told = differences.equivalents(report.margin, named, len(report.pairs), report.alpha)
    return [told, *_inferiority(report)]


def _inferiority(report: Report) -> list[str]:
    """Every entry against the leader, or against the baseline: not worse by more than the margin?"""
    against = report.baseline or report.entries[0].entry
    said = []
    for pair in report.pairs:
        found = pair.equivalence
        if found is None or found.equivalent is None or against not in (pair.a, pair.b):
            continue
        other = pair.b if pair.a == against else pair.a
        shown = bool(found.other_not_inferior if pair.a == against else found.not_inferior)
        said.append(differences.not_inferior(other, against, found.margin, shown=shown))
    return [f"{'; '.join(said[: differences.MOST_NAMED])} ({differences.not_adjusted()})."] if said else []
