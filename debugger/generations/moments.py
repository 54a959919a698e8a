"""What happened to a job, written down in its order. Whoever adds holds the job's row locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

from django.db.models import Max, Sum

from debugger.generations.models import Generation, Moment

KEPT: Final = 200
"""Times of single looks that one moment keeps; their number is kept whole."""
FULL: Final = 16_000
"""Characters of a row's run of looks, beyond which looks are counted and not listed."""
PAYLOAD: Final = 64 * 1024
"""Characters of a message that a moment keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A moment that is to be added; the fields are those of its row."""

    kind: Moment.Kind
    at: datetime
    until: datetime | None = None
    count: int = 1
    facts: dict[str, Any] = field(default_factory=dict)
    payload: str = ""


def add(
    generation_id: int,
    kind: Moment.Kind,
    *,
    at: datetime,
    until: datetime | None = None,
    count: int = 1,
    facts: dict[str, Any] | None = None,
    payload: str = "",
) -> None:
    """Add one moment behind the others."""
    new = New(kind=kind, at=at, until=until, count=count, facts=facts or {}, payload=payload)
    add_all(generation_id, [new])


def add_all(generation_id: int, news: Iterable[New]) -> None:
    """Add moments in this order behind the others."""
    add_to_many({generation_id: list(news)})


def add_to_many(news: dict[int, list[New]]) -> None:
    """Add moments to many jobs, by the number of their rows; two statements in all."""
    wanted = {number: each for number, each in news.items() if each}
    if not wanted:
        return
    of_these = Moment.objects.filter(generation_id__in=wanted)
    last = dict(of_these.order_by().values_list("generation_id").annotate(last=Max("number")))
    Moment.objects.bulk_create(
        _row(generation_id, last.get(generation_id, 0) + place, new)
        for generation_id, each in wanted.items()
        for place, new in enumerate(each, start=1)
    )


def _row(generation_id: int, number: int, new: New) -> Moment:
    return Moment(
        generation_id=generation_id,
        number=number,
        kind=new.kind,
        at=new.at,
        until=new.until,
        count=new.count,
        facts=new.facts,
        payload=new.payload[:PAYLOAD],
    )


def noted(row: Generation, *, at: datetime, took_ms: float, status: int | None) -> None:
    """Remember one look in the row's run of looks. ``status`` is HTTP's, None for no answer."""
    if len(row.looks) >= FULL:
        return
    offset = round((at - row.submitted_at) / timedelta(milliseconds=1))
    row.looks += f"{max(0, offset)}:{max(0, round(took_ms))}:{status or 0};"


def last_in_a_row(row: Generation, statuses: range) -> int:
    """How many of the latest looks without news had such a status, without another in between."""
    looks = [each for each in row.looks.split(";") if each]
    return sum(1 for _ in takewhile(lambda each: _numbers(each)[2] in statuses, reversed(looks)))


def flushed(row: Generation) -> list[New]:
    """The row's run of looks as a moment, if there was one; the run begins anew then."""
    looks = [_numbers(each) for each in row.looks.split(";") if each]
    length, row.looks = len(row.looks), ""
    if not looks:
        return []
    first, last = (row.submitted_at + timedelta(milliseconds=looks[at][0]) for at in (0, -1))
    shown = looks[-KEPT:]
    count = len(looks) if length < FULL else row.polls - _told(row)
    facts = {
        "offsets": [offset for offset, _, _ in shown],
        "took_ms": [took for _, took, _ in shown],
        "http": looks[-1][2] or None,
    }
    kind = Moment.Kind.LOOKED
    return [New(kind=kind, at=first, until=last, count=count, facts=facts)]


def _told(row: Generation) -> int:
    """How many looks are in moments already."""
    told = Moment.objects.filter(generation_id=row.pk, kind=Moment.Kind.LOOKED)
    return told.aggregate(told=Sum("count"))["told"] or 0


def flush(row: Generation) -> None:
    """Move the row's run of looks into a moment; the caller saves the row."""
    add_all(row.pk, flushed(row))


def _numbers(look: str) -> tuple[int, int, int]:
    parts = [int(part) if part.lstrip("-").isdigit() else 0 for part in look.split(":")]
    offset, took, status = (*parts, 0, 0, 0)[:3]
    return offset, took, status
