"""A team's start page: first steps, what runs and ran, keys, people and credits of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext as _

from debugger.contract import operations
from debugger.generations.pages.cards import Card
from debugger.hub import activity
from debugger.hub.activity import RunLine
from debugger.hub.steps import Checklist, checklist, helpers_for
from debugger.keys import services as keys
from debugger.keys.live import spend
from debugger.keys.live.charges import shown
from debugger.keys.models import ApiKey
from debugger.teams.access import Right
from debugger.teams.models import Membership, Role, Team
from debugger.web.addresses import panel_address

KEYS_SHOWN: Final = 5
PEOPLE_SHOWN: Final = 6
# What people open most; every other operation stands in the side navigation.
SHORTCUTS: Final = (
    "generations.create",
    "chat.stream",
    "files.create",
    "credits.retrieve",
    "webhook_events.list",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A panel in one click."""

    title: str
    summary: str
    method: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is in the team: the first few by role, and how many there are."""

    first: Sequence[Membership]
    count: int

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Today's credits as text, and the ceilings of the team as text; None where there is none.

    ``percent`` of the day's ceiling is a whole number from 0 to 100.
    """

    credits: str
    ceiling: str | None
    run: str | None
    percent: int
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where live runs go; ``local`` is this machine, where nothing real is charged."""

    name: str
    local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One key in a line; ``tone`` is ok, bad or quiet, ``state`` a word or two for it."""

    public_id: str
    label: str
    facts: Sequence[str]
    hint: str
    tone: str
    state: str
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Everything that the page shows."""

    checklist: Checklist
    keys: Sequence[KeyLine]
    more_keys: int
    people: People
    key_helpers: str
    spent: Spent
    hosts: Sequence[Host]
    shortcuts: Sequence[Shortcut]
    running: Sequence[Card]
    recent: Sequence[RunLine]


def home(member: Membership, *, now: datetime) -> Home:
    """The page as it stands for this person."""
    team = member.team
    found = keys.choices(team, now=now)
    return Home(
        checklist=checklist(member),
        keys=[_line(each) for each in found[:KEYS_SHOWN]],
        more_keys=max(0, len(found) - KEYS_SHOWN),
        people=people(team),
        key_helpers="" if found else helpers_for(team, Right.MANAGE_KEYS),
        spent=spent_today(team, now=now),
        hosts=[_host(url) for url in keys.base_urls()],
        shortcuts=shortcuts(team),
        running=activity.running(team, now=now),
        recent=activity.recent(team),
    )


def spent_today(team: Team, *, now: datetime) -> Spent:
    """What the team's live runs have spent or hold today, beside its ceilings."""
    left = spend.left(team, None, now=now)
    share = 100 * left.team_spent / left.team_day if left.team_day else 100
    return Spent(
        credits=shown(left.team_spent),
        ceiling=None if left.team_day is None else shown(left.team_day),
        run=None if left.team_run is None else shown(left.team_run),
        percent=min(100, int(share)),
        resets_at=left.resets_at,
    )


_TONES: Final = {"ok": "ok", "failing": "bad"}


def _line(key: keys.Choice) -> KeyLine:
    health = _("Cannot be used") if key.trouble else ApiKey.Health(key.health).label
    tone = "bad" if key.trouble else _TONES.get(key.health, "quiet")
    if key.retire_at and not key.trouble:
        health, tone = _("Being replaced"), "quiet"
    return KeyLine(
        public_id=key.public_id,
        label=key.label,
        facts=[each for each in (key.environment, key.host) if each],
        hint=key.hint,
        tone=tone,
        state=str(health),
        trouble=key.trouble,
    )


def _host(url: str) -> Host:
    return Host(name=urlsplit(url).netloc, local=keys.is_local(url))


def people(team: Team) -> People:
    """The team's members, owners first, then by how long they have been here."""
    rank = Case(
        *(When(role=role, then=Value(place)) for place, role in enumerate(Role)),
        output_field=IntegerField(),
    )
    members = team.memberships.select_related("user").order_by(rank, "joined_at", "pk")
    return People(first=list(members[:PEOPLE_SHOWN]), count=team.memberships.count())


def shortcuts(team: Team) -> Sequence[Shortcut]:
    """The panels that people open most, in this team."""
    chosen = [operations.get(each) for each in SHORTCUTS]
    return [
        Shortcut(
            title=_(each.title),
            summary=_(each.summary),
            method=each.method,
            url=panel_address("panel", each.id, slug=team.slug),
        )
        for each in chosen
    ]
