"""Where a key stands in its life, decided from its row and the time alone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db.models import F, Q, QuerySet

from debugger.keys.models import ApiKey
from debugger.teams.models import Team


class State(StrEnum):
    """The stations of a key's life; the first three can be used."""

    ACTIVE = "active"
    REPLACED = "replaced"  # Rotated; works until the overlap ends.
    RETIRED = "retired"  # Its overlap has ended; its ciphertext waits to be shredded.
    EXPIRED = "expired"  # The day that was stated has passed.
    REVOKED = "revoked"  # Unusable; can be brought back until shred_at.
    SHREDDED = "shredded"  # A line of history.


USABLE = frozenset({State.ACTIVE, State.REPLACED})


def state_of(key: ApiKey, *, now: datetime) -> State:
    """Where a key stands. A late task changes nothing: the times in the row decide."""
    if key.sealed is None:
        return State.SHREDDED
    if key.revoked_at is not None:
        return State.REVOKED
    if key.retire_at is not None and key.retire_at <= now:
        return State.RETIRED
    if key.expires_at is not None and key.expires_at <= now:
        return State.EXPIRED
    return State.ACTIVE if key.retire_at is None else State.REPLACED


def undo_ends(key: ApiKey, *, now: datetime) -> datetime | None:
    """Until when a revocation or a rotation can be undone; None when it cannot."""
    if key.sealed is None or key.shred_at is None or key.shred_at <= now:
        return None
    return key.shred_at


def of_team(team: Team) -> QuerySet[ApiKey]:
    """All keys of a team, newest first, with the people that a card names."""
    people = ("created_by", "last_used_by", "revoked_by", "replaced_by")
    return ApiKey.objects.filter(team=team).select_related(*people).order_by("-created_at", "-pk")


def working(team: Team, *, now: datetime) -> QuerySet[ApiKey]:
    """The keys that were neither revoked nor retired nor shredded."""
    going = Q(retire_at=None) | Q(retire_at__gt=now)
    return of_team(team).filter(going, sealed__isnull=False, revoked_at=None)


def by_use(team: Team, *, now: datetime) -> QuerySet[ApiKey]:
    """The working keys, the one to begin with first: nobody begins with one that is replaced."""
    lasting = F("replaced_by").asc(nulls_first=True)
    used_last = F("last_used_at").desc(nulls_last=True)
    return working(team, now=now).order_by(lasting, used_last, "-created_at", "-pk")
