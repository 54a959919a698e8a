"""A stored request once more in mock mode, beside the run that it was stored with."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from debugger.contract import operations
from debugger.contract.operations import Kind
from debugger.exchanges import services as exchanges
from debugger.panels import handover, upstreams
from debugger.panels.gate import Pass
from debugger.panels.keybar import key_bar
from debugger.panels.patience import unbroken
from debugger.panels.seat import seat_of
from debugger.panels.submission import opening
from debugger.panels.views.running import Ready, carried
from debugger.teams.access import Right, public
from debugger.web.connections import in_thread
from debugger.web.errors import Invalid
from debugger.web.ratelimit import RUNS, limited


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(RUNS)
async def mirror(request: HttpRequest, run: str) -> HttpResponse:
    """Run a stored request in mock mode, which costs nothing, and lead to the comparison."""
    ready = await in_thread(_ready, request, run)
    visit = await upstreams.upstream_for(request, ready.seat, base_url="", scenario="")
    answer = await unbroken(carried(request, ready, visit))
    if isinstance(answer, str) or answer[2].run is None:
        raise Invalid(_("The mock run could not be stored, so there is nothing to compare."))
    address = reverse("compare:pair", kwargs={"slug": ready.seat.slug})
    return HttpResponseRedirect(f"{address}?a={answer[2].run.name}&b={run}")


def _ready(request: HttpRequest, name: str) -> Ready:
    """The stored draft, ready to go to the team's sandbox."""
    seat = seat_of(request)
    if seat.team is None:
        raise Http404
    run = exchanges.find(seat.team, name)
    try:
        operation = operations.get(run.operation)
    except KeyError:
        raise Invalid(_("This operation does not exist any more.")) from None
    draft = handover.stored(run.content.draft)
    if draft is None or operation.kind in (Kind.UPLOAD, Kind.STREAM):
        raise Invalid(_("This request cannot be run from here: open it in its panel."))
    submission = replace(opening(operation, draft), origin=run.name)
    bar = key_bar(seat, operation, chosen="", now=timezone.now())
    return Ready(submission=submission, passed=Pass(seat=seat, operation=operation), bar=bar)
