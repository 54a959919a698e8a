"""The teams of a person, and a new one."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from debugger.teams import audit, invitations, services
from debugger.teams.access import signed_in
from debugger.teams.forms import TeamForm
from debugger.teams.models import User
from debugger.teams.views.answers import TEAMS, told
from debugger.web.errors import Invalid
from debugger.web.ratelimit import limited


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Where a person belongs, with the invitation that waits for them in this browser."""
    user = cast("User", request.user)
    invitation = invitations.pending(request.session)
    facts = {"mine": services.mine(user), "invitation": invitation}
    return render(request, "teams/mine.html", facts)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a team."""
    form = TeamForm(request.POST or None)
    if request.method == "POST":
        form = TeamForm(request.POST)
        if form.is_valid():
            answer: HttpResponse = _make(request, form)
            return answer
    first = not services.mine(cast("User", request.user))
    facts = {"form": form, "first": first, "invitation": invitations.pending(request.session)}
    return render(request, "teams/new.html", facts, status=told(form))


@limited(TEAMS)
def _make(request: HttpRequest, form: TeamForm) -> HttpResponse:
    by = audit.origin(request, place=gettext_noop("Teams"))
    try:
        team = services.create(cast("User", request.user), name=form.cleaned_data["name"], by=by)
    except Invalid as error:
        form.add_error("name", str(error))
        return render(request, "teams/new.html", {"form": form}, status=told(form))
    messages.success(request, _("The team %(name)s is made, and you own it.") % {"name": team.name})
    return redirect("hub:home", slug=team.slug)
