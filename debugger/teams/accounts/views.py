"""Our own pages of an account; the others are allauth's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from allauth.account.models import EmailAddress
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.usersessions.adapter import get_adapter as sessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from debugger.teams.access import public, signed_in
from debugger.teams.accounts import activity
from debugger.teams.accounts.forms import NameForm
from debugger.teams.models import User
from debugger.web import pages
from debugger.web.errors import NotFound

logger = logging.getLogger(__name__)

LONGEST_PASSWORD = 1_000


@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    """What protects the account, and the person's name, which is changed here."""
    person: Any = request.user
    form = NameForm(request.POST or None, instance=User.objects.get(pk=person.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your name is changed."))
        return redirect("account_overview")
    kinds = list(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    facts = {
        "form": form,
        "addresses": EmailAddress.objects.filter(user=person).order_by("-primary", "email"),
        "has_password": person.has_usable_password(),
        "has_app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "browsers": len(UserSession.objects.purge_and_list(person)),
        "connected": SocialAccount.objects.filter(user=person).count(),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "account/overview.html", facts, status=status)


@signed_in
@require_safe
def recent_activity(request: HttpRequest) -> HttpResponse:
    """What was done with the account lately, and what was tried at it."""
    person: Any = request.user
    shown = activity.page(person, cursor=request.GET)
    facts = {
        "rows": [activity.told(event) for event in shown.rows],
        "page": shown,
        "newest": not (request.GET.get(pages.OLDER) or shown.newer),
    }
    return render(request, "account/activity.html", facts)


@signed_in
@require_POST
def end_session(request: HttpRequest, number: int) -> HttpResponse:
    """Sign one other browser out."""
    person: Any = request.user
    found = UserSession.objects.filter(user=person, pk=number).first()
    if found is None:
        raise NotFound(_("This browser is signed out already."))
    if not found.is_current():
        sessions_adapter().end_sessions([found])
        messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")


@public
@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def password_check(request: HttpRequest) -> HttpResponse:
    """What the rules say about a password while it is typed; nothing of it is kept.

    It answers with a fragment, and refuses what would be a way to let the server count.
    """
    limits = {"password_check": "120/m/ip"}
    if not ratelimit.consume(request, app="debugger", action="password_check", config=limits):
        return HttpResponse(status=204)
    typed = request.POST.get("password1") or ""
    person: Any = request.user
    about = person if person.is_authenticated else User(email=request.POST.get("email", "")[:254])
    try:
        validate_password(typed[:LONGEST_PASSWORD], about)
        problems: list[str] = []
    except ValidationError as error:
        problems = list(error.messages)
    return render(request, "account/_password_rules.html", {"typed": typed, "problems": problems})


@public
def sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leave for the provider of single sign-on.

    Our policy lets forms go to this site only, redirects included, so what allauth would answer to
    the form becomes a page of our own that leads on by itself.
    """
    answer = _with_provider(request, provider_id, openid_connect.login)
    if answer.status_code != HTTPStatus.FOUND:
        return answer
    return render(request, "socialaccount/leaving.html", {"address": answer["Location"]})


@public
def signed_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Come back from there."""
    return _with_provider(request, provider_id, openid_connect.callback)


def _with_provider(
    request: HttpRequest, provider_id: str, step: Callable[[HttpRequest, str], HttpResponse]
) -> HttpResponse:
    """One step of allauth's; a provider that is away or answers nonsense is a page, not a crash."""
    try:
        return step(request, provider_id)
    except (OSError, LookupError, TypeError, ValueError):
        logger.exception("The provider of single sign-on does not answer as it should")
        return render(
            request, "socialaccount/authentication_error.html", status=HTTPStatus.BAD_GATEWAY
        )
