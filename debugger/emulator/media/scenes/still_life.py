"""A vessel on a plinth before a soft wall."""

from __future__ import annotations

import math
import random
from typing import Final

from PIL import Image

from debugger.emulator.media import paint
from debugger.emulator.media.mood import Colour
from debugger.emulator.media.paint import Layer, Stage, mix

_WHITE: Final = (255, 255, 255)


def still_life(stage: Stage) -> list[Layer]:
    """A turned vessel on a plinth before a soft wall, with a large quiet shape and a ball."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    centre = stage.width * (0.5 + rng.uniform(-0.05, 0.05))
    floor = stage.height * (0.80 if stage.width > stage.height * 1.2 else 0.84)
    behind = rng.choice((_moon, _moon, _arch))
    layers = [_wall(stage), *behind(stage, centre, floor)]
    radius, rise = unit * rng.uniform(0.19, 0.23), unit * rng.uniform(0.12, 0.17)
    plinth = paint.lathe(
        [(radius, 0), (radius, rise)], palette, mix(palette.glow, palette.light, 0.45)
    )
    layers += _standing(stage, plinth, centre, floor, depth=0.55, spread=1.0)
    top = floor - rise - radius * 0.16
    layers += _lid(stage, radius, centre, top + 1, mix(palette.light, _WHITE, 0.35))
    layers += _subject(stage, centre, top + radius * 0.07)
    size = unit * rng.uniform(0.055, 0.085)
    side = rng.choice((-1, 1))
    ball = paint.ball(size, palette, palette.accent)
    place = centre + side * (radius + size * rng.uniform(1.5, 2.3))
    return layers + _standing(stage, ball, place, floor + unit * 0.03, depth=0.9, spread=0.9)


def _wall(stage: Stage) -> Layer:
    palette, rng = stage.palette, stage.rng
    left = rng.random() < 0.5
    warm, cool = mix(palette.light, palette.glow, 0.75), mix(palette.mid, palette.light, 0.25)
    picture = paint.air(
        stage.whole,
        (
            mix(palette.glow, palette.mid, 0.25),
            mix(palette.glow, palette.mid, 0.5),
            mix(palette.mid, palette.glow, 0.2),
            mix(palette.mid, palette.deep, 0.35),
        ),
        (
            ((0.16 if left else 0.84, 0.12), 0.62, warm),
            ((0.92 if left else 0.08, 0.34), 0.5, cool),
            ((0.5, 1.12), 0.55, mix(palette.deep, palette.mid, 0.25)),
            ((0.3 if left else 0.7, 0.4), 0.36, mix(palette.glow, palette.light, 0.8)),
        ),
    )
    return Layer(picture, -stage.bleed, -stage.bleed, 0.12)


def _moon(stage: Stage, centre: float, floor: float) -> list[Layer]:
    """A large disc that hangs behind the still life."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    radius = unit * rng.uniform(0.27, 0.33)
    x = centre + unit * rng.uniform(-0.16, 0.16) - radius
    y = floor - unit * 0.42 - radius
    tint = paint.ramp(((0.0, mix(palette.light, palette.accent, 0.55)), (1.0, palette.accent)))
    upright = tint.transpose(Image.Transpose.ROTATE_270)
    shape = paint.disc(radius)
    soft, margin = paint.shadow(shape, palette.deep, blur=unit * 0.03, strength=0.22)
    return [
        Layer(soft, round(x) - margin, round(y + unit * 0.02) - margin, 0.25),
        Layer(paint.filled(paint.faded(shape, 0.9), upright), round(x), round(y), 0.25),
    ]


def _arch(stage: Stage, centre: float, floor: float) -> list[Layer]:
    """A doorway without a door: a tall slab with a round head, standing on the floor."""
    palette, rng, unit = stage.palette, stage.rng, stage.unit
    half, tall = unit * rng.uniform(0.21, 0.25), unit * rng.uniform(0.66, 0.76)
    size = (round(half * 2), round(tall))
    shape = paint.outline(size, [(0, half), (size[0], half), (size[0], tall), (0, tall)])
    shape.paste(255, (0, 0), paint.disc(half))
    tint = paint.ramp(((0.0, mix(palette.light, palette.accent, 0.7)), (1.0, palette.accent)))
    soft, margin = paint.shadow(shape, palette.deep, blur=unit * 0.03, strength=0.26)
    x, y = round(centre + unit * rng.uniform(-0.14, 0.14) - half), round(floor - tall)
    slab = paint.filled(paint.faded(shape, 0.92), tint.transpose(Image.Transpose.ROTATE_270))
    return [
        Layer(soft, x - margin + round(unit * 0.015), y - margin, 0.3),
        Layer(slab, x, y - round(unit * 0.06), 0.3),
    ]


def _subject(stage: Stage, x: float, foot: float) -> list[Layer]:
    """What stands on the plinth: a vase, a bottle, a bowl or a ball."""
    rng, unit = stage.rng, stage.unit
    kind = rng.choice(("vase", "vase", "bottle", "bowl", "ball"))
    if kind == "ball":
        radius, palette = unit * rng.uniform(0.105, 0.135), stage.palette
        ball = paint.ball(radius, palette, palette.body)
        return _standing(stage, ball, x, foot, depth=0.55, spread=0.6, base=0.62)
    shapes = {"vase": _vase, "bottle": _bottle, "bowl": _bowl}
    return _potted(stage, shapes[kind](rng, unit), x, foot)


def _vase(rng: random.Random, unit: float) -> list[paint.Point]:
    """A profile with a lip, a neck, a shoulder and a foot, rounded by a cosine."""
    height = unit * rng.uniform(0.30, 0.40)
    belly, neck = unit * rng.uniform(0.085, 0.125), unit * rng.uniform(0.022, 0.045)
    shoulder, foot = rng.uniform(0.45, 0.68), belly * rng.uniform(0.45, 0.75)
    points = []
    for index in range(41):
        t = index / 40
        if t < shoulder:
            radius = neck + (belly - neck) * _eased((t / shoulder) ** 1.5)
        else:
            radius = belly + (foot - belly) * _eased((t - shoulder) / (1 - shoulder))
        points.append((radius + max(0.0, 0.03 - t) * unit * 0.35, t * height))
    return points


def _bottle(rng: random.Random, unit: float) -> list[paint.Point]:
    """A straight body below a short shoulder and a straight neck."""
    height = unit * rng.uniform(0.34, 0.42)
    body, neck = unit * rng.uniform(0.075, 0.10), unit * rng.uniform(0.024, 0.034)
    start = rng.uniform(0.20, 0.30)
    points = []
    for index in range(61):
        t = index / 60
        radius = neck + (body - neck) * _eased(min(1.0, max(0.0, (t - start) / 0.16)))
        heel = max(0.0, t - 0.97) * unit * 0.25
        points.append((radius - heel + (unit * 0.006 if t < 0.045 else 0.0), t * height))
    return points


def _bowl(rng: random.Random, unit: float) -> list[paint.Point]:
    """Wide and low, open to the light."""
    height, wide = unit * rng.uniform(0.13, 0.17), unit * rng.uniform(0.15, 0.18)
    foot = wide * rng.uniform(0.34, 0.44)
    return [
        (foot + (wide - foot) * math.sqrt(1 - (index / 40) ** 2), index / 40 * height)
        for index in range(41)
    ]


def _eased(share: float) -> float:
    """From 0 to 1 with a level start and a level end."""
    return (1 - math.cos(math.pi * min(1.0, share))) / 2


def _potted(stage: Stage, profile: list[paint.Point], x: float, foot: float) -> list[Layer]:
    """A turned vessel on its foot, with a dark mouth."""
    palette = stage.palette
    vessel = paint.lathe(profile, palette, palette.body)
    share = profile[-1][0] * 2 / vessel.width
    layers = _standing(stage, vessel, x, foot, depth=0.55, spread=0.5, base=share)
    lip = profile[0][0]
    rim = paint.filled(paint.disc(lip, lip * 0.2), mix(palette.body, _WHITE, 0.3))
    inside = paint.ramp(
        ((0.0, mix(palette.body, palette.deep, 0.75)), (1.0, mix(palette.body, palette.deep, 0.4)))
    )
    mouth = paint.filled(paint.disc(lip * 0.84, lip * 0.145), inside)
    y = foot - vessel.height
    for ellipse, lower in ((rim, 0.0), (mouth, lip * 0.015)):
        corner = (round(x - ellipse.width / 2), round(y - ellipse.height / 2 + lower))
        layers.append(Layer(ellipse, *corner, 0.55))
    return layers


def _standing(
    stage: Stage,
    solid: Image.Image,
    x: float,
    foot: float,
    *,
    depth: float,
    spread: float,
    base: float = 1.0,
) -> list[Layer]:
    """A solid whose lowest point stands at ``foot``, with a contact and a cast shadow.

    ``base`` is the width of its foot as a share of its own width.
    """
    unit, deep = stage.unit, stage.palette.deep
    left, top = round(x - solid.width / 2), round(foot - solid.height)
    flat = paint.disc(solid.width * 0.5 * base, solid.width * 0.085 * base)
    near, margin = paint.shadow(flat, deep, blur=unit * 0.012 * spread + 1, strength=0.55)
    long = paint.disc(solid.width * 0.62 * base, solid.width * 0.11 * base)
    far, outer = paint.shadow(long, deep, blur=unit * 0.035 * spread + 1, strength=0.34 * spread)
    level = foot - solid.width * 0.08 * base
    return [
        Layer(
            far,
            round(x - long.width * 0.36) - outer,
            round(level - long.height * 0.4) - outer,
            depth,
        ),
        Layer(
            near, round(x - flat.width / 2) - margin, round(level - flat.height / 2) - margin, depth
        ),
        Layer(solid, left, top, depth),
    ]


def _lid(stage: Stage, radius: float, x: float, y: float, colour: Colour) -> list[Layer]:
    """The top of a plinth: an ellipse, brighter where the light comes from."""
    palette = stage.palette
    tint = paint.ramp(((0.0, mix(colour, _WHITE, 0.3)), (1.0, mix(colour, palette.mid, 0.35))))
    lid = paint.filled(paint.disc(radius, radius * 0.16), tint)
    return [Layer(lid, round(x - radius), round(y - radius * 0.16), 0.55)]
