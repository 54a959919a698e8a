"""Pages of this room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from debugger.teams.access import Right, team_view


@team_view(Right.SEE_TEAM)
def members(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.SEE_TEAM, post=Right.MANAGE_MEMBERS)
def role(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.SEE_TEAM, post=Right.MANAGE_MEMBERS)
def remove(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")
