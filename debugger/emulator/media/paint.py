"""The few things that the scenes are painted with: air, shaded solids, soft shadows, grain."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from debugger.emulator.media.mood import Colour, Palette

_SMOOTH: Final = 2
_STRIP: Final = 2
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a scene with its top left corner; ``depth`` 0 stands still, 1 is closest."""

    image: Image.Image
    x: int
    y: int
    depth: float


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene is painted on. Lengths are pixels; ``bleed`` is painted around the frame."""

    width: int
    height: int
    bleed: int
    palette: Palette
    rng: random.Random

    @property
    def unit(self) -> float:
        """A length that looks alike in every shape of frame."""
        return min(self.width, self.height, math.sqrt(self.width * self.height) * 0.82)

    @property
    def whole(self) -> tuple[int, int]:
        """The size of what fills the frame and its bleed."""
        return self.width + 2 * self.bleed, self.height + 2 * self.bleed


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two; ``share`` 0 is the first."""
    a, b, c = (round(x + (y - x) * share) for x, y in zip(first, second, strict=True))
    return a, b, c


def ramp(stops: Sequence[tuple[float, Colour]], *, length: int = 256) -> Image.Image:
    """A strip one pixel high that runs through colours; positions are 0 to 1, ascending."""
    pixels = bytearray()
    for index in range(length):
        pixels += bytes(_at(stops, index / (length - 1)))
    return Image.frombytes("RGB", (length, 1), bytes(pixels))


def _at(stops: Sequence[tuple[float, Colour]], place: float) -> Colour:
    before = stops[0]
    for stop in stops:
        if place <= stop[0]:
            span = stop[0] - before[0]
            return mix(before[1], stop[1], (place - before[0]) / span if span else 1.0)
        before = stop
    return before[1]


@cache
def _halo() -> Image.Image:
    """Light that falls off from the middle, without a visible edge."""
    dots = Image.radial_gradient("L")
    return dots.point(
        [round(255 * (1 - min(1, v / 181)) ** 2 * (1 + 0.4 * v / 181)) for v in range(256)]
    )


def air(
    size: tuple[int, int], base: Sequence[Colour], lights: Sequence[tuple[Point, float, Colour]]
) -> Image.Image:
    """A soft backdrop: ``base`` from top to bottom, with lights (place, radius, colour) in it.

    Places are shares of the size, radii shares of the longer side. It is mixed small and
    enlarged, because nothing in it is sharp.
    """
    small = tuple(max(8, round(side / 8)) for side in size)
    width, height = small[0], small[1]
    stops = [(index / max(1, len(base) - 1), colour) for index, colour in enumerate(base)]
    picture = ramp(stops, length=max(2, height)).transpose(Image.Transpose.ROTATE_270)
    picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    for (x, y), radius, colour in lights:
        reach = max(2, round(radius * max(width, height) * 2))
        mask = _halo().resize((reach, reach), Image.Resampling.BILINEAR)
        picture.paste(colour, (round(x * width - reach / 2), round(y * height - reach / 2)), mask)
    return picture.resize(size, Image.Resampling.BICUBIC)


@cache
def _noise() -> Image.Image:
    dice = random.Random(20260511)  # noqa: S311 - grain is decoration
    return Image.frombytes(
        "L",
        (256, 256),
        bytes(dice.choice((125, 126, 127, 128, 129, 130, 131)) for _ in range(65536)),
    )


def grain(picture: Image.Image) -> Image.Image:
    """The picture with a little paper in it, which also hides the steps of 8-bit gradients."""
    sheet = Image.new("L", picture.size)
    for x in range(0, picture.width, 256):
        for y in range(0, picture.height, 256):
            sheet.paste(_noise(), (x, y))
    return ImageChops.add(picture, Image.merge("RGB", (sheet, sheet, sheet)), 1, -128)


def outline(size: tuple[int, int], *polygons: Sequence[Point]) -> Image.Image:
    """A smooth-edged mask of polygons."""
    mask = Image.new("L", (size[0] * _SMOOTH, size[1] * _SMOOTH))
    draw = ImageDraw.Draw(mask)
    for polygon in polygons:
        draw.polygon([(x * _SMOOTH, y * _SMOOTH) for x, y in polygon], fill=255)
    return mask.reduce(_SMOOTH)


def disc(radius_x: float, radius_y: float | None = None) -> Image.Image:
    """A smooth-edged mask of a filled ellipse."""
    tall = radius_x if radius_y is None else radius_y
    size = (max(1, round(radius_x * 2)), max(1, round(tall * 2)))
    mask = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=255)
    return mask.reduce(4)


def filled(mask: Image.Image, paint: Image.Image | Colour) -> Image.Image:
    """The mask's shape in a colour, or cut out of a picture that is stretched to fit."""
    if isinstance(paint, tuple):
        picture = Image.new("RGB", mask.size, paint)
    else:
        picture = paint.resize(mask.size, Image.Resampling.BILINEAR)
    picture.putalpha(mask)
    return picture


def faded(mask: Image.Image, share: float) -> Image.Image:
    """The mask at a share of its strength."""
    return mask.point([round(value * share) for value in range(256)])


def shadow(
    mask: Image.Image, colour: Colour, *, blur: float, strength: float
) -> tuple[Image.Image, int]:
    """A blurred copy of a shape and the margin around it; blurred small, for speed."""
    margin = round(blur * 2.5)
    size = (mask.width + 2 * margin, mask.height + 2 * margin)
    scale = max(1, round(blur / 3))
    small = Image.new("L", (max(1, size[0] // scale), max(1, size[1] // scale)))
    inner = mask.resize((max(1, mask.width // scale), max(1, mask.height // scale)))
    small.paste(inner, (margin // scale, margin // scale))
    soft = small.filter(ImageFilter.GaussianBlur(blur / scale)).resize(
        size, Image.Resampling.BICUBIC
    )
    return filled(faded(soft, strength), colour), margin


def ball(radius: float, palette: Palette, colour: Colour) -> Image.Image:
    """A sphere lit from the upper left, with light thrown back from below."""
    size = max(2, round(radius * 2))
    lit = mix(colour, (255, 255, 255), 0.45)
    dark = mix(colour, palette.deep, 0.62)
    picture = air(
        (size, size),
        (mix(colour, lit, 0.3), mix(colour, dark, 0.45), dark),
        (
            ((0.86, 0.92), 0.42, mix(dark, palette.glow, 0.5)),
            ((0.40, 0.36), 0.66, mix(colour, lit, 0.35)),
            ((0.34, 0.28), 0.36, lit),
        ),
    )
    return filled(disc(radius), picture)


def lathe(
    profile: Sequence[Point], palette: Palette, colour: Colour, *, tilt: float = 0.16
) -> Image.Image:
    """A turned solid: ``profile`` is (radius, y) from top to bottom, seen slightly from above.

    The picture is as wide as the widest radius, and reaches below the last y by its ellipse.
    """
    widest = max(radius for radius, _ in profile)
    bottom = profile[-1][0] * tilt
    width, height = round(widest * 2) + 2, round(profile[-1][1] + bottom) + 2
    middle = width / 2
    left = [(middle - radius, y) for radius, y in profile]
    right = [(middle + radius, y) for radius, y in reversed(profile)]
    mask = outline((width, height), left + right)
    base = disc(profile[-1][0], bottom)
    mask.paste(255, (round(middle - profile[-1][0]), round(profile[-1][1] - bottom)), base)
    return filled(mask, _turned(profile, (width, height), _shade(palette, colour)))


def _shade(palette: Palette, colour: Colour) -> Image.Image:
    white = (255, 255, 255)
    dark = mix(colour, palette.deep, 0.58)
    stops = (
        (0.0, mix(colour, palette.deep, 0.22)),
        (0.14, mix(colour, white, 0.05)),
        (0.30, mix(colour, white, 0.40)),
        (0.46, mix(colour, white, 0.06)),
        (0.64, mix(colour, dark, 0.36)),
        (0.88, dark),
        (1.0, mix(dark, palette.glow, 0.34)),
    )
    return ramp(stops, length=256)


def _turned(profile: Sequence[Point], size: tuple[int, int], shade: Image.Image) -> Image.Image:
    """The shading drawn narrow where the solid is narrow, strip by strip."""
    texture = Image.new("RGB", (768, 2), _pixel(shade, 255))
    texture.paste(shade.resize((256, 2)), (256, 0))
    texture.paste(_pixel(shade, 0), (0, 0, 256, 2))
    middle = size[0] / 2
    strips = []
    for top in range(0, size[1], _STRIP):
        end = min(top + _STRIP, size[1])
        radius = max(1.0, _radius(profile, (top + end) / 2))
        first, last = max(0, int(middle - radius * 1.3)), min(size[0], int(middle + radius * 1.3))
        start, stop = ((x - middle) / (2 * radius) * 256 + 384 for x in (first, last))
        if last > first:
            strips.append(((first, top, last, end), (start, 0, start, 1, stop, 1, stop, 0)))
    return texture.transform(size, Image.Transform.MESH, strips, Image.Resampling.BILINEAR)


def _pixel(strip: Image.Image, x: int) -> Colour:
    red, green, blue = strip.tobytes()[3 * x : 3 * x + 3]
    return red, green, blue


def _radius(profile: Sequence[Point], y: float) -> float:
    before = profile[0]
    for point in profile:
        if y <= point[1]:
            span = point[1] - before[1]
            return before[0] + (point[0] - before[0]) * ((y - before[1]) / span if span else 1.0)
        before = point
    return before[0]
