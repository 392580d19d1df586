"""Submissions for tests: sound ones, and zips whose every field can be a lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from submissions.phases import MEMBER, PRELIM, Phase
from submissions.predictions import Predictions

PLAIN_FILE = 0o100644


@dataclass(frozen=True)
class Packed:
    """One member of a zip; what is None is filled in truthfully."""

    text: bytes
    method: int = 8
    stream: bytes | None = None
    size: int | None = None
    compressed: int | None = None
    crc: int | None = None
    flags: int = 0
    mode: int = PLAIN_FILE
    local_name: bytes | None = None
    offset: int | None = None


def some_predictions(phase: Phase = PRELIM, seed: int = 0) -> Predictions:
    """Predictions with scores drawn from `seed`, about two thirds of them ALL."""
    return Predictions.from_scores(phase, np.random.default_rng(seed).random(len(phase)) ** 0.6)


def text_of(predictions: Predictions, end: bytes = b"\n") -> bytes:
    """The member as a careful entrant would write it."""
    return b"".join(b"%d" % label + end for label in predictions.labels)


def a_submission(text: bytes | None = None, *, phase: Phase = PRELIM, name: str = MEMBER) -> bytes:
    """A zip of one prediction file (sound for `phase` where `text` is left out); see `a_zip` for more."""
    return a_zip({name: text_of(some_predictions(phase)) if text is None else text})


def a_zip(members: Mapping[str | bytes, bytes | Packed] | list[tuple[str | bytes, bytes | Packed]]) -> bytes:
    """A zip written field by field; a list of pairs may name a member twice."""
    pairs = members if isinstance(members, list) else list(members.items())
    body, directory = b"", b""
    for name, content in pairs:
        one = content if isinstance(content, Packed) else Packed(content)
        offset = len(body) if one.offset is None else one.offset
        local, central = _records(name.encode() if isinstance(name, str) else name, one, offset)
        body += local
        directory += central
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(pairs), len(pairs), len(directory), len(body), 0)
    return body + directory + end


def _records(name: bytes, one: Packed, offset: int) -> tuple[bytes, bytes]:
    stream = one.stream if one.stream is not None else _packed(one)
    size = len(one.text) if one.size is None else one.size
    compressed = len(stream) if one.compressed is None else one.compressed
    crc = zlib.crc32(one.text) if one.crc is None else one.crc
    local_name = name if one.local_name is None else one.local_name
    facts = struct.pack("<4H3L", one.flags, one.method, 0, 33, crc, compressed, size)
    local = b"PK\x03\x04\x14\0" + facts + struct.pack("<2H", len(local_name), 0) + local_name + stream
    rest = struct.pack("<5H2L", len(name), 0, 0, 0, 0, one.mode << 16, offset)
    return local, b"PK\x01\x02\x14\x03\x14\0" + facts + rest + name


def _packed(one: Packed) -> bytes:
    return deflated(one.text) if one.method == 8 else one.text


def deflated(text: bytes) -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(text) + squeezer.flush()


def a_bomb(gigabytes: int = 10) -> bytes:
    """A deflate stream of so many GiB of zeros, about a thousandth as long, made in a moment."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeezer.compress(bytes(2**20)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    return block * (1024 * gigabytes) + squeezer.flush()
