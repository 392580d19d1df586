"""Seeds as people write them: ``0-23``, ``0,3,5-7``."""

from __future__ import annotations

from typing import Any

import click

MOST = 10_000


class Seeds(click.ParamType):
    """Whole numbers and ranges of them, apart by commas; none twice, in order."""

    name = "seeds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        found: list[int] = []
        for part in str(value).split(","):
            first, dash, last = part.strip().partition("-")
            if not (first.isdigit() and (last.isdigit() or not dash)):
                self.fail(f"{part.strip() or 'nothing'} is no seed; write 0-23, or 0,3,5-7.", param, ctx)
            found.extend(self._range(int(first), int(last or first), param, ctx))
        return tuple(dict.fromkeys(found))

    def _range(
        self, first: int, last: int, param: click.Parameter | None, ctx: click.Context | None
    ) -> range:
        if not first <= last < 2**32 or last - first >= MOST:
            self.fail(f"{first}-{last} is no range of at most {MOST} seeds.", param, ctx)
        return range(first, last + 1)
