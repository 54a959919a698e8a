"""A team's name and address, leaving it, and deleting it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from debugger.teams import audit, services
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.teams.forms import DeleteForm, SlugForm, TeamForm
from debugger.teams.models import Membership
from debugger.teams.views.answers import site_of, told
from debugger.web.errors import Invalid

PLACE = gettext_noop("Team settings")


@team_view(Right.RENAME_TEAM)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: TeamRequest) -> HttpResponse:
    """The name, which is changed here, and everything else that can be set."""
    if request.method != "POST":
        return _page(request)
    form = TeamForm(request.POST)
    if not form.is_valid():
        return _page(request, name=form)
    by = audit.origin(request, place=PLACE)
    services.rename(request.member, name=form.cleaned_data["name"], by=by)
    messages.success(request, _("The name is changed."))
    return redirect("teams:settings", slug=request.member.team.slug)


@team_view(Right.RENAME_TEAM)
@require_POST
def slug(request: TeamRequest) -> HttpResponse:
    """Move the team to another address."""
    form = SlugForm(request.POST)
    if not form.is_valid():
        return _page(request, slug=form)
    by = audit.origin(request, place=PLACE)
    try:
        team = services.change_slug(request.member, slug=form.cleaned_data["slug"], by=by)
    except Invalid as error:
        form.add_error("slug", str(error))
        return _page(request, slug=form)
    messages.success(request, _("The team has a new address. Tell your people."))
    return redirect("teams:settings", slug=team.slug)


@team_view(Right.DELETE_TEAM)
@require_POST
def delete(request: TeamRequest) -> HttpResponse:
    """Delete the team after its name was typed."""
    form = DeleteForm(request.POST)
    if not form.is_valid():
        return _page(request, delete=form)
    by, name = audit.origin(request, place=PLACE), request.member.team.name
    typed = form.cleaned_data["name"]
    try:
        services.delete(request.member, typed=typed, by=by, now=timezone.now())
    except Invalid as error:
        form.add_error("name", str(error))
        return _page(request, delete=form)
    messages.success(request, _("The team %s is deleted, and its keys are shredded.") % name)
    return redirect("teams:mine")


@team_view(Right.SEE_TEAM)
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: TeamRequest) -> HttpResponse:
    """Say what leaving means, and leave."""
    refused, name = "", request.member.team.name
    if request.method == "POST":
        by = audit.origin(request, place=gettext_noop("Leave the team"))
        try:
            services.leave(request.member, by=by, now=timezone.now())
        except Invalid as error:
            refused = str(error)
        else:
            messages.success(request, _("You left the team %s.") % name)
            return redirect("teams:mine")
    facts = {"refused": refused, "owners": services.owners(request.member.team)}
    return render(request, "teams/leave.html", facts, status=422 if refused else 200)


def _page(request: TeamRequest, **bound: forms.Form) -> HttpResponse:
    # What was typed and refused must not stand in the header as if it were the team's name.
    team = Membership.objects.select_related("team").get(pk=request.member.pk).team
    prefix = "settings"
    made: dict[str, Any] = {
        "name": TeamForm(initial={"name": team.name}, auto_id=f"{prefix}-%s"),
        "slug": SlugForm(initial={"slug": team.slug}),
        "delete": DeleteForm(auto_id="delete-%s"),
    }
    forms_by_name = made | bound
    facts = {f"{key}_form": form for key, form in forms_by_name.items()} | {
        "site": site_of(request)
    }
    status = max(told(form) for form in forms_by_name.values())
    return render(request, "teams/settings.html", facts, status=status)
