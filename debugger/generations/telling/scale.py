"""From milliseconds to places in a drawing, so that the parts of a job can be compared.

The scale is straight: a part that is twice as long is drawn twice as long. Only a long stretch in
which nothing at all happened (a pause over night, a file that was saved hours later) is cut out and
drawn as a gap with its length, since otherwise it would be all that can be seen. A logarithmic
scale would show small parts too, but nobody can compare lengths in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Final

_CUT_FROM: Final = 5 * 60 * 1000
"""Shorter stretches are never cut."""
_OUTWEIGHS: Final = 3
"""A stretch is cut when it is so many times as long as all that is left of the drawing."""
_CUTS: Final = 3
_WIDTH: Final = 7.0
"""What a cut takes, in percent of the drawing."""
_STEPS: Final = tuple(
    1000 * step
    for step in (
        *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400),
        *(28800, 86400, 172800, 604800, 2592000, 31536000),
    )
)
_LABELS: Final = 4
_APART: Final = 17.0
"""Percent between two labels, so that they do not touch on a narrow screen."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch that is not drawn in its length; times in milliseconds, places in percent."""

    start: int
    end: int
    x: float
    width: float = _WIDTH


@dataclass(frozen=True, slots=True)
class Scale:
    """Where each millisecond of [0, end] is drawn."""

    end: int
    cuts: tuple[Cut, ...] = ()

    @property
    def _drawn(self) -> int:
        return max(1, self.end - sum(cut.end - cut.start for cut in self.cuts))

    def x(self, ms: float) -> float:
        """The place of a time, in percent."""
        unit = (100 - sum(cut.width for cut in self.cuts)) / self._drawn
        at, place, behind = min(max(ms, 0), self.end), 0.0, 0
        for cut in self.cuts:
            if at <= cut.start:
                break
            place += (cut.start - behind) * unit
            if at < cut.end:
                return place + cut.width * (at - cut.start) / (cut.end - cut.start)
            place, behind = place + cut.width, cut.end
        return place + (at - behind) * unit

    def ticks(self) -> tuple[int, ...]:
        """Round times for the axis, far enough from each other to be read."""
        step = next((each for each in _STEPS if self._drawn / each <= _LABELS), _STEPS[-1])
        found: list[int] = []
        for start, end in self._pieces():
            for number in range(ceil(start / step), floor(end / step) + 1):
                ms = round(number * step)
                if not found or self.x(ms) - self.x(found[-1]) >= _APART:
                    found.append(ms)
        return tuple(found)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        start = 0
        for cut in self.cuts:
            yield start, cut.start
            start = cut.end
        yield start, self.end


def scale(times: Iterable[int]) -> Scale:
    """The scale for these times, in milliseconds; 0 belongs to them always."""
    points = sorted({0, *times})
    end = max(points[-1], 1)
    cuts = _cuts(points, end)
    plain = Scale(end, tuple(cuts))
    return Scale(end, tuple(Cut(cut.start, cut.end, plain.x(cut.start)) for cut in cuts))


def _cuts(points: list[int], end: int) -> list[Cut]:
    """The longest stretches, as many of them as outweigh all that would be left."""
    gaps = sorted(pairwise(points), key=lambda gap: gap[0] - gap[1])[:_CUTS]
    for many in range(len(gaps), 0, -1):
        chosen = gaps[:many]
        shortest = chosen[-1][1] - chosen[-1][0]
        left = end - sum(stop - start for start, stop in chosen)
        if shortest >= _CUT_FROM and shortest > _OUTWEIGHS * left:
            return sorted((Cut(start, stop, 0.0) for start, stop in chosen), key=_start)
    return []


def _start(cut: Cut) -> int:
    return cut.start
