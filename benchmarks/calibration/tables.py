"""Rows of numbers with what is promised of them, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

NOMINAL = 0.05


@dataclass(frozen=True, slots=True)
class Band:
    """Where a number has to lie; `marked` says that the page and the program tell readers otherwise."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Number:
    """One cell of a table, with the band it is held to."""

    value: float
    words: str
    band: Band | None = None

    @property
    def broken(self) -> bool:
        return self.band is not None and not self.band.holds(self.value)


Row = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of one table, computed by itself: its name also seeds its draws."""

    table: str
    name: str
    work: Callable[..., Row]
    arguments: tuple[object, ...]

    def __call__(self, datasets: int, seed: int) -> Row:
        letters = np.frombuffer(f"{self.table} {self.name}".encode(), dtype=np.uint8)
        generator = np.random.default_rng([seed, *letters.tolist()])
        return self.work(*self.arguments, datasets, generator)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed, in the order of its rows."""

    title: str
    rows: dict[str, Row] = field(default_factory=dict)

    def lines(self) -> Iterable[str]:
        columns = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        yield _line([self.title, *columns])
        yield _line(["---", *("---:" for _ in columns)])
        for name, row in self.rows.items():
            yield _line([name, *(row[column].words if column in row else "" for column in columns)])

    def broken(self) -> Iterable[str]:
        for name, row in self.rows.items():
            for column, number in row.items():
                if number.broken and number.band is not None:
                    promise = f"{number.band.low:g} to {number.band.high:g}"
                    yield f"{self.title}, {name}: {column} is {number.words}, promised {promise}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def rate(values: Sequence[object] | np.ndarray, band: Band | None = None) -> Number:
    """A share of the data sets."""
    share = float(np.mean(values))
    return Number(share, f"{share:.3f}", band)


def covered(low: np.ndarray, high: np.ndarray, truth: np.ndarray | float, band: Band | None = None) -> Number:
    """Coverage with the median width behind it; intervals that are not estimable are left out and said."""
    known = ~np.isnan(low)
    value = np.broadcast_to(truth, low.shape)[known]
    share = float(((low[known] <= value) & (value <= high[known])).mean())
    none = f", none in {1 - known.mean():.1%}" if not known.all() else ""
    width = float(np.median(high[known] - low[known]))
    return Number(share, f"{share:.3f} / {width:.3f}{none}", band)
