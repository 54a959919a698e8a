"""Sending a draft, at once or as a stream, and showing what came of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from debugger.client import api
from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.contract.operations import Operation
from debugger.panels import gate, media, services, upstreams
from debugger.panels import run as runs
from debugger.panels import stream as streams
from debugger.panels import submission as submissions
from debugger.panels.calls import call_for
from debugger.panels.gate import Pass, Stop
from debugger.panels.keybar import KeyBar, key_bar
from debugger.panels.panel import Panel
from debugger.panels.patience import unbroken
from debugger.panels.seat import Seat, seat_of
from debugger.panels.submission import Submission
from debugger.panels.views.pages import operation_of
from debugger.teams.access import Right, may, public
from debugger.web.connections import flowing, in_thread
from debugger.web.ratelimit import RUNS, limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A draft that may be sent, and everything that its answer is shown with."""

    submission: Submission
    passed: Pass
    bar: KeyBar

    @property
    def seat(self) -> Seat:
        """Who sends it."""
        return self.passed.seat

    @property
    def source(self) -> media.Source:
        """Where its answer comes from."""
        seat = self.seat
        return media.Source(slug=seat.slug, team_id=seat.team_id, base_url=self.passed.base_url)

    def call(self) -> api.Call:
        """The client's call; the key is in it and nowhere else."""
        return call_for(self.submission, key=self.passed.secret)

    async def remember(self, outcome: Outcome, *, said: object = None) -> None:
        """Keep what came of it, even when the browser goes away meanwhile."""
        told = in_thread(gate.told, self.passed, outcome, said=said, now=timezone.now())
        await unbroken(told)


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(RUNS)
@sensitive_post_parameters("live_key")
async def run(request: HttpRequest, operation_id: str) -> HttpResponse:
    """Send the draft, or say why it was held back and offer to send it anyway."""
    ready = await in_thread(_ready, request, operation_of(operation_id))
    if isinstance(ready, str):
        return HttpResponse(ready)
    visit = await _upstream(request, ready)
    outcome = await api.call(visit.upstream, ready.call())
    await ready.remember(outcome)
    render_answer = render_outcome if _by_script(request) else render_page
    html = await in_thread(render_answer, request, ready, outcome)
    return visit.keep(HttpResponse(html))


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(RUNS)
@sensitive_post_parameters("live_key")
async def stream(request: HttpRequest, operation_id: str) -> HttpResponseBase:
    """Run a streamed turn: an event stream of ours, or a fragment when it was held back."""
    operation = operation_of(operation_id)
    if operation.kind is not operations.Kind.STREAM:
        raise Http404
    ready = await in_thread(_ready, request, operation)
    if isinstance(ready, str):
        return HttpResponse(ready)
    visit = await _upstream(request, ready)

    async def ended(told: streams.Told) -> None:
        assert told.outcome is not None  # noqa: S101 - Finished always carries one.
        await ready.remember(told.outcome, said=told.final)

    async def end(told: streams.Told) -> str:
        assert told.outcome is not None  # noqa: S101 - Finished always carries one.
        return await in_thread(render_outcome, request, ready, told.outcome, told=told)

    mock = ready.submission.mode is Mode.MOCK
    began = {
        "#output": render_to_string("panels/_streaming.html", {"mock": mock}),
        "#frames": render_to_string("panels/_frames.html"),
    }
    events = streams.relay(visit.upstream, ready.call(), began=began, ended=ended, end=end)
    response = StreamingHttpResponse(flowing(events), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return visit.keep(response)


def _upstream(request: HttpRequest, ready: Ready) -> Awaitable[upstreams.Visit]:
    return upstreams.upstream_for(
        request,
        ready.seat,
        base_url=ready.passed.base_url,
        scenario=ready.submission.scenario,
    )


def _by_script(request: HttpRequest) -> bool:
    """Whether htmx asked, which wants a fragment; a browser without script wants a page."""
    return request.headers.get("HX-Request") == "true"


@sensitive_variables("submission", "passed")
def _ready(request: HttpRequest, operation: Operation) -> Ready | str:
    """What may be sent, or the fragment that says why nothing was."""
    submission = submissions.read(request, operation)
    seat, now = seat_of(request), timezone.now()
    live = submission.mode is Mode.LIVE
    bar = key_bar(seat, operation, chosen=submission.choice if live else "", now=now)
    stop = _refused(seat, submission)
    shown = services.panel_of(submission, seat=seat, bar=bar, sending=True)
    if stop is None and not submission.anyway and shown.summary:
        return _held(request, submission, shown, None)
    if stop is not None:
        return _held(request, submission, shown, stop)
    if not live:
        return Ready(submission=submission, passed=Pass(seat=seat, operation=operation), bar=bar)
    passed = gate.admit(seat, submission, bar=bar, now=now)
    if isinstance(passed, Stop):
        return _held(request, submission, shown, passed)
    return Ready(submission=submission, passed=passed, bar=bar)


def _refused(seat: Seat, submission: Submission) -> Stop | None:
    """What no "send anyway" can change."""
    sentence = services.refusal(submission)
    if sentence is not None:
        return Stop(sentence=sentence)
    if submission.mode is Mode.LIVE and seat.live_denial:
        return Stop(sentence=seat.live_denial, signs_in=seat.asks_sign_in)
    return None


def _held(request: HttpRequest, submission: Submission, shown: Panel, stop: Stop | None) -> str:
    member = shown.seat.member
    context = {
        "panel": shown,
        "stop": stop,
        "held": True,
        "overrides": member is not None and may(member, Right.OVERRIDE_CEILING),
        "team": shown.seat.team,
        "csrf_token": get_token(request),
    }
    if _by_script(request) or submission.operation.kind is operations.Kind.STREAM:
        return render_to_string("panels/_held.html", context)
    return render_to_string("panels/page.html", context, request)


def render_page(request: HttpRequest, ready: Ready, outcome: Outcome) -> str:
    """The whole page with the answer on it, for a browser without script."""
    context = _answered(request, ready, outcome)
    return render_to_string("panels/page.html", context, request)


def render_outcome(
    request: HttpRequest,
    ready: Ready,
    outcome: Outcome,
    *,
    told: streams.Told | None = None,
) -> str:
    """The fragment that ends a run: output, raw, headers and request, and the next run's key."""
    context = _answered(request, ready, outcome)
    if told is not None:
        context["result"] = runs.streamed(context["result"], told)
    return render_to_string("panels/_outcome.html", context)


def _answered(request: HttpRequest, ready: Ready, outcome: Outcome) -> dict[str, Any]:
    seat, submission = ready.seat, ready.submission
    after = runs.afterwards(submission, outcome)
    # The answer may have taught something about the key, which its option then says.
    bar = key_bar(seat, submission.operation, chosen=ready.bar.chosen, now=timezone.now())
    return {
        "result": runs.result_of(
            outcome,
            submission,
            site=upstreams.site_of(request),
            now=time.time(),
            source=ready.source,
            key_id=ready.passed.key_id,
        ),
        "panel": services.panel_of(after, seat=seat, bar=bar, check=False),
        "team": seat.team,
        "csrf_token": get_token(request),
    }
