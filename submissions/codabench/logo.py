"""The picture of a bundle: a cell with its nucleus, drawn here, the same bytes on every machine."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

SIDE = 240
SHADES = 16
BLOCK = 0xFFFF
PAPER, PLASMA, NUCLEUS = (255, 255, 255), (196, 150, 205), (84, 39, 120)


def logo() -> bytes:
    """A PNG of 240 by 240 pixels with a palette; the platforms take real images only."""
    pixels = _shades(0.36, 0.5, 0.5) + _shades(0.2, 0.45, 0.55)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(np.uint8))
    stream = b"\x78\x01" + _stored(rows) + struct.pack(">L", zlib.adler32(rows))
    header = struct.pack(">2L5B", SIDE, SIDE, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", stream), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _shades(radius: float, x: float, y: float) -> npt.NDArray[np.int64]:
    """A disc whose edge fades over a pixel: 0 outside to 15 inside."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    distance = np.sqrt((at[None, :] - x) ** 2 + (at[:, None] - y) ** 2)
    inside = np.clip((radius - distance) * SIDE + 0.5, 0, 1)
    return np.rint(inside * (SHADES - 1)).astype(np.int64)


def _palette() -> bytes:
    ramp = np.arange(SHADES)[:, None] / (SHADES - 1)
    paper, plasma, nucleus = (np.array(colour, dtype=float) for colour in (PAPER, PLASMA, NUCLEUS))
    colours = np.vstack([paper + ramp * (plasma - paper), (plasma + ramp * (nucleus - plasma))[1:]])
    return np.rint(colours).astype(np.uint8).tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def _stored(text: bytes) -> bytes:
    """A deflate stream of stored blocks (RFC 1951, 3.2.4); what a compressor makes differs between builds."""
    starts = range(0, max(len(text), 1), BLOCK)
    blocks = []
    for start in starts:
        block = text[start : start + BLOCK]
        header = struct.pack("<BHH", start == starts[-1], len(block), len(block) ^ 0xFFFF)
        blocks.append(header + block)
    return b"".join(blocks)
