"""What leaves the server for others than its host: every number rounded, unless it is declared as safe.

At full precision a number that was computed from scores can spell out labels, so three digits are the rule.
What may be told in full is declared: a measure by its flag in the list of them, a field of a document by
`IN_FULL`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from eval_server.scoring.measures import told_in_full
from eval_server.web.documents.document import Document, Promise

DIGITS = 3
"""As many as tables and pages write of a metric that is computed from scores."""
Told = TypeVar("Told", bound=Document)


def rounded(document: Told) -> Told:
    """The document with every number rounded but those declared as safe, and metrics told in full."""
    marks = _marks(type(document))
    told = document.model_fields_set
    values = {
        name: _rounded(value, name, marks.get(name, Promise())) for name, value in document if name in told
    }
    return type(document).model_construct(told, **values)


def _rounded(value: Any, name: str, mark: Promise) -> Any:
    """A value of a field as it may be read; a dictionary's keys are names of metrics."""
    if mark.in_full or told_in_full(name):
        return value
    if isinstance(value, float):
        return _up(value) if mark.upwards else round(value, DIGITS)
    if isinstance(value, Document):
        return rounded(value)
    if isinstance(value, Mapping):
        return {key: _rounded(part, key, mark) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rounded(part, name, mark) for part in value)
    return value


@cache
def _marks(kind: type[Document]) -> dict[str, Promise]:
    """What is declared of each field; several marks count together."""
    return {
        name: _joint([one for one in field.metadata if isinstance(one, Promise)])
        for name, field in kind.model_fields.items()
    }


def _joint(marks: list[Promise]) -> Promise:
    return Promise(in_full=any(one.in_full for one in marks), upwards=any(one.upwards for one in marks))


def _up(chance: float) -> float:
    return min(math.ceil(chance * 10**DIGITS) / 10**DIGITS, 1.0)
