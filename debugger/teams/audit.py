"""The audit log: written by services next to what they do, read by its page, changed by nobody.

    audit.record(by, team, "key.rotated", obj=key, label=key.label, changed={...})

``by`` comes from the view: ``origin(request, place="Keys")``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.http import HttpRequest

from debugger.client.redact import redact_text
from debugger.teams.models import AuditEvent, Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who does something, and from where."""

    actor_id: int | None
    actor_name: str
    ip: str = ""
    place: str = ""
    request_id: str = ""


SYSTEM: Final = Origin(actor_id=None, actor_name="System")


def origin(request: HttpRequest, *, place: str, user: User | None = None) -> Origin:
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
    """Write one event. ``changed`` is {field: [before, after]}; secrets only as fingerprints."""
    return AuditEvent.objects.create(
        team_id=team.pk if team else None,
        actor_id=by.actor_id,
        actor_name=redact_text(by.actor_name),
        action=action,
        object_type=obj._meta.model_name or "" if obj is not None else "",
        object_id=str(getattr(obj, "public_id", None) or obj.pk) if obj is not None else "",
        object_label=redact_text(label or (str(obj) if obj is not None else ""))[:200],
        changed={name: list(values) for name, values in (changed or {}).items()},
        ip=by.ip,
        place=by.place,
        request_id=by.request_id,
    )
