"""The screens of what a team ran: the list, one run, and what people add to it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import OperationalError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from debugger.client.redact import redact_text
from debugger.exchanges import listing, marks, reading, saved_views, services, talk, zones
from debugger.exchanges.exports import curl
from debugger.exchanges.models import Exchange
from debugger.exchanges.narrowing import Narrowed
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.web import pages
from debugger.web.errors import Invalid, NotFound
from debugger.web.lengths import length
from debugger.web.ratelimit import RUNS, limited

logger = logging.getLogger(__name__)
_NEXT_LENGTH: Final = 2_000


@team_view(Right.SEE_RUNS)
@require_safe
def runs(request: TeamRequest) -> HttpResponse:
    """What the team ran, newest first, narrowed as the link says."""
    member = request.member
    typed = {name: str(text) for name, text in request.GET.items()}
    asked = {name: text for name, text in typed.items() if redact_text(text) == text}
    wanted = services.narrowed(asked)
    zone = zones.zone_of(wanted.typed.get("tz"))
    people = listing.people(member.team, wanted.typed.get("person", ""))
    keys = listing.keys(member.team)
    context: dict[str, Any] = {
        "wanted": wanted,
        "zone": zone,
        "tabs": saved_views.tabs(member, wanted.query),
        "chips": listing.chips(wanted.typed, _names(people, keys)),
        "folded": sum(1 for name in listing.FOLDED if wanted.typed.get(name)),
        "operations": listing.operation_options(),
        "results": listing.RESULTS.items(),
        "modes": Exchange.Mode.choices,
        "people": people,
        "keys": keys,
        "codes": listing.known_codes(),
        "models": listing.known_models(),
        "rules": services.rules_of(member.team),
        "here": _here(request),
        "held_key": len(asked) < len(typed),
        "utc_query": listing.query_of(wanted.typed, without="tz"),
    }
    return render(request, "exchanges/list.html", context | _found(request, wanted, zone))


def _found(request: TeamRequest, wanted: Narrowed, zone: zones.Zone) -> dict[str, Any]:
    """One page of rows; where the database gives up, the page says so and stays usable."""
    team = request.member.team
    try:
        page = services.page(team, wanted, cursor=request.GET)
        total, more = services.some_total(team, wanted)
    except OperationalError:
        logger.exception("The history could not be read")
        return {"unread": True}
    return {
        "page": page,
        "days": listing.days(page.rows, zone, now=timezone.now()),
        "total": total,
        "more": more,
        "newest": not (request.GET.get(pages.OLDER) or page.newer),
    }


def _here(request: TeamRequest) -> str:
    """This page's address, for coming back to it; without a filter that holds a key."""
    address = request.get_full_path()[:_NEXT_LENGTH]
    return address if redact_text(address) == address else request.path


def _names(people: list[listing.Option], keys: list[listing.Option]) -> dict[str, str]:
    """How the values of filters read that are ids."""
    named = {f"person:{pk}": name for pk, name in people}
    named |= {f"key:{public_id}": label for public_id, label in keys}
    named |= {f"result:{value}": str(name) for value, name in listing.RESULTS.items()}
    named |= {f"mode:{value}": str(name) for value, name in Exchange.Mode.choices}
    named |= {f"starred:{value}": _("yes") for value in ("1", "on", "true")}
    options = listing.operation_options()
    return named | {f"operation:{pk}": name for _group, found in options for pk, name in found}


@team_view(Right.SEE_RUNS)
@require_safe
def run(request: TeamRequest, run: str) -> HttpResponse:
    """Everything that is kept of one run."""
    return _run_page(request, services.find(request.member.team, run))


def _run_page(
    request: TeamRequest, row: Exchange, *, trouble: str = "", typed: str = ""
) -> HttpResponse:
    zone = zones.zone_of(request.GET.get("tz"))
    whole = request.GET.get("whole", "")
    shown = reading.Reading(row, zone=zone, whole=whole)
    said = services.comments(request.member.team, row.name)
    context = {
        "shown": shown,
        "row": row,
        "zone": zone,
        "chosen": reading.REQUEST if whole == reading.REQUEST or row.status is None else "",
        "here": _here(request),
        "narrowed": _narrowed_before(request),
        "comments": [(each, zones.time_of(each.at, zone)) for each in said],
        "comment_most": marks.COMMENT_MOST,
        "trouble": trouble,
        "typed": typed,
    }
    status = Invalid.status if trouble else HTTPStatus.OK
    return render(request, "exchanges/run.html", context | _around(shown), status=status)


def _narrowed_before(request: TeamRequest) -> str:
    """The filter of the list that the person came from; "" for any other page."""
    before = urlsplit(request.headers.get("Referer", "")[:_NEXT_LENGTH])
    listed = reverse("history:list", args=[request.member.team.slug])
    if before.netloc != request.get_host() or before.path != listed:
        return ""
    if redact_text(before.query) != before.query:
        return ""
    return urlencode([(name, text) for name, text in parse_qsl(before.query) if text])


def _around(shown: reading.Reading) -> dict[str, Any]:
    """What the page says of other runs, of time, and as a command."""
    row = shown.row
    before, other = reading.lately_like(row)
    first = row.first_byte_ms
    known = shown.operation is not None and shown.content is not None
    return {
        "before": before,
        "other": other,
        "origin": row.origin,
        "took": length(row.total_ms / 1000),
        "first_byte": "" if first is None else length(first / 1000),
        "phases": [(each, length(each.ms / 1000)) for each in shown.phases],
        "curl": curl.command(row, base_url=settings.RIVYA_BASE_URL) if known else "",
        "curl_note": curl.note(row) if known else "",
    }


@team_view(Right.MARK_RUNS)
@require_POST
def star(request: TeamRequest, run: str) -> HttpResponse:
    """Star a run or take the star away; by script only the star is answered."""
    row = services.find(request.member.team, run)
    services.star(row, request.POST.get("on") == "1")
    row.starred = request.POST.get("on") == "1"
    here = _next(request, row)
    if request.headers.get("HX-Request") == "true":
        return render(request, "exchanges/_star.html", {"row": row, "here": here})
    return HttpResponseRedirect(here)


@team_view(Right.MARK_RUNS)
@require_POST
@limited(RUNS)
def comment(request: TeamRequest, run: str) -> HttpResponse:
    """Say something about a run, or take back what one said."""
    row, member = services.find(request.member.team, run), request.member
    gone = request.POST.get("delete", "")
    if gone:
        talk.take_back(member, row.name, gone)
        messages.success(request, _("The comment is deleted."))
        return redirect("history:run", slug=member.team.slug, run=row.name)
    text = request.POST.get("text", "")
    try:
        services.comment(member, row.name, text, now=timezone.now())
    except Invalid as trouble:
        return _run_page(request, row, trouble=str(trouble), typed=text)
    address = reverse("history:run", args=[member.team.slug, row.name])
    return HttpResponseRedirect(f"{address}#comments")


@team_view(Right.SEE_RUNS)
@require_safe
def request_text(request: TeamRequest, run: str) -> HttpResponse:
    """The body that was sent, as a file."""
    return _file(services.find(request.member.team, run), reading.REQUEST)


@team_view(Right.SEE_RUNS)
@require_safe
def response_text(request: TeamRequest, run: str) -> HttpResponse:
    """The body that came, as a file."""
    return _file(services.find(request.member.team, run), reading.RESPONSE)


def _file(row: Exchange, side: str) -> HttpResponse:
    """A body as plain text to be saved: never as a type that a browser would run or draw."""
    content = getattr(row, "content", None)
    text = getattr(content, f"{side}_text", None)
    if text is None:
        raise NotFound(_("Nothing of this body was kept."))
    name = reading.file_name(row, side, text)
    return HttpResponse(
        text.encode(errors="replace"),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _next(request: TeamRequest, row: Exchange) -> str:
    """Where the person was, if that is a page of this site; else the run's own."""
    wanted = request.POST.get("next", "")[:_NEXT_LENGTH]
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return wanted
    return reverse("history:run", args=[request.member.team.slug, row.name])
