"""The screens of the panels. Each view reads a submission, calls one service, renders a fragment.

What spends or waits is asynchronous, so that a browser that goes away cancels the upstream call.
The live key is read from the POST body, handed to the client, and appears in no template.
"""

from __future__ import annotations

import time
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from debugger.client import api
from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations, schemas
from debugger.contract.operations import Operation
from debugger.panels import handover, media, services, upstreams
from debugger.panels import run as runs
from debugger.panels import stream as streams
from debugger.panels import submission as submissions
from debugger.panels import watch as watches
from debugger.panels.calls import call_for
from debugger.panels.submission import Submission
from debugger.teams.access import Right, public
from debugger.web.errors import Invalid
from debugger.web.ratelimit import LOOKS, RUNS, limited

_RETRIEVE: Final = operations.get("generations.retrieve")


def _operation(operation_id: str) -> Operation:
    try:
        return operations.get(operation_id)
    except KeyError:
        raise Http404 from None


@public(in_team=Right.RUN_MOCK)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All operations under their groups."""
    context = {"operation_list": services.groups(), "count": len(operations.CATALOG)}
    return render(request, "panels/index.html", context)


@public(in_team=Right.RUN_MOCK)
@require_http_methods(["GET", "POST"])
def panel(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One panel, with sample values, ids from the address, or a draft that was handed over."""
    operation = _operation(operation_id)
    draft = handover.from_post(operation, request.POST) if request.method == "POST" else None
    if draft is None and request.method == "POST":
        draft = submissions.read(request, operation).draft
    draft = draft or handover.from_address(operation, request.GET)
    foreign = request.POST.get("foreign", "")[:200]
    context = services.panel_context(request, operation_id, draft=draft, foreign_host=foreign)
    return render(request, "panels/page.html", context)


@public(in_team=Right.RUN_MOCK)
@require_GET
def schema(_request: HttpRequest, operation_id: str) -> HttpResponse:
    """The JSON Schema of the request body."""
    operation = _operation(operation_id)
    if operation.request is None:
        raise Http404
    document = schemas.component(operation.request)
    return JsonResponse(document, json_dumps_params={"indent": 2, "ensure_ascii": False})


@public(in_team=Right.RUN_MOCK)
@require_POST
@sensitive_post_parameters("live_key")
def form(request: HttpRequest, operation_id: str) -> HttpResponse:
    """Everything anew, the fields too: another model, another row, tidied JSON."""
    return _refreshed(request, operation_id, everything=True)


@public(in_team=Right.RUN_MOCK)
@require_POST
@sensitive_post_parameters("live_key")
def preview(request: HttpRequest, operation_id: str) -> HttpResponse:
    """What follows from what was typed, leaving alone the editor that is being typed in."""
    return _refreshed(request, operation_id, everything=False)


def _refreshed(request: HttpRequest, operation_id: str, *, everything: bool) -> HttpResponse:
    submission = submissions.read(request, _operation(operation_id))
    check = submission.check or everything
    shown = services.panel_of(submission, check=check)
    from_json = submission.editor == "json"
    # A chosen file lives in its input, so an upload's fields stay and only their rule is swapped.
    other_fields = submission.model_changed and not shown.uploads
    refresh = {
        "fields": everything or from_json or other_fields,
        "json": shown.has_body and (not from_json or everything) and shown.trouble is None,
        "check": check,
    }
    return render(request, "panels/_refresh.html", {"panel": shown, "refresh": refresh})


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(RUNS)
@sensitive_post_parameters("live_key")
async def run(request: HttpRequest, operation_id: str) -> HttpResponse:
    """Send the draft, or say why it was held back and offer to send it anyway."""
    submission = await sync_to_async(submissions.read)(request, _operation(operation_id))
    held = await _held(request, submission)
    if held is not None:
        return HttpResponse(held)
    upstream = await upstreams.upstream_for(
        request, mode=submission.mode, scenario=submission.scenario
    )
    outcome = await api.call(upstream.upstream, _call(submission))
    render_answer = render_outcome if _by_script(request) else render_page
    html = await sync_to_async(render_answer)(request, submission, outcome)
    return upstream.keep(HttpResponse(html))


def _by_script(request: HttpRequest) -> bool:
    """Whether htmx asked, which wants a fragment; a browser without script wants a page."""
    return request.headers.get("HX-Request") == "true"


def _call(submission: Submission) -> api.Call:
    return call_for(submission, key=submission.live_key if _uses_key(submission) else None)


def _uses_key(submission: Submission) -> bool:
    live = submission.mode is Mode.LIVE and submission.operation.scope is not None
    return live and bool(submission.live_key)


async def _held(request: HttpRequest, submission: Submission) -> str | None:
    """The fragment that says why nothing was sent; None when it may be sent."""
    return await sync_to_async(_held_html)(request, submission)


def _held_html(request: HttpRequest, submission: Submission) -> str | None:
    stop = services.refusal(submission)
    shown = services.panel_of(submission, sending=True)
    if stop is None and (submission.anyway or not shown.summary):
        return None
    context = {"panel": shown, "stop": stop, "csrf_token": get_token(request)}
    if _by_script(request) or submission.operation.kind is operations.Kind.STREAM:
        return render_to_string("panels/_held.html", context)
    return render_to_string("panels/page.html", context, request)


def render_page(request: HttpRequest, submission: Submission, outcome: Outcome) -> str:
    """The whole page with the answer on it, for a browser without script."""
    after = runs.afterwards(submission, outcome)
    context = {
        "result": runs.result_of(
            outcome, submission, site=upstreams.site_of(request), now=time.time()
        ),
        "panel": services.panel_of(after, check=False),
        "csrf_token": get_token(request),
    }
    return render_to_string("panels/page.html", context, request)


def render_outcome(
    request: HttpRequest,
    submission: Submission,
    outcome: Outcome,
    *,
    told: streams.Told | None = None,
) -> str:
    """The fragment that ends a run: output, raw, headers and request, and the next run's key."""
    result = runs.result_of(outcome, submission, site=upstreams.site_of(request), now=time.time())
    if told is not None:
        result = runs.streamed(result, told)
    after = runs.afterwards(submission, outcome)
    context = {
        "result": result,
        "panel": services.panel_of(after, check=False),
        "csrf_token": get_token(request),
    }
    return render_to_string("panels/_outcome.html", context)


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(RUNS)
@sensitive_post_parameters("live_key")
async def stream(request: HttpRequest, operation_id: str) -> HttpResponseBase:
    """Run a streamed turn: an event stream of ours, or a fragment when it was held back."""
    operation = _operation(operation_id)
    if operation.kind is not operations.Kind.STREAM:
        raise Http404
    submission = await sync_to_async(submissions.read)(request, operation)
    held = await _held(request, submission)
    if held is not None:
        return HttpResponse(held)
    upstream = await upstreams.upstream_for(
        request, mode=submission.mode, scenario=submission.scenario
    )

    async def end(told: streams.Told) -> str:
        assert told.outcome is not None  # noqa: S101 - Finished always carries one.
        return await sync_to_async(render_outcome)(request, submission, told.outcome, told=told)

    began = {
        "#output": render_to_string(
            "panels/_streaming.html", {"mock": submission.mode is Mode.MOCK}
        ),
        "#frames": render_to_string("panels/_frames.html"),
    }
    events = streams.relay(upstream.upstream, _call(submission), began=began, end=end)
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return upstream.keep(response)


@public(in_team=Right.RUN_MOCK)
@require_POST
@limited(LOOKS)
@sensitive_post_parameters("live_key")
async def watch(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One look at a job, or the card of a job that is no longer watched."""
    now = time.time()
    state = watches.read(request.POST.dict(), now=now)
    if state is None:
        raise Invalid(_("No task id was sent."))
    if state.stopped:
        return await _card(request, operation_id, state, None)
    upstream = await upstreams.upstream_for(request, mode=state.mode, scenario=state.scenario)
    key = request.POST.get("live_key", "").strip()[:512] if state.mode is Mode.LIVE else ""
    call = api.Call(operation=_RETRIEVE, path={"taskId": state.task}, key=key or None)
    outcome = await api.call(upstream.upstream, call)
    state = watches.polled(state, outcome, now=time.time())
    return upstream.keep(await _card(request, operation_id, state, outcome))


async def _card(
    request: HttpRequest, operation_id: str, state: watches.Watch, outcome: Outcome | None
) -> HttpResponse:
    card = runs.card_of(state, outcome, site=upstreams.site_of(request), now=time.time())
    context: dict[str, Any] = {
        "job": card,
        "panel": {"operation": _operation(operation_id)},
        "csrf_token": get_token(request),
    }
    return HttpResponse(await sync_to_async(render_to_string)("panels/_job.html", context))


@public(in_team=Right.RUN_MOCK)
@require_POST
def curl(request: HttpRequest) -> HttpResponse:
    """What a pasted curl command means: read, never run."""
    imported = services.imported(request.POST.get("command", "")[:200_000])
    return render(request, "panels/_imported.html", {"imported": imported})


@public(in_team=Right.RUN_MOCK)
@require_http_methods(["GET", "HEAD"])
async def live_media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Result media of a live answer, through the client's guard."""
    url = media.unsign(token)
    if url is None:
        raise Http404
    return await upstreams.live_media(request, url)


@public
@require_http_methods(["GET", "HEAD"])
async def mock_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Result media and files of the emulator, read in process."""
    return await upstreams.mock_media(request, path)
