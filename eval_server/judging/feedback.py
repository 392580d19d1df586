"""What a reader may know of a verdict: levels, and the value that holds no more than its level allows.

Whoever tells something of a submission is given a `Told`, made here and nowhere else. What its level
withholds is not in it, so that no page, document or picture can let it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report, Standing
from eval_server.judging.verdict import Verdict
from eval_server.scoring.intervals import Interval
from eval_server.scoring.metrics import METRICS

DIGITS = 3
"""A tenth of a percent."""
Metrics = Mapping[str, float | None]
Limits = tuple[float | None, float | None]
_SAID = ("phase", "cells", "remarks")
"""What a verdict says of its phase, at every level."""


class Level(IntEnum):
    """How much is told, each level more than those before it; the host's is all there is."""

    NONE = 0
    SCORE = 1
    SUMMARY = 2
    FULL = 3
    HOST = 4

    @classmethod
    def named(cls, rule: str) -> Level:
        """The level that a phase's rule names."""
        return cls[rule.upper()]


@dataclass(frozen=True, slots=True)
class Sight:
    """How one reader sees a team's results: the level, and the metric that a score alone is of."""

    level: Level
    metric: str


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What a reader may know of one verdict; `whole` is there at full feedback only."""

    level: Level
    document: Mapping[str, Any]
    whole: Verdict | None = None


def digits_of(level: Level) -> int | None:
    """To how many digits values are told and ranked; None where it is all of them."""
    return None if level >= Level.FULL else DIGITS


def tenth(value: float | None) -> float | None:
    """A share to a tenth of a percent."""
    return None if value is None else round(value, DIGITS)


def shown(verdict: Verdict, document: Mapping[str, Any], sight: Sight) -> Told | None:
    """A verdict and its public document as this sight allows; None where nothing is told."""
    if sight.level is Level.NONE:
        return None
    if sight.level >= Level.FULL:
        return Told(sight.level, document, verdict)
    intervals = {name: one.to_json() for name, one in verdict.intervals.items() if name in METRICS}
    told = {
        **{name: document[name] for name in _SAID},
        "metrics": metrics_shown(verdict.metrics, sight),
        "intervals": _coarse_intervals(intervals) if sight.level is Level.SUMMARY else {},
    }
    return Told(sight.level, told)


def metrics_shown(metrics: Metrics, sight: Sight) -> dict[str, float | None]:
    """Metrics by name as far as they are told.

    Below full feedback none that is computed from scores: whoever chooses those can weigh cells by them,
    and each such number would be one more equation of the labels.
    """
    if sight.level >= Level.FULL:
        return dict(metrics)
    wanted = METRICS if sight.level is Level.SUMMARY else (sight.metric,)
    known = sight.level is not Level.NONE
    return {name: tenth(metrics[name]) for name in wanted if known and name in metrics}


def limits_shown(limits: Limits, level: Level) -> Limits:
    """The limits of an interval as far as they are told."""
    if level >= Level.FULL:
        return limits
    return (tenth(limits[0]), tenth(limits[1])) if level is Level.SUMMARY else (None, None)


def _coarse_intervals(intervals: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Intervals without their standard errors, which say how the subjects differ."""
    return {
        name: {
            "estimate": tenth(one["estimate"]),
            "interval": limits_shown((one["interval"][0], one["interval"][1]), Level.SUMMARY),
            "se": None,
            "df": None,
            "remark": one["remark"],
        }
        for name, one in intervals.items()
    }


def comparison_shown(
    comparison: Comparison, p_holm: float | None, alpha: float, level: Level
) -> dict[str, Any]:
    """A comparison's document as far as it is told: in a summary whether a difference is shown, and no p."""
    p = comparison.p if p_holm is None else p_holm
    whole = {**comparison.to_json(), "p_holm": p_holm}
    if level >= Level.FULL:
        return {**whole, "significant": None if p_holm is None else p_holm < alpha}
    return _summary_of_pair(whole, significant=None if p is None else p < alpha)


def _summary_of_pair(whole: Mapping[str, Any], *, significant: bool | None) -> dict[str, Any]:
    low, high = whole["interval"]
    return {
        **{name: whole[name] for name in ("a", "b", "interval_remark", "exact")},
        "difference": tenth(whole["difference"]),
        "p": None,
        "p_holm": None,
        "interval": limits_shown((low, high), Level.SUMMARY),
        "significant": significant,
    }


def report_shown(report: Report, level: Level) -> dict[str, Any]:
    """The document of several entries compared, as far as it is told."""
    if level >= Level.FULL:
        return report.to_json()
    kept = ("alpha", "subjects", "cells", "phase", "method", "significant", "groups", "remarks")
    whole = report.to_json()
    return {
        **{name: whole[name] for name in kept},
        "entries": [_coarse_standing(one).to_json() for one in report.entries],
        "pairs": _coarse_pairs(whole["pairs"]),
    }


def _coarse_pairs(pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_summary_of_pair(pair, significant=pair["significant"]) for pair in pairs]


def _coarse_standing(one: Standing) -> Standing:
    """A standing without what is said by subject, to a tenth of a percent."""
    return replace(
        one,
        weighted_f1=round(one.weighted_f1, DIGITS),
        interval=_coarse_interval(one.interval),
        subject_accuracy=None,
        mean_subject_rank=None,
        percentile=None,
        stability=None,
    )


def _coarse_interval(found: Interval) -> Interval:
    low, high = limits_shown((found.low, found.high), Level.SUMMARY)
    return Interval(round(found.estimate, DIGITS), low, high, remark=found.remark)
