"""Pages of a long list by position, not by number: newest first, the same cost on every page.

    shown = pages.page_of(rows, ordered_by="at", cursor=request.GET, size=50)

A position is a moment and a row's number, "2026-11-21T08:25:00.123456Z_42", so that a link goes on
showing the same rows while new ones arrive. It opens nothing: the caller has narrowed the rows.

Rows whose number tells their time (moments.py) are paged by it alone: ``page_by_number``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from debugger.web.errors import Invalid

Row = TypeVar("Row", bound=Model)
Row_co = TypeVar("Row_co", bound=Model, covariant=True)

OLDER: Final = "older_than"
NEWER: Final = "newer_than"
_POSITION: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z_(\d{1,18})", re.ASCII
)
_NUMBER: Final = re.compile(r"\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Between two rows: just behind the one with this moment and number."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z_{self.pk}"

    @classmethod
    def read(cls, text: str) -> Position:
        """The reverse of ``str``; raises Invalid for anything else."""
        found = _POSITION.fullmatch(text)
        try:
            if found is None:
                raise ValueError(text)
            moment = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            raise _cut_off() from None
        micro = int((found[2] or "0").ljust(6, "0"))
        return cls(at=moment.replace(microsecond=micro, tzinfo=UTC), pk=int(found[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Some rows, newest first, and where the rows before and after them begin; "" for none."""

    rows: tuple[Row, ...]
    newer: str
    older: str


def page_of(
    rows: QuerySet[Row], *, ordered_by: str, cursor: Mapping[str, Any], size: int
) -> Page[Row]:
    """The page that a link names with older_than or newer_than, the first one otherwise."""
    newer, older = str(cursor.get(NEWER) or ""), str(cursor.get(OLDER) or "")
    if newer:
        return _upwards(rows, ordered_by=ordered_by, start=Position.read(newer), size=size)
    start = Position.read(older) if older else None
    found = behind(rows, ordered_by=ordered_by, start=start, size=size + 1)
    shown = found[:size]
    return Page(
        rows=tuple(shown),
        newer=str(_of(shown[0], ordered_by)) if start is not None and shown else "",
        older=str(_of(shown[-1], ordered_by)) if len(found) > size else "",
    )


def behind(rows: QuerySet[Row], *, ordered_by: str, start: Position | None, size: int) -> list[Row]:
    """Up to ``size`` rows that are older than a position, newest first."""
    if start is not None:
        # The first condition says nothing new, but an index can begin with it.
        older = Q(**{f"{ordered_by}__lt": start.at})
        same = Q(**{ordered_by: start.at, "pk__lt": start.pk})
        rows = rows.filter(Q(**{f"{ordered_by}__lte": start.at}), older | same)
    return list(rows.order_by(f"-{ordered_by}", "-pk")[:size])


def _upwards(rows: QuerySet[Row], *, ordered_by: str, start: Position, size: int) -> Page[Row]:
    """The rows just before a position; the newest page when there are not enough of them."""
    newer = Q(**{f"{ordered_by}__gt": start.at})
    same = Q(**{ordered_by: start.at, "pk__gt": start.pk})
    above = rows.filter(Q(**{f"{ordered_by}__gte": start.at}), newer | same)
    found = list(above.order_by(ordered_by, "pk")[: size + 1])
    if len(found) <= size:
        return page_of(rows, ordered_by=ordered_by, cursor={}, size=size)
    shown = found[:size][::-1]
    return Page(
        rows=tuple(shown),
        newer=str(_of(shown[0], ordered_by)),
        older=str(_of(shown[-1], ordered_by)),
    )


def _of(row: Model, ordered_by: str) -> Position:
    return Position(at=getattr(row, ordered_by), pk=row.pk)


class Reader(Protocol[Row_co]):
    """Reads up to ``size`` rows beyond a number, of which the nearest come first.

    ``up`` reads towards newer rows; without a number it begins at the very end.
    """

    def __call__(self, number: int | None, *, size: int, up: bool = False) -> Sequence[Row_co]:
        """The rows, the nearest first."""


def by_number(rows: QuerySet[Row]) -> Reader[Row]:
    """The reader of a query."""

    def read(number: int | None, *, size: int, up: bool = False) -> list[Row]:
        beyond = {"pk__gt" if up else "pk__lt": number} if number is not None else {}
        return list(rows.filter(**beyond).order_by("pk" if up else "-pk")[:size])

    return read


def page_by_number(read: Reader[Row], *, cursor: Mapping[str, Any], size: int) -> Page[Row]:
    """The same as ``page_of`` for rows whose numbers tell their time: a position is a number."""
    newer, older = str(cursor.get(NEWER) or ""), str(cursor.get(OLDER) or "")
    if newer:
        return _upwards_by_number(read, start=_number(newer), size=size)
    found = read(_number(older) if older else None, size=size + 1)
    shown = found[:size]
    return Page(
        rows=tuple(shown),
        newer=str(shown[0].pk) if older and shown else "",
        older=str(shown[-1].pk) if len(found) > size else "",
    )


def _upwards_by_number(read: Reader[Row], *, start: int, size: int) -> Page[Row]:
    """The rows just before a number; the newest page when there are not enough of them."""
    found = read(start, size=size + 1, up=True)
    if len(found) <= size:
        return page_by_number(read, cursor={}, size=size)
    shown = found[:size][::-1]
    return Page(rows=tuple(shown), newer=str(shown[0].pk), older=str(shown[-1].pk))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) >= 2**63:
        raise _cut_off()
    return int(text)


def _cut_off() -> Invalid:
    return Invalid(_("This link to a part of a list is not complete."))
