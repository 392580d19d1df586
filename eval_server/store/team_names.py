"""Names as they are kept, and when two are one team's: they differ in case, width or spaces only."""

from __future__ import annotations

import re
import unicodedata

from eval_server.store.limits import LONGEST_NAME

SHOWN = 30
"""Characters of a name too long that a message repeats."""
_SPACES = re.compile(r"[^\S\t-\r\x1c-\x1f\x85\u2028\u2029]+")
"""Spaces of any width; neither tabs nor what begins a line, which no name has."""


def team_key(name: str) -> str:
    """What all spellings of a team's name share: NFKC, caseless, without spaces.

    The form is normalized once more at the end, because what became caseless may compose anew.
    """
    caseless = unicodedata.normalize("NFKC", name).casefold()
    return "".join(unicodedata.normalize("NFKC", caseless).split())


def folded(name: str) -> str:
    """A name as it is kept where it is first given: one space where there are several, none at its ends."""
    return _SPACES.sub(" ", name).strip()


def unfit_name(name: str) -> str | None:
    """What is wrong with a name for a team; None where nothing is."""
    wrong = unfit_line(name) if name.strip() == name and team_key(name) else _expected(name)
    return wrong and f"a team's name is one line of {wrong}"


def unfit_line(name: str) -> str | None:
    """What is expected of a name and was found instead; None for a line that can be one."""
    return None if 0 < len(name) <= LONGEST_NAME and name.isprintable() else _expected(name)


def _expected(name: str) -> str:
    found = repr(name) if name else "nothing"
    if len(name) > LONGEST_NAME:
        found = f"{len(name):,}: {name[:SHOWN] + '…'!r}"
    return f"1 to {LONGEST_NAME} printable characters, found {found}"


def natural_order(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names as people do, the numbers in them by their size."""
    parts = _NUMBER.split(name.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


_NUMBER = re.compile(r"(\d+)")
