"""Hand-made descriptors of one cell: outline, nucleus, colour and texture, measured by scikit-image.

C-NMC cells come cut out on black, so the cell is every pixel that is not (0, 0, 0). The nucleus is
set apart inside it by Otsu's threshold on the green channel, which the violet stain of the nucleus
absorbs most. A quarter turn of the crop changes no descriptor: co-occurrences are pooled over four
directions, and local binary patterns take four points, which lie on pixels and need no interpolation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import Crops

VERSION = 1
"""Part of the key under which descriptors are kept: raise it when a measure changes."""

Mask = npt.NDArray[np.bool_]
Crop = npt.NDArray[np.uint8]

_TOO_SMALL = 16
"""A region of fewer pixels has no outline worth measuring; its descriptors are 0."""

_OUTLINE = (
    "area",
    "perimeter",
    "major_axis",
    "minor_axis",
    "eccentricity",
    "elongation",
    "compactness",
    "roundness",
    "solidity",
    "convexity",
    "rectangularity",
)
_PARTS = ("nucleus_share", "nucleus_to_cytoplasm", "nucleus_offset", "nucleus_pieces")
_CHANNELS = ("red", "green", "blue", "saturation")
_COLOUR = tuple(f"{channel}_{moment}" for channel in _CHANNELS for moment in ("mean", "sd", "skew"))
_DISTANCES = (1, 4)
_COOCCURRENCE = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation")
_TEXTURE = tuple(f"glcm{distance}_{measure}" for distance in _DISTANCES for measure in _COOCCURRENCE)
_RADII = (1, 2, 4)
_POINTS = 4
_PATTERNS = tuple(f"lbp{radius}_{code}" for radius in _RADII for code in range(_POINTS + 2))
_GREY_LEVELS = 64


def _named(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in names)


NAMES: tuple[str, ...] = (
    *_named("cell", _OUTLINE),
    *_named("nucleus", _OUTLINE),
    *_PARTS,
    *_named("cell", _COLOUR),
    *_named("nucleus", _COLOUR),
    *_named("cytoplasm", _COLOUR),
    "grey_entropy",
    *_TEXTURE,
    *_PATTERNS,
)
"""The descriptors, in the order in which `describe` gives them."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A cell cut to its box (with a margin of black), and where cell and nucleus lie in it."""

    pixels: Crop
    cell: Mask
    nucleus: Mask

    @property
    def cytoplasm(self) -> Mask:
        return self.cell & ~self.nucleus


def describe(crops: Crops) -> npt.NDArray[np.float64]:
    """Descriptors of n cells: float64, shape (n, len(NAMES)), always finite."""
    rows = [[measured.get(name, 0.0) for name in NAMES] for measured in map(measure, crops)]
    return np.nan_to_num(np.array(rows, dtype=np.float64).reshape(len(crops), len(NAMES)))


def measure(crop: Crop) -> Mapping[str, float]:
    """Descriptors of one cell by name; what cannot be measured (a black crop) is left out."""
    parts = parted(crop)
    if parts.cell.sum() < _TOO_SMALL:
        return {}
    return {
        **_prefixed("cell", outline(parts.cell)),
        **_prefixed("nucleus", outline(parts.nucleus)),
        **_relation(parts),
        **_prefixed("cell", _colours(parts.pixels, parts.cell)),
        **_prefixed("nucleus", _colours(parts.pixels, parts.nucleus)),
        **_prefixed("cytoplasm", _colours(parts.pixels, parts.cytoplasm)),
        **_texture(_grey(parts.pixels), parts.cell),
    }


def _prefixed(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


def parted(crop: Crop) -> Parts:
    """Cell and nucleus of a crop, cut to the box of the cell with 4 black pixels around it."""
    from scipy import ndimage

    cell = np.asarray(crop.any(axis=2))
    box = ndimage.find_objects(cell.astype(np.uint8))
    inside = box[0] if box else (slice(0, 0), slice(0, 0))
    margin = ((4, 4), (4, 4))
    pixels = np.pad(crop[inside], (*margin, (0, 0)))
    filled = ndimage.binary_fill_holes(np.pad(cell[inside], margin)).astype(bool)
    return Parts(pixels, filled, _nucleus(pixels[..., 1], filled))


def _nucleus(green: Crop, cell: Mask) -> Mask:
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    values = green[cell]
    if values.size == 0 or values.min() == values.max():
        return np.zeros_like(cell)
    dark = cell & (green <= threshold_otsu(values))
    nucleus: Mask = ndimage.binary_fill_holes(dark).astype(bool) & cell
    return nucleus


def outline(mask: Mask) -> dict[str, float]:
    """Size and form of a region; compactness and roundness are 1 for a disc.

    Compactness is 4πA / P², roundness is 4πA / P² with the perimeter of the convex hull, convexity
    is the hull's perimeter over the own one (Putzu and Di Ruberto 2013); perimeters after Crofton.
    """
    from skimage.measure import perimeter_crofton, regionprops

    if mask.sum() < _TOO_SMALL:
        return {}
    region = regionprops(mask.astype(np.uint8))[0]
    area, hull = float(region.area), np.pad(region.image_convex, 1)
    around = perimeter_crofton(np.pad(region.image, 1))
    hull_around = perimeter_crofton(hull)
    long, short = region.axis_major_length, region.axis_minor_length
    return {
        "area": area,
        "perimeter": around,
        "major_axis": long,
        "minor_axis": short,
        "eccentricity": region.eccentricity,
        "elongation": 1.0 - short / long,
        "compactness": 4 * np.pi * area / around**2,
        "roundness": 4 * np.pi * area / hull_around**2,
        "solidity": area / hull.sum(),
        "convexity": hull_around / around,
        "rectangularity": region.extent,
    }


def _relation(parts: Parts) -> dict[str, float]:
    """How the nucleus lies in the cell: its share, its offset from the middle, its pieces."""
    from scipy import ndimage

    cell, nucleus = float(parts.cell.sum()), float(parts.nucleus.sum())
    if nucleus == 0:
        return {}
    middles = [np.array(ndimage.center_of_mass(mask)) for mask in (parts.cell, parts.nucleus)]
    pieces, _count = ndimage.label(parts.nucleus)
    sizes = np.bincount(pieces.ravel())[1:]
    return {
        "nucleus_share": nucleus / cell,
        "nucleus_to_cytoplasm": nucleus / (cell - nucleus + 1.0),
        "nucleus_offset": float(np.linalg.norm(middles[0] - middles[1]) / np.sqrt(cell)),
        "nucleus_pieces": float((sizes >= _TOO_SMALL).sum()),
    }


def _colours(pixels: Crop, mask: Mask) -> dict[str, float]:
    red, green, blue = (pixels[..., channel][mask].astype(np.float64) for channel in range(3))
    if not red.size:
        return {}
    brightest = np.maximum(np.maximum(red, green), blue)
    darkest = np.minimum(np.minimum(red, green), blue)
    saturation = 255.0 * (brightest - darkest) / np.maximum(brightest, 1.0)
    return dict(
        pair
        for channel, values in zip(_CHANNELS, (red, green, blue, saturation), strict=True)
        for pair in _moments(channel, values)
    )


def _moments(channel: str, values: npt.NDArray[np.float64]) -> Iterator[tuple[str, float]]:
    mean = float(values.mean())
    apart = values - mean
    sd = float(np.sqrt((apart * apart).mean()))
    yield f"{channel}_mean", mean
    yield f"{channel}_sd", sd
    yield f"{channel}_skew", float((apart * apart * apart).mean() / sd**3) if sd > 1e-6 else 0.0


def _grey(pixels: Crop) -> Crop:
    """Luminance in whole numbers, so that turning the crop cannot change a rounding."""
    weighted = pixels.astype(np.uint32) @ np.array((299, 587, 114), dtype=np.uint32)
    return (weighted // 1000).astype(np.uint8)


def _texture(grey: Crop, cell: Mask) -> dict[str, float]:
    shares = np.bincount(grey[cell], minlength=256) / cell.sum()
    present = shares[shares > 0]
    return {
        "grey_entropy": float(-(present * np.log2(present)).sum()),
        **_cooccurrence(grey, cell),
        **_patterns(grey, cell),
    }


def _cooccurrence(grey: Crop, cell: Mask) -> dict[str, float]:
    """Haralick's measures of pairs of cell pixels, pooled over 0, 45, 90 and 135 degrees."""
    from skimage.feature import graycomatrix, graycoprops

    levels = np.where(cell, 1 + grey // (256 // _GREY_LEVELS), 0).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(levels, _DISTANCES, angles, _GREY_LEVELS + 1, symmetric=True)
    pooled = counts[1:, 1:].sum(axis=3, keepdims=True)  # level 0 is the background
    return {
        f"glcm{distance}_{name}": float(values[0])
        for name in _COOCCURRENCE
        for distance, values in zip(_DISTANCES, graycoprops(pooled, name), strict=True)
    }


def _patterns(grey: Crop, cell: Mask) -> dict[str, float]:
    """Shares of the rotation-invariant uniform patterns whose circle lies inside the cell."""
    from scipy import ndimage
    from skimage.feature import local_binary_pattern

    measured: dict[str, float] = {}
    for radius in _RADII:
        inner = ndimage.binary_erosion(cell, iterations=radius)
        codes = local_binary_pattern(grey, _POINTS, radius, "uniform")[inner].astype(int)
        shares = np.bincount(codes, minlength=_POINTS + 2) / max(codes.size, 1)
        measured |= {f"lbp{radius}_{code}": float(share) for code, share in enumerate(shares)}
    return measured
