"""What goes when its time is over: old copies, copies that no row names, drafts of dead workers.

Everything is done in small steps, so that a sweep that dies leaves nothing half done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.utils.translation import ngettext

from debugger.exchanges.models import HistoryRules
from debugger.generations.locker import disk, room
from debugger.generations.models import SavedFile

AT_ONCE: Final = 100
ROUNDS: Final = 200
GRACE: Final = timedelta(days=1)
"""How long a file that no row names stays: a database that was put back may still name it."""
State = SavedFile.State


def sweep(now: datetime) -> int:
    """Delete what is to be deleted; how many copies it was."""
    for rules in HistoryRules.objects.all().iterator():
        reckon(rules.team_id, rules.result_days)
    gone = 0
    for _round in range(ROUNDS):
        expired = _expired(now)
        gone += expired
        if not expired:
            break
    disk.drop_drafts(before=(now - GRACE).timestamp())
    return gone + sum(_orphans(team_id, now=now) for team_id in disk.teams())


def reckon(team_id: int, days: int | None) -> None:
    """Let copies end when the team's rules say so, those that were made under others too."""
    rows = SavedFile.objects.filter(team_id=team_id, state=State.SAVED)
    if days is None:
        rows.exclude(expires_at=None).update(expires_at=None)
        return
    end = ExpressionWrapper(F("saved_at") + timedelta(days=days), output_field=DateTimeField())
    (rows.filter(expires_at=None) | rows.exclude(expires_at=end)).update(expires_at=end)


def _expired(now: datetime) -> int:
    """One batch of copies whose time is over, team by team."""
    due = SavedFile.objects.filter(state=State.SAVED, expires_at__lte=now).order_by("expires_at")
    teams: dict[int, list[int]] = {}
    for pk, team_id in due.values_list("pk", "team_id")[:AT_ONCE]:
        teams.setdefault(team_id, []).append(pk)
    return sum(_expire(team_id, numbers, now=now) for team_id, numbers in teams.items())


def _expire(team_id: int, numbers: list[int], *, now: datetime) -> int:
    with disk.held(team_id):
        with transaction.atomic():
            rows = SavedFile.objects.filter(pk__in=numbers, state=State.SAVED)
            names = []
            for row in rows.filter(expires_at__lte=now).order_by("generation_id", "pk"):
                names.append(row.path)
                room.expire(row, _sentence(row), now=now)
        for name in room.unneeded(team_id, names):
            disk.remove(name)
    return len(names)


def _sentence(row: SavedFile) -> str:
    days = (row.expires_at - row.saved_at).days if row.expires_at and row.saved_at else 0
    return (
        ngettext(
            "The copy was kept for %d day, as this team's rules say.",
            "The copy was kept for %d days, as this team's rules say.",
            days,
        )
        % days
    )


def _orphans(team_id: int, *, now: datetime) -> int:
    """Files of a team that no row names, and that are older than any work that goes on."""
    before = (now - GRACE).timestamp()
    old = [name for name, written in disk.copies(team_id) if written < before]
    if not old:
        return 0
    with disk.held(team_id):
        names = room.unneeded(team_id, old)
        for name in names:
            disk.remove(name)
    return len(names)
