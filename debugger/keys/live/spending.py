"""The page of what live runs cost: by day, person, model and key, over some days.

A day is a day in UTC, as for the ceilings: a run belongs to the day on which it was held. The
database adds up, with the same few statements however many runs there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from debugger.keys.choosing import hint_of
from debugger.keys.live.columns import Amounts, Chart, chart
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team, User

CHOICES: Final = (7, 30, 90)
FIRST: Final = 30
MOST_DAYS: Final = 366
"""Days that one page shows; a year, and a day where it is a long one."""
MOST_ROWS: Final = 200
_ZERO: Final = Decimal(0)
_EARLIEST: Final = date(2020, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days in UTC, both included. ``choice`` is 7, 30 or 90, or 0 for chosen dates.

    ``typed`` is what stands in the form, ``wrong`` what is wrong with a field of it.
    """

    first: date
    last: date
    choice: int
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        """Every day, the first one first."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]


def period(data: Mapping[str, str], *, today: date) -> Period:
    """The days that a link or a form asks for; never raises, ``wrong`` says what is wrong."""
    typed = {name: str(data.get(name) or "").strip()[:20] for name in ("since", "until")}
    wrong: dict[str, str] = {}
    since, until = (_day(name, typed[name], wrong) for name in ("since", "until"))
    if wrong or not (since or until):
        asked = str(data.get("days") or "")
        choice = int(asked) if asked in {str(each) for each in CHOICES} else FIRST
        first = today - timedelta(days=choice - 1)
        return Period(first=first, last=today, choice=choice, typed=typed, wrong=wrong)
    last = until or max(today, since or today)
    first = since or last - timedelta(days=FIRST - 1)
    if first > last:
        wrong["until"] = _("The last day is before the first one.")
        last = first
    if (last - first).days >= MOST_DAYS:
        first = last - timedelta(days=MOST_DAYS - 1)
        wrong["since"] = _("A page shows up to %(days)d days.") % {"days": MOST_DAYS}
    return Period(first=first, last=last, choice=0, typed=typed, wrong=wrong)


def _day(name: str, text: str, wrong: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        wrong[name] = _("Write a day as 2026-11-21.")
        return None
    if not _EARLIEST <= found <= date(9000, 1, 1):
        wrong[name] = _("There was nothing to spend on that day.")
        return None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table. ``query`` narrows the history to its runs, "" where it cannot."""

    name: str
    amounts: Amounts
    parts: tuple[tuple[str, str, str], ...]
    detail: str = ""
    query: str = ""
    is_term: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What was spent by one kind of thing, the largest first; ``more`` were left out."""

    of: str
    title: str
    head: str
    rows: tuple[Row, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the page shows."""

    period: Period
    total: Amounts
    chart: Chart
    days: tuple[Row, ...]
    tables: tuple[Table, ...]


def page(team: Team, wanted: Period) -> Page:
    """The page of one team, by six statements."""
    by_day = _sums(team, wanted, "day")
    total = Amounts()
    for amounts in by_day.values():
        total = total.and_(amounts)
    days = [(day, by_day.get(day, Amounts())) for day in wanted.days]
    return Page(
        period=wanted,
        total=total,
        chart=chart(days),
        days=_day_rows([each for each in days if each[1].runs]),
        tables=_tables(team, wanted) if total.runs else (),
    )


def _of(team: Team, wanted: Period) -> QuerySet[Spend]:
    """The runs that count: what was refused or never sent was never spent."""
    days = Spend.objects.filter(team=team, day__gte=wanted.first, day__lte=wanted.last)
    return days.exclude(state=Spend.State.RELEASED)


def _sums(team: Team, wanted: Period, by: str) -> dict[Any, Amounts]:
    """Credits and runs for each value of a column, added up by the database."""
    grouped = (
        _of(team, wanted)
        .values(by)
        .annotate(
            **{
                state: Sum("credits", filter=Q(state=state), default=_ZERO)
                for state in ("final", "reserved", "held")
            },
            runs=Count("*"),
            above=Count("overridden_by"),
        )
        .order_by()
    )
    return {
        row[by]: Amounts(
            final=row["final"],
            reserved=row["reserved"],
            held=row["held"],
            runs=row["runs"],
            above=row["above"],
        )
        for row in grouped
    }


def _day_rows(days: Sequence[tuple[date, Amounts]]) -> tuple[Row, ...]:
    widest = max((amounts.total for _day, amounts in days), default=_ZERO)
    return tuple(
        Row(
            name=day.isoformat(),
            amounts=amounts,
            parts=amounts.parts(widest),
            query=_query({}, day, day),
        )
        for day, amounts in reversed(days)
    )


def _query(narrow: Mapping[str, str], first: date, last: date) -> str:
    """The part of an address that shows the same runs in the history."""
    days = {"since": first.isoformat(), "until": last.isoformat(), "tz": "UTC"}
    return urlencode({"mode": "live", **narrow, **days})


# -- Tables ----------------------------------------------------------------------------------------

Named = Callable[[Any], tuple[str, str, Mapping[str, str] | None]]
"""A value's name, a second line, and how the history is narrowed to it; None for "it cannot"."""


def _tables(team: Team, wanted: Period) -> tuple[Table, ...]:
    people, models, keys = (_sums(team, wanted, by) for by in ("user_id", "model", "key"))
    return (
        _table("person", _("By person"), _("Person"), people, _person_names(people), wanted),
        _table("model", _("By model"), _("Model"), models, _model_name, wanted),
        _table("key", _("By key"), _("Key"), keys, _key_names(keys), wanted),
    )


def _table(
    of: str, title: str, head: str, sums: Mapping[Any, Amounts], named: Named, wanted: Period
) -> Table:
    largest = sorted(sums.items(), key=lambda item: (-item[1].total, str(item[0])))
    widest = largest[0][1].total if largest else _ZERO
    rows = []
    for value, amounts in largest[:MOST_ROWS]:
        name, detail, narrow = named(value)
        query = _query(narrow, wanted.first, wanted.last) if narrow is not None else ""
        term = of == "model" and bool(value)
        row = Row(
            name=name,
            detail=detail,
            amounts=amounts,
            parts=amounts.parts(widest),
            query=query,
            is_term=term,
        )
        rows.append(row)
    return Table(
        of=of, title=title, head=head, rows=tuple(rows), more=max(0, len(largest) - MOST_ROWS)
    )


def _person_names(ids: Iterable[int]) -> Named:
    names = {pk: str(user) for pk, user in User.objects.in_bulk(list(ids)[:MOST_ROWS]).items()}

    def named(user_id: int) -> tuple[str, str, Mapping[str, str] | None]:
        return names.get(user_id) or _("Somebody who is gone"), "", {"person": str(user_id)}

    return named


def _model_name(model: str) -> tuple[str, str, Mapping[str, str] | None]:
    if model:
        return model, "", {"model": model}
    return _("Not noted"), "", None


def _key_names(ids: Iterable[int | None]) -> Named:
    keys = ApiKey.objects.in_bulk([pk for pk in ids if pk is not None][:MOST_ROWS])

    def named(key_id: int | None) -> tuple[str, str, Mapping[str, str] | None]:
        key = keys.get(key_id or 0)
        if key is None:
            return _("Pasted keys, and keys that are gone"), "", None
        return key.label, hint_of(key), {"key": key.public_id}

    return named
