"""What a setting may be, declared beside its default: ``epochs: int = number(6, 1, 10_000)``.

Every number of an entry's settings is finite, declared or not: a NaN would be found out after hours. A
library of validated models is not used for it: an entry's settings are a plain dataclass that any package can
write, and the light installation stays light.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Any

_RANGE = "range"


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both of them allowed unless it is `below` the upper one."""

    low: float
    high: float
    below: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value < self.high if self.below else self.low <= value <= self.high

    def __str__(self) -> str:
        return f"of at least {self.low:,g} and {'below' if self.below else 'at most'} {self.high:,g}"


def number(default: Any, low: float, high: float, *, below: bool = False) -> Any:
    """A field of a settings' dataclass whose numbers, one or several, lie in a range."""
    return dataclasses.field(default=default, metadata={_RANGE: Range(low, high, below)})


def check(settings: Any) -> None:
    """Raise `ValueError` for the first value that is of another kind, not finite, or out of its range."""
    hints = typing.get_type_hints(type(settings))
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        if not _is_of(value, hints[item.name]):
            raise ValueError(f"expected {item.name} of the kind {_named(hints[item.name])}, found {value!r}")
        for one in value if isinstance(value, tuple) else (value,):
            _check_number(item.name, one, item.metadata.get(_RANGE))


def _check_number(name: str, value: Any, allowed: Range | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected a finite number for {name}, found {value}")
    if allowed is not None and value not in allowed:
        raise ValueError(f"expected {name} {allowed}, found {value:,}")


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of the kind that its annotation names; kinds not known here hold anything."""
    if isinstance(kind, types.UnionType):
        return any(_is_of(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return isinstance(value, tuple) and all(_is_of(one, inner) for one in value)
    if typing.get_origin(kind) is typing.Literal:
        return value in typing.get_args(kind)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return not isinstance(kind, type) or isinstance(value, kind)


def _named(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind)) if isinstance(kind, type) else str(kind)


def read_value(text: str, kind: Any) -> Any:
    """Read a typed value as `--set` writes it: bool, int, float, str, tuples of one of them, or None."""
    if isinstance(kind, types.UnionType):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if text.lower() == "none" else read_value(text, options[0])
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(read_value(part.strip(), inner) for part in text.split(",") if part.strip())
    if typing.get_origin(kind) is typing.Literal:
        allowed = typing.get_args(kind)
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(map(str, allowed))}, found {text!r}")
        return text
    if kind is bool:
        if text.lower() not in {"true", "false", "yes", "no", "1", "0"}:
            raise ValueError(f"expected true or false, found {text!r}")
        return text.lower() in {"true", "yes", "1"}
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"expected {kind.__name__}, found {text!r}") from None
    return text
