"""What every document has: declared fields, in one of two ways to tell a number, and its form as JSON.

pydantic, because FastAPI describes its models in OpenAPI, and a field's docstring goes with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Document(BaseModel):
    """Something the server says.

    Only what is declared is told: what a dictionary of another room holds beside it is left out. A field
    that was never set is absent from the JSON, which is not the same as null.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of a field, and how a number in it is told to others than the host.

    `in_full` covers all that lies below the field; `upwards` is for chances, which may not come out smaller
    than they are. A `stable` field keeps its name and meaning in every release with the same first number.
    """

    in_full: bool = False
    upwards: bool = False
    stable: bool = False

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(core_schema)
        if self.stable:
            found["x-stable"] = True
        if self.in_full:
            found["x-told"] = "in full"
        return found


IN_FULL, STABLE, UPWARDS = Promise(in_full=True), Promise(stable=True), Promise(upwards=True)
Limits = tuple[float | None, float | None]
"""The ends of an interval; both null where it cannot be estimated."""
Chance = Annotated[float | None, UPWARDS]
"""A p, rounded up where it is rounded."""
Count = Annotated[int, STABLE]
Word = Annotated[str, STABLE]
"""A text or a number whose field stays."""
Metrics = dict[str, float | None]
"""Metrics by name; null where one is not defined."""


def plain(document: Document) -> dict[str, Any]:
    """The document as dictionaries and lists, without what was never set."""
    return document.model_dump(exclude_unset=True)


def encoded(document: Document) -> bytes:
    """ASCII JSON, so that no text a stranger sent can fail to be encoded; NaN is refused."""
    return json.dumps(plain(document), allow_nan=False).encode("ascii")
