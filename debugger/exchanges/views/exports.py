"""Taking runs along, one or many."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from debugger.exchanges import narrowing, services
from debugger.exchanges.exports import command, document, har, lists
from debugger.exchanges.models import Exchange
from debugger.exchanges.narrowing import Narrowed
from debugger.teams import audit
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.teams.models import Team
from debugger.web.connections import in_thread
from debugger.web.errors import Invalid, NotFound
from debugger.web.ratelimit import RUNS, limited

PLACE = gettext_noop("History")
_KINDS = {
    "curl": "text/plain; charset=utf-8",
    "har": "application/json; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
_ENDINGS = {"curl": "sh", "har": "har", "json": "json"}


@team_view(Right.SEE_RUNS)
@require_GET
def one(request: TeamRequest, run: str, format: str) -> HttpResponse:
    """One run as a command, as HAR or as JSON; nothing that its page does not show."""
    if format not in _KINDS:
        raise NotFound
    exchange = services.find(request.member.team, run)
    text = _written(exchange, format)
    inline = format == "curl" and "download" not in request.GET
    kind = "inline" if inline else "attachment"
    name = f"{exchange.name}.{_ENDINGS[format]}"
    return HttpResponse(
        text,
        content_type=_KINDS[format],
        headers={
            "Content-Disposition": f'{kind}; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _written(exchange: Exchange, form: str) -> str:
    base_url = settings.RIVYA_BASE_URL
    if form == "curl":
        return command(exchange, base_url=base_url) + "\n"
    value = har([exchange], base_url=base_url) if form == "har" else document(exchange)
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


@team_view(Right.EXPORT_RUNS)
@require_GET
@limited(RUNS)
async def many(request: TeamRequest, format: str) -> HttpResponseBase:
    """The list as it is narrowed, however long, as a file that is written while it is read."""
    if format not in lists.FORMATS:
        raise NotFound
    team = request.member.team
    wanted = await in_thread(narrowing.narrowed, request.GET)
    if wanted.wrong:  # More than was asked for must not leave.
        raise Invalid(next(iter(wanted.wrong.values())))
    by = audit.origin(request, place=PLACE, user=request.member.user)
    given = {name: value for name, value in wanted.typed.items() if value}
    changed = {"filter": [None, given]} if given else {}
    await in_thread(audit.record, by, team, "history.exported", obj=team, changed=changed)
    name = f"{team.slug}-history-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{format}"
    return StreamingHttpResponse(
        _pieces(team, wanted, format),
        content_type=lists.FORMATS[format][0],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def _pieces(team: Team, wanted: Narrowed, form: str) -> AsyncIterator[str]:
    _kind, beginning, write, size = lists.FORMATS[form]
    if beginning:
        yield beginning
    before: int | None = None
    while found := await in_thread(lists.batch, team, wanted, before=before, size=size):
        yield await in_thread(write, found)
        before = found[-1].pk
