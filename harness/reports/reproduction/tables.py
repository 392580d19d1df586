"""The tables of a reproduction: Table 2 beside the published one, the ablations, and the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval_server.figures.statements import seeds as said
from eval_server.figures.wording import (
    ABSENT,
    counted,
    metric_name,
    p_number,
    percent,
    signed,
    signed_interval,
)
from eval_server.scoring.seeds import SeedSummary
from harness.reports.reproduction import published
from harness.reports.reproduction.published import PROPOSAL
from harness.reports.reproduction.study import Choice, OverSubjects, Study, over_subjects
from harness.reports.seeds import PUBLISHED, Method, MethodPair, SeedReport, report_of_runs

METRIC = "weighted_f1"


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with its title; the first columns are words."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """A study with one choice of epoch: its summaries, the tests over seeds, and those over subjects."""

    choice: Choice
    report: SeedReport
    subjects: tuple[OverSubjects | None, ...]

    def pairs(self) -> tuple[tuple[MethodPair, OverSubjects | None], ...]:
        """The proposal against each other method, as in the paper."""
        first = self.report.methods[0].name
        both = zip(self.report.pairs, self.subjects, strict=True)
        return tuple((pair, over) for pair, over in both if pair.a == first)


def tested(study: Study, choice: Choice) -> Tested:
    """Both tests of the paper are one-sided: the first method was expected to be better."""
    runs = study.chosen(choice)
    report = report_of_runs(runs, METRIC, runs[0].method)
    by_name = {one.method: one for one in runs}
    swaps = tuple(over_subjects(by_name[pair.a], by_name[pair.b]) for pair in report.pairs)
    return Tested(choice, report, swaps)


def table_2(results: Sequence[Tested], *, method: int = 0) -> Rows:
    """Min, mean ± sd and max of every metric: published, and by each choice of epoch here."""
    shown = [(one.choice.value, one.report.methods[method]) for one in results]
    name, here = shown[0][1].name, tuple(f"here, {choice}" for choice, _ in shown)
    head, there = _published(name, first=method == 0)
    rows = [(metric_name(one), there.get(one, ""), *(_of(at, one) for _, at in shown)) for one in PUBLISHED]
    title = f"Table 2: {name}, {_seeds(shown[0][1])}: min / mean ± sd / max, %"
    return Rows(title, ("metric", head, *here), tuple(rows))


def _published(name: str, *, first: bool) -> tuple[str, Mapping[str, str]]:
    """The paper's numbers of this very method, by metric; the first method may be another than the paper's.

    Of its ablations the paper gives mean and sd of one metric, of anything else nothing.
    """
    if name == PROPOSAL:
        return "published", _proposal()
    if name in published.ABLATIONS:
        return "published", {METRIC: _there(name)}
    return (f"published, {PROPOSAL}", _proposal()) if first else ("published", {})


def _proposal() -> Mapping[str, str]:
    return {metric: _summary(found) for metric, found in PUBLISHED.items()}


def _of(method: Method, metric: str) -> str:
    found = method.summaries.get(metric)
    return ABSENT if found is None else _summary(found)


def _summary(found: SeedSummary) -> str:
    return f"{percent(found.minimum)} / {_mean(found)} / {percent(found.maximum)}"


def _mean(found: SeedSummary) -> str:
    return f"{percent(found.mean)} ± {percent(found.sd)}"


def _seeds(method: Method) -> str:
    return counted(method.summaries[METRIC].seeds, "seed")


def ablations(results: Sequence[Tested]) -> Rows:
    """Weighted F1 of every method, published and by each choice of epoch."""
    rows = [
        (
            method.name,
            _there(method.name),
            *(_mean(one.report.methods[at].summaries[METRIC]) for one in results),
        )
        for at, method in enumerate(results[0].report.methods)
    ]
    heads = ("method", "published", *(f"here, {one.choice.value}" for one in results))
    return Rows("Weighted F1, mean ± sd over seeds, %", heads, tuple(rows))


def _there(method: str) -> str:
    known = published.ABLATIONS.get(method)
    return ABSENT if known is None else f"{percent(known.mean)} ± {percent(known.sd)}"


def mann_whitney(results: Sequence[Tested]) -> Rows:
    """The paper's tests over seeds, with effect sizes."""
    columns = (
        *("first better than", "epoch", "published p", "U", "p, one-sided", "Holm p", "A12"),
        *("Cliff's delta", "shift, points"),
    )
    rows = [_mann_whitney(one.choice, pair) for one in results for pair, _ in one.pairs()]
    return Rows("Mann-Whitney over seeds, these subjects held fixed", columns, tuple(rows))


def _mann_whitney(choice: Choice, pair: MethodPair) -> tuple[str, ...]:
    there, found = published.ABLATIONS.get(pair.b), pair.seeds
    known = there is not None and there.p_below is not None and pair.a == PROPOSAL
    bound = f"< {there.p_below}" if there is not None and known else ABSENT
    effects = [
        ABSENT if value is None else f"{value:.3f}".replace("-", "−")
        for value in (found.a12, found.cliffs_delta)
    ]
    named = (f"{pair.a} > {pair.b}", choice.value, bound, f"{found.u:g}")
    return (*named, p_number(pair.p), p_number(pair.p_holm), *effects, signed(found.shift))


def over_other_subjects(results: Sequence[Tested]) -> Rows:
    """The exact subject-swap tests of runs with the same seed, all seeds of them in one row."""
    columns = ("difference", "epoch", "median p", "least p", "largest p", "seeds with p < 0.05")
    rows = [_swaps(one.choice, pair, over) for one in results for pair, over in one.pairs()]
    return Rows("Exact subject swap, one seed at a time", columns, tuple(rows))


def _swaps(choice: Choice, pair: MethodPair, over: OverSubjects | None) -> tuple[str, ...]:
    named = (f"{pair.a} − {pair.b}", choice.value)
    if over is None:
        return (*named, ABSENT, ABSENT, ABSENT, ABSENT)
    least, middle, most = (p_number(float(at)) for at in np.quantile(over.p, (0, 0.5, 1)))
    return (*named, middle, least, most, f"{over.significant} of {len(over.p)}")


def seeds_and_subjects(results: Sequence[Tested]) -> Rows:
    """What holds for other seeds and other subjects at once."""
    columns = ("difference", "epoch", "points", "95 % interval", "p")
    rows = [_both(one.choice, pair) for one in results for pair, _ in one.pairs()]
    return Rows("Seeds and subjects together", columns, tuple(rows))


def _both(choice: Choice, pair: MethodPair) -> tuple[str, ...]:
    both, named = pair.both, (f"{pair.a} − {pair.b}", choice.value)
    if both is None or both.p is None or both.low is None or both.high is None:
        return (*named, ABSENT if both is None else signed(both.difference), ABSENT, ABSENT)
    return (*named, signed(both.difference), signed_interval((both.low, both.high)), p_number(both.p))


def without_interval(results: Sequence[Tested]) -> tuple[str, ...]:
    """Of each difference that has no interval there, why."""
    return tuple(
        f"{pair.a} − {pair.b}, {one.choice.value}: {reason}."
        for one in results
        for pair, _ in one.pairs()
        if (reason := _why_no_interval(pair))
    )


def _why_no_interval(pair: MethodPair) -> str:
    if pair.both is None:
        return said.not_both(pair.why_not_both)
    return next(said.both_lines(pair.both)) if pair.both.low is None else ""
