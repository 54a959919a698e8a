"""What a team is doing: jobs that run now, the latest runs, and whether something failed lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from debugger.exchanges import listing, states
from debugger.exchanges.models import Exchange
from debugger.exchanges.states import State
from debugger.generations import cards
from debugger.generations.cards import Card
from debugger.generations.listing import OPEN
from debugger.generations.models import Generation
from debugger.teams.models import Team
from debugger.web import moments

RUNNING_SHOWN: Final = 5
RUNS_SHOWN: Final = 8
COUNTED: Final = 99
LATELY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One stored run in a line."""

    row: Exchange
    title: str
    state: State


def running(team: Team, *, now: datetime) -> list[Card]:
    """The newest jobs that have not ended."""
    rows = _open(team).defer(*cards.HEAVY).order_by("-pk")[:RUNNING_SHOWN]
    return cards.of(rows, team=team, now=now)


def recent(team: Team) -> Sequence[RunLine]:
    """The latest runs of the team."""
    rows = Exchange.objects.filter(team=team).order_by("-pk")[:RUNS_SHOWN]
    return [
        RunLine(
            row=row,
            title=row.summary or listing.operation_title(row.operation),
            state=states.state_of(row),
        )
        for row in rows
    ]


def open_jobs(team: Team) -> str:
    """How many jobs have not ended, as a badge says it; "" for none."""
    count = _open(team)[: COUNTED + 1].count()
    return f"{COUNTED}+" if count > COUNTED else str(count or "")


def failed_lately(team: Team, *, now: datetime) -> bool:
    """Whether a run failed in the last hour."""
    since = moments.first_id(now - LATELY)
    return Exchange.objects.filter(team=team, failed=True, pk__gte=since).exists()


def _open(team: Team) -> QuerySet[Generation]:
    return Generation.objects.filter(team=team, state__in=OPEN)
