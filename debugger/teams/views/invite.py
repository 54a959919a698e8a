"""Pages of this room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from debugger.teams.access import Right, public, team_view


@team_view(Right.INVITE)
def invite(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.INVITE)
def resend(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@team_view(Right.INVITE)
def revoke(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@public
def waiting(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@public
def accept(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")
