"""What goes wrong, in groups: by error code, then by parameter, then by HTTP status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, F, Func, IntegerField, Max, Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import gettext_noop

from debugger.contract import errors, operations
from debugger.exchanges.models import PREFIX, Exchange
from debugger.teams.models import Team
from debugger.web import moments

LATELY: Final = timedelta(hours=1)
BAR: Final = 4
TALL: Final = 24
MOST: Final = 5_000
"""Distinct sums of one page. Messages that carry ids could make any number of them."""


@dataclass(frozen=True, slots=True)
class Window:
    """How far back the page looks, and in how many bars its small charts show that."""

    name: str
    label: Any
    length: timedelta
    bars: int


WINDOWS: Final = (
    Window("1h", later("1 hour"), timedelta(hours=1), 30),
    Window("24h", later("24 hours"), timedelta(hours=24), 24),
    Window("7d", later("7 days"), timedelta(days=7), 28),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of trouble. ``bars`` are counts from the oldest part of the window to now."""

    parameter: str
    status: int | None
    operations: tuple[str, ...]
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: str
    bars: tuple[int, ...]

    @property
    def width(self) -> int:
        """How wide the small chart is, in its own units."""
        return len(self.bars) * BAR

    @property
    def rects(self) -> tuple[tuple[int, int, int], ...]:
        """The small chart: x, y and height of each bar; what happened at all can be seen."""
        tallest = max(self.bars, default=0) or 1
        heights = [max(2, round(TALL * count / tallest)) if count else 0 for count in self.bars]
        return tuple(
            (place * BAR, TALL - height, height) for place, height in enumerate(heights) if height
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Everything under one error code, or under one kind of failure where no code came.

    ``is_code`` tells them apart; ``documented`` says that the code's meaning can be looked up.
    """

    code: str
    is_code: bool
    title: str
    meaning: str
    documented: bool
    count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The page: groups with the most first. ``more`` says that not everything could be summed."""

    window: Window
    count: int
    groups: tuple[Group, ...]
    more: bool


def lately(team: Team, *, now: datetime) -> bool:
    """Whether anything went wrong within the last hour; one look into an index."""
    return _failed(team, since=now - LATELY).exists()


def window_of(name: str) -> Window:
    """The window of a link, a day for any other word."""
    return next((each for each in WINDOWS if each.name == name), WINDOWS[1])


def found(team: Team, *, window: Window, mode: str = "", now: datetime) -> Found:
    """What went wrong within a window; one statement, however many runs there were."""
    start = moments.first_id(now - window.length)
    width = (moments.first_id(now) - start) // window.bars or 1
    failed = _failed(team, since=now - window.length)
    if mode in Exchange.Mode.values:
        failed = failed.filter(mode=mode)
    sums = list(_sums(failed, start=start, width=width)[: MOST + 1])
    piles: dict[tuple[str, bool], dict[tuple[str, int | None], list[Mapping[str, Any]]]] = {}
    for each in sums[:MOST]:
        heap = piles.setdefault(_code_of(each), {})
        place = (parameter_of(each["error_code"], each["error_message"]), each["status"])
        heap.setdefault(place, []).append(each)
    groups = [_group(code, lines, bars=window.bars) for code, lines in piles.items()]
    groups.sort(key=lambda group: (-group.count, group.code))
    return Found(
        window=window,
        count=sum(group.count for group in groups),
        groups=tuple(groups),
        more=len(sums) > MOST,
    )


def _failed(team: Team, *, since: datetime) -> QuerySet[Exchange]:
    return Exchange.objects.filter(team=team, failed=True, id__gte=moments.first_id(since))


def _sums(failed: QuerySet[Exchange], *, start: int, width: int) -> QuerySet[Any, dict[str, Any]]:
    bar = Func(
        F("id"),
        template=f"((%(expressions)s - {int(start)}) / {int(width)})",
        output_field=IntegerField(),
    )
    by = ("error_code", "failure_kind", "status", "operation", "error_message")
    placed = failed.annotate(bar=bar).values(*by, "bar")
    sums: QuerySet[Any, dict[str, Any]] = placed.annotate(
        count=Count("id"), first=Min("id"), last=Max("id")
    ).order_by("-last")
    return sums


def _code_of(each: Mapping[str, Any]) -> tuple[str, bool]:
    code = each["error_code"]
    return (code, True) if code else (each["failure_kind"] or "failed", False)


_FIELD: Final = re.compile(r"([A-Za-z_]\w*(?:[.\[]\w+\]?)*)\s")
_OF_BODIES: Final = frozenset(
    {"model", "prompt", "params", "message", "file", "kind", "name", "url", "attachments"}
)


def parameter_of(code: str, message: str) -> str:
    """The parameter that a message begins with, "" where it names none.

    The documentation does not say how the API names it, so this reads the text and guesses little.
    """
    begins = _FIELD.match(message) if code == "validation_failed" else None
    if begins is None:
        return ""
    name = begins[1]
    known = name in _OF_BODIES or "." in name or "_" in name
    return name[:80] if known else ""


_KINDS: Final = {
    "unreachable": gettext_noop("Nothing answered"),
    "tls": gettext_noop("The connection could not be made safe"),
    "timed_out": gettext_noop("Silent for too long"),
    "broken": gettext_noop("The answer was cut off"),
    "redirected": gettext_noop("A redirect, which is never followed"),
    "too_large": gettext_noop("The answer was too large"),
    "not_json": gettext_noop("The answer was not JSON"),
    "refused": gettext_noop("The key was refused, without a code"),
    "rate_limited": gettext_noop("Too many requests, without a code"),
    "rejected": gettext_noop("The request was refused, without a code"),
    "unavailable": gettext_noop("The server failed, without a code"),
    "not_sent": gettext_noop("Held back before a connection was made"),
}


def _group(
    code: tuple[str, bool],
    heap: Mapping[tuple[str, int | None], Sequence[Mapping[str, Any]]],
    *,
    bars: int,
) -> Group:
    name, is_code = code
    lines = [_line(place, parts, bars=bars) for place, parts in heap.items()]
    lines.sort(key=lambda line: (-line.count, line.parameter))
    known = errors.explain(name, lines[0].status) if is_code else None
    return Group(
        code=name,
        is_code=is_code,
        title=name if is_code else _(_KINDS.get(name, name)),
        meaning=_(known.meaning) if known is not None and known.known else "",
        documented=known is not None and known.known,
        count=sum(line.count for line in lines),
        lines=tuple(lines),
    )


def _line(place: tuple[str, int | None], parts: Sequence[Mapping[str, Any]], *, bars: int) -> Line:
    newest = max(parts, key=lambda part: part["last"])
    counts = [0] * bars
    for part in parts:
        # What happened within the last moments may lie a hair behind the last bar.
        counts[min(bars - 1, max(0, part["bar"]))] += part["count"]
    return Line(
        parameter=place[0],
        status=place[1],
        operations=tuple(sorted({_endpoint(part["operation"]) for part in parts})),
        message=newest["error_message"],
        count=sum(counts),
        first_at=moments.moment_of(min(part["first"] for part in parts)),
        last_at=moments.moment_of(newest["last"]),
        sample=moments.name_of(PREFIX, newest["last"]),
        bars=tuple(counts),
    )


def _endpoint(operation_id: str) -> str:
    try:
        operation = operations.get(operation_id)
    except KeyError:
        return operation_id
    return f"{operation.method} {operation.path}"
