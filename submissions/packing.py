"""Predictions to the zip that CodaLab and Codabench take, byte for byte the same every time.

The zip is written here field by field, and its deflate stream consists of stored blocks, because the
bytes that a compressor makes differ from one zlib build to the next. So equal labels give equal files
on every machine, and a SHA-256 names a submission; 2,586 lines make a file of about 5 kB.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from submissions.predictions import Predictions
from submissions.tables import read_table, write_table
from submissions.writing import write_whole

__all__ = ["lines", "pack", "packed", "read_table", "write_table"]

_DEFLATE = 8
_UTF8 = 1 << 11
_VERSION = 20
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
_MIDNIGHT, _FIRST_OF_JANUARY_1980 = 0, 0b0000000_0001_00001
_BLOCK = 0xFFFF


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
    body, directory = b"", b""
    for name, content in members.items():
        local, central = _records(name.encode(), content, len(body))
        body += local
        directory += central
    count = len(members)
    end = struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def _records(name: bytes, content: bytes, offset: int) -> tuple[bytes, bytes]:
    """What stands before a member's bytes with them, and its entry in the directory."""
    stream = stored(content)
    flags = 0 if name.isascii() else _UTF8
    facts = struct.pack(
        "<4H3L2H",
        *(flags, _DEFLATE, _MIDNIGHT, _FIRST_OF_JANUARY_1980),
        *(zlib.crc32(content), len(stream), len(content), len(name), 0),
    )
    local = b"PK\x03\x04" + struct.pack("<H", _VERSION) + facts + name
    attributes = struct.pack("<3H2L", 0, 0, 0, _PLAIN_FILE, offset)
    central = b"PK\x01\x02" + struct.pack("<BBH", _VERSION, _UNIX, _VERSION) + facts + attributes + name
    return local + stream, central


def lines(predictions: Predictions) -> bytes:
    """The member's text: one 0 or 1 a line in the order of the phase's cells."""
    return b"".join(b"1\n" if label else b"0\n" for label in predictions.labels)


def stored(text: bytes) -> bytes:
    """A deflate stream of stored blocks (RFC 1951, 3.2.4), the same on every machine."""
    starts = range(0, max(len(text), 1), _BLOCK)
    blocks = []
    for start in starts:
        block = text[start : start + _BLOCK]
        header = struct.pack("<BHH", start == starts[-1], len(block), len(block) ^ 0xFFFF)
        blocks.append(header + block)
    return b"".join(blocks)
