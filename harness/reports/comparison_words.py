"""A comparison in sentences: what it shows, what is significant, and what its numbers do not say."""

from __future__ import annotations

from collections.abc import Iterator

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
        return (
            "Without subjects there are no intervals and no rank sets: cells of one subject are alike, and "
            "intervals that ignore it are far too short."
        )
    spread = "The interval says how far weighted F1 could lie with other subjects of the same kind"
    if len(report.entries) == 1:
        return f"{spread}."
    return (
        f"{spread}; the rank set "
        "holds the ranks an entry may have, all of them together right with a chance of at least "
        f"{100 * (1 - report.alpha):g} %. Overlapping intervals do not mean that two entries are alike: "
        "the test compares them subject by subject."
        + (
            ""
            if report.baseline or not bars
            else " Entries joined by a bar at the left cannot be told apart."
        )
    )


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
        said.append(
            f"Intervals and tests speak about other subjects like these {report.subjects}, imaged in the "
            "same way, not about other hospitals, stains or microscopes."
        )
    said.extend(_too_few(report))
    return (
        *said,
        "One set of predictions stands for each entry: what another training seed would give is not in these "
        "intervals (harness seeds compares methods over seeds).",
        *((_NOT_EQUAL,) if report.pairs else ()),
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
            yield (
                f"With {counted(report.subjects, 'subject')} no p can fall below {smallest:.3g}, so nothing "
                f"can be significant after Holm over {counted(len(report.pairs), 'test')}, whatever the "
                "entries."
            )


_NOT_EQUAL = (
    "That two entries cannot be told apart does not show that they are equally good; --margin tests that "
    "against a margin fixed beforehand."
)


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
    within = [pair for pair in report.pairs if pair.equivalence is not None and pair.equivalence.equivalent]
    level = f"{100 * (1 - 2 * report.alpha):g} % interval"
    named = ", ".join(f"{pair.a} and {pair.b}" for pair in within[:MOST_PAIRS])
    share = f"{len(within)} of {counted(len(report.pairs), 'pair')}"
    return [f"Equivalent within {report.margin:g} ({level}): {share}{': ' if within else ''}{named}."]
