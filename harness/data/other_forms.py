"""Images of the data set in a form that cannot be used as it is: archives, and copies that lost pixels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

_PACKED = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_LOSSY = (".jpg", ".jpeg", ".webp", ".gif")
_FOREIGN = (".tif", ".tiff", ".npy")

IsImage = Callable[[str], bool]
"""Whether a file name, as ``.bmp``, is one of an image of the data set."""


def other_form(path: Path, is_image: IsImage) -> str:
    """What the file is and what to do about it; an empty text where it is none of these."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _zipped(path)
    if suffix in _PACKED:
        return "a packed archive: if it holds images, unpack it here and audit again"
    if suffix in (".bmp", ".png") and path.stem.isdecimal():
        return (
            "a numbered image, and no folder above says of which test set: name one of them prelim or final"
        )
    if not is_image(f"{path.stem}.bmp"):
        return ""
    if suffix in _LOSSY:
        return f"a {suffix[1:].upper()} copy has lost pixels and cannot be used: take the published BMP"
    if suffix in _FOREIGN:
        return f"a {suffix[1:].upper()} copy: save it as PNG, or take the published BMP"
    return ""


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged zip archive: fetch it again, and unpack it here"
    images = sum(PurePosixPath(name).suffix.lower() in (".bmp", ".png") for name in names)
    return f"a zip archive with {images:,} images: unpack it here and audit again" if images else ""
