"""What happened to one person's account, for that person alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString

from debugger.teams import audit_sentences
from debugger.teams.models import AuditEvent, User
from debugger.web import pages

PAGE_SIZE: Final = 30
_FAILED: Final = {"account.sign_in_failed", "account.second_factor_failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as it is shown."""

    event: AuditEvent
    sentence: SafeString
    changes: list[audit_sentences.Change]
    failed: bool


def told(event: AuditEvent) -> Told:
    """An event with its sentence."""
    return Told(
        event=event,
        sentence=audit_sentences.marked(event),
        changes=audit_sentences.changes(event),
        failed=event.action in _FAILED,
    )


def events_of(person: User) -> QuerySet[AuditEvent]:
    """What the person did with the account, and what others tried at it, in no order yet."""
    own = Q(actor_id=person.pk)
    # Who fails to sign in is nobody yet; the event names the account that was meant.
    tried = Q(actor_id=None, object_type=User._meta.model_name, object_id=str(person.pk))
    found = AuditEvent.objects.filter(team_id=None, action__startswith="account.")
    return found.filter(own | tried)


def page(
    person: User, *, cursor: Mapping[str, str], size: int = PAGE_SIZE
) -> pages.Page[AuditEvent]:
    """One page, newest first; raises Invalid for a link that was cut off."""
    return pages.page_of(events_of(person), ordered_by="at", cursor=cursor, size=size)
