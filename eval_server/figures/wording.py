"""How numbers are written wherever a person reads them."""

from __future__ import annotations

import math

from eval_server.scoring.measures import Unit, measure

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EM DASH}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share as a percentage without its sign: 0.89808 is "89.81"; a dash where there is none."""
    if share is None or not math.isfinite(share):
        return ABSENT
    return f"{100 * share:.{digits}f}"


def metric_name(name: str) -> str:
    """A metric as a sentence has it."""
    return measure(name).words


def metric_words(name: str, value: float | None) -> str:
    """The value of a metric as a table has it: a percentage or a plain number, with its digits."""
    told = measure(name)
    if value is None or not math.isfinite(value):
        return ABSENT
    return percent(value, told.digits) if told.unit is Unit.PERCENT else f"{value:.{told.digits}f}"


def signed(difference: float | None, digits: int = 2) -> str:
    """A difference of shares in points, always with its sign: 0.0213 is "+2.13"."""
    if difference is None or not math.isfinite(difference):
        return ABSENT
    points = round(100 * difference, digits)
    return f"{MINUS if points < 0 else '+'}{abs(points):.{digits}f}"


def p_words(p: float | None, *, name: str = "p") -> str:
    """A p-value as readers write it: "p = 0.004", "p < 0.0001"."""
    if p is None or not math.isfinite(p):
        return f"{name} not computed"
    if p < 0.0001:
        return f"{name} < 0.0001"
    return f"{name} = {p:.3f}" if p >= 0.001 else f"{name} = {p:.4f}"


def p_number(p: float | None) -> str:
    """The same for the cell of a table whose head says that it is a p-value."""
    if p is None or not math.isfinite(p):
        return ABSENT
    return p_words(p).removeprefix("p ").removeprefix("= ")


def interval_words(interval: tuple[float, float] | None, digits: int = 2) -> str:
    """An interval of shares in percent: "86.4 to 92.1", or that it cannot be estimated."""
    if interval is None or not all(map(math.isfinite, interval)):
        return "not estimable"
    return f"{percent(interval[0], digits)} to {percent(interval[1], digits)}"


def signed_interval(interval: tuple[float, float] | None, digits: int = 2) -> str:
    """An interval of a difference in points: "−1.02 to +3.40"."""
    if interval is None or not all(map(math.isfinite, interval)):
        return "not estimable"
    return f"{signed(interval[0], digits)} to {signed(interval[1], digits)}"


def ranks(rank_set: tuple[int, int]) -> str:
    """A rank set: "1-3", or "2" where it is certain."""
    low, high = rank_set
    return str(low) if low == high else f"{low}-{high}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 subject", "28 subjects"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def capital(words: str) -> str:
    """Words as the beginning of a sentence: "tests over seeds …" is "Tests over seeds …"."""
    return words[:1].upper() + words[1:]


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Words as a sentence has them: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
