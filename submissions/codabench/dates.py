"""The dates of a bundle as Codabench reads them: quotes keep the time of day, zones are dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from submissions.codabench.rules import Finding

BEFORE_NEXT = timedelta(days=1)
"""How long before the start of the next a phase of CodaLab 1.5, which has no end of its own, ends."""
_SLASHES = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*")


def date_findings(value: Any, where: str) -> Iterator[Finding]:
    """What is wrong with one date."""
    if isinstance(value, datetime):
        yield Finding("unquoted-date", where, str(value))
    elif isinstance(value, str) and _SLASHES.fullmatch(value.strip()):
        yield Finding("date-order", where, value)
    elif not isinstance(value, date) and read(value) is None:
        yield Finding("bad-date", where, str(value))
    elif isinstance(value, str) and _zone(value):
        yield Finding("date-offset", where, value)


def _zone(text: str) -> bool:
    moment = datetime.fromisoformat(text.strip())
    return moment.tzinfo is not None and not text.strip().endswith(("Z", "+00:00"))


def read(value: Any) -> datetime | None:
    """The moment that Codabench makes of a date; None where it cannot."""
    if isinstance(value, date):
        return datetime.combine(value.date() if isinstance(value, datetime) else value, time())
    try:
        return datetime.fromisoformat(str(value).strip()).replace(tzinfo=None)
    except ValueError:
        return None


def window_findings(windows: Sequence[tuple[str, Any, Any]]) -> Iterator[Finding]:
    """What is wrong between the phases, each with its place, start and end, in their order."""
    for where, start, end in windows:
        first, last = read(start), read(end)
        if first and last and last <= first:
            yield Finding("end-before-start", where, f"{start} to {end}")
    for (where, _, end), (_, start, _) in pairwise(windows):
        last, following = read(end), read(start)
        if end is None:
            yield Finding("no-end", where, "no end")
        elif last and following and last >= following:
            rule = "dates-touch" if last == following else "dates-overlap"
            yield Finding(rule, where, f"end {end}, next start {start}")


def older_window_findings(starts: Sequence[tuple[str, Any]], last_end: Any) -> Iterator[Finding]:
    """The phases of CodaLab 1.5, each with its place and start in their order, that end before they start."""
    for (where, start), (_, following) in pairwise(starts):
        first, after = read(start), read(following)
        if first and after and after - first <= BEFORE_NEXT:
            yield Finding("old-end", where, f"start {start}, next start {following}")
    first, last = read(starts[-1][1]) if starts else None, read(last_end)
    if first and last and last <= first:
        yield Finding("end-before-start", starts[-1][0], f"{starts[-1][1]} to {last_end}")
