"""A short piece for a mock result: struck notes over a chord, written as a WAV file."""

from __future__ import annotations

import array
import math
import random
import sys
import wave
from io import BytesIO
from typing import Final

RATE: Final = 44_100
SHORTEST: Final = 1.5
LONGEST: Final = 8.0
_SCALES: Final = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 5, 7, 9), (0, 4, 5, 7, 11))
# Partials of a struck bar: multiple of the pitch, strength, and how long each rings.
_BAR: Final = ((1.0, 1.0, 0.55), (3.93, 0.22, 0.16), (9.2, 0.05, 0.06))
_PAD: Final = ((1.0, 1.0, 3.0), (2.0, 0.28, 2.0))
_LOUDEST: Final = 0.82 * 32767


def render(*, dice: random.Random, seconds: float) -> tuple[bytes, float]:
    """A stereo WAV file of 16 bits at 44.1 kHz, and its length in seconds."""
    length = round(min(max(seconds, SHORTEST), LONGEST) * RATE)
    dry = [0.0] * length
    root = 220.0 * 2 ** (dice.randrange(-5, 7) / 12)
    scale = dice.choice(_SCALES)
    for step in (0, scale[2], scale[3]):
        _strike(dry, 0, root / 2 * 2 ** (step / 12), 0.20, _PAD)
    beat = dice.choice((0.24, 0.27, 0.31))
    place = 0
    for index in range(int(length / RATE / beat)):
        rests = index and dice.random() < 0.22
        place = min(max(place + dice.choice((-2, -1, 1, 1, 2)), -2), 7)
        pitch = root * 2 ** ((scale[place % 5] + 12 * (place // 5)) / 12)
        if not rests:
            accent = 0.5 if index % 4 == 0 else 0.36
            _strike(dry, round(index * beat * RATE), pitch, accent, _BAR)
    return _wav(dry), length / RATE


def _strike(
    buffer: list[float],
    start: int,
    pitch: float,
    strength: float,
    partials: tuple[tuple[float, float, float], ...],
) -> None:
    """Add one note. Each partial is a damped sine by recurrence: two products per sample."""
    for multiple, share, ring in partials:
        turn = math.tau * pitch * multiple / RATE
        if turn > math.pi * 0.9:
            continue
        decay = math.exp(-1 / (ring * RATE))
        step, pull = 2 * decay * math.cos(turn), decay * decay
        before, now = 0.0, strength * share * math.sin(turn)
        end = min(len(buffer), start + round(ring * 6 * RATE))
        for index in range(start, end):
            buffer[index] += now
            before, now = now, step * now - pull * before


def _wav(dry: list[float]) -> bytes:
    """Two ears with an echo at different times, faded at both ends, never clipped."""
    left = _echoed(dry, round(0.183 * RATE), 0.27)
    right = _echoed(dry, round(0.271 * RATE), 0.24)
    _fade(left)
    _fade(right)
    peak = max(abs(bound) for side in (left, right) for bound in (min(side), max(side)))
    factor = _LOUDEST / max(peak, 1e-9)
    samples = array.array("h", bytes(4 * len(dry)))
    samples[0::2] = array.array("h", [int(value * factor) for value in left])
    samples[1::2] = array.array("h", [int(value * factor) for value in right])
    if sys.byteorder == "big":
        samples.byteswap()
    held = BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return held.getvalue()


def _echoed(dry: list[float], delay: int, share: float) -> list[float]:
    return dry[:delay] + [
        now + share * then for now, then in zip(dry[delay:], dry[:-delay], strict=True)
    ]


def _fade(samples: list[float]) -> None:
    """In over a hundredth of a second, out over half a second."""
    opening, closing = RATE // 100, RATE // 2
    for index in range(opening):
        samples[index] *= index / opening
    for index in range(1, closing + 1):
        share = (index - 1) / closing
        samples[-index] *= share * share * (3 - 2 * share)
