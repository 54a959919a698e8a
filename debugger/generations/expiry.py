"""Jobs leave with the runs of the history: after the days that the team keeps them.

Where a team keeps no bodies, what was sent leaves its jobs too. A deleted team keeps nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from debugger.exchanges.models import HistoryRules
from debugger.generations.models import Generation, Moment
from debugger.teams.models import Team

AT_ONCE: Final = 500
ROUNDS: Final = 200
_SENT: Final = Moment.Kind.SENT


def expire(*, now: datetime) -> int:
    """Delete, in batches, jobs that have not changed for longer than their team keeps runs.

    A job with a copy of its result stays until the locker has let go of it, since the copy could
    not be found without the job.
    """
    return sum(_all_of(team_id, now - timedelta(days=days)) for team_id, days in _kept_for())


def _kept_for() -> list[tuple[int, int]]:
    """Each team with jobs, and for how many days it keeps them; not who keeps them for ever."""
    said = dict(HistoryRules.objects.values_list("team_id", "days"))
    some = Generation.objects.filter(team=OuterRef("pk"))
    teams = Team.objects.filter(Exists(some)).values_list("pk", "deleted_at")
    kept = {pk: 0 if gone else said.get(pk, HistoryRules.FIRST_DAYS) for pk, gone in teams}
    return [(pk, days) for pk, days in kept.items() if days is not None]


def _all_of(team_id: int, before: datetime) -> int:
    deleted = 0
    for _round in range(ROUNDS):
        batch = _expired(team_id, before)
        deleted += batch
        if batch < AT_ONCE:
            break
    return deleted


def _expired(team_id: int, before: datetime) -> int:
    # What is still looked at is not over, however long nothing changed.
    over = Generation.objects.filter(
        team_id=team_id, changed_at__lt=before, next_poll_at__isnull=True
    )
    pks = list(over.exclude(files__path__gt="").values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        over.filter(pk__in=pks).delete()
    return len(pks)


def strip() -> int:
    """Take what was sent out of the jobs of teams that keep no bodies; from how many jobs.

    What still has to be sent again stays until that is over.
    """
    teams = HistoryRules.objects.filter(bodies=False).values_list("team_id", flat=True)
    return sum(_all_stripped(team_id) for team_id in list(teams))


def _all_stripped(team_id: int) -> int:
    stripped = 0
    for _round in range(ROUNDS):
        batch = _stripped(team_id)
        stripped += batch
        if batch < AT_ONCE:
            break
    return stripped


def _stripped(team_id: int) -> int:
    sent = Moment.objects.filter(generation_id=OuterRef("pk"), payload__gt="", kind=_SENT)
    jobs = Generation.objects.filter(Q(title__gt="") | Exists(sent), team_id=team_id)
    pks = list(jobs.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        Generation.objects.filter(pk__in=pks).update(title="")
        Moment.objects.filter(generation_id__in=pks, kind=_SENT).update(payload="")
    return len(pks)
