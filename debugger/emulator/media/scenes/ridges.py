"""Hills in mist."""

from __future__ import annotations

import math
from typing import Final

from PIL import Image

from debugger.emulator.media import paint
from debugger.emulator.media.mood import Colour
from debugger.emulator.media.paint import Layer, Stage, mix

_WHITE: Final = (255, 255, 255)


def ridges(stage: Stage) -> list[Layer]:
    """Hills in mist under a low sun."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    sun = (rng.uniform(0.3, 0.7), rng.uniform(0.30, 0.42))
    sky = paint.air(
        stage.whole,
        (
            mix(palette.mid, palette.deep, 0.15),
            mix(palette.mid, palette.glow, 0.55),
            palette.glow,
            palette.light,
        ),
        (
            (sun, 0.55, palette.light),
            ((1 - sun[0], 0.05), 0.5, mix(palette.mid, palette.deep, 0.3)),
        ),
    )
    layers = [Layer(sky, -stage.bleed, -stage.bleed, 0.04)]
    radius = unit * rng.uniform(0.085, 0.12)
    disc = paint.filled(paint.disc(radius), mix(palette.light, _WHITE, 0.65))
    layers.append(
        Layer(
            disc, round(sun[0] * stage.width - radius), round(sun[1] * stage.height - radius), 0.06
        )
    )
    count = 6
    for index in range(count):
        near = index / (count - 1)
        layers.append(_ridge(stage, near))
    return layers


def _ridge(stage: Stage, near: float) -> Layer:
    palette, rng = stage.palette, stage.rng
    width = stage.width + 2 * stage.bleed
    crest = stage.height * (0.50 + 0.36 * near)
    height = stage.height * (0.11 + 0.05 * near)
    waves = [
        (rng.uniform(0.6, 1.4) * 2**octave, rng.uniform(0, math.tau), 0.55**octave)
        for octave in range(5)
    ]
    step = max(2, width // 240)
    points: list[paint.Point] = []
    for x in range(0, width + step, step):
        swing = sum(
            size * math.sin(speed * math.tau * x / max(width, stage.height) + phase)
            for speed, phase, size in waves
        )
        points.append((x, height * (1 + swing / 2.2)))
    reach = stage.height + stage.bleed - (crest - height)
    tall = max(2, round(reach))
    mask = paint.outline((width, tall), [*points, (width, tall), (0, tall)])
    body = _far_to_near(palette.glow, palette.mid, palette.deep, near)
    mist = mix(body, palette.light, 0.55 * (1 - near * 0.75))
    tint = paint.ramp(((0.0, body), (0.42, mix(body, mist, 0.35)), (1.0, mist)))
    picture = paint.filled(mask, tint.transpose(Image.Transpose.ROTATE_270))
    return Layer(picture, -stage.bleed, round(crest - height), 0.12 + 0.88 * near)


def _far_to_near(far: Colour, middle: Colour, close: Colour, near: float) -> Colour:
    if near < 0.5:
        return mix(mix(far, middle, 0.35), middle, near * 2)
    return mix(middle, close, near * 2 - 1)
