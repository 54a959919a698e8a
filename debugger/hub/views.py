"""The landing page, the documentation and the machine-readable contract."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from debugger.client import scenarios
from debugger.contract.openapi import document
from debugger.hub import activity, following, services, steps
from debugger.hub import home as homes
from debugger.panels.services import panel_context
from debugger.teams import audit
from debugger.teams.access import Right, TeamRequest, public, team_view
from debugger.teams.accounts.adapters import nobody_yet

FIRST_PANEL = "generations.create"


@public
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The product itself: what it is for, how to start, and a panel that runs at once."""
    context = {
        "counts": services.counts(),
        "nobody_yet": nobody_yet,  # Asked by the template, and only about visitors.
        **panel_context(request, FIRST_PANEL),
    }
    return render(request, "hub/landing.html", context)


@team_view(Right.SEE_TEAM)
@require_safe
def home(request: TeamRequest) -> HttpResponse:
    """A team's own start page: its first steps, its keys, its people and what was spent today."""
    return render(
        request, "hub/home.html", {"home": homes.home(request.member, now=timezone.now())}
    )


@team_view(Right.SEE_RUNS)
@require_safe
def running(request: TeamRequest) -> HttpResponse:
    """What runs now, for the home that is open meanwhile."""
    jobs = activity.running(request.member.team, now=timezone.now())
    return render(request, "hub/_running.html", {"running": jobs})


@team_view(Right.SEE_TEAM, post=Right.HIDE_CHECKLIST)
@require_POST
def checklist(request: TeamRequest) -> HttpResponse:
    """Put the first steps away for everybody in the team, or bring them back."""
    steps.put_away(
        request.member,
        hidden=request.POST.get("hide") == "yes",
        by=audit.origin(request, place=gettext_noop("Home")),
        now=timezone.now(),
    )
    return redirect("hub:home", request.member.team.slug)


@public
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The list of documentation pages."""
    return render(request, "hub/docs.html")


@public
@require_safe
def assumptions(request: HttpRequest) -> HttpResponse:
    """Every fact about the Rivya API that had to be guessed."""
    return render(request, "hub/assumptions.html", {"guesses": services.guesses()})


@public
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every public error code, with what it means and what usually fixes it."""
    return render(request, "hub/errors.html", {"codes": services.error_codes()})


@public
@require_safe
def keyboard(request: HttpRequest) -> HttpResponse:
    """The keyboard shortcuts, and how to switch them off."""
    return render(request, "hub/keyboard.html")


@public
@require_safe
def mock_mode(request: HttpRequest) -> HttpResponse:
    """What mock mode is, what it can and cannot show, and every scenario."""
    context = {"header": scenarios.HEADER, "scenario_groups": services.scenario_groups()}
    return render(request, "hub/mock_mode.html", context)


@public
@require_safe
def first_steps(request: HttpRequest) -> HttpResponse:
    """The quickstart's seven steps, and a way to bring the checklist back."""
    return render(request, "hub/first_steps.html", steps.told())


@public
@require_safe
def teams_and_keys(request: HttpRequest) -> HttpResponse:
    """How teams, their keys, ceilings and the audit log work."""
    return render(request, "hub/teams_and_keys.html", services.teams_and_keys())


@public
@require_safe
def history_and_generations(request: HttpRequest) -> HttpResponse:
    """What a team keeps of its runs, and how jobs are followed to their end."""
    return render(request, "hub/history_and_generations.html", following.told())


@public
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The contract as an OpenAPI document, with its guesses marked."""
    contract = document(base_url=request.build_absolute_uri("/").rstrip("/"))
    return JsonResponse(contract, json_dumps_params={"indent": 2, "ensure_ascii": False})
