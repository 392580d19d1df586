"""Predictions to the zip that CodaLab and Codabench take, byte for byte the same every time.

Members are stored, not deflated: the bytes that a compressor makes differ from one zlib build to the next.
So equal labels give equal files on every machine, and a SHA-256 names a submission; 2,586 lines make a file
of about 5 kB.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from submissions.predictions import Predictions
from submissions.writing import write_whole

FIRST_OF_JANUARY_1980 = (1980, 1, 1, 0, 0, 0)
UNIX = 3
PLAIN_FILE = 0o100644 << 16


def pack(predictions: Predictions, path: str | Path) -> str:
    """Write `predictions` as a submission zip to `path` and return the file's SHA-256."""
    data = packed(predictions)
    write_whole(Path(path), data)
    return hashlib.sha256(data).hexdigest()


def packed(predictions: Predictions) -> bytes:
    """The bytes of the submission zip: one member, at the root, with fixed date and permissions."""
    return zipped({predictions.phase.member: lines(predictions)})


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these files in this order, the same bytes on every machine and every day."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in members.items():
            archive.writestr(_fixed(name), content, zipfile.ZIP_STORED)
    return whole.getvalue()


def _fixed(name: str) -> zipfile.ZipInfo:
    """A member that says nothing of the day and the system on which it was written."""
    member = zipfile.ZipInfo(name, FIRST_OF_JANUARY_1980)
    member.create_system, member.external_attr = UNIX, PLAIN_FILE
    return member


def lines(predictions: Predictions) -> bytes:
    """The member's text: one 0 or 1 a line in the order of the phase's cells."""
    return b"".join(b"1\n" if label else b"0\n" for label in predictions.labels)
