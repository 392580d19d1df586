"""Paint one synthetic cell: outline, nucleus, cytoplasm, stain and texture from a few traits.

The traits are standard normal within their population; how they turn into pixels was fitted by eye
and by summary statistics (area, colour, correlation of neighbouring pixels, light rim) to real images.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from harness.data.pixels import LONG, SHORT, bmp
from models.contract import Crops

Floats = npt.NDArray[np.float32]

TRAITS = ("size", "elongation", "raggedness", "darkness", "hue", "grain", "contrast", "cytoplasm")
"""What a cell's look depends on, in the order of a trait vector."""

FIELD = 450
"""Width and height of a training image; a final image is this field padded."""

_ANGLES = 720
_STAIN = np.array([66, 26, 77], dtype=np.float32)
_PALE = np.array([102, 64, 88], dtype=np.float32)
_RIM = np.array([20, 24, 26], dtype=np.float32)
_SPECKLE = np.array([1.0, 0.85, 0.8], dtype=np.float32)
_HUE = np.array([1.0, 0.2, -0.8], dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Polar:
    """Distance from the centre of the field and direction, for every pixel of it."""

    radius: Floats
    direction: npt.NDArray[np.intp]


@cache
def _polar() -> _Polar:
    steps = np.arange(FIELD, dtype=np.float64) - (FIELD - 1) / 2
    angle = np.arctan2(steps[:, None], steps[None, :])
    direction = np.floor((angle / (2 * np.pi) % 1.0) * _ANGLES).astype(np.intp) % _ANGLES
    return _Polar(np.hypot(steps[:, None], steps[None, :]).astype(np.float32), direction)


def paint(traits: npt.NDArray[np.float64], random: np.random.Generator) -> Crops:
    """A cell on a black field: uint8 (450, 450, 3), RGB; the background is exactly 0."""
    value = {name: float(number) for name, number in zip(TRAITS, traits, strict=True)}
    outline = _outline(value, random)
    nucleus = _nucleus(value, outline, random)
    reach = min(int(np.ceil(outline.max())) + 1, FIELD // 2)
    middle = slice(FIELD // 2 - reach, FIELD // 2 + reach)
    radius, direction = _polar().radius[middle, middle], _polar().direction[middle, middle]
    inwards = outline.take(direction) - radius
    patch = _stained(value, inwards, nucleus.take(direction) - radius, random)
    return _placed(patch, random)


def _outline(value: dict[str, float], random: np.random.Generator) -> Floats:
    """Radius of the cell in every direction: a circle with low, high and notched departures."""
    angle = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    shape = np.zeros(_ANGLES)
    ragged = np.exp(0.55 * value["raggedness"])
    for wave in range(2, 24):
        height = 0.035 * np.exp(0.45 * value["elongation"]) if wave < 4 else 0.045 * ragged / wave
        shape += random.normal(0, height) * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    for _ in range(random.poisson(0.5 * ragged)):
        width, depth = random.uniform(0.05, 0.25), random.uniform(0.03, 0.2)
        away = np.abs((angle - random.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi)
        shape -= depth * np.exp(-((away / width) ** 4))
    size = 100 * np.exp(0.11 * value["size"])
    clipped: Floats = np.clip(size * (1 + shape), 20, FIELD // 2 - 2).astype(np.float32)
    return clipped


def _nucleus(value: dict[str, float], outline: Floats, random: np.random.Generator) -> Floats:
    """Radius of the nucleus: it fills the cell but for a crescent of cytoplasm on one side."""
    angle = np.arange(_ANGLES) * (2 * np.pi / _ANGLES) - random.uniform(0, 2 * np.pi)
    crescent = 0.09 * np.exp(0.7 * min(value["cytoplasm"], 2.4))
    filled: Floats = (outline * (1 - crescent * np.maximum(np.cos(angle), 0) ** 2)).astype(np.float32)
    return filled


def _stained(value: dict[str, float], inwards: Floats, nucleus: Floats, random: np.random.Generator) -> Crops:
    """Every pixel's colour: pale cytoplasm around a nucleus of dark, granular chromatin, a light rim.

    `inwards` and `nucleus` are the distances, in pixels, to the edge of the cell and of the nucleus.
    """
    side, grain = len(inwards), 19 * np.exp(0.3 * value["grain"])
    texture = 0.75 * _noise(side, grain, random) + 0.65 * _noise(side, 2.5 * grain, random)
    texture += 0.25 * (texture * texture - 1)
    redness = 0.3 * _noise(side, 2 * grain, random)
    inside = np.clip(nucleus / 4 + 0.5, 0, 1)
    texture *= 0.4 + 0.6 * inside
    rim = np.exp(np.maximum(inwards, 0) / -7)
    shade = np.clip(0.45 + inwards / 2, 0, 1) * (inwards > 0)
    contrast = np.float32(5.5 * np.exp(0.25 * value["contrast"]))
    stain = _STAIN * np.float32(np.exp(-0.11 * value["darkness"])) + np.float32(2.5 * value["hue"]) * _HUE
    patch = np.empty((side, side, 3), dtype=np.uint8)
    for channel in range(3):
        level = _PALE[channel] + inside * (stain[channel] - _PALE[channel]) + rim * _RIM[channel]
        level += contrast * (_SPECKLE[channel] * texture + _HUE[channel] * redness)
        patch[..., channel] = np.clip(level, 3, 255) * shade
    return patch


def _noise(side: int, grain: float, random: np.random.Generator) -> Floats:
    """Smooth noise of unit variance whose patches are about `grain` pixels wide."""
    coarse = max(4, round(side / grain * 1.6))
    knots = random.standard_normal((coarse, coarse), dtype=np.float32)
    smooth: Floats = np.array(Image.fromarray(knots).resize((side, side), Image.Resampling.BICUBIC))
    smooth -= smooth.mean()
    smooth /= max(float(smooth.std()), 1e-6)
    return smooth


def _placed(patch: Crops, random: np.random.Generator) -> Crops:
    """The cell on its field, near the middle, as the published crops have it."""
    room = FIELD - len(patch)
    top, left = np.clip(np.rint(random.normal(room / 2, 6, size=2)), 0, room).astype(int)
    field = np.zeros((FIELD, FIELD, 3), dtype=np.uint8)
    field[top : top + len(patch), left : left + len(patch)] = patch
    return field


def padded(field: Crops, side: int) -> Crops:
    """The same field in the middle of a larger black one."""
    edge = (side - len(field)) // 2
    return np.pad(field, ((edge, edge), (edge, edge), (0, 0)))


def as_bmp(image: Crops, *, long_header: bool = False) -> bytes:
    """A 24-bit BMP as published: a 54-byte header, or the 138-byte one of the preliminary images."""
    return bmp(image, LONG if long_header else SHORT)
