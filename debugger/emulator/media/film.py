"""A film of a few seconds: a scene whose layers drift past one another, in a perfect loop."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops

from debugger.emulator.media import frame, scenes, still, webm
from debugger.emulator.media.mood import Colour
from debugger.emulator.media.paint import Layer

RATE: Final = 20
SHORTEST: Final = 1.0
LONGEST: Final = 6.0
_LONG_SIDE: Final = 768
_SWAY: Final = 0.026
_QUALITY: Final = 76


def render(
    *,
    prompt: str,
    title: str,
    aspect: str | None,
    seed: object,
    seconds: float,
    mark: str = still.MARK,
) -> tuple[bytes, int, int, float]:
    """The WebM file, its width and height in pixels and its length in seconds."""
    size = frame.pixels(frame.ratio(aspect, default=16 / 9), long_side=_LONG_SIDE)
    sway = max(size) * _SWAY
    setting, motif = still.stage(prompt=prompt, seed=seed, size=size, bleed=math.ceil(sway) + 2)
    parts = [_parted(layer) for layer in scenes.SCENES[motif](setting)]
    keep, add = _overlay(size, prompt=prompt, title=title, ground=setting.palette.deep, mark=mark)
    count = round(min(max(seconds, SHORTEST), LONGEST) * RATE)
    frames = []
    for index in range(count):
        turn = math.tau * index / count
        shift = (sway * math.sin(turn), sway * 0.35 * math.cos(turn))
        picture = _composed(parts, size, shift)
        picture = ImageChops.add(ImageChops.multiply(picture, keep), add)
        frames.append(_frame(picture))
    film = webm.muxed(frames, width=size[0], height=size[1], rate=RATE)
    return film, size[0], size[1], count / RATE


_Part = tuple[Image.Image, Image.Image | None, Layer]


def _parted(layer: Layer) -> _Part:
    mask = layer.image.getchannel("A") if layer.image.mode == "RGBA" else None
    return layer.image.convert("RGB"), mask, layer


def _composed(parts: list[_Part], size: tuple[int, int], shift: tuple[float, float]) -> Image.Image:
    picture = Image.new("RGB", size)
    for image, mask, layer in parts:
        x = round(layer.x + shift[0] * layer.depth)
        y = round(layer.y + shift[1] * layer.depth)
        picture.paste(image, (x, y), mask)
    return picture


def _overlay(
    size: tuple[int, int], *, prompt: str, title: str, ground: Colour, mark: str
) -> tuple[Image.Image, Image.Image]:
    """The caption as one product and one sum.

    Setting it is linear in the picture, so its effect on black and on white says everything, and
    the letters need not be set again for each frame.
    """
    black, white = Image.new("RGB", size), Image.new("RGB", size, (255, 255, 255))
    for picture in (black, white):
        still.captioned(picture, prompt=prompt, title=title, ground=ground, mark=mark)
    return ImageChops.subtract(white, black), black


def _frame(picture: Image.Image) -> bytes:
    held = BytesIO()
    picture.save(held, "WEBP", quality=_QUALITY, method=1)
    return webm.frame_of(held.getvalue())
