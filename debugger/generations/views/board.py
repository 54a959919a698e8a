"""The board, what changed on it, and the jobs whose end somebody waits for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from debugger.generations.pages import cards, following, listing, notices
from debugger.teams.access import Right, TeamRequest, team_view

BEAT: Final = "Dash-Beat"
"""The header that tells a page after how many milliseconds to ask again; 0 for not at all."""


@team_view(Right.SEE_RUNS)
@require_GET
def board(request: TeamRequest) -> HttpResponse:
    """The team's jobs: those that run, then the others by day."""
    team, now = request.member.team, timezone.now()
    wanted = listing.narrowed(request.GET)
    shown = listing.page(team, wanted, older_than=request.GET.get("older_than", ""), now=now)
    top = notices.top(team, now=now)
    context = {
        "wanted": wanted,
        "page": shown,
        "top": top,
        "choices": listing.choices(team, wanted),
        "states": _states(wanted),
        "all_query": wanted.but_for(""),
        "since": listing.beginning(now) if shown.first else "",
        "beat": _rhythm(top),
    }
    return render(request, "generations/board.html", context)


def _states(wanted: listing.Wanted) -> list[tuple[str, object, str]]:
    """Each condition that can be wanted: its name, its word, and the link's query."""
    return [(name, word, wanted.but_for(name)) for name, (_, word) in listing.STATES.items()]


def _rhythm(top: notices.Top) -> int:
    summary = top.summary
    return cards.BEAT_MS if summary.running or top.downs else cards.SLOW_MS


@team_view(Right.SEE_RUNS)
@require_GET
def changed(request: TeamRequest) -> HttpResponse:
    """What a board does not show yet, as parts that find their own places; 204 for nothing."""
    team, now = request.member.team, timezone.now()
    wanted = listing.narrowed(request.GET)
    since, shown = request.GET.get("since", ""), request.GET.getlist("shown")
    news = listing.news(team, wanted, shown, since=since, now=now)
    top = notices.top(team, now=now)
    new_top = top.mark != request.GET.get("top", "")
    if not (news.anything or new_top):
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    else:
        context = {"news": news, "top": top, "new_top": new_top, "wanted": wanted}
        answer = render(request, "generations/_changed.html", context)
    answer[BEAT] = str(_rhythm(top))
    return answer


@team_view(Right.SEE_RUNS, post=Right.MARK_RUNS)
@require_http_methods(["GET", "POST"])
def ended(request: TeamRequest) -> JsonResponse:
    """How many jobs the person waits for; a POST takes those that have ended, each once."""
    user, team = request.member.user, request.member.team
    taken = []
    if request.method == "POST":
        taken = following.take(user, team, now=timezone.now())
    told = [
        {
            "name": each.name,
            "title": each.title,
            "word": each.word,
            "good": each.good,
            "url": reverse("generations:job", kwargs={"slug": team.slug, "generation": each.name}),
        }
        for each in taken
    ]
    left = following.untold(user, team).count()
    return JsonResponse({"ended": told, "left": left})
