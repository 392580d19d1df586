"""What an image shows, whatever its file: one hash of its pixels, and the files they were published as.

The headers of the published images are known. So an image that was saved again is proven to show the
published pixels when these, under such a header, make a file with the published SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.contract import Crops

SIZES = {"train": "450x450", "prelim": "450x450", "final": "600x600"}
"""Width and height of the images of each part, as the name of their pixels begins."""

SHORT = b""
"""The rest of a 54-byte header: nothing."""
LONG = struct.pack("<IIII4s", 0xFF0000, 0xFF00, 0xFF, 0, b"BGRs").ljust(84, b"\0")
"""The rest of a 138-byte header as drawn images have it."""
LONG_PUBLISHED = bytes.fromhex(
    "0000ff0000ff0000ff000000000000ff42475273000000000000000054b81efc0000000000000000666666fc"
    "0000000000000000c4f528ff00000000000000000000000004000000000000000000000000000000"
)
"""The rest of a 138-byte header as the published preliminary images have it."""

_LOSSLESS = ("BMP", "PNG")


@dataclass(frozen=True, slots=True)
class Shown:
    """The pixels of an image, named by size and SHA-256 (``450x450:ab12…``), and the files they make.

    `forms` are the SHA-256s of these pixels under each published header.
    """

    pixels: str
    forms: tuple[str, ...] = ()


NOTHING = Shown("")


def shown_by(content: bytes, *, with_forms: bool = False) -> Shown:
    """What this file shows; `NOTHING` where it is no image of a published size, or has lost pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=_LOSSLESS) as image:
            if _size(image) not in SIZES.values():
                return NOTHING
            rgb = _rgb(image)
    except (OSError, SyntaxError, ValueError):
        return NOTHING
    if rgb is None:
        return NOTHING
    forms = tuple(published_files_of(rgb)) if with_forms else ()
    return Shown(f"{_size(image)}:{_sha256(rgb.tobytes())}", forms)


def bmp(image: Crops, rest: bytes) -> bytes:
    """A 24-bit BMP as published; `rest` is what its header holds beyond 54 bytes."""
    return _header(image, rest) + _rows(image)


def _size(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"


def _rgb(image: Image.Image) -> Crops | None:
    """The pixels; None where some are not opaque or have more than 8 bits a channel."""
    if image.mode not in ("RGB", "RGBA", "P", "L"):
        return None
    if image.mode == "RGB":
        return np.asarray(image)
    whole = np.asarray(image.convert("RGBA"))
    return np.ascontiguousarray(whole[..., :3]) if whole[..., 3].min() == 255 else None


def published_files_of(rgb: Crops) -> Iterator[str]:
    """The SHA-256s of the files that these pixels make under each published header."""
    rows = _rows(rgb)
    for rest in (SHORT, LONG_PUBLISHED, LONG):
        yield _sha256(_header(rgb, rest) + rows)


def _header(image: Crops, rest: bytes) -> bytes:
    height, width = image.shape[:2]
    start, size = 54 + len(rest), height * _stride(width)
    file_header = struct.pack("<2sIHHI", b"BM", start + size, 0, 0, start)
    facts = (40 + len(rest), width, height, 1, 24, 0, size, 3779, 3779, 0, 0)
    return file_header + struct.pack("<IiiHHIIiiII", *facts) + rest


def _rows(image: Crops) -> bytes:
    """From the lowest row up, blue before red, each row filled up to whole words."""
    height, width = image.shape[:2]
    rows = np.zeros((height, _stride(width)), dtype=np.uint8)
    for channel in range(3):
        rows[::-1, 2 - channel : width * 3 : 3] = image[..., channel]
    return rows.tobytes()


def _stride(width: int) -> int:
    return (width * 3 + 3) // 4 * 4


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
