"""Everything that happened to a job, as lines for a list and as a drawing of the same.

It is made of stored facts alone (Moment, and the run of looks in the job's row), so it is the same
after a reload. Only the end of a job that is still open is "now".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from debugger.generations.models import Generation, Moment
from debugger.generations.telling import lines
from debugger.generations.telling.bars import Drawing, drawing
from debugger.generations.telling.lines import Line

MOST: Final = 1_000
"""Moments that are shown; a job with more of them is shown by its first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The lines in the order of their times, and the same as a drawing.

    ``more`` is whether there are moments beyond those that are shown.
    """

    rows: tuple[Line, ...]
    drawing: Drawing
    open: bool
    start: datetime
    more: bool = False

    @property
    def looks(self) -> int:
        """How often somebody looked."""
        return sum(row.count for row in self.rows if row.kind == Moment.Kind.LOOKED)


def timeline(generation: Generation, now: datetime | None = None) -> Timeline:
    """The timeline of one job, by one statement; of an open one as of ``now``."""
    found = list(Moment.objects.filter(generation_id=generation.pk).order_by("number")[: MOST + 1])
    start = generation.submitted_at
    plain = [lines.of_moment(each, start) for each in found[:MOST]]
    behind: list[Line | None] = [*plain[1:], None]
    rows = [lines.with_news(*each) for each in zip(plain, behind, strict=False)]
    if (latest := lines.of_looks(generation)) is not None:
        rows.append(latest)
    # Looks are written down behind what ended their run, but they were before it.
    rows.sort(key=lambda row: row.ms)
    end = None if generation.is_final else lines.since(start, now or timezone.now())
    return Timeline(
        rows=tuple(rows),
        drawing=drawing(rows, status=generation.status, end_ms=end),
        open=not generation.is_final,
        start=start,
        more=len(found) > MOST,
    )
