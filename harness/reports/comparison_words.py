"""A comparison in sentences: what it shows, what is significant, and what its numbers do not say."""

from __future__ import annotations

from collections.abc import Iterator

from eval_server.figures import statements
from eval_server.figures.showing import limits_of
from eval_server.figures.wording import counted, p_words, percent, signed, signed_interval
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report
from harness.reports.shown import Shown

PUBLISHED = "Published weighted F1, %: no predictions, so not compared."
"""What stands above results that come of a paper."""
MOST_PAIRS = 12
"""Significant differences that are named one by one below a table."""


def about(report: Report) -> str:
    """Phase and size in one line."""
    subjects = "subjects not known" if report.subjects is None else counted(report.subjects, "subject")
    return f"Phase {report.phase}: {counted(report.cells, 'cell')}, {subjects}."


def answer(report: Report) -> str:
    """How many differences are significant: the first thing that a reader should know."""
    tests = len(report.pairs)
    if not tests:
        return "One entry alone: there is nothing to compare it with."
    level = f"{100 * report.alpha:g} %"
    whose = f"with {report.baseline} " if report.baseline is not None else ""
    by_cells = f"{report.mcnemar_significant} by McNemar's test, which takes cells for independent"
    if report.subjects is None:
        return (
            "The subjects are not known, so nothing can be called significant: "
            f"{_share(report.mcnemar_significant, tests, whose).lower()} by McNemar's test after Holm, which "
            "takes cells for independent and describes these cells only."
        )
    return (
        f"{_share(report.significant, tests, whose)} significant at {level} by the exact subject-swap test "
        f"after Holm ({by_cells})."
    )


def _share(some: int, of: int, whose: str) -> str:
    """The beginning of a sentence: "6 of the 36 differences are", "The difference is not"."""
    if of == 1:
        return f"The one difference {whose}{'is' if some else 'is not'}"
    return f"{some or 'None'} of the {of:,} differences {whose}{'are' if some > 1 else 'is'}"


def reading(report: Report, *, bars: bool = False) -> str:
    """What the table shows, in a sentence or two; `bars` where its rows are joined by them."""
    if report.subjects is None:
        return statements.no_subjects()
    spread = statements.interval_means(statements.level_words(report.alpha))
    if len(report.entries) == 1:
        return f"{spread}."
    joined = f" {statements.bars_mean()}" if bars and not report.baseline else ""
    sets = statements.rank_sets_mean(report.alpha)
    return f"{spread}; {sets}. {statements.overlap_says_nothing()}{joined}"


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
        said.append(statements.of_this_kind(report.subjects))
        if report.findable is not None:
            said.append(statements.can_find(report.findable, report.subjects))
    said.extend(_too_few(report))
    return (
        *said,
        statements.one_seed(),
        *((statements.unequal_spread(), statements.not_equal()) if report.pairs else ()),
    )


def also_said(shown: Shown) -> tuple[str, ...]:
    """What was assumed, who was kept out, and which mistake a result looks like."""
    read_as = (f"{name}: {'; '.join(words)}" for name, words in shown.read_as.items())
    notes = (f"Note: {words}." for words in (*shown.notes, *read_as))
    return (*notes, *(f"Hint: {name}: {hint}" for name, found in shown.hints.items() for hint in found))


def _too_few(report: Report) -> Iterator[str]:
    """Where even the smallest p that so few subjects allow would not survive Holm."""
    if report.subjects is not None and report.pairs:
        smallest = 2.0 ** (1 - report.subjects)
        if smallest * len(report.pairs) >= report.alpha:
            yield statements.too_few(report.subjects, len(report.pairs))


def significant_pairs(report: Report) -> list[str]:
    """The differences that can be told from chance, the largest first."""
    apart = [pair for pair in report.pairs if pair.significant]
    apart.sort(key=lambda pair: -abs(pair.difference))
    named = [_pair(pair) for pair in apart[:MOST_PAIRS]]
    left = len(apart) - len(named)
    return [*named, *([f"and {left} more (--format json lists all)"] if left else [])]


def _pair(pair: Comparison) -> str:
    better, worse = (pair.a, pair.b) if pair.difference > 0 else (pair.b, pair.a)
    limits = limits_of(pair.interval)
    if limits is not None and pair.difference < 0:
        limits = (-limits[1], -limits[0])
    points = f"{signed(abs(pair.difference))} points ({signed_interval(limits)})"
    return f"{better} is better than {worse}: {points}, Holm {p_words(pair.p_holm)}"


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
    level = statements.level_words(2 * report.alpha)
    within = [pair for pair in report.pairs if pair.equivalence is not None and pair.equivalence.equivalent]
    named = ", ".join(f"{pair.a} and {pair.b}" for pair in within[:MOST_PAIRS])
    share = f"{len(within)} of {counted(len(report.pairs), 'pair')}"
    how = f"{level} interval; {statements.not_adjusted()}"
    said = f"Equivalent within {report.margin:g} ({how}): {share}{': ' if within else ''}{named}."
    return [said, *_inferiority(report)]


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
        said.append(statements.not_inferior(other, against, found.margin, shown=shown))
    return [f"{'; '.join(said[:MOST_PAIRS])} ({statements.not_adjusted()})."] if said else []
