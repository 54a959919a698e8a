"""Two runs beside each other, and the way to the partner of one."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from debugger.exchanges import comparing, services
from debugger.exchanges.models import Exchange
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.teams.models import Team
from debugger.web.errors import Invalid, NotFound


@team_view(Right.SEE_RUNS)
@require_safe
def pair(request: TeamRequest) -> HttpResponse:
    """What differs between two runs; ids and moments are covered unless ``masked=0``."""
    team = request.member.team
    left, right = (_run(team, request.GET.get(name, "")) for name in ("a", "b"))
    masked, everything = request.GET.get("masked") != "0", request.GET.get("all") == "1"
    found = comparing.compare(left, right, masked=masked, everything=everything)
    context = {
        "found": found,
        "sides": (left, right),
        "masked": masked,
        "everything": everything,
    }
    return render(request, "exchanges/compare.html", context)


def _run(team: Team, name: str) -> Exchange:
    text = name.strip()[:100]
    if not text:
        raise Invalid(_("Name two runs to compare, such as run_1jz3k8x2m4q9."))
    try:
        return services.find(team, text)
    except NotFound:
        words = _("There is no run “%(name)s” in this team, or it is not kept any more.")
        raise NotFound(words % {"name": text}) from None


@team_view(Right.SEE_RUNS)
@require_safe
def same(request: TeamRequest, run: str) -> HttpResponse:
    """The same request in the other mode: compared at once where it was run there before."""
    team = request.member.team
    exchange = services.find(team, run)
    live = exchange.mode == Exchange.Mode.LIVE
    other = Exchange.Mode.MOCK if live else Exchange.Mode.LIVE
    partner = services.same_body(exchange, mode=other)
    if partner is None:
        return render(request, "exchanges/no_partner.html", {"run": exchange, "other": other})
    a, b = (partner, exchange) if live else (exchange, partner)
    address = reverse("compare:pair", kwargs={"slug": team.slug})
    return HttpResponseRedirect(f"{address}?a={a.name}&b={b.name}")
