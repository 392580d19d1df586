"""The picture of a phase: taken from a file of the host's, and written anew, so that only its pixels stay."""

from __future__ import annotations

import io

MOST_BYTES = 10 * 2**20
MOST_PIXELS = 40_000_000
SIDE = 1600
"""The longer side of what is kept, in pixels."""
KINDS = ("PNG", "JPEG", "WEBP")
MEDIA_TYPE = "image/png"


class PictureRefused(ValueError):
    """A file that is no picture of a kind and size that is taken."""


def taken(data: bytes) -> bytes:
    """The picture in a file as a PNG of at most `SIDE` pixels; raises `PictureRefused`.

    Every byte is written anew: what else a file carries (where it was taken, a script, another file) is left.
    """
    from PIL import Image, ImageOps

    if len(data) > MOST_BYTES:
        raise PictureRefused(f"expected a picture of at most {MOST_BYTES:,} bytes, found {len(data):,}")
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PictureRefused(
                    f"expected at most {MOST_PIXELS:,} pixels, found {found.width:,} by {found.height:,}"
                )
            upright = ImageOps.exif_transpose(found).convert("RGBA" if found.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, PictureRefused):
            raise
        raise PictureRefused("expected a picture (PNG, JPEG or WebP), found none that can be read") from error
    upright.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    plain = Image.new(upright.mode, upright.size)
    plain.paste(upright)
    plain.save(written, "PNG", optimize=True)
    return written.getvalue()
