"""Images of one's own: any BMP, PNG, TIFF or JPEG of a single cell, made into what the networks learnt from.

The data set's images show one cell, cut out, on exactly black, and the middle 300x300 pixels are used. An
image of one's own is brought to that form, and what had to be done is said; one that shows no single cell on
an even background gets no score, because a score would say nothing.
"""

from __future__ import annotations

import io
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from harness.data.crops import SIDE
from harness.data.pixels import published_files_of
from harness.data.published import Box, PublishedCell, published, published_by_sha256
from harness.errors import DataWrong
from models.contract import Crops

ENDINGS = (".bmp", ".png", ".tif", ".tiff", ".jpg", ".jpeg")
FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
TRAINING_SIDE = 450
PUBLISHED_SIDES = (TRAINING_SIDE, 600)
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
class _Window:
    """A square of an image by its first row and column; what of it lies outside of the image is black."""

    top: int
    left: int
    side: int = SIDE

    @classmethod
    def middle_of(cls, height: int, width: int, *, side: int = SIDE) -> _Window:
        return cls((height - side) // 2, (width - side) // 2, side)

    def middle(self) -> _Window:
        """The middle 300x300 pixels of this square."""
        inner = _Window.middle_of(self.side, self.side)
        return _Window(self.top + inner.top, self.left + inner.left)

    def of(self, rgb: Crops) -> Crops:
        box = (self.left, self.top, self.left + self.side, self.top + self.side)
        return np.asarray(Image.fromarray(rgb).crop(box))

    def held(self, mask: Mask) -> int:
        """How many pixels of the mask lie inside."""
        rows = slice(max(self.top, 0), max(self.top + self.side, 0))
        columns = slice(max(self.left, 0), max(self.left + self.side, 0))
        return int(mask[rows, columns].sum())


@dataclass(frozen=True, slots=True)
class _Known:
    """A published image that an image shows, and the part of it that the data set takes."""

    cell: PublishedCell
    window: _Window
    how: tuple[str, ...] = ()


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
    cell, rows, columns = ~background, *_span(~background)
    known = None if lossy else _published(clean, rows, columns)
    window, how = _window(cell) if known is None else (known.window, known.how)
    return OwnImage(
        name,
        window.of(clean),
        remarks=(*remarks, *how, *_cut(cell, window), *_several(cell)),
        width=len(columns),
        height=len(rows),
        cell=None if known is None else known.cell,
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


def _span(mask: Mask) -> tuple[range, range]:
    """The rows and the columns from the first to the last that the mask is in."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return range(int(rows[0]), int(rows[-1]) + 1), range(int(columns[0]), int(columns[-1]) + 1)


def _window(cell: Mask) -> tuple[_Window, tuple[str, ...]]:
    """The middle 300x300 pixels, as of the data set; those around the cell where they hold more of it."""
    middle, (rows, columns) = _Window.middle_of(*cell.shape), _span(_objects(cell))
    around = _Window(rows.start + (len(rows) - SIDE) // 2, columns.start + (len(columns) - SIDE) // 2)
    if around.held(cell) <= middle.held(cell):
        return middle, ()
    return around, ("cropped around the cell, which is not in the middle",)


def _cut(cell: Mask, window: _Window) -> Iterator[str]:
    """What of the cell the image or the crop does not hold."""
    rows, columns = _span(_objects(cell))
    lost = int(cell.sum()) - window.held(cell)
    if max(len(rows), len(columns)) > SIDE:
        yield f"larger than {SIDE} pixels, so its edge is cut"
    elif lost:
        yield f"cut: {lost:,} of its {cell.sum():,} pixels lie outside of the {SIDE}x{SIDE} that are used"
    if cell[[0, -1]].any() or cell[:, [0, -1]].any():
        yield "reaches the edge of the image, where it may be cut off"


def _objects(cell: Mask) -> Mask:
    """The mask without specks: what is at least a fifth as large as the largest object."""
    from scipy.ndimage import label

    parts, _ = label(cell)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.isin(parts, np.flatnonzero(sizes >= sizes.max() / 5))


def _several(cell: Mask) -> tuple[str, ...]:
    """Whether more than one thing lies there, the second at least a fifth as large as the first."""
    from scipy.ndimage import label

    return ("shows more than one object",) if label(_objects(cell))[1] > 1 else ()


def _published(rgb: Crops, rows: range, columns: range) -> _Known | None:
    """The published image that has these pixels, also with less or more black around it.

    The box of a training cell is known, so such an image is found wherever it lies; one of a test set is
    found in the middle.
    """
    for side in PUBLISHED_SIDES:
        canvas = _Window.middle_of(*rgb.shape[:2], side=side)
        cell = _shown(canvas.of(rgb))
        if cell is not None:
            return _Known(cell, _Window.middle_of(*rgb.shape[:2]))
    for box in _boxes().get((len(columns), len(rows)), ()):
        canvas = _Window(rows.start - box.y, columns.start - box.x, TRAINING_SIDE)
        cell = _shown(canvas.of(rgb))
        if cell is not None:
            return _Known(cell, canvas.middle(), ("cropped as the published image that it shows",))
    return None


def _shown(canvas: Crops) -> PublishedCell | None:
    known = published_by_sha256()
    return next((known[one] for one in published_files_of(canvas) if one in known), None)


@cache
def _boxes() -> Mapping[tuple[int, int], tuple[Box, ...]]:
    """The boxes of the training cells, by width and height."""
    found: defaultdict[tuple[int, int], set[Box]] = defaultdict(set)
    for cell in published().cells:
        if cell.box is not None:
            found[cell.box.width, cell.box.height].add(cell.box)
    return {size: tuple(sorted(boxes, key=lambda box: (box.y, box.x))) for size, boxes in found.items()}
