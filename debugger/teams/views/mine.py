"""Pages of this room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from debugger.teams.access import signed_in


@signed_in
def mine(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")


@signed_in
def new(request: HttpRequest, **_: object) -> HttpResponse:
    """To be filled."""
    return render(request, "teams/page.html")
