"""Who looked at keys: once for each person and hour, so that the log stays worth reading."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from debugger.keys.models import ApiKey
from debugger.teams import audit
from debugger.teams.access import Right, may
from debugger.teams.models import AuditEvent, Membership

QUIET: Final = timedelta(hours=1)


def looked(
    member: Membership, key: ApiKey | None = None, *, by: audit.Origin, now: datetime
) -> None:
    """Record that somebody saw a key's page, or the list of all; who sees bare names is not."""
    if not may(member, Right.USE_KEYS):
        return
    action = "key.list_viewed" if key is None else "key.viewed"
    seen = AuditEvent.objects.filter(
        team_id=member.team_id, actor_id=member.user_id, action=action, at__gt=now - QUIET
    )
    if key is not None:
        seen = seen.filter(object_id=key.public_id)
    if not seen.exists():
        label = "" if key is None else key.label
        audit.record(by, member.team, action, obj=key, label=label)
