"""The seal of a verdict: a digest over its numbers and its cells, which is checked whenever it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from eval_server.judging.division import TruthPart

MARKER = b"\0sha256\0"
"""Begins a seal; it follows the end of the compressed cells, where earlier releases do not look."""
LENGTH = len(MARKER) + hashlib.sha256().digest_size


class VerdictChanged(ValueError):
    """A verdict that is not what was written."""


def sealed_verdict(row: Mapping[str, Any]) -> bytes:
    """The stored form of a new row of `verdicts`, with the seal that holds the row together."""
    document = json.loads(json.dumps(row["document"]))
    return bytes(row["stored"]) + MARKER + _digest({**row, "document": document}, row["stored"])


def unsealed_verdict(row: Any) -> bytes:
    """The stored form without its seal; raises `VerdictChanged` where the row is not as it was written.

    Rows of releases before 0.1.1 have no seal.
    """
    stored: bytes = row["stored"]
    cells, seal = stored[:-LENGTH], stored[-LENGTH:]
    if not seal.startswith(MARKER):
        return stored
    if seal != MARKER + _digest(row, cells):
        raise VerdictChanged(f"the verdict on the submission {row['submission']} is not what was written")
    return cells


def _digest(row: Any, cells: bytes) -> bytes:
    # verdicts of releases that knew no parts were sealed without
    names = ("id", "submission", "truth", "document", *(() if row["part"] == TruthPart.WHOLE else ("part",)))
    facts = [row[name] for name in names]
    found = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    found.update(cells)
    return found.digest()
