"""What an answer of Codabench has to look like for us to go on, and how it is shown without the token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.errors import ServerTrouble

Shape = Any
"""A type, a list of one shape, fields with shapes, or a tuple of which one has to hold (None: absent)."""

HIDDEN = "***"
_NAMES = {str: "a text", int: "a whole number", bool: "true or false", dict: "fields", float: "a number"}


def require_shape(document: Any, shape: Shape, path: str) -> Any:
    """The document, if it has this shape; raises `ServerTrouble` with what was expected where."""
    wrong = next(_misfits(document, shape, "the answer"), None)
    if wrong:
        raise ServerTrouble(f"Codabench answered {path} unexpectedly: {wrong}", "Is --site a Codabench?")
    return document


def _misfits(value: Any, shape: Shape, where: str) -> Iterator[str]:
    if isinstance(shape, tuple):
        if all(any(_misfits(value, one, where)) for one in shape):
            yield _misfit(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield _misfit(value, shape, where)
            return
        for at, one in enumerate(value):
            yield from _misfits(one, shape[0], f"{where}[{at}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield _misfit(value, shape, where)
            return
        for key, one in shape.items():
            yield from _misfits(value.get(key), one, f"{where}.{key}")
    elif not _is(value, shape):
        yield _misfit(value, shape, where)


def _is(value: Any, kind: type | None) -> bool:
    """Whether a value is of a kind; a number may come as its text, and true is no number."""
    if kind is None or isinstance(value, bool) or value is None:
        return (value is None and kind is None) or (isinstance(value, bool) and kind is bool)
    if kind is float and isinstance(value, int | float | str):
        return _is_number(value)
    return isinstance(value, kind)


def _is_number(value: int | float | str) -> bool:
    try:
        float(value)
    except (ValueError, OverflowError):
        return False
    return True


def _misfit(value: Any, shape: Shape, where: str) -> str:
    found = json.dumps(value)
    return f"expected {_words(shape)} at {where}, found {found if len(found) <= 60 else found[:57] + '...'}"


def _words(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(map(_words, shape))
    if isinstance(shape, list):
        return f"a list of {_words(shape[0])}"
    if isinstance(shape, dict):
        return f"fields ({', '.join(shape)})"
    return "nothing" if shape is None else _NAMES[shape]


def without_token(document: Any, token: str) -> Any:
    """The same document with the token, wherever a text of it holds it, replaced."""
    if isinstance(document, str):
        return document.replace(token, HIDDEN) if token else document
    if isinstance(document, list):
        return [without_token(one, token) for one in document]
    if isinstance(document, dict):
        return {without_token(key, token): without_token(one, token) for key, one in document.items()}
    return document
