"""Sending a draft, at once or as a stream, and showing what came of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
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
from debugger.generations import balances
from debugger.generations.balances import Reading
from debugger.generations.models import Generation
from debugger.generations.pages import cards
from debugger.panels import gate, keeping, media, services, upstreams
from debugger.panels import run as runs
from debugger.panels import stream as streams
from debugger.panels import submission as submissions
from debugger.panels.calls import call_for
from debugger.panels.gate import Pass, Stop
from debugger.panels.keeping import Kept, Sent
from debugger.panels.keybar import KeyBar, key_bar
from debugger.panels.known import Known, known, run_before
from debugger.panels.panel import Panel
from debugger.panels.patience import unbroken
from debugger.panels.seat import Seat, seat_of
from debugger.panels.submission import Last, Submission
from debugger.panels.views.pages import operation_of
from debugger.teams.access import Right, may, public
from debugger.teams.context import teams
from debugger.web.connections import flowing, in_thread
from debugger.web.ratelimit import RUNS, limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A draft that may be sent, and everything that its answer is shown with.

    ``known`` is what the team ran before with the same idempotency key, ``before`` the
    balance that was read before the run, ``begun`` the row of its job that was written before.
    """

    submission: Submission
    passed: Pass
    bar: KeyBar
    known: Known | None = None
    before: Reading | None = None
    begun: Generation | None = None

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

    def sent(self, visit: upstreams.Visit) -> Sent:
        """What is remembered of it beside its answer."""
        return Sent(
            submission=self.submission,
            account=visit.account,
            served=visit.served,
            before=self.before,
            begun=self.begun,
        )

    async def remember(
        self, outcome: Outcome, *, visit: upstreams.Visit, said: object = None
    ) -> Kept:
        """Keep what came of it, even when the browser goes away meanwhile."""
        sent, now = self.sent(visit), timezone.now()
        told = in_thread(keeping.remember, self.passed, outcome, sent=sent, said=said, now=now)
        return await unbroken(told)


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
    # A team's run may be paid for: it is carried to its end, where the history has its answer,
    # although the browser may have gone away meanwhile.
    carrying = carried(request, ready, visit)
    answer = await (carrying if ready.seat.team is None else unbroken(carrying))
    if isinstance(answer, str):
        return HttpResponse(answer)
    ready, outcome, kept = answer
    render_answer = render_outcome if _by_script(request) else render_page
    html = await in_thread(render_answer, request, ready, outcome, kept=kept)
    return visit.keep(HttpResponse(html))


async def carried(
    request: HttpRequest, ready: Ready, visit: upstreams.Visit
) -> tuple[Ready, Outcome, Kept] | str:
    """A run from its charge to what is kept of it; the fragment that says why it was not sent."""
    call = ready.call()
    charged = await _charged(request, ready, call, visit)
    if isinstance(charged, str):
        return charged
    outcome = await api.call(visit.upstream, call)
    return charged, outcome, await charged.remember(outcome, visit=visit)


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
    visit, call = await _upstream(request, ready), ready.call()
    ready = await _charged(request, ready, call, visit)
    if isinstance(ready, str):
        return HttpResponse(ready)
    kept = keeping.NOTHING

    async def ended(told: streams.Told) -> None:
        nonlocal kept
        assert told.outcome is not None  # noqa: S101 - Finished always carries one.
        kept = await ready.remember(told.outcome, visit=visit, said=told.final)

    async def end(told: streams.Told) -> str:
        assert told.outcome is not None  # noqa: S101 - Finished always carries one.
        return await in_thread(render_outcome, request, ready, told.outcome, kept=kept, told=told)

    mock = ready.submission.mode is Mode.MOCK
    began = {
        "#output": render_to_string("panels/_streaming.html", {"mock": mock}),
        "#frames": render_to_string("panels/_frames.html"),
    }
    events = streams.relay(visit.upstream, call, began=began, ended=ended, end=end)
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
    if not _by_script(request):
        submission = _repeated(submission, seat, base_url=bar.base_url if live else "", now=now)
    stop = _refused(seat, submission)
    before = known(seat.team, submission, base_url=bar.base_url if live else "")
    shown = services.panel_of(submission, seat=seat, bar=bar, sending=True, known=before)
    if stop is not None or (not submission.anyway and shown.summary):
        return _held(request, submission, shown, stop)
    if before is not None and not before.same and not submission.reuse:
        return _held(request, submission, shown, Stop(known=before))
    passed = (
        gate.admit(seat, submission, bar=bar, now=now)
        if live
        else Pass(seat=seat, operation=operation)
    )
    if isinstance(passed, Stop):
        return _held(request, submission, shown, passed)
    return Ready(submission=submission, passed=passed, bar=bar, known=before)


def _repeated(submission: Submission, seat: Seat, *, base_url: str, now: datetime) -> Submission:
    """The same as the run before once more, where a page without script cannot tell it."""
    run = run_before(seat, submission, base_url=base_url, now=now)
    if run is None:
        return submission
    last = Last(fingerprint=run.fingerprint, key=run.idempotency_key, made=run.made)
    return replace(submission, last=last, came_back=True)


async def _charged(
    request: HttpRequest, ready: Ready, call: api.Call, visit: upstreams.Visit
) -> Ready | str:
    """The same with its credits held; the balance is read first, or it would count them already."""
    passed, before = ready.passed, None
    if ready.submission.operation.id == keeping.CREATE and passed.seat.team is not None:
        before = await balances.before(
            key=passed.key,
            secret=passed.secret or "",
            account=visit.account,
            user_id=passed.seat.user_id or 0,
            now=timezone.now(),
        )
    return await in_thread(_held_for, request, replace(ready, before=before), call, visit)


@sensitive_variables("passed", "ready", "call")
def _held_for(
    request: HttpRequest, ready: Ready, call: api.Call, visit: upstreams.Visit
) -> Ready | str:
    now = timezone.now()
    passed = gate.charged(ready.passed, ready.submission, now=now)
    if isinstance(passed, Stop):
        shown = services.panel_of(
            ready.submission, seat=ready.seat, bar=ready.bar, sending=True, known=ready.known
        )
        return _held(request, ready.submission, shown, passed)
    sent = ready.sent(visit)
    begun = keeping.begin(passed, call, upstream=visit.upstream, sent=sent, now=now)
    return replace(ready, passed=passed, begun=begun)


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


def render_page(request: HttpRequest, ready: Ready, outcome: Outcome, *, kept: Kept) -> str:
    """The whole page with the answer on it, for a browser without script."""
    context = _answered(request, ready, outcome, kept, by_script=False)
    return render_to_string("panels/page.html", context, request)


def render_outcome(
    request: HttpRequest,
    ready: Ready,
    outcome: Outcome,
    *,
    kept: Kept = keeping.NOTHING,
    told: streams.Told | None = None,
) -> str:
    """The fragment that ends a run: output, raw, headers and request, and the next run's key."""
    context = _answered(request, ready, outcome, kept)
    if told is not None:
        context["result"] = runs.streamed(context["result"], told)
    return render_to_string("panels/_outcome.html", context)


def _answered(
    request: HttpRequest, ready: Ready, outcome: Outcome, kept: Kept, *, by_script: bool = True
) -> dict[str, Any]:
    seat, submission = ready.seat, ready.submission
    after = runs.afterwards(submission, outcome, by_script=by_script)
    # The answer may have taught something about the key, which its option then says.
    bar = key_bar(seat, submission.operation, chosen=ready.bar.chosen, now=timezone.now())
    shown = runs.result_of(
        outcome,
        submission,
        site=upstreams.site_of(request),
        now=time.time(),
        source=ready.source,
        key_id=ready.passed.key_id,
        first=ready.known.run if ready.known is not None else None,
    )
    return {
        "result": shown,
        "panel": services.panel_of(after, seat=seat, bar=bar, check=False),
        "kept": kept,
        "card": _card(seat, kept),
        **teams(request),
        "csrf_token": get_token(request),
    }


def _card(seat: Seat, kept: Kept) -> cards.Card | None:
    """The card of a job that is followed without the page."""
    if kept.job is None or not kept.follows or seat.team is None:
        return None
    return cards.of([kept.job], team=seat.team, now=timezone.now())[0]
