"""What of a request is not as it must be, in words: what was expected of which field, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eval_server.web.documents.problems import MisfitDocument

SHOWN = 40
"""Characters of what was found that a message repeats."""
Limits = Mapping[str, Any]


def misfit(error: Mapping[str, Any]) -> MisfitDocument:
    """One of the errors of a request."""
    return MisfitDocument(where=".".join(map(str, error["loc"])), expected=_words(error))


def misfits_words(errors: list[MisfitDocument]) -> str:
    """All of them in a sentence; a field by its name alone."""
    return "; ".join(f"`{one.where.partition('.')[2] or one.where}`: {one.expected}" for one in errors)


def _words(error: Mapping[str, Any]) -> str:
    said = _SAID.get(error["type"])
    return str(error["msg"]) if said is None else said(error.get("ctx") or {}, error.get("input"))


def _shown(found: Any) -> str:
    text = str(found)
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN] + '…'!r}"


def _whole(limits: Limits, found: Any) -> str:
    return f"expected a whole number, found {_shown(found)}"


_SAID: dict[str, Callable[[Limits, Any], str]] = {
    "missing": lambda limits, found: "is needed, and was not sent",
    "less_than_equal": lambda limits, found: f"expected at most {limits['le']}, found {_shown(found)}",
    "greater_than_equal": lambda limits, found: f"expected at least {limits['ge']}, found {_shown(found)}",
    "string_too_long": lambda limits, found: (
        f"expected at most {limits['max_length']:,} characters, found {len(found):,}"
    ),
    "string_too_short": lambda limits, found: (
        f"expected at least {limits['min_length']:,} characters, found {len(found):,}"
    ),
    "int_parsing": _whole,
    "int_parsing_size": _whole,
    "int_type": _whole,
}
