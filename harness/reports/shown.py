"""What a comparison shows, whatever the surface: the report, the verdicts and what must stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval_server.judging.hints import Hint
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Reference:
    """A published weighted F1 without predictions: shown beside the entries, never ranked or compared."""

    name: str
    weighted_f1: float
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page or a terminal shows: the report, the verdicts by name, and every entry's remarks.

    `read_as` says, for entries that are tables, what was assumed about them, `hints` which mistake a result
    looks like, `notes` what holds for all of them, and `kept_out` whom shared cells kept out of training.
    """

    report: Report
    verdicts: Mapping[str, Verdict]
    remarks: Mapping[str, tuple[str, ...]]
    references: tuple[Reference, ...] = ()
    read_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept_out: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
