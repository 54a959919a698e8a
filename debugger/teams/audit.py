"""The audit log: written by services next to what they do, read by its page, changed by nobody.

    audit.record(by, team, "key.rotated", obj=key, label=key.label, changed={...})

``by`` comes from the view: ``origin(request, place=gettext_noop("Keys"))``. A place is kept as it
stands in the source, and translated for who reads the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import HttpRequest

from debugger.client.redact import redact_text, redact_value
from debugger.teams.models import AuditEvent, Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who does something, and from where."""

    actor_id: int | None
    actor_name: str
    ip: str = ""
    place: str = ""
    request_id: str = ""


_LONGEST: Final = 500
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

SYSTEM: Final = Origin(actor_id=None, actor_name="System")


def origin(request: HttpRequest, *, place: str, user: User | AnonymousUser | None = None) -> Origin:
    """The person of a request. Async views pass the ``user`` that they awaited."""
    person: Any = user or request.user
    known = bool(person.is_authenticated)
    return Origin(
        actor_id=person.pk if known else None,
        actor_name=str(person)[:200] if known else "Visitor",
        ip=str(request.META.get("REMOTE_ADDR") or "")[:45],
        place=place,
        request_id=getattr(request, "request_id", ""),
    )


def record(
    by: Origin,
    team: Team | None,
    action: str,
    *,
    obj: models.Model | None = None,
    label: str = "",
    changed: Mapping[str, Sequence[object]] | None = None,
) -> AuditEvent:
    """Write one event. ``changed`` is {field: [before, after]}; secrets only as fingerprints.

    The action needs a sentence in audit_sentences.py. Text that no database takes is mended, and
    what looks like a secret is taken out, so that writing an event never fails and never tells.
    """
    object_id = str(getattr(obj, "public_id", None) or obj.pk) if obj is not None else ""
    return AuditEvent.objects.create(
        team_id=team.pk if team else None,
        actor_id=by.actor_id,
        actor_name=_text(by.actor_name, most=200),
        action=action,
        object_type=(obj._meta.model_name or "") if obj is not None else "",
        object_id=_text(object_id, most=64),
        object_label=_text(label or (str(obj) if obj is not None else ""), most=200),
        changed=_plain(redact_value(_plain(changed or {}))),
        ip=by.ip[:45],
        place=_text(by.place, most=80),
        request_id=by.request_id[:40],
    )


def _text(text: object, *, most: int) -> str:
    """Text that every database takes: no NUL, no half of a pair, no secret, not too long."""
    whole = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))
    redacted = redact_text(whole)
    return redacted if len(redacted) <= most else redacted[: most - 1] + "…"


def _plain(value: object) -> Any:
    """A value as JSON knows it; moments in UTC, amounts as they are written."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return {_text(name, most=60): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return _text(value, most=_LONGEST)
