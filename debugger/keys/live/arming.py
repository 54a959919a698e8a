"""Armed live mode: for thirty minutes, in one tab, one person may run live with one key.

The token is signed and holds no secret. It is worth nothing to another person, team, role, key or
session, and every run asks anew whether the person still belongs to the team and may use the key:
so leaving, a change of role, signing out and revoking a key end it at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.core import signing
from django.utils.translation import gettext as _

from debugger.keys.choosing import find, trouble_of
from debugger.keys.models import ApiKey
from debugger.teams import audit
from debugger.teams.access import Right, demand, may
from debugger.teams.models import Membership
from debugger.web.errors import Invalid

LASTS: Final = timedelta(minutes=30)
PASTE: Final = "paste"
"""Stands for a key that is pasted for one request, where a stored key has its public id."""
FIELD: Final = "armed"
_SALT: Final = "debugger.keys.live.arming"
_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What a token allows, and until when."""

    key_id: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the tab keeps: the token, for which key, and until when."""

    key_id: str
    label: str
    token: str = field(repr=False)
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


def begin(
    member: Membership, key_id: str, *, session_key: str, by: audit.Origin, now: datetime
) -> Begun:
    """Arm live for a key of the team or a pasted one, and write it down.

    Raises NotFound, NotAllowed, and Invalid for a key that cannot be used.
    """
    key = None
    if key_id != PASTE:
        key = find(member.team, key_id)
        if trouble := trouble_of(key, now=now):
            raise Invalid(trouble)
    if not session_key:
        raise Invalid(_("Live is armed for a session, and this request has none."))
    token = arm(member, key_id, session_key, now)
    until = datetime.fromtimestamp(int((now + LASTS).timestamp()), tz=UTC)
    label = key.label if key is not None else _("a pasted key")
    audit.record(by, member.team, "live.armed", obj=key, label=label)
    return Begun(key_id=key_id, label=label, token=token, until=until)


def end(
    token: str,
    member: Membership,
    key_id: str,
    *,
    session_key: str,
    by: audit.Origin,
    now: datetime,
) -> bool:
    """Write down that live was disarmed before its time; False for a token that armed nothing.

    The token itself is forgotten by the tab that keeps it.
    """
    if armed(token, member, key_id, session_key, now) is None:
        return False
    key = ApiKey.objects.filter(team=member.team, public_id=key_id).first()
    label = key.label if key is not None else _("a pasted key")
    audit.record(by, member.team, "live.disarmed", obj=key, label=label)
    return True


def _bound_to(member: Membership, key_id: str, session_key: str) -> dict[str, Any]:
    session = hashlib.sha256(f"{_SALT}:{session_key}".encode()).hexdigest()[:32]
    return {
        "user": member.user_id,
        "team": member.team_id,
        "role": member.role,
        "key": key_id,
        "session": session,
    }
