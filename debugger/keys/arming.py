"""Armed live mode: for thirty minutes, in one tab, one person may run live with one key.

The token is signed and holds no secret. It is worth nothing to another person, team, role, key or
session, and every run asks anew whether the person still belongs to the team and may use the key:
so leaving, a change of role, signing out and revoking a key end it at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.core import signing

from debugger.teams.access import Right, demand, may
from debugger.teams.models import Membership

LASTS: Final = timedelta(minutes=30)
PASTE: Final = "paste"
"""Stands for a key that is pasted for one request, where a stored key has its public id."""
FIELD: Final = "armed"
_SALT: Final = "debugger.keys.arming"
_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What a token allows, and until when."""

    key_id: str
    until: datetime


def arm(member: Membership, key_id: str, session_key: str, now: datetime) -> str:
    """The token for one person, team, role, key and session; raises NotAllowed."""
    demand(member, Right.USE_KEYS)
    payload = _bound_to(member, key_id, session_key)
    payload["until"] = int((now + LASTS).timestamp())
    return signing.Signer(salt=_SALT).sign_object(payload)


def armed(
    token: str, member: Membership, key_id: str, session_key: str, now: datetime
) -> Armed | None:
    """What a token allows here and now; None when that is nothing. Never raises."""
    if not token or len(token) > _LONGEST or not session_key or not may(member, Right.USE_KEYS):
        return None
    try:
        payload = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    until = payload.pop("until", 0) if isinstance(payload, dict) else 0
    if not isinstance(until, int) or payload != _bound_to(member, key_id, session_key):
        return None
    ends = datetime.fromtimestamp(until, tz=UTC)
    return Armed(key_id=key_id, until=ends) if now < ends <= now + LASTS else None


def _bound_to(member: Membership, key_id: str, session_key: str) -> dict[str, Any]:
    session = hashlib.sha256(f"{_SALT}:{session_key}".encode()).hexdigest()[:32]
    return {
        "user": member.user_id,
        "team": member.team_id,
        "role": member.role,
        "key": key_id,
        "session": session,
    }
