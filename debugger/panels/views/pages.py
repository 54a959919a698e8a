"""Pages that are looked at and filled in; nothing here is sent to the API."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from debugger.client.outcome import Mode
from debugger.contract import operations, schemas
from debugger.contract.operations import Operation
from debugger.panels import handover, keybar, services
from debugger.panels import submission as submissions
from debugger.panels.calls import idempotency_of
from debugger.panels.known import known
from debugger.panels.seat import seat_of
from debugger.teams.access import Right, public


def operation_of(operation_id: str) -> Operation:
    """The operation of an address; Http404 for any other word."""
    try:
        return operations.get(operation_id)
    except KeyError:
        raise Http404 from None


@public(in_team=Right.RUN_MOCK)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All operations under their groups."""
    catalog = operations.CATALOG
    context = {
        "operation_list": services.groups(),
        "count": len(catalog),
        "lacking": keybar.lacking(seat_of(request), catalog, now=timezone.now()),
    }
    return render(request, "panels/index.html", context)


@public(in_team=Right.RUN_MOCK)
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("live_key")
def panel(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One panel, with sample values, ids from the address, or a draft that was handed over."""
    operation = operation_of(operation_id)
    draft = handover.from_post(operation, request.POST) if request.method == "POST" else None
    back = None
    if draft is None and request.method == "POST":
        back = submissions.read(request, operation)
    draft = draft or (back.draft if back else handover.from_address(operation, request.GET))
    foreign = request.POST.get("foreign", "")[:200]
    handed = None
    if draft is not None and "imported" in request.POST:
        handed = submissions.handed(operation, draft, request.POST)
    context = services.panel_context(
        request, operation_id, draft=draft, foreign_host=foreign, back=back, handed=handed
    )
    return render(request, "panels/page.html", context)


@public(in_team=Right.RUN_MOCK)
@require_GET
def schema(_request: HttpRequest, operation_id: str) -> HttpResponse:
    """The JSON Schema of the request body."""
    operation = operation_of(operation_id)
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
    submission = submissions.read(request, operation_of(operation_id))
    seat = seat_of(request)
    check = submission.check or everything
    bar = keybar.bar_for_preview(seat, chosen=submission.choice)
    live = submission.mode is Mode.LIVE
    # A key that was made from the body belongs to nobody else's run.
    typed = idempotency_of(submission) not in ("", submission.made_key)
    before = known(seat.team, submission, base_url=bar.base_url if live else "") if typed else None
    shown = services.panel_of(submission, seat=seat, bar=bar, check=check, known=before)
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
def curl(request: HttpRequest) -> HttpResponse:
    """What a pasted curl command means: read, never run."""
    imported = services.imported(request.POST.get("command", "")[:200_000])
    return render(request, "panels/_imported.html", {"imported": imported})
