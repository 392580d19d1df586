"""The manifest: the facts that someone else needs to make the same predictions again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any

from submissions.problems import shown

MANIFEST_VERSION = 1
MOST_BYTES = 2**20
MOST_CHARACTERS = 500


class ManifestInvalid(ValueError):
    """A manifest that this version of the harness cannot read."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made a set of predictions: entry, data, randomness, machine.

    `training` counts the cells and subjects that were learnt from and names those left out and why;
    `data` says where the cells came from (`other_labels`: learnt from or judged by a label file that is
    not the published one, `pixels_not_known`: from images saved again whose pixels nobody could compare);
    `weights` is empty for an entry that starts from no pre-trained network;
    `environment` holds versions and device. `predicted_by` names the finished run whose network predicted,
    where this run trained none, and what of these cells that one had `seen`. What a reader must know of
    all this, and of the `parts` of an ensemble, becomes words beside the result in every table (`remarks`).
    """

    entry: str
    origin: str
    phase: str
    split: str
    seed: int
    cells: int
    predictions_sha256: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)
    selection: str = "last"
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    predicted_by: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Mapping[str, Any], ...] = ()
    drawn: bool = False
    partial: bool = False
    chosen_on_test: bool = False
    transductive: bool = False
    created: str = ""
    source_sha256: str = ""
    submission_sha256: str = ""
    key: str = ""
    version: int = MANIFEST_VERSION

    @property
    def remarks(self) -> tuple[str, ...]:
        """The words that must stand beside this result wherever it is shown."""
        said = {
            "drawn data": self.drawn,
            "partial": self.partial,
            "epoch chosen on the test set": self.chosen_on_test,
            "cells seen in training": bool(self.predicted_by.get("seen")),
            "trained elsewhere, on what is not known": bool(self.predicted_by.get("elsewhere")),
            "transductive": self.transductive,
            "not the published labels": bool(self.data.get("other_labels")),
            "images saved again, pixels not known": bool(self.data.get("pixels_not_known")),
            "random weights": self.weights.get("source") == "none",
            "versions changed on the way": bool(self.environment.get("changed")),
        }
        of_parts = [words for part in self.parts if isinstance(words := part.get("remarks"), list)]
        return tuple(
            word for word, holds in said.items() if holds or any(word in words for words in of_parts)
        )

    def to_json(self) -> str:
        """The manifest as an indented JSON document with sorted keys and a final newline."""
        document = {**asdict(self), "parts": list(self.parts), "remarks": list(self.remarks)}
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read a manifest that anybody may have written; unknown keys are passed over.

        Raises `ManifestInvalid`, with every reason, when it is none, is too large, is of another
        version, or holds a value of the wrong form.
        """
        document = _document(text)
        if document.get("version") != MANIFEST_VERSION:
            found = shown(repr(document.get("version")))
            raise ManifestInvalid(f"expected manifest version {MANIFEST_VERSION}, found {found}")
        missing = [item.name for item in fields(cls) if item.name not in document and _required(item)]
        if missing:
            raise ManifestInvalid(f"a manifest needs {', '.join(missing)}")
        known = [item for item in fields(cls) if item.name in document]
        wrong = [_wrong(item, document[item.name]) for item in known]
        if any(wrong):
            raise ManifestInvalid("; ".join(filter(None, wrong)))
        values = {item.name: document[item.name] for item in known}
        return cls(**{**values, "parts": tuple(values.get("parts", ()))})


def _document(text: str | bytes) -> dict[str, Any]:
    """The JSON object in `text`, small enough and such that it can be written again as UTF-8."""
    if len(text) > MOST_BYTES:
        raise ManifestInvalid(f"expected at most {MOST_BYTES:,} bytes, found {len(text):,}")
    try:
        document = json.loads(text)
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ManifestInvalid("expected a flat JSON document, found one nested too deeply") from error
    except ValueError as error:
        raise ManifestInvalid(f"expected a JSON document, found {error}") from error
    if not isinstance(document, dict):
        raise ManifestInvalid(f"expected a JSON object, found {_KINDS_OF_JSON[type(document)]}")
    return document


_KINDS_OF_JSON = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MOST_CHARACTERS and value.isprintable()


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_FORMS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "str": (f"one line of at most {MOST_CHARACTERS} characters", _is_text),
    "int": ("a whole number of 64 bits", _is_integer),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "Mapping[str, Any]": ("an object", _is_object),
    "tuple[Mapping[str, Any], ...]": (
        "a list of objects",
        lambda value: isinstance(value, list) and all(map(_is_object, value)),
    ),
}
"""What each kind of field must look like, by its annotation."""


def _required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _wrong(item: Field[Any], value: object) -> str:
    """What is wrong with the value of one field; empty when nothing is."""
    expected, holds = _FORMS[str(item.type)]
    return "" if holds(value) else f"{item.name}: expected {expected}, found {shown(repr(value))}"
