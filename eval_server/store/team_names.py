"""When two names are one team's: they differ in case, width or spaces only."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80
"""Characters of a team's name."""


def team_key(name: str) -> str:
    """What all spellings of a team's name share: NFKC, caseless, without spaces.

    The form is normalized once more at the end, because what became caseless may compose anew.
    """
    caseless = unicodedata.normalize("NFKC", name).casefold()
    return "".join(unicodedata.normalize("NFKC", caseless).split())


def unfit_name(name: str) -> str | None:
    """What is wrong with a name for a team; None where nothing is."""
    if name.strip() == name and 0 < len(name) <= LONGEST and name.isprintable() and team_key(name):
        return None
    found = repr(name[:LONGEST]) if name else "nothing"
    return f"a team's name is one line of 1 to {LONGEST} printable characters, found {found}"


def natural_order(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names as people do, the numbers in them by their size."""
    parts = _NUMBER.split(name.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


_NUMBER = re.compile(r"(\d+)")
