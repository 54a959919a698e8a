"""Destroying what a team stored: its data key, and every value that was sealed with it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from debugger.keys.models import DataKey
from debugger.keys.vault.cache import cache
from debugger.keys.vault.envelope import SITE
from debugger.keys.vault.places import places
from debugger.teams.locks import held
from debugger.teams.models import Team


def shred_site_key(*, now: datetime | None = None) -> None:
    """Destroy the site's data key; the next seal makes another one."""
    with transaction.atomic():
        row = DataKey.objects.select_for_update().filter(team=None).first()
        if row is not None:
            row.wrapped, row.master, row.shredded_at = None, "", now or timezone.now()
            row.version += 1
            row.save()
        cache.forget(SITE)


def shred(team: Team, *, now: datetime | None = None) -> int:
    """Destroy the team's data key and all its sealed values; gives the number of values.

    The team may store again afterwards, under a new data key, unless it was deleted. Backups of
    the database keep what they have: without the master key that wrapped it, it is worthless.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # Whoever stores a key locks the team first too, so that two never wait for each other.
        held(team.pk).get()
        blank = DataKey(team_id=team.pk, wrapped=None, master="", version=0, shredded_at=now)
        DataKey.objects.bulk_create([blank], ignore_conflicts=True)
        row = DataKey.objects.select_for_update().get(team_id=team.pk)
        row.wrapped, row.master, row.shredded_at = None, "", now
        row.version += 1
        row.save()
        count = sum(place.shred(team, now) for place in places())
        cache.forget(team.pk)
    return count
