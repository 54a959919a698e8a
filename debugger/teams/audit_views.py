"""The screens of the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_safe

from debugger.teams import audit, audit_log, audit_sentences
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.teams.models import AuditEvent, Team
from debugger.web import pages
from debugger.web.connections import in_thread
from debugger.web.errors import Invalid

PLACE = gettext_noop("Audit log")


@team_view(Right.SEE_AUDIT)
@require_safe
def log(request: TeamRequest) -> HttpResponse:
    """What was done in the team, newest first, narrowed as the link says."""
    team, now = request.member.team, datetime.now(UTC)
    wanted = audit_log.narrowed(request.GET)
    if request.method == "GET":
        audit_log.viewed(audit.origin(request, place=PLACE), team, now=now)
    shown = audit_log.page(team, wanted, cursor=request.GET)
    context = {
        "wanted": wanted,
        "query": _query(wanted),
        "events": [_row(event, wanted, now=now) for event in shown.rows],
        "page": shown,
        "newest": not (request.GET.get(pages.OLDER) or shown.newer),
        "actors": audit_log.actors(team, wanted.actor),
        "action_groups": audit_log.actions(wanted.action),
    }
    return render(request, "teams/audit.html", context)


def _query(wanted: audit_log.Narrowed, **other: str) -> str:
    """The filter as it stands in a link, "" for none."""
    kept = {name: value for name, value in {**wanted.typed, **other}.items() if value}
    return urlencode(kept)


def _row(event: AuditEvent, wanted: audit_log.Narrowed, *, now: datetime) -> dict[str, Any]:
    return {
        "event": event,
        "seconds": max(0, int((now - event.at).total_seconds())),
        "sentence": audit_sentences.marked(event),
        "changes": audit_sentences.changes(event),
        "of_actor": _query(wanted, actor=str(event.actor_id or audit_log.NOBODY)),
        "of_object": _query(wanted, object=event.object_id or event.object_label),
    }


@team_view(Right.SEE_AUDIT)
@require_GET
async def export(request: TeamRequest) -> HttpResponseBase:
    """The log as a CSV file, as long as it may be, narrowed as the page is."""
    team = request.member.team
    wanted = audit_log.narrowed(request.GET)
    if wanted.wrong:  # More than was asked for must not leave.
        raise Invalid(next(iter(wanted.wrong.values())))
    by = audit.origin(request, place=PLACE, user=request.member.user)
    await in_thread(audit_log.exported, by, team, wanted)
    name = f"{team.slug}-audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"
    return StreamingHttpResponse(
        _pieces(team, wanted),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def _pieces(team: Team, wanted: audit_log.Narrowed) -> AsyncIterator[str]:
    """The file in pieces; each is a query of its own, so no reader holds the database up."""
    yield audit_log.csv_head()
    start: pages.Position | None = None
    while rows := await in_thread(audit_log.exported_rows, team, wanted, start=start):
        yield audit_log.csv_of(rows)
        start = pages.Position(at=rows[-1].at, pk=rows[-1].pk)
