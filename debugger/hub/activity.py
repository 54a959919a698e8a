"""What a team is doing: jobs that run now, the latest runs, and whether something failed lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from debugger.exchanges import listing, states
from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation
from debugger.generations.pages import cards, wording
from debugger.generations.pages.cards import Card
from debugger.generations.pages.listing import OPEN
from debugger.teams.models import Team
from debugger.web import moments

RUNNING_SHOWN: Final = 5
RUNS_SHOWN: Final = 8
COUNTED: Final = 99
LATELY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One stored run in a line; ``word`` says what came of it, or of the job that it made."""

    row: Exchange
    title: str
    word: str
    tone: str
    http: str


def running(team: Team, *, now: datetime) -> list[Card]:
    """The newest jobs that have not ended."""
    rows = _open(team).defer(*cards.HEAVY).order_by("-pk")[:RUNNING_SHOWN]
    return cards.of(rows, team=team, now=now)


def recent(team: Team) -> Sequence[RunLine]:
    """The latest runs of the team."""
    rows = list(Exchange.objects.filter(team=team).order_by("-pk")[:RUNS_SHOWN])
    jobs = _jobs_of(team, rows)
    return [_line(row, jobs.get(row.pk)) for row in rows]


def _line(row: Exchange, job: Generation | None) -> RunLine:
    state = states.state_of(row)
    badge = wording.badge(job) if job is not None else None
    return RunLine(
        row=row,
        title=row.summary or listing.operation_title(row.operation),
        word=badge.word if badge is not None else state.word,
        tone=badge.tone if badge is not None else state.tone,
        http=state.http,
    )


def _jobs_of(team: Team, rows: Sequence[Exchange]) -> dict[int, Generation]:
    """The jobs that these runs made, by the run; a repeated answer is of the same job."""
    made = [row for row in rows if row.operation == "generations.create"]
    if not made:
        return {}
    named = [row.made for row in made if row.made]
    wanted = Q(task_id__in=named) | Q(exchange__in=[row.pk for row in made])
    jobs = list(Generation.objects.filter(wanted, team=team).defer(*cards.HEAVY))
    by_task = {(job.task_id, job.mode): job for job in jobs if job.task_id}
    by_run = {job.exchange_id: job for job in jobs}
    found = {row.pk: by_run.get(row.pk) or by_task.get((row.made, row.mode)) for row in made}
    return {number: job for number, job in found.items() if job is not None}


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
