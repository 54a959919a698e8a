"""What somebody wants to see of a team's history, read from a link or a form.

    wanted = narrowed(request.GET, zone=zone)
    rows(team, wanted)          # in no order yet
    wanted.query                # the same filter as the part of an address

It never raises: what was not understood is left out and said in ``wrong`` next to its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from debugger.contract import operations
from debugger.contract.jobs import JobStatus
from debugger.exchanges import search, words
from debugger.exchanges.models import Exchange
from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from debugger.web import moments, pages

NAMES: Final = (
    "q",
    "operation",
    "mode",
    "result",
    "code",
    "model",
    "person",
    "key",
    "starred",
    "since",
    "until",
    "tz",
)
RESULTS: Final = ("ok", "failed", "2xx", "3xx", "4xx", "5xx", "none", "job_failed")
PAGE_SIZE: Final = 50
SOME: Final = 1_000
_LONGEST: Final = 300
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_LAST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """A filter of the history. ``typed`` is what stands in the form, ``wrong`` what is wrong there.

    ``words`` are those of ``q``; ``first`` and ``below`` are the border numbers of rows, the first
    included. ``generation`` is the number of a job whose name was searched for.
    """

    q: str = ""
    words: tuple[str, ...] = ()
    generation: int | None = None
    operation: str = ""
    mode: str = ""
    result: str = ""
    code: str = ""
    model: str = ""
    person: int | None = None
    key: str = ""
    starred: bool = False
    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    below: int | None = None
    zone: tzinfo = UTC
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether some runs are left out."""
        plain = (self.q, self.operation, self.mode, self.result, self.code, self.model, self.key)
        others = (self.person is not None, self.starred, self.first, self.below)
        return any(plain) or any(others)

    @property
    def query(self) -> str:
        """What was typed, as the part of an address behind the "?"."""
        return urlencode({name: text for name, text in self.typed.items() if text})

    def as_change(self) -> dict[str, list[object]]:
        """The filter as an event of the audit log remembers it."""
        given = {name: text for name, text in self.typed.items() if text}
        return {"filter": [None, given]} if given else {}


def narrowed(data: Mapping[str, str], *, zone: tzinfo | None = None) -> Narrowed:
    """The filter of a link or a form; ``tz`` in it wins over ``zone``, and UTC is the last word."""
    typed = {name: _typed(data, name) for name in NAMES}
    wrong: dict[str, str] = {}
    zone = _zone(typed["tz"], wrong) or zone or UTC
    since, until = _moments(typed, zone, wrong)
    searched = _searched(typed["q"], wrong)
    return Narrowed(
        q=typed["q"] if searched else "",
        words=searched,
        generation=moments.number_of("gen", typed["q"].lower()),
        operation=_one_of(typed, "operation", tuple(each.id for each in operations.CATALOG), wrong),
        mode=_one_of(typed, "mode", tuple(Exchange.Mode.values), wrong),
        result=_one_of(typed, "result", RESULTS, wrong),
        code=typed["code"],
        model=typed["model"],
        person=_person(typed["person"], wrong),
        key=typed["key"],
        starred=_one_of(typed, "starred", ("1", "on", "true"), wrong) != "",
        since=since,
        until=until,
        first=_number(since),
        below=_number(until),
        zone=zone,
        typed=typed,
        wrong=wrong,
    )


def _typed(data: Mapping[str, str], name: str) -> str:
    given = str(data.get(name) or "")[: _LONGEST + 100]
    return _UNSTORABLE.sub(" ", given).strip()[:_LONGEST]


def _searched(text: str, wrong: dict[str, str]) -> tuple[str, ...]:
    found = words.asked(text)
    if text and not found:
        wrong["q"] = _("There is no word in this. Search for words, numbers or ids.")
    return found


def _one_of(
    typed: Mapping[str, str], name: str, known: tuple[str, ...], wrong: dict[str, str]
) -> str:
    if not typed[name] or typed[name] in known:
        return typed[name]
    wrong[name] = _("Choose one from the list.")
    return ""


def _person(text: str, wrong: dict[str, str]) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    wrong["person"] = _("Choose a person from the list.")
    return None


def _zone(name: str, wrong: dict[str, str]) -> tzinfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        wrong["tz"] = _("No time zone has this name. Write it as Europe/Berlin.")
        return None


def _moments(
    typed: Mapping[str, str], zone: tzinfo, wrong: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """From when, and before when. A day is whole, and the last one is included."""
    since = _moment(typed["since"], "since", zone, wrong, last=False)
    until = _moment(typed["until"], "until", zone, wrong, last=True)
    if since and until and since >= until:
        wrong["until"] = _("The end is before the beginning.")
        until = None
    return since, until


def _moment(
    text: str, name: str, zone: tzinfo, wrong: dict[str, str], *, last: bool
) -> datetime | None:
    if not text:
        return None
    try:
        return _of_day(text, zone, last=last) or _of_instant(text, zone, last=last)
    except (ValueError, OverflowError):
        wrong[name] = _("Write a day as 2026-11-21, or a time as 2026-11-21T08:25:00+01:00.")
        return None


def _of_day(text: str, zone: tzinfo, *, last: bool) -> datetime | None:
    if len(text) > 10:
        return None
    day = date.fromisoformat(text) + timedelta(days=1 if last else 0)
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _of_instant(text: str, zone: tzinfo, *, last: bool) -> datetime:
    # In an address a "+" that nobody escaped has become a space.
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC) + timedelta(microseconds=1 if last else 0)


def _number(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return max(0, min(moments.first_id(moment), _LAST_ID))


def rows(team: Team, wanted: Narrowed) -> QuerySet[Exchange]:
    """The team's runs that somebody wants to see, in no order yet.

    For reading many of them in their order there is ``behind``, which knows how to search quickly.
    """
    found = _narrowed(team, wanted)
    return search.having(found, wanted.words, team_id=team.pk) if _by_words(wanted) else found


def _by_words(wanted: Narrowed) -> bool:
    return bool(wanted.words) and wanted.generation is None


def _narrowed(team: Team, wanted: Narrowed) -> QuerySet[Exchange]:
    """What all but the words leave."""
    found = Exchange.objects.filter(_result(wanted.result), team_id=team.pk, **_plain(wanted))
    if wanted.key:
        key = ApiKey.objects.filter(team_id=team.pk, public_id=wanted.key).values("pk")[:1]
        found = found.filter(key_id=key)
    if wanted.generation is not None:
        found = found.filter(generations__id=wanted.generation)
    return found


def _plain(wanted: Narrowed) -> dict[str, object]:
    given: dict[str, object] = {
        "operation": wanted.operation or None,
        "mode": wanted.mode or None,
        "error_code": wanted.code or None,
        "failed": True if wanted.code else None,  # Else the index of failures is not used.
        "model": wanted.model or None,
        "user_id": wanted.person,
        "starred": wanted.starred or None,
        "id__gte": wanted.first,
        "id__lt": wanted.below,
    }
    return {name: value for name, value in given.items() if value is not None}


def _result(result: str) -> Q:
    """How it ended. What is no success is in the index of failures, which ``failed`` opens."""
    if result in ("ok", "failed"):
        return Q(failed=result == "failed")
    if result == "none":
        return Q(status=None, failed=True)
    if result == "job_failed":
        return Q(job_status=JobStatus.FAILED, failed=True)
    if result:
        first = int(result[0]) * 100
        ended = Q(status__gte=first, status__lt=first + 100)
        return ended if first < 300 else ended & Q(failed=True)
    return Q()


def page(
    team: Team, wanted: Narrowed, *, cursor: Mapping[str, str], size: int = PAGE_SIZE
) -> pages.Page[Exchange]:
    """One page, newest first; raises Invalid for a link that was cut off."""
    return pages.page_by_number(_reader(team, wanted), cursor=cursor, size=size)


def behind(team: Team, wanted: Narrowed, *, number: int | None, size: int) -> list[Exchange]:
    """Up to ``size`` runs older than the one of a number, newest first: for walking through all."""
    return list(_reader(team, wanted)(number, size=size))


def _reader(team: Team, wanted: Narrowed) -> pages.Reader[Exchange]:
    found = _narrowed(team, wanted)
    if not _by_words(wanted):
        return pages.by_number(found)
    return search.reader(found, wanted.words, team_id=team.pk)


def some_total(team: Team, wanted: Narrowed, most: int = SOME) -> tuple[int, bool]:
    """How many runs there are, counted up to ``most``, and whether there are more."""
    found = _narrowed(team, wanted)
    if _by_words(wanted):
        count = search.count(found, wanted.words, team_id=team.pk, most=most + 1)
    else:
        count = found.values("pk")[: most + 1].count()
    return min(count, most), count > most
