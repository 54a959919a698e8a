"""The people of a team."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from debugger.teams import audit, invitations, services
from debugger.teams.access import Right, TeamRequest, may, team_view
from debugger.teams.forms import RoleForm, rights_table
from debugger.teams.models import Role
from debugger.teams.views.answers import told
from debugger.web.errors import Invalid, NotAllowed

PLACE = gettext_noop("Members")


@team_view(Right.SEE_TEAM)
@require_safe
def members(request: TeamRequest) -> HttpResponse:
    """Everybody in the team, who is invited, and who may do what."""
    member, now = request.member, timezone.now()
    invites = may(member, Right.INVITE)
    facts = {
        "people": services.people(member),
        "invitations": invitations.waiting(member.team) if invites else [],
        "now": now,
        "roles": list(Role),
        "table": rights_table(),
    }
    return render(request, "teams/members.html", facts)


@team_view(Right.MANAGE_MEMBERS)
@require_safe
def person(request: TeamRequest, number: int) -> HttpResponse:
    """One person's role, and the way out of the team."""
    return _person(request, number)


@team_view(Right.SEE_TEAM, post=Right.MANAGE_MEMBERS)
@require_POST
def role(request: TeamRequest, number: int) -> HttpResponse:
    """Give a person another role."""
    form = RoleForm(request.POST, roles=services.grantable(request.member))
    if not form.is_valid():
        return _person(request, number, form=form)
    chosen, by = form.cleaned_data["role"], audit.origin(request, place=PLACE)
    try:
        place = services.change_role(request.member, number, role=chosen, by=by, now=timezone.now())
    except (Invalid, NotAllowed) as error:
        form.add_error("role", str(error))
        return _person(request, number, form=form)
    words = {"who": str(place.user), "role": place.get_role_display()}
    messages.success(request, _("%(who)s is now: %(role)s.") % words)
    return redirect("teams:members", slug=request.member.team.slug)


@team_view(Right.SEE_TEAM, post=Right.MANAGE_MEMBERS)
@require_POST
def remove(request: TeamRequest, number: int) -> HttpResponse:
    """End a person's place in the team."""
    if number == request.member.pk:
        return redirect("teams:leave", slug=request.member.team.slug)
    by = audit.origin(request, place=PLACE)
    try:
        user = services.remove(request.member, number, by=by, now=timezone.now())
    except (Invalid, NotAllowed) as error:
        return _person(request, number, refused=str(error))
    messages.success(request, _("%s is no longer in the team.") % user)
    return redirect("teams:members", slug=request.member.team.slug)


def _person(
    request: TeamRequest, number: int, *, form: RoleForm | None = None, refused: str = ""
) -> HttpResponse:
    place = services.person(request.member, number)
    roles = services.grantable(request.member)
    form = form or RoleForm(initial={"role": place.role}, roles=roles)
    facts = {
        "person": place,
        "form": form,
        "chosen": form["role"].value(),
        "mine": place.pk == request.member.pk,
        "manageable": services.may_touch(request.member, place),
        "refused": refused,
    }
    return render(request, "teams/person.html", facts, status=422 if refused else told(form))
