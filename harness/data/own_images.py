"""Images of one's own: any BMP, PNG, TIFF or JPEG of a single cell, made into what the networks learnt from.

The data set's images show one cell, cut out, on exactly black, and the middle 300x300 pixels are used. An
image of one's own is brought to that form, and what had to be done is said; one that shows no single cell on
an even background gets no score, because a score would say nothing.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from harness.data.crops import SIDE
from harness.data.pixels import published_files_of
from harness.data.published import PublishedCell, published_by_sha256
from harness.errors import DataWrong
from models.contract import Crops

ENDINGS = (".bmp", ".png", ".tif", ".tiff", ".jpg", ".jpeg")
FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
PUBLISHED_SIDES = (450, 600)
FEWEST_PIXELS = 100
"""An image with fewer pixels of a cell shows none; the smallest published cell has 70 by 80."""

_NEAR_BLACK = 24
"""How bright JPEG leaves pixels of a black background, beside a cell."""
_BLACK_RIM, _EVEN_RIM = 0.25, 0.6
"""Shares of the rim that must be black, or of one colour, for the rim to be background."""
_LEAST_TOLERANCE = 4

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class OwnImage:
    """One image: its crop, or in `problem` why there is none, and in `remarks` what was done or is odd.

    `width` and `height` bound the cell in pixels of the image; `cell` is the published image that it shows,
    if it is one.
    """

    name: str
    crop: Crops | None = None
    problem: str = ""
    remarks: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    cell: PublishedCell | None = None


@dataclass(frozen=True, slots=True)
class OwnFile:
    """An image file under the name that it has in results."""

    name: str
    path: Path


def own_files(place: Path) -> tuple[OwnFile, ...]:
    """The image files below a folder, or the one file, numbers in names in their order.

    Raises `DataWrong` where there is none.
    """
    if place.is_file():
        return (OwnFile(place.name, place),)
    if not place.is_dir():
        raise DataWrong(f"there is no folder {place}", "Name a folder of images, or one image.")
    found = [path for path in _visible(place) if path.suffix.lower() in ENDINGS]
    if not found:
        raise DataWrong(f"{place} holds no image", f"Images end with {', '.join(ENDINGS)}.")
    named = (OwnFile(path.relative_to(place).as_posix(), path) for path in found)
    return tuple(sorted(named, key=lambda one: _natural(one.name)))


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


def read_own(file: OwnFile) -> OwnImage:
    """Read one file; what is wrong with it is said in the result, so that the others are still read."""
    try:
        content = file.path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                lossy = image.format == "JPEG"
                pages = getattr(image, "n_frames", 1)
                rgb, remarks = _rgb(image)
    except UnidentifiedImageError:
        return OwnImage(file.name, problem="is no BMP, PNG, TIFF or JPEG image, or is cut off")
    except Exception as error:  # a damaged file makes the decoder raise nearly anything
        return OwnImage(file.name, problem=f"cannot be read: {type(error).__name__}: {error}")
    if pages > 1:
        remarks = (*remarks, f"the first of {pages} pages")
    return own_image(file.name, rgb, remarks, lossy=lossy)


def _rgb(image: Image.Image) -> tuple[Crops, tuple[str, ...]]:
    """The pixels as RGB, transparent ones black, and what was odd about them."""
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image).astype(np.uint32) // 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2), ("16 bits, without colour",)
    if image.mode in ("I", "F"):
        raise ValueError(f"expected 8 or 16 bits a channel, found mode {image.mode}")
    remarks = ("without colour",) if image.mode in ("1", "L", "LA") else ()
    whole = np.asarray(image.convert("RGBA"))
    transparent = whole[..., 3] < 128
    rgb = np.where(transparent[..., None], 0, whole[..., :3]).astype(np.uint8)
    return rgb, (*remarks, *(("transparent pixels taken for background",) if transparent.any() else ()))


def own_image(name: str, rgb: Crops, remarks: tuple[str, ...] = (), *, lossy: bool = False) -> OwnImage:
    """Bring pixels, uint8 (height, width, 3), to the form of the data set's."""
    background, what = background_of(rgb, lossy=lossy)
    if background is None:
        return OwnImage(name, problem=what, remarks=remarks)
    remarks = (*remarks, *((what,) if what else ()))
    if (~background).sum() < FEWEST_PIXELS:
        return OwnImage(name, problem="shows no cell: nothing but background", remarks=remarks)
    clean = rgb if not what else np.where(background[..., None], 0, rgb).astype(np.uint8)
    rows, columns = np.flatnonzero((~background).any(1)), np.flatnonzero((~background).any(0))
    top, left = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) - top + 1, int(columns[-1]) - left + 1
    crop, how = _cropped(clean, top, left, height, width)
    return OwnImage(
        name,
        crop,
        remarks=(*remarks, *how, *_several(~background)),
        width=width,
        height=height,
        cell=None if lossy else _published(clean),
    )


def background_of(rgb: Crops, *, lossy: bool = False) -> tuple[Mask | None, str]:
    """Where the background is, and how it was found (empty where it is exactly black already).

    None, and why, where the rim of the image has no even colour: then it shows no single cell that was cut
    out, and a network of this data set has never seen such an image.
    """
    brightest, rim = rgb.max(axis=2), _rim(rgb)
    black = brightest == 0
    if not lossy and (rim.max(axis=1) == 0).mean() >= _BLACK_RIM:
        return black, ""
    if lossy and (rim.max(axis=1) <= _NEAR_BLACK).mean() >= _BLACK_RIM:
        return _from_rim(brightest <= _NEAR_BLACK), "JPEG has lost pixels; its background made black"
    colour = np.median(rim, axis=0)
    away = np.abs(rim - colour).max(axis=1)
    near = away[away <= np.quantile(away, _EVEN_RIM)]
    tolerance = max(_LEAST_TOLERANCE, 4 * float(near.std()) + float(near.mean()))
    if tolerance > 3 * _NEAR_BLACK:
        return None, "has no even background around a cell: cut the cell out first"
    shown = ", ".join(str(round(float(one))) for one in colour)
    mask = _from_rim(np.abs(rgb.astype(np.int16) - colour).max(axis=2) <= tolerance)
    return mask, f"background of colour ({shown}) made black"


def _rim(rgb: Crops) -> npt.NDArray[np.int16]:
    """The outermost pixels, (n, 3)."""
    edges = (rgb[0], rgb[-1], rgb[1:-1, 0], rgb[1:-1, -1])
    return np.concatenate(edges).astype(np.int16)


def _from_rim(mask: Mask) -> Mask:
    """The part of a mask that is joined to the rim of the image."""
    from scipy.ndimage import label

    parts, _ = label(mask)
    on_rim = np.unique(np.concatenate((parts[0], parts[-1], parts[:, 0], parts[:, -1])))
    return np.isin(parts, on_rim[on_rim > 0])


def _cropped(rgb: Crops, top: int, left: int, height: int, width: int) -> tuple[Crops, tuple[str, ...]]:
    """The middle 300x300 pixels; where those would cut a cell that fits into as many, those around it.

    Images of the published sizes are always cropped in the middle, as the data set's are.
    """
    rows, columns = (rgb.shape[0] - SIDE) // 2, (rgb.shape[1] - SIDE) // 2
    inside = rows <= top and columns <= left
    inside &= top + height <= rows + SIDE and left + width <= columns + SIDE
    how: tuple[str, ...] = ()
    if not inside and rgb.shape[:2] not in [(side, side) for side in PUBLISHED_SIDES]:
        rows, columns = top + (height - SIDE) // 2, left + (width - SIDE) // 2
        how = ("cropped around the cell, which is not in the middle",)
    if max(height, width) > SIDE:
        how = (f"larger than {SIDE} pixels, so its edge is cut",)
    image = Image.fromarray(rgb).crop((columns, rows, columns + SIDE, rows + SIDE))
    return np.asarray(image), how


def _several(cell: Mask) -> tuple[str, ...]:
    """Whether more than one thing lies there, the second at least a fifth as large as the first."""
    from scipy.ndimage import label

    sizes = np.sort(np.bincount(label(cell)[0].ravel())[1:])[::-1]
    return ("shows more than one object",) if len(sizes) > 1 and sizes[1] >= sizes[0] / 5 else ()


def _published(rgb: Crops) -> PublishedCell | None:
    """The published image that has these pixels, also with less or more black around it."""
    known = published_by_sha256()
    for side in PUBLISHED_SIDES:
        left, top = (rgb.shape[1] - side) // 2, (rgb.shape[0] - side) // 2
        canvas = np.asarray(Image.fromarray(rgb).crop((left, top, left + side, top + side)))
        for sha256 in published_files_of(canvas):
            if sha256 in known:
                return known[sha256]
    return None
