"""What concerns many jobs at once: how many there are, what is down, which keys they wait for.

One upstream that is down makes one notice, not one for each of its jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.exchanges.models import Exchange
from debugger.generations.models import Brake, Generation
from debugger.generations.pages import cards, listing
from debugger.teams.models import Team

HOST: Final = "host:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many jobs a team has in each of three conditions."""

    running: int
    attention: int
    ended_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """An upstream that is not asked for a while. ``next_in`` is in seconds."""

    host: str
    since: datetime
    until: datetime
    jobs: int
    next_in: int
    reason: str

    @property
    def sentence(self) -> str:
        """What happens, but for the time of the next try."""
        waiting = ngettext("%d job waits.", "%d jobs wait.", self.jobs) % self.jobs
        silent = _("%(host)s has not answered since %(time)s UTC.") % {
            "host": self.host,
            "time": f"{self.since.astimezone(UTC):%H:%M}",
        }
        return f"{silent} {waiting}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The jobs that wait for a key. ``key_id`` is the key's public id, "" when it is gone."""

    key_id: str
    label: str
    jobs: int
    reason: str

    @property
    def sentence(self) -> str:
        """How many they are, and why."""
        count = ngettext("%d job is paused.", "%d jobs are paused.", self.jobs) % self.jobs
        return f"{count} {self.reason}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Jobs that should have been looked at long ago: the worker stands still."""

    since: datetime
    jobs: int
    seconds: int

    @property
    def sentence(self) -> str:
        """How many wait, and that it is no reason to worry."""
        waiting = ngettext("%d job waits.", "%d jobs wait.", self.jobs) % self.jobs
        again = _("Nothing is lost: looking goes on as soon as the worker runs again.")
        return f"{waiting} {again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """What stands above the cards."""

    summary: Summary
    overdue: Overdue | None
    downs: tuple[Down, ...]
    waits: tuple[Waiting, ...]

    @property
    def mark(self) -> str:
        """Changes with everything that is said here, but not with clocks."""
        said = [
            f"{self.summary}",
            f"{self.overdue.sentence}{self.overdue.since}" if self.overdue else "",
            *(f"{each.sentence}{each.until}" for each in self.downs),
            *(f"{each}" for each in self.waits),
        ]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:10]


def top(team: Team, *, now: datetime) -> Top:
    """The summary and the notices of a team, in at most five statements."""
    opened = Generation.objects.filter(team=team, state__in=listing.OPEN).order_by()
    groups = list(_by_state(opened, now=now))
    jobs = {group["state"]: group["jobs"] for group in groups}
    return Top(
        summary=Summary(
            running=sum(jobs.get(state, 0) for state in listing.RUNNING),
            attention=sum(jobs.get(state, 0) for state in listing.ATTENTION),
            ended_today=_ended_today(team, now=now),
        ),
        overdue=_overdue(groups, now=now),
        downs=tuple(_downs(opened, now=now)),
        waits=tuple(_waits(team)) if jobs.get(Generation.State.PAUSED) else (),
    )


def _by_state(opened: QuerySet[Generation], *, now: datetime) -> Iterable[Mapping[str, Any]]:
    """How many open jobs are in each state, how many of them are overdue, and since when."""
    polled = Q(state__in=Generation.POLLED, next_poll_at__lte=now - cards.OVERDUE)
    late = Count("pk", filter=polled), Min("next_poll_at", filter=polled)
    return opened.values("state").annotate(jobs=Count("pk"), late=late[0], since=late[1])


def _overdue(groups: Iterable[Mapping[str, Any]], *, now: datetime) -> Overdue | None:
    late = [group for group in groups if group["late"]]
    if not late:
        return None
    since = min(group["since"] for group in late)
    return Overdue(
        since=since,
        jobs=sum(group["late"] for group in late),
        seconds=int((now - since).total_seconds()),
    )


def _ended_today(team: Team, *, now: datetime) -> int:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    # The first condition says nothing new, but there is an index for it.
    lately = Generation.objects.filter(team=team, changed_at__gte=midnight)
    return lately.filter(ended_at__gte=midnight, state__in=Generation.FINAL).count()


def _downs(opened: QuerySet[Generation], *, now: datetime) -> list[Down]:
    """The brakes on hosts where the team has jobs that wait."""
    brakes = Brake.objects.filter(scope__startswith=HOST, until__gt=now).order_by("since")
    held = {brake.scope.removeprefix(HOST): brake for brake in brakes}
    if not held:
        return []
    waiting = opened.filter(mode=Exchange.Mode.LIVE, base_url__in=held)
    jobs = dict(waiting.values_list("base_url").annotate(jobs=Count("pk")))
    return [
        Down(
            host=urlsplit(base).netloc or base,
            since=brake.since,
            until=brake.until,
            jobs=jobs[base],
            next_in=max(1, int((brake.until - now).total_seconds())),
            reason=brake.reason,
        )
        for base, brake in held.items()
        if base in jobs
    ]


def _waits(team: Team) -> list[Waiting]:
    paused = Generation.objects.filter(team=team, state=Generation.State.PAUSED).order_by()
    groups = paused.values("key__public_id", "key_label", "reason").annotate(jobs=Count("pk"))
    return [
        Waiting(
            key_id=group["key__public_id"] or "",
            label=group["key_label"],
            jobs=group["jobs"],
            reason=group["reason"],
        )
        for group in sorted(groups, key=lambda group: -int(group["jobs"]))[:5]
    ]
