"""A ringed planet among stars."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops

from debugger.emulator.media import paint
from debugger.emulator.media.paint import Layer, Stage, mix


def orbit(stage: Stage) -> list[Layer]:
    """A planet with its ring and moons before a field of stars."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    night = mix(palette.deep, (6, 7, 20), 0.45)
    place = (rng.uniform(0.40, 0.60), 0.46)
    sky = paint.air(
        stage.whole,
        (night, mix(night, palette.deep, 0.8), mix(palette.deep, palette.mid, 0.3)),
        (
            (place, 0.5, mix(palette.deep, palette.mid, 0.8)),
            ((0.9, 1.0), 0.45, mix(palette.deep, palette.accent, 0.45)),
        ),
    )
    _stars(sky, rng, unit)
    layers = [Layer(sky, -stage.bleed, -stage.bleed, 0.05)]
    x, y, radius = place[0] * stage.width, place[1] * stage.height, unit * rng.uniform(0.20, 0.24)
    planet = _banded(stage, radius)
    back, front = _ring(stage, radius)
    corner = (round(x - back.width / 2), round(y - back.height / 2))
    glow, margin = paint.shadow(paint.disc(radius), palette.glow, blur=unit * 0.05, strength=0.42)
    layers.append(Layer(glow, round(x - radius) - margin, round(y - radius) - margin, 0.3))
    layers.append(Layer(back, *corner, 0.34))
    layers.append(Layer(planet, round(x - radius), round(y - radius), 0.34))
    layers.append(Layer(front, *corner, 0.34))
    for share, far in ((0.12, 1.75), (0.06, 2.25)):
        turn = rng.uniform(0, math.tau)
        moon = paint.ball(
            radius * share * 1.6, palette, rng.choice((palette.accent, palette.light))
        )
        layers.append(
            Layer(
                moon,
                round(x + math.cos(turn) * radius * far),
                round(y + math.sin(turn) * radius * far * 0.55),
                0.75,
            )
        )
    return layers


def _stars(sky: Image.Image, rng: random.Random, unit: float) -> None:
    for _ in range(170):
        size = max(1.0, unit * rng.choice((0.0009, 0.0012, 0.0022)))
        dot = paint.faded(paint.disc(size), rng.uniform(0.25, 0.95))
        sky.paste((255, 250, 238), (rng.randrange(sky.width), rng.randrange(sky.height)), dot)


def _banded(stage: Stage, radius: float) -> Image.Image:
    """A gas giant: bands of colour, bent a little, under the light of a ball."""
    palette, rng = stage.palette, stage.rng
    globe = paint.ball(radius, palette, palette.glow)
    stops = []
    for index in range(12):
        tone = mix(
            palette.light,
            rng.choice((palette.accent, palette.mid, palette.glow)),
            rng.uniform(0.2, 0.8),
        )
        stops.append((index / 11, tone))
    bands = (
        paint.ramp(stops)
        .transpose(Image.Transpose.ROTATE_270)
        .resize(globe.size, Image.Resampling.BILINEAR)
    )
    bands = bands.rotate(-14, Image.Resampling.BILINEAR, fillcolor=palette.glow)
    lit = Image.blend(globe.convert("RGB"), ImageChops.multiply(globe.convert("RGB"), bands), 0.75)
    lit.putalpha(globe.getchannel("A"))
    return lit


def _ring(stage: Stage, radius: float) -> tuple[Image.Image, Image.Image]:
    """The half of a tilted ring that lies behind the planet, and the half before it."""
    palette = stage.palette
    outer, inner, flat = radius * 2.0, radius * 1.42, 0.24
    size = (round(outer * 2), round(outer * flat * 2))
    mask = Image.new("L", size)
    for share, strength in (
        (1.0, 0.55),
        (0.93, 0.15),
        (0.9, 0.85),
        (0.78, 0.5),
        (inner / outer, 0.0),
    ):
        band = paint.disc(outer * share, outer * flat * share)
        mask.paste(
            round(255 * strength),
            (round(size[0] / 2 - band.width / 2), round(size[1] / 2 - band.height / 2)),
            band,
        )
    tint = paint.ramp(
        (
            (0.0, mix(palette.deep, palette.glow, 0.55)),
            (0.4, palette.light),
            (1.0, mix(palette.accent, palette.deep, 0.3)),
        )
    )
    halves = []
    for upper in (True, False):
        half = mask.copy()
        half.paste(
            0, (0, size[1] // 2 if upper else 0, size[0], size[1] if upper else size[1] // 2)
        )
        halves.append(paint.filled(half, tint).rotate(-14, Image.Resampling.BICUBIC, expand=True))
    return halves[0], halves[1]
