"""What other rooms and the screens ask of the history."""

from __future__ import annotations

from django.utils.translation import gettext as _

from debugger.exchanges.afterwards import Job, settle, tell_replays
from debugger.exchanges.marks import comment, comments, star
from debugger.exchanges.models import PREFIX, Exchange
from debugger.exchanges.narrowing import Narrowed, behind, narrowed, page, rows, some_total
from debugger.exchanges.recording import Run, record, stored_text
from debugger.exchanges.retention import DAYS, rules_of, set_rules, sweep
from debugger.teams.models import Team
from debugger.web import moments
from debugger.web.errors import NotFound

__all__ = [
    "DAYS",
    "Job",
    "Narrowed",
    "Run",
    "behind",
    "comment",
    "comments",
    "find",
    "narrowed",
    "page",
    "previous_with_key",
    "record",
    "rows",
    "rules_of",
    "same_body",
    "set_rules",
    "settle",
    "some_total",
    "star",
    "sweep",
    "tell_replays",
]


def find(team: Team, name: str) -> Exchange:
    """The team's run of this name, with its content. Raises NotFound."""
    number = moments.number_of(PREFIX, name.strip().lower())
    of_team = Exchange.objects.select_related("content").filter(team_id=team.pk)
    found = of_team.filter(pk=number).first() if number is not None else None
    if found is None:
        raise NotFound(_("This team has no such run. It may have been deleted with time."))
    return found


def previous_with_key(team: Team, idempotency_key: str) -> Exchange | None:
    """The team's latest run that was sent with this idempotency key."""
    if not idempotency_key:
        return None
    kept = stored_text(idempotency_key, most=255)
    found = Exchange.objects.filter(team_id=team.pk, idempotency_key=kept)
    return found.order_by("-pk").first()


def same_body(exchange: Exchange, mode: str) -> Exchange | None:
    """The latest other run of the same operation with the same body in a mode."""
    if not exchange.fingerprint:
        return None
    found = Exchange.objects.filter(
        team_id=exchange.team_id,
        operation=exchange.operation,
        fingerprint=exchange.fingerprint,
        mode=mode,
    )
    return found.exclude(pk=exchange.pk).order_by("-pk").first()
