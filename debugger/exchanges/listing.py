"""The list of the history as its page shows it: rows under their days, and what can be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as told

from debugger.contract import catalog, errors, operations
from debugger.exchanges import states, zones
from debugger.exchanges.models import Exchange
from debugger.exchanges.states import Words
from debugger.keys.models import ApiKey
from debugger.teams.models import Membership, Team
from debugger.web.lengths import length

Option = tuple[str, str]
FOLDED: Final = ("code", "model", "key", "starred", "since", "until")
"""The filters that stand behind "More"."""
RESULTS: Final[Mapping[str, Words]] = {
    "ok": told("Succeeded"),
    "failed": told("Failed, also jobs"),
    "job_failed": told("Failed jobs"),
    "2xx": told("HTTP 2xx"),
    "3xx": told("HTTP 3xx"),
    "4xx": told("HTTP 4xx"),
    "5xx": told("HTTP 5xx"),
    "none": told("No answer"),
}
_LABELS: Final[Mapping[str, Words]] = {
    "q": told("Search"),
    "result": told("Result"),
    "mode": told("Mode"),
    "operation": told("Operation"),
    "person": told("Person"),
    "code": told("Error code"),
    "model": told("Model"),
    "key": told("Key"),
    "since": told("From"),
    "until": told("To"),
    "starred": told("Starred"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the list."""

    row: Exchange
    state: states.State
    time: zones.Time
    title: str

    @property
    def credits(self) -> object:
        """What it cost as far as it is known; see ``guessed``."""
        row = self.row
        stated = row.final if row.final is not None else row.reserved
        return row.estimated if stated is None else stated

    @property
    def guessed(self) -> bool:
        """Whether the amount is our estimate and not the API's word."""
        return self.row.final is None and self.row.reserved is None

    @property
    def duration(self) -> str:
        """How long it took, in words as short as they can be."""
        return length(self.row.total_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The rows of one day in the reader's zone."""

    name: str
    iso: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is set, and the address of the list without it."""

    label: str
    value: str
    without: str


def days(rows: Iterable[Exchange], zone: zones.Zone, *, now: datetime) -> list[Day]:
    """Rows, newest first, under the days that they belong to in this zone."""
    today = zone.day_of(now)
    return [
        Day(
            name=zones.day_name(day, today),
            iso=day.isoformat(),
            lines=tuple(_line(row, zone) for row in members),
        )
        for day, members in groupby(rows, key=lambda row: zone.day_of(row.at))
    ]


def _line(row: Exchange, zone: zones.Zone) -> Line:
    return Line(
        row=row,
        state=states.state_of(row),
        time=zones.time_of(row.at, zone),
        title=operation_title(row.operation),
    )


def operation_title(operation_id: str) -> str:
    """An operation's name, or its id where the catalog no longer has it."""
    try:
        return _(operations.get(operation_id).title)
    except KeyError:
        return operation_id


def operation_options() -> list[tuple[str, list[Option]]]:
    """Every operation under its group."""
    groups = operations.grouped().items()
    return [
        (_(group.value), [(each.id, _(each.title)) for each in found]) for group, found in groups
    ]


def people(team: Team, chosen: str) -> list[Option]:
    """The members of the team, and whoever is chosen though no longer among them."""
    members = Membership.objects.filter(team=team).select_related("user")
    names = {str(each.user_id): str(each.user) for each in members}
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 19
    if is_number and chosen not in names:
        theirs = Exchange.objects.filter(team=team, user_id=int(chosen)).order_by("-id")
        row = theirs.only("user_name").first()
        names[chosen] = row.user_name if row and row.user_name else chosen
    return sorted(names.items(), key=lambda item: item[1].casefold())


def keys(team: Team) -> list[Option]:
    """The team's keys by their labels, those that are no longer used too."""
    found = ApiKey.objects.filter(team=team).order_by("label", "pk")
    return [(key.public_id, key.label) for key in found.only("public_id", "label")]


def known_codes() -> list[str]:
    """The documented error codes, to be offered while one is typed."""
    return sorted(errors.ERRORS)


def known_models() -> list[str]:
    """The models of the catalog, to be offered while one is typed."""
    return [model.id for model in catalog.models()]


def chips(typed: Mapping[str, str], names: Mapping[str, str]) -> list[Chip]:
    """Each filter that is set, with the query that leaves it out.

    ``names`` says how a value that is an id reads, as "person:7" or "operation:files.create".
    """
    return [
        Chip(
            label=str(_LABELS[name]),
            value=names.get(f"{name}:{value}", value),
            without=query_of(typed, without=name),
        )
        for name, value in typed.items()
        if value and name in _LABELS
    ]


def query_of(typed: Mapping[str, str], *, without: str = "") -> str:
    """The filter as the part of an address behind the question mark."""
    return urlencode([(name, value) for name, value in typed.items() if value and name != without])
