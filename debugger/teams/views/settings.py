"""Pages of this room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from debugger.teams.access import Right, team_view


@team_view(Right.RENAME_TEAM)
def settings(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.RENAME_TEAM)
def slug(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.DELETE_TEAM)
def delete(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.SEE_TEAM)
def leave(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")
