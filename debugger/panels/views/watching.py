"""Following a job from the page, and the media that it ends with."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from debugger.client import api
from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.keys.live.arming import PASTE
from debugger.panels import gate, keeping, media, upstreams
from debugger.panels import run as runs
from debugger.panels import watch as watches
from debugger.panels.gate import Pass, Stop
from debugger.panels.patience import unbroken
from debugger.panels.seat import Seat, seat_of
from debugger.panels.views.pages import operation_of
from debugger.panels.watch import Watch
from debugger.teams.access import Right, public
from debugger.web.connections import in_thread
from debugger.web.errors import Invalid, NotFound
from debugger.web.ratelimit import LOOKS, limited

_RETRIEVE: Final = operations.get(gate.STATUS)


def _ending(view: Callable[..., Awaitable[HttpResponse]]) -> Any:
    """Tell the card of a job, in one sentence, that its team is not there for this person.

    The answer is the same 404 as for any stranger; the page puts it where the card was.
    """

    @functools.wraps(view)
    async def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return await view(request, **kwargs)
        except NotFound as gone:
            if request.headers.get("HX-Request") != "true":
                raise
            html = render_to_string("panels/_job_gone.html")
            return HttpResponse(html, status=gone.status, headers={"Dash-Fragment": "shown"})

    return answer


@_ending
@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(LOOKS)
@sensitive_post_parameters("live_key")
async def watch(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One look at a job, or the card of a job that is no longer watched."""
    operation_of(operation_id)
    state = watches.read(request.POST.dict(), now=time.time())
    if state is None:
        raise Invalid(_("No task id was sent."))
    passed = await in_thread(_pass, request, state)
    if isinstance(passed, str):
        return HttpResponse(passed)
    visit = await upstreams.upstream_for(
        request, passed.seat, base_url=passed.base_url, scenario=state.scenario
    )
    call = api.Call(operation=_RETRIEVE, path={"taskId": state.task}, key=passed.secret)
    outcome = await api.call(visit.upstream, call)
    now = timezone.now()
    await unbroken(in_thread(keeping.looked, passed, outcome, account=visit.account, now=now))
    state = watches.polled(state, outcome, now=time.time())
    html = await in_thread(_card, request, passed.seat, state, outcome, base_url=passed.base_url)
    return visit.keep(HttpResponse(html))


@sensitive_variables("passed", "pasted")
def _pass(request: HttpRequest, state: Watch) -> Pass | str:
    """What this look may use, asked anew each time; or the card that ends the watching."""
    seat = seat_of(request)
    if state.stopped:
        return _card(request, seat, state, None)
    if state.mode is Mode.MOCK:
        return Pass(seat=seat, operation=_RETRIEVE)
    pasted = request.POST.get("live_key", "").strip()[:512]
    chosen = state.key_id or PASTE
    passed = gate.live_pass(seat, _RETRIEVE, pasted, chosen=chosen, now=timezone.now())
    if isinstance(passed, Stop):
        return _card(request, seat, watches.barred(state, passed.sentence), None)
    return passed


def _card(
    request: HttpRequest,
    seat: Seat,
    state: Watch,
    outcome: Outcome | None,
    *,
    base_url: str = "",
) -> str:
    source = media.Source(slug=seat.slug, team_id=seat.team_id, base_url=base_url)
    site = upstreams.site_of(request)
    found = resolve(request.path_info)
    context: dict[str, Any] = {
        "job": runs.card_of(state, outcome, site=site, now=time.time(), source=source),
        "operation_id": found.kwargs["operation_id"],
        "takes_key": not seat.live_denial,
        "team": seat.team,
        "csrf_token": get_token(request),
    }
    return render_to_string("panels/_job.html", context)


@public(in_team=Right.RUN_MOCK)
@require_http_methods(["GET", "HEAD"])
async def live_media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Result media of a live answer, through the client's guard; a team's only for the team."""
    signed = media.unsign(token)
    member = getattr(request, "member", None)
    if signed is None or signed.team_id != (member.team_id if member is not None else None):
        raise Http404
    return await upstreams.live_media(request, signed)


@public
@require_http_methods(["GET", "HEAD"])
async def mock_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Result media and files of the emulator, read in process."""
    return await upstreams.mock_media(request, path)
