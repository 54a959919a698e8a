"""Jobs leave with the runs of the history: after the days that the team keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from debugger.exchanges.models import HistoryRules
from debugger.generations.models import Generation
from debugger.teams.models import Team

AT_ONCE = 500


def expire(*, now: datetime, limit: int = AT_ONCE) -> int:
    """Delete up to ``limit`` jobs that have not changed for longer than their team keeps runs.

    A job with a copy of its result stays until the locker has let go of it, since the copy could
    not be found without the job.
    """
    left = limit
    for team_id, days in _kept_for():
        left -= _expired(team_id, now - timedelta(days=days), most=left)
        if left <= 0:
            break
    return limit - left


def _kept_for() -> list[tuple[int, int]]:
    """Each team with jobs, and for how many days it keeps them; not who keeps them for ever."""
    said = dict(HistoryRules.objects.values_list("team_id", "days"))
    teams = Team.objects.filter(generations__isnull=False).distinct()
    kept = {pk: said.get(pk, HistoryRules.FIRST_DAYS) for pk in teams.values_list("pk", flat=True)}
    return [(pk, days) for pk, days in kept.items() if days is not None]


def _expired(team_id: int, before: datetime, *, most: int) -> int:
    over = Generation.objects.filter(team_id=team_id, changed_at__lt=before)
    pks = list(over.exclude(files__path__gt="").values_list("pk", flat=True)[:most])
    with transaction.atomic():
        over.filter(pk__in=pks).delete()
    return len(pks)
