"""Results that a browser shows: pictures, sounds and films, made from the prompt alone.

The same input gives the same bytes (as long as the machine has the same fonts), so a result can
be rendered when it is asked for and need not be stored.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from debugger.emulator.media import film, sound, still

__all__ = ["Rendered", "render_audio", "render_image", "render_video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A finished medium. Width and height are pixels, zero for sound; ``seconds`` its length."""

    mime: str
    data: bytes
    width: int = 0
    height: int = 0
    seconds: float = 0.0


def render_image(
    *,
    prompt: str,
    model: str = "",
    aspect: str | None = None,
    seed: object = 0,
    label: str = "",
    format: str = "png",
    mark: str = still.MARK,
) -> Rendered:
    """A picture of about a megapixel at most, with the prompt as its caption.

    ``aspect`` is any spelling that the models know (``16:9``, ``portrait_4_3``, ``auto``);
    ``label`` is a short text beside the model's name, such as ``2 of 4``. ``format`` is png,
    jpeg, jpg or webp; anything else becomes PNG. ``mark`` stands in the corner, so that no mock is
    mistaken for a result.
    """
    mime, data, width, height = still.render(
        prompt=prompt,
        title=_title(model, label),
        aspect=aspect,
        seed=_seed(model, seed, label),
        form=format,
        mark=mark,
    )
    return Rendered(mime=mime, data=data, width=width, height=height)


def render_audio(
    *,
    prompt: str,
    model: str = "",
    seed: object = 0,
    label: str = "",
    seconds: float = 3.0,
) -> Rendered:
    """A WAV file with a short melody; ``seconds`` is kept between 1.5 and 8."""
    dice = random.Random(still.digest(prompt, _seed(model, seed, label)))  # noqa: S311 - as ordered
    data, length = sound.render(dice=dice, seconds=seconds)
    return Rendered(mime="audio/wav", data=data, seconds=length)


def render_video(
    *,
    prompt: str,
    model: str = "",
    aspect: str | None = None,
    seed: object = 0,
    label: str = "",
    seconds: float = 3.0,
    mark: str = still.MARK,
) -> Rendered:
    """A silent WebM film, 768 pixels on its long side (up to 1152 as a strip).

    ``seconds`` is kept between 1 and 6; ``mark`` stands in the corner.
    """
    data, width, height, length = film.render(
        prompt=prompt,
        title=_title(model, label),
        aspect=aspect,
        seed=_seed(model, seed, label),
        seconds=seconds,
        mark=mark,
    )
    return Rendered(mime="video/webm", data=data, width=width, height=height, seconds=length)


def _title(model: str, label: str) -> str:
    return " · ".join(part for part in (model, label) if part)


def _seed(model: str, seed: object, label: str) -> str:
    return f"{model}\x1f{seed}\x1f{label}"
