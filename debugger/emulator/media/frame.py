"""How large a result is: every spelling of a shape that the models use, as pixels."""

from __future__ import annotations

import math
import re
from typing import Final

_NAMED: Final = {
    "square": (1, 1),
    "square_hd": (1, 1),
    "landscape": (16, 9),
    "portrait": (9, 16),
}
_COLON: Final = re.compile(r"^(\d{1,5})\s*[:x×/]\s*(\d{1,5})$")
_ORIENTED: Final = re.compile(r"^(landscape|portrait)_(\d{1,2})_(\d{1,2})$")
_STEEPEST: Final = 8.0


def ratio(aspect: str | None, *, default: float = 4 / 3) -> float:
    """Width over height for ``16:9``, ``portrait_4_3``, ``square_hd``, ``1024x768`` and the like.

    ``auto``, ``adaptive`` and anything that is no shape give ``default``.
    """
    word = (aspect or "").strip().lower()
    if found := _ORIENTED.match(word):
        sides = sorted((int(found[2]), int(found[3])))
        if not sides[0]:
            return default
        wide = sides[1] / sides[0]
        return wide if found[1] == "landscape" else 1 / wide
    if found := _COLON.match(word):
        width, height = int(found[1]), int(found[2])
    else:
        width, height = _NAMED.get(word, (0, 0))
    if not width or not height:
        return default
    return min(max(width / height, 1 / _STEEPEST), _STEEPEST)


def pixels(shape: float, *, long_side: int) -> tuple[int, int]:
    """Even width and height; a strip gets a longer side, so that its short one stays readable."""
    steepness = max(shape, 1 / shape)
    long = long_side * min(1.5, max(1.0, math.sqrt(steepness / 2.4)))
    short = long / steepness
    width, height = (long, short) if shape >= 1 else (short, long)
    return 2 * round(width / 2), 2 * round(height / 2)
