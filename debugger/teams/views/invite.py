"""Inviting people, and accepting an invitation.

A link leads to /invite/<token>, which puts the token's hash into the session and leads on at once
to /invite/, so that the token stands in no page, no Referer and no browser's list of open pages.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from debugger.teams import audit, invitations, services
from debugger.teams.access import Right, TeamRequest, public, team_view
from debugger.teams.forms import InviteForm
from debugger.teams.models import Invitation, Membership, User
from debugger.teams.views.answers import INVITATIONS, LINKS, site_of, told
from debugger.web.errors import Invalid, NotAllowed, NotFound, error_page
from debugger.web.ratelimit import limited

PLACE = gettext_noop("Members")


@team_view(Right.INVITE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: TeamRequest) -> HttpResponse:
    """Choose whom to invite as what; the link is shown once."""
    roles = services.grantable(request.member)
    if request.method == "POST":
        form = InviteForm(request.POST, roles=roles)
        return _invite(request, form) if form.is_valid() else _form(request, form)
    return _form(request, InviteForm(roles=roles, initial={"role": "member"}))


@limited(INVITATIONS)
@sensitive_variables("made")
def _invite(request: TeamRequest, form: InviteForm) -> HttpResponse:
    try:
        made = invitations.invite(
            request.member,
            email=form.cleaned_data["email"],
            role=form.cleaned_data["role"],
            days=form.cleaned_data["days"],
            site=site_of(request),
            by=audit.origin(request, place=PLACE),
            now=timezone.now(),
        )
    except Invalid as error:
        form.add_error("email", str(error))
        return _form(request, form)
    except NotAllowed as error:
        form.add_error("role", str(error))
        return _form(request, form)
    return render(request, "teams/invited.html", {"made": made})


def _form(request: TeamRequest, form: InviteForm) -> HttpResponse:
    facts = {"form": form, "chosen": form["role"].value()}
    return render(request, "teams/invite.html", facts, status=told(form))


@team_view(Right.INVITE)
@never_cache
@require_POST
@limited(INVITATIONS)
@sensitive_variables("made")
def resend(request: TeamRequest, number: int) -> HttpResponse:
    """Make a new link for an invitation, and mail it where there is an address."""
    by = audit.origin(request, place=PLACE)
    try:
        made = invitations.resend(
            request.member, number, site=site_of(request), by=by, now=timezone.now()
        )
    except Invalid as error:
        messages.warning(request, str(error))
        return redirect("teams:members", slug=request.member.team.slug)
    return render(request, "teams/invited.html", {"made": made, "again": True})


@team_view(Right.INVITE)
@require_POST
def revoke(request: TeamRequest, number: int) -> HttpResponse:
    """Take an invitation back."""
    by = audit.origin(request, place=PLACE)
    invitations.revoke(request.member, number, by=by, now=timezone.now())
    messages.success(request, _("The invitation is taken back. Its link works no more."))
    return redirect("teams:members", slug=request.member.team.slug)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited(LINKS)
@sensitive_variables("token")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Where a link leads: on to the page without the token; a POST goes straight into the team."""
    digest = invitations.digest_of(token)
    if request.method == "POST" and request.user.is_authenticated:
        return _quiet(_accept(request, digest))
    if _known(request, digest) is None:
        return _quiet(error_page(request, NotFound(invitations.neutral())))
    invitations.remember(request.session, digest)
    response = _quiet(redirect("teams:waiting"))
    # Not on pages with a form: under this policy browsers send their forms with "Origin: null".
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: HttpRequest) -> HttpResponse:
    """The invitation that this browser followed: what it is for, and the button that accepts it."""
    digest = str(request.session.get(invitations.SESSION_KEY) or "")
    known = _known(request, digest)
    if known is None:
        invitations.forget(request.session)
        return _quiet(error_page(request, NotFound(invitations.neutral())))
    if isinstance(known, Membership):
        return _already(request, known)
    if request.method == "POST":
        return _decide(request, known, digest)
    return _quiet(render(request, "teams/waiting.html", _facts(request, known, digest)))


def _decide(request: HttpRequest, invitation: Invitation, digest: str) -> HttpResponse:
    if request.POST.get("do") == "decline":
        invitations.forget(request.session)
        messages.info(request, _("The invitation was left as it is. Its link still works."))
        return redirect("teams:mine" if request.user.is_authenticated else "hub:landing")
    if request.POST.get("do") == "switch" or not request.user.is_authenticated:
        logout(request)
        invitations.remember(request.session, digest)
        return redirect_to_login(reverse("teams:waiting"))
    if request.POST.get("seen") != digest[:16]:
        # Another link was followed in this browser since: show what is accepted before it is.
        return redirect("teams:waiting")
    try:
        return _accept(request, digest)
    except NotAllowed:
        facts = _facts(request, invitation, digest)
        return _quiet(render(request, "teams/waiting.html", facts, status=403))


def _accept(request: HttpRequest, digest: str) -> HttpResponse:
    user, by = cast("User", request.user), audit.origin(request, place=gettext_noop("Invitation"))
    already = _is_there(user, digest)
    try:
        place = invitations.accept(user, digest, by=by, now=timezone.now())
    except NotFound as error:
        return error_page(request, error)
    invitations.forget(request.session)
    if already:
        return _already(request, place)
    words = {"team": place.team.name, "role": place.get_role_display()}
    messages.success(request, _("Welcome to %(team)s. Your role is: %(role)s.") % words)
    return redirect("hub:home", slug=place.team.slug)


def _already(request: HttpRequest, place: Membership) -> HttpResponse:
    invitations.forget(request.session)
    messages.info(request, _("You are in the team %s already.") % place.team.name)
    return redirect("hub:home", slug=place.team.slug)


def _is_there(user: User, digest: str) -> bool:
    if invitations.joined_by(user, digest) is not None:
        return True
    invitation = invitations.usable(digest, now=timezone.now())
    return invitation is not None and invitations.place_in(invitation, user) is not None


def _known(request: HttpRequest, digest: str) -> Invitation | Membership | None:
    """What a hash leads to for this person: an invitation, their place in the team, or nothing."""
    user: Any = request.user
    if user.is_authenticated and (place := invitations.joined_by(user, digest)) is not None:
        return place
    invitation = invitations.usable(digest, now=timezone.now())
    if invitation is None:
        return None
    own = invitations.place_in(invitation, user) if user.is_authenticated else None
    return own or invitation


def _facts(request: HttpRequest, invitation: Invitation, digest: str) -> dict[str, Any]:
    user: Any = request.user
    inside = bool(user.is_authenticated)
    return {
        "invitation": invitation,
        "seen": digest[:16],
        "fits": inside and invitations.fits(invitation, user),
        # The whole address only for who has an account: programs that preview links have none.
        "address": invitation.email if inside else invitations.hint_of(invitation.email),
        "unverified": inside and invitations.unverified(invitation, user),
        "next": reverse("teams:waiting"),
    }


def _quiet(response: HttpResponse) -> HttpResponse:
    """Tell search engines to stay away; the Referer is kept from other sites on every page."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
