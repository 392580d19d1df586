"""The manifest: the facts that someone else needs to make the same predictions again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

MANIFEST_VERSION = 1


class ManifestInvalid(ValueError):
    """A manifest that this version of the harness cannot read."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made a set of predictions: entry, data, randomness, machine.

    `training` counts the cells and subjects that were learnt from and names those left out and why;
    `data` says where the cells came from; `environment` holds versions and device. The four flags
    become words that every table shows beside the result (`remarks`).
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
    parts: tuple[Mapping[str, Any], ...] = ()
    drawn: bool = False
    partial: bool = False
    chosen_on_test: bool = False
    transductive: bool = False
    created: str = ""
    version: int = MANIFEST_VERSION

    @property
    def remarks(self) -> tuple[str, ...]:
        """The words that must stand beside this result wherever it is shown."""
        said = {
            "drawn data": self.drawn,
            "partial": self.partial,
            "epoch chosen on the test set": self.chosen_on_test,
            "transductive": self.transductive,
        }
        return tuple(word for word, holds in said.items() if holds)

    def to_json(self) -> str:
        """The manifest as an indented JSON document with sorted keys and a final newline."""
        document = {**asdict(self), "parts": list(self.parts), "remarks": list(self.remarks)}
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read a manifest; raises `ManifestInvalid` when it is not one or is of another version."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise ManifestInvalid(f"expected a JSON document, found {error}") from error
        if not isinstance(document, dict):
            raise ManifestInvalid(f"expected a JSON object, found {type(document).__name__}")
        if document.get("version") != MANIFEST_VERSION:
            found = document.get("version")
            raise ManifestInvalid(f"expected manifest version {MANIFEST_VERSION}, found {found!r}")
        known = {item.name for item in fields(cls)}
        required = ("entry", "origin", "phase", "split", "seed", "cells", "predictions_sha256")
        missing = [name for name in required if name not in document]
        if missing:
            raise ManifestInvalid(f"a manifest needs {', '.join(missing)}")
        values = {name: value for name, value in document.items() if name in known}
        values["parts"] = tuple(values.get("parts", ()))
        return cls(**values)
