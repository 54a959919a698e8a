"""The sandbox account that a team shares: opened at its first mock run, kept while it is there."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from debugger.sandbox import kept, services
from debugger.teams.locks import held
from debugger.teams.models import Team


def account_of(team: Team) -> str:
    """The team's account, a new one when it has none or its own is gone."""
    if services.is_open(team.sandbox_account):
        return team.sandbox_account
    with transaction.atomic():
        # Two first runs at once meet here, and the second finds what the first one opened.
        row = held(team.pk).get()
        if not services.is_open(row.sandbox_account):
            row.sandbox_account = services.open_account()
            row.save(update_fields=["sandbox_account"])
    return row.sandbox_account


def _in_use() -> QuerySet[Team, Any]:
    teams = Team.objects.filter(deleted_at=None).exclude(sandbox_account="")
    return teams.values("sandbox_account")


kept.keep(_in_use)
