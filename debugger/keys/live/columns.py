"""Credits of each day as columns of a chart, ready for a template.

Places across are texts in percent, so that the chart is as wide as its page; heights are pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.keys.live.charges import shown

HEIGHT: Final = 168
"""Pixels between the lowest and the highest line."""
TOP: Final = 16
_LINES: Final = 4
_LABELS: Final = 4
_WIDEST: Final = 5.0
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Credits by how sure they are, and the runs behind them.

    ``final`` is stated by the API, ``reserved`` is what it holds for jobs that run, ``held`` is an
    estimate because no answer has said anything. ``above`` are runs above a ceiling.
    """

    final: Decimal = _ZERO
    reserved: Decimal = _ZERO
    held: Decimal = _ZERO
    runs: int = 0
    above: int = 0

    @property
    def total(self) -> Decimal:
        """What counts."""
        return self.final + self.reserved + self.held

    @property
    def by_certainty(self) -> tuple[tuple[str, Decimal], ...]:
        """The three amounts, the surest first, each with the class of what draws it."""
        return ("final", self.final), ("reserved", self.reserved), ("held", self.held)

    def and_(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(
            final=self.final + other.final,
            reserved=self.reserved + other.reserved,
            held=self.held + other.held,
            runs=self.runs + other.runs,
            above=self.above + other.above,
        )

    def parts(self, widest: Decimal) -> tuple[tuple[str, str, str], ...]:
        """(class, x, width) of each part in percent, beside a row of ``widest`` credits."""
        at, found = 0.0, []
        for name, credits in self.by_certainty:
            width = float(credits / max(widest, self.total, Decimal(1))) * 100
            if credits:
                found.append((name, f"{at:.2f}%", f"{max(width, 0.4):.2f}%"))
            at += width
        return tuple(found)


Day = tuple[date, Amounts]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a column; ``look`` is its class."""

    look: str
    y: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One column: where it stands, its parts from the bottom, and its words."""

    x: str
    width: str
    slot_x: str
    slot_width: str
    words: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A word at the axis."""

    at: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All columns, the lines behind them with their amounts, and the days under them."""

    columns: tuple[Drawn, ...]
    lines: tuple[Label, ...]
    days: tuple[Label, ...]
    words: str
    height: int = TOP + HEIGHT
    base: int = TOP + HEIGHT


def chart(days: Sequence[Day]) -> Chart:
    """The chart of some days, the first one first."""
    most = max((amounts.total for _day, amounts in days), default=_ZERO)
    step = _step(most)
    top = max(1, ceil(most / step)) * step
    slot = 100 / max(len(days), 1)
    return Chart(
        columns=tuple(
            _drawn(each, number, slot, top) for number, each in enumerate(days) if each[1].runs
        ),
        lines=tuple(_lines(step, top)),
        days=tuple(_labels(days, slot)),
        words=_words(days),
    )


def _step(most: Decimal) -> Decimal:
    """The distance of two lines: 1, 2 or 5 times a power of ten."""
    step = Decimal(1)
    for factor in _factors():
        step = factor
        if step * _LINES >= most:
            break
    return step


def _factors() -> list[Decimal]:
    return [Decimal(each) * 10**power for power in range(13) for each in (1, 2, 5)]


def _drawn(day: Day, number: int, slot: float, top: Decimal) -> Drawn:
    width = min(slot * 0.72, _WIDEST)
    left = number * slot + (slot - width) / 2
    pieces, below = [], 0.0
    for look, credits in day[1].by_certainty:
        if not credits:
            continue
        height = max(float(credits / top) * HEIGHT, 1.0)
        pieces.append(Piece(look, f"{TOP + HEIGHT - below - height:.2f}", f"{height:.2f}"))
        below += height
    return Drawn(
        x=f"{left:.3f}%",
        width=f"{width:.3f}%",
        slot_x=f"{number * slot:.3f}%",
        slot_width=f"{slot:.3f}%",
        words=_said(*day),
        pieces=tuple(pieces),
    )


def _said(day: date, amounts: Amounts) -> str:
    """What one column shows: "21 Nov 2026: 38 credits in 2 runs, 20 of them reserved"."""
    runs = ngettext("%(count)d run", "%(count)d runs", amounts.runs) % {"count": amounts.runs}
    words = {"day": date_format(day, "j M Y"), "credits": shown(amounts.total), "runs": runs}
    parts = [_("%(day)s: %(credits)s credits in %(runs)s") % words]
    if amounts.reserved:
        parts.append(_("%(credits)s of them reserved") % {"credits": shown(amounts.reserved)})
    if amounts.held:
        parts.append(_("%(credits)s of them held") % {"credits": shown(amounts.held)})
    return ", ".join(parts)


def _lines(step: Decimal, top: Decimal) -> list[Label]:
    count = int(top / step)
    return [
        Label(f"{TOP + HEIGHT - HEIGHT * number / count:.1f}", shown(step * number))
        for number in range(count + 1)
    ]


def _labels(days: Sequence[Day], slot: float) -> list[Label]:
    """Some of the days, the last one always, so far apart that a narrow screen has room."""
    if not days:
        return []
    apart = ceil(len(days) / _LABELS)
    found = []
    for number in range(len(days) - 1, -1, -apart):
        place = (number + 0.5) * slot
        text = date_format(days[number][0], "j M")
        found.append(Label(f"{place:.3f}%", text, _anchor(place)))
    return found[::-1]


def _anchor(place: float) -> str:
    return "start" if place < 5 else "end" if place > 95 else "middle"


def _words(days: Sequence[Day]) -> str:
    """The chart in one sentence, for who does not see it."""
    if not days:
        return ""
    day, most = max(days, key=lambda each: each[1].total)
    words = {
        "first": date_format(days[0][0], "j M Y"),
        "last": date_format(days[-1][0], "j M Y"),
        "credits": shown(sum((amounts.total for _day, amounts in days), start=_ZERO)),
        "day": date_format(day, "j M Y"),
        "most": shown(most.total),
    }
    return (
        _(
            "Credits per day from %(first)s to %(last)s: %(credits)s in all, most of them on "
            "%(day)s with %(most)s."
        )
        % words
    )
