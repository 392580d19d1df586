"""What leaves the server for others than its host: every number rounded, unless it is named as safe.

At full precision a number that was computed from scores can spell out labels, so three digits are the rule.
What may be told in full is named: a measure by its flag in the list of them, the numbers of a document by
the paths in the `IN_FULL` of the class that writes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from eval_server.scoring.measures import told_in_full

DIGITS = 3
P_VALUES = ("p", "p_holm", "q")
"""Chances, which are rounded up: a p may never come out smaller than it is."""


def rounded(document: Any, in_full: Iterable[str] = ()) -> Any:
    """The document with every number rounded but those at these paths and of metrics told in full.

    A path names keys from the outside in, ``pairs.interval``; lists on the way do not count, and what lies
    below a path is told with it.
    """
    return _rounded(document, frozenset(in_full), "")


def public_metrics(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    """Metrics by name as anybody may read them."""
    found: dict[str, float | None] = rounded(dict(metrics))
    return found


def _rounded(value: Any, in_full: frozenset[str], path: str) -> Any:
    key = path.rpartition(".")[2]
    if path in in_full or told_in_full(key):
        return value
    if isinstance(value, float):
        return _up(value) if key in P_VALUES else round(value, DIGITS)
    if isinstance(value, Mapping):
        return {name: _rounded(part, in_full, f"{path}.{name}".lstrip(".")) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part, in_full, path) for part in value]
    return value


def _up(chance: float) -> float:
    return min(math.ceil(chance * 10**DIGITS) / 10**DIGITS, 1.0)
