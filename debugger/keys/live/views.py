"""The screens of live mode in a team: arming, the account strip, ceilings and spend.

Arming works without JavaScript too: the panel posts its draft here, and the page that arms posts it
back with the token in a hidden field. With JavaScript the token stays in the tab, see arming.js.
"""

from __future__ import annotations

from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from debugger.keys.live import arming, purse, spending
from debugger.keys.live import balance as balances
from debugger.keys.live import ceilings as pages
from debugger.keys.live.charges import shown
from debugger.keys.live.forms import CeilingsForm
from debugger.keys.live.spend import day_of, who_may_override
from debugger.teams import audit
from debugger.teams.access import Right, TeamRequest, may, team_view
from debugger.web.errors import Invalid, NotAllowed, NotFound
from debugger.web.ratelimit import RUNS, limited

_OWN: Final = frozenset(
    {
        "csrfmiddlewaretoken",
        "confirm",
        "key",
        "key_choice",
        "next",
        "armed",
        "mode",
        "live_key",
        "upload",
        "place",
    }
)
"""Fields of this page, and what a page must not repeat: a pasted key."""
_MOST_FIELDS: Final = 400
# Each of these asks the API or writes into the audit log, and counts like a run.
_counted = limited(RUNS, posts=True)


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _key_id(request: HttpRequest) -> str:
    data = request.POST if request.method == "POST" else request.GET
    return (data.get("key") or data.get("key_choice") or "")[:16]


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The draft of a panel that posted here, to be posted back; never a key."""
    if request.method != "POST":
        return []
    pairs = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _OWN
        for value in values
        if isinstance(value, str)
    ]
    return pairs[:_MOST_FIELDS]


def _next(request: TeamRequest) -> str:
    """Where the person came from, if that is a page of this team; else its panels."""
    data = request.POST if request.method == "POST" else request.GET
    wanted = data.get("next", "")
    slug = request.member.team.slug or ""
    inside = wanted.startswith(f"/t/{slug}/")
    if inside and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted[:500]
    return reverse("team_panels:index", kwargs={"slug": slug})


@team_view(Right.USE_KEYS)
@require_http_methods(["GET", "POST"])
@_counted
@sensitive_post_parameters("live_key")
def arm(request: TeamRequest) -> HttpResponse:
    """What arming means for one key; with ``confirm`` it is done, and the token is handed out."""
    now = timezone.now()
    key_id = _key_id(request)
    context: dict[str, Any] = {"next": _next(request), "carried": _carried(request)}
    if request.method == "POST" and request.POST.get("confirm") == "yes":
        try:
            begun = arming.begin(
                request.member,
                key_id,
                session_key=request.session.session_key or "",
                by=audit.origin(request, place=gettext_noop("Live mode")),
                now=now,
            )
        except Invalid as refusal:
            context["trouble"] = str(refusal)
        else:
            context |= {"begun": begun, "minutes": arming.LASTS.seconds // 60}
            return _answer(request, "armed", context)
    context["arm"] = purse.arm_page(request.member, key_id, now=now)
    return _answer(request, "arm", context)


def _answer(request: TeamRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    template = f"keys/live/_{name}.html" if _by_script(request) else f"keys/live/{name}.html"
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


@team_view(Right.USE_KEYS)
@require_POST
@_counted
def disarm(request: TeamRequest) -> JsonResponse:
    """Write down that a tab was disarmed before its time."""
    ended = arming.end(
        request.POST.get(arming.FIELD, ""),
        request.member,
        _key_id(request),
        session_key=request.session.session_key or "",
        by=audit.origin(request, place=gettext_noop("Live mode")),
        now=timezone.now(),
    )
    return JsonResponse({"disarmed": ended})


@team_view(Right.SEE_TEAM)
@require_GET
def strip(request: TeamRequest) -> HttpResponse:
    """The account strip of the header: the key in use, its balance, and what is left today."""
    return _strip(request, purse.purse(request.member, _key_id(request), now=timezone.now()))


def _strip(request: TeamRequest, shown: purse.Purse, trouble: str = "") -> HttpResponse:
    context = {"purse": shown, "uses": may(request.member, Right.USE_KEYS), "trouble": trouble}
    response = render(request, "keys/live/_strip.html", context)
    response["Cache-Control"] = "no-store"
    return response


@team_view(Right.USE_KEYS)
@require_POST
@_counted
async def balance(request: TeamRequest) -> HttpResponse:
    """Ask the API for the balance of a key, and show the page or the strip anew with it."""
    now, key_id = timezone.now(), _key_id(request)
    try:
        trouble = await balances.refresh(request.member, key_id, now=now)
    except (Invalid, NotFound, NotAllowed) as refusal:
        trouble = str(refusal)
    return await sync_to_async(_after_balance)(request, key_id, trouble)


def _after_balance(request: TeamRequest, key_id: str, trouble: str) -> HttpResponse:
    """Where the person asked: the strip, the page that arms, or its dialog."""
    now = timezone.now()
    if request.POST.get("place") == "strip":
        return _strip(request, purse.purse(request.member, key_id, now=now), trouble)
    context = {
        "next": _next(request),
        "carried": _carried(request),
        "arm": purse.arm_page(request.member, key_id, now=now),
        "trouble": trouble,
    }
    return _answer(request, "arm", context)


@team_view(Right.SEE_TEAM, post=Right.SET_CEILINGS)
@require_http_methods(["GET", "POST"])
def ceilings(request: TeamRequest) -> HttpResponse:
    """What may be spent, what was spent, and by whom."""
    team, now = request.member.team, timezone.now()
    page = pages.page(team, now=now)
    if request.method == "POST":
        form = CeilingsForm(team, page.keys, request.POST)
        if form.is_valid():
            return _set(request, form)
    else:
        form = CeilingsForm(team, page.keys)
    editable = may(request.member, Right.SET_CEILINGS)
    context = {
        "page": page,
        "form": form,
        "editable": editable,
        "who": () if editable else who_may_override(team),
    }
    status = 422 if form.is_bound else 200
    return render(request, "keys/live/ceilings.html", context, status=status)


def _set(request: TeamRequest, form: CeilingsForm) -> HttpResponse:
    changed = pages.set_ceilings(
        request.member,
        team=form.chosen("team"),
        keys={key.public_id: form.chosen(key.public_id) for key in form.keys},
        by=audit.origin(request, place=gettext_noop("Ceilings")),
    )
    said = _("The ceilings were changed.") if changed else _("Nothing was changed.")
    messages.success(request, said)
    if changed:
        _warn_of_what_is_full(request)
    return HttpResponseRedirect(reverse("live:ceilings", kwargs={"slug": request.member.team.slug}))


def _warn_of_what_is_full(request: TeamRequest) -> None:
    now = timezone.now()
    team = request.member.team
    team.refresh_from_db(fields=["run_ceiling", "day_ceiling"])
    page = pages.page(team, now=now)
    bars = [(_("the team"), page.today), *((key.label, key.bar) for key in page.keys)]
    for whose, bar in bars:
        if bar.over:
            messages.warning(
                request,
                _(
                    "Today %(spent)s credits count already for %(whose)s, and the ceiling is "
                    "%(most)s: nothing more runs live there until %(time)s UTC, unless an owner or "
                    "an admin confirms it for a run."
                )
                % {
                    "spent": shown(bar.total),
                    "whose": whose,
                    "most": shown(bar.most or 0),
                    "time": f"{page.resets_at:%H:%M}",
                },
            )


@team_view(Right.SEE_RUNS)
@require_GET
def spend(request: TeamRequest) -> HttpResponse:
    """What live runs cost: by day, person, model and key."""
    wanted = spending.period(request.GET.dict(), today=day_of(timezone.now()))
    page = spending.page(request.member.team, wanted)
    context = {"page": page, "choices": spending.CHOICES}
    return render(request, "keys/live/spend.html", context)
