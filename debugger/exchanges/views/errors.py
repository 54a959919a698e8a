"""The errors page: what goes wrong lately, the most frequent first."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from debugger.exchanges import troubles
from debugger.exchanges.models import Exchange
from debugger.teams.access import Right, TeamRequest, team_view


@team_view(Right.SEE_RUNS)
@require_safe
def index(request: TeamRequest) -> HttpResponse:
    """Everything that failed within the chosen window, in groups."""
    now = timezone.now()
    window = troubles.window_of(request.GET.get("window", ""))
    mode = request.GET.get("mode", "")
    mode = mode if mode in Exchange.Mode.values else ""
    context = {
        "found": troubles.found(request.member.team, window=window, mode=mode, now=now),
        "windows": troubles.WINDOWS,
        "mode": mode,
        "modes": Exchange.Mode.choices,
        "since": now - window.length,
        "now": now,
    }
    return render(request, "exchanges/errors.html", context)
