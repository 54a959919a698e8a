"""Storing and changing keys in tests, by the services that the pages use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from debugger.keys import lifecycle, paste, storing
from debugger.keys.models import ApiKey
from debugger.teams import audit
from debugger.teams.models import Membership
from tests.cast import acme, new_key, place

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def by(member: Membership) -> audit.Origin:
    """Who does it, as a view would say."""
    return audit.Origin(actor_id=member.user_id, actor_name=str(member.user), place="Keys")


def added(
    filling: str = "k",
    *,
    value: str = "",
    label: str = "Production",
    base_url: str = "",
    who: Membership | None = None,
    now: datetime = NOON,
    **stated: Any,
) -> ApiKey:
    """A key that Alice stored at noon."""
    member = who or place("Alice", acme())
    return storing.add(
        member,
        pasted=paste.Pasted(value=value or new_key(filling)),
        stated=storing.Stated(label=label, **stated),
        base_url=base_url or settings.RIVYA_BASE_URL,
        by=by(member),
        now=now,
    )


def rotated(
    old: ApiKey,
    filling: str = "n",
    *,
    overlap: lifecycle.Overlap = lifecycle.Overlap.HOUR,
    now: datetime = NOON,
) -> ApiKey:
    """The key that took another's place."""
    member = place("Alice", old.team)
    return lifecycle.rotate(
        member,
        old.public_id,
        pasted=paste.Pasted(value=new_key(filling)),
        stated=storing.Stated(label=""),
        overlap=overlap,
        by=by(member),
        now=now,
    )


def revoked(key: ApiKey, *, now: datetime = NOON) -> ApiKey:
    """The key, revoked by Alice."""
    member = place("Alice", key.team)
    return lifecycle.revoke(member, key.public_id, by=by(member), now=now)


def fresh(key: ApiKey) -> ApiKey:
    """The row as the database has it now."""
    return ApiKey.objects.select_related("team").get(pk=key.pk)
