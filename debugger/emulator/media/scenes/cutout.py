"""Waves cut from coloured paper."""

from __future__ import annotations

import math
from typing import Final

from PIL import Image

from debugger.emulator.media import paint
from debugger.emulator.media.mood import Colour
from debugger.emulator.media.paint import Layer, Stage, mix

_WHITE: Final = (255, 255, 255)


def cutout(stage: Stage) -> list[Layer]:
    """Sheets of coloured paper, cut in waves, each throwing its shadow on the one below."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    base = paint.air(
        stage.whole,
        (mix(palette.light, _WHITE, 0.2), palette.light, palette.glow),
        (((0.2, 0.1), 0.5, mix(palette.light, _WHITE, 0.6)), ((0.9, 0.3), 0.5, palette.glow)),
    )
    layers = [Layer(base, -stage.bleed, -stage.bleed, 0.05)]
    radius = unit * rng.uniform(0.17, 0.22)
    x, y = stage.width * rng.uniform(0.3, 0.7), stage.height * 0.36
    layers += _sheet(stage, paint.disc(radius), (x - radius, y - radius), palette.accent, 0.2)
    tones = (
        mix(palette.glow, palette.light, 0.35),
        palette.glow,
        mix(palette.glow, palette.mid, 0.5),
        palette.mid,
        mix(palette.mid, palette.deep, 0.5),
        palette.deep,
    )
    lean = rng.uniform(0.4, 1.1)
    for index, tone in enumerate(tones):
        near = index / (len(tones) - 1)
        layers += _wave(stage, near, tone, lean)
    return layers


def _wave(stage: Stage, near: float, tone: Colour, lean: float) -> list[Layer]:
    rng, width = stage.rng, stage.width + 2 * stage.bleed
    crest = stage.height * (0.40 + 0.46 * near)
    swing = min(stage.height * 0.13, stage.unit * 0.16) * (1 - near * 0.4)
    speed, phase = rng.uniform(0.8, 1.5) * lean, rng.uniform(0, math.tau)
    tall = max(2, round(stage.height + stage.bleed - crest + 2 * swing))
    step = max(2, width // 240)
    points: list[paint.Point] = []
    for x in range(0, width + step, step):
        turn = math.tau * x / max(width, stage.height * 0.9) * speed + phase
        points.append(
            (x, swing * (1 + 0.75 * math.sin(turn) + 0.25 * math.sin(2.3 * turn + near * 4)))
        )
    mask = paint.outline((width, tall), [*points, (width, tall), (0, tall)])
    return _sheet(stage, mask, (-stage.bleed, crest - swing), tone, 0.2 + 0.8 * near)


def _sheet(
    stage: Stage, mask: Image.Image, corner: paint.Point, tone: Colour, depth: float
) -> list[Layer]:
    unit, palette = stage.unit, stage.palette
    soft, margin = paint.shadow(mask, palette.deep, blur=unit * 0.022, strength=0.42)
    tint = paint.ramp(
        ((0.0, mix(tone, _WHITE, 0.10)), (0.5, tone), (1.0, mix(tone, palette.deep, 0.12)))
    )
    sheet = paint.filled(mask, tint)
    x, y = round(corner[0]), round(corner[1])
    return [
        Layer(soft, x - margin, y - margin - round(unit * 0.006), depth),
        Layer(sheet, x, y, depth),
    ]
