"""The picture itself: a scene, a caption and a mark, as PNG, JPEG or WebP."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from debugger.emulator.media import frame, lettering, mood, paint, scenes
from debugger.emulator.media.paint import Layer, Stage

MARK: Final = "MOCK"
_WHITE: Final = (255, 255, 255)
_FORMATS: Final = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WEBP"}
_MIMES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def stage(*, prompt: str, seed: object, size: tuple[int, int], bleed: int) -> tuple[Stage, str]:
    """A stage whose dice are thrown by the prompt and the seed, and the scene to play on it."""
    dice = random.Random(digest(prompt, seed))  # noqa: S311 - the same prompt, the same picture
    motif = mood.motif(prompt, dice)
    palette = mood.colours(prompt, dice)
    return Stage(size[0], size[1], bleed, palette, dice), motif


def digest(*parts: object) -> bytes:
    """A seed from anything; lone surrogates, which JSON lets through, are welcome."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def composed(
    layers: Sequence[Layer], size: tuple[int, int], *, shift: tuple[float, float] = (0, 0)
) -> Image.Image:
    """The layers on one another, each moved by its depth times ``shift``."""
    picture = Image.new("RGB", size)
    for layer in layers:
        corner = (round(layer.x + shift[0] * layer.depth), round(layer.y + shift[1] * layer.depth))
        mask = layer.image.getchannel("A") if layer.image.mode == "RGBA" else None
        picture.paste(layer.image.convert("RGB"), corner, mask)
    return picture


def captioned(
    picture: Image.Image, *, prompt: str, title: str, ground: mood.Colour, mark: str = MARK
) -> None:
    """The prompt small at the foot, the title above it, and the mark in the corner, in place."""
    width, height = picture.size
    size = max(11, round((width * height) ** 0.5 * 0.021))
    margin = round(size * 1.7)
    room = width - 2 * margin
    most = 3 if height > size * 14 else 1
    text = lettering.lines(prompt, size=size, width=min(room, size * 34), most=most)
    above = lettering.lines(title, size=round(size * 0.72), width=room, most=1)
    leading = size * 1.42
    foot = height - margin
    reach = round(leading * (len(text) + 2.6) + margin)
    _darken(picture, reach, ground)
    baseline = foot - leading * (len(text) - 1) - size * 0.15
    for line in above:
        lettering.draw(
            picture,
            line,
            (margin, baseline - leading * 1.05),
            size=round(size * 0.72),
            ink=paint.mix(ground, _WHITE, 0.78),
        )
    for line in text:
        lettering.draw(picture, line, (margin, baseline), size=size, ink=_WHITE)
        baseline += leading
    _wordmark(picture, mark, size=size, margin=margin, ground=ground)


def _darken(picture: Image.Image, reach: int, ground: mood.Colour) -> None:
    """A soft foot of shadow, so that white letters stand on any picture."""
    reach = min(reach, picture.height)
    fade = Image.new("L", (1, 64))
    fade.putdata([round(205 * (row / 63) ** 1.35) for row in range(64)])
    mask = fade.resize((picture.width, reach), Image.Resampling.BICUBIC)
    shade = paint.mix(ground, (8, 8, 14), 0.35)
    picture.paste(shade, (0, picture.height - reach), mask)


def _wordmark(
    picture: Image.Image, mark: str, *, size: int, margin: int, ground: mood.Colour
) -> None:
    """The mark in a small pill at the upper right: a mock is never mistaken for a result."""
    small = max(9, round(size * 0.66))
    line = lettering.runs(" ".join(mark))
    long = lettering.width_of(line, small)
    box_width, box_height = round(long + small * 1.5), round(small * 1.95)
    pill = Image.new("L", (box_width * 3, box_height * 3))
    ImageDraw.Draw(pill).rounded_rectangle(
        (0, 0, pill.width - 1, pill.height - 1), pill.height // 2, fill=150
    )
    corner = (picture.width - margin - box_width + round(small * 0.4), margin - round(small * 0.4))
    picture.paste(paint.mix(ground, (8, 8, 14), 0.3), corner, pill.reduce(3))
    lettering.draw(
        picture,
        line,
        (corner[0] + small * 0.75, corner[1] + box_height * 0.5 + small * 0.36),
        size=small,
        ink=_WHITE,
    )


def encoded(picture: Image.Image, form: str) -> tuple[str, bytes]:
    """MIME type and bytes; an unknown format becomes PNG."""
    name = _FORMATS.get(form.lower(), "PNG")
    held = BytesIO()
    if name == "PNG":
        picture.save(held, name, compress_level=3)
    else:
        picture.save(held, name, quality=90)
    return _MIMES[name], held.getvalue()


def render(
    *, prompt: str, title: str, aspect: str | None, seed: object, form: str, mark: str = MARK
) -> tuple[str, bytes, int, int]:
    """MIME type, bytes, width and height of a finished picture."""
    size = frame.pixels(frame.ratio(aspect, default=4 / 3), long_side=1024)
    setting, motif = stage(prompt=prompt, seed=seed, size=size, bleed=8)
    picture = paint.grain(composed(scenes.SCENES[motif](setting), size))
    captioned(picture, prompt=prompt, title=title, ground=setting.palette.deep, mark=mark)
    mime, data = encoded(picture, form)
    return mime, data, size[0], size[1]
