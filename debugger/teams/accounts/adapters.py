"""What django-allauth asks this site: who may sign up, where to go next, what to remember.

The flows themselves, their limits on attempts and their silence about who has an account, are
allauth's. Its settings stand in rivya_dash/settings.py.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from debugger.teams import audit, services
from debugger.teams.models import AuditEvent, Membership, User
from debugger.web.addresses import moved_to, origin_for_mails
from debugger.web.errors import Invalid

PLACE = gettext_noop("Account")
logger = logging.getLogger(__name__)


def nobody_yet() -> bool:
    """Whether this site has no account at all."""
    return not User.objects.exists()


def home_of(user: User) -> str:
    """Where a person's work is: their only team, the one they last did something in, or the list.

    Who has no team makes one.
    """
    found = Membership.objects.filter(user=user, team__deleted_at=None)
    slugs = dict(found.values_list("team_id", "team__slug"))
    if not slugs:
        return reverse("teams:new")
    if len(slugs) == 1:
        return reverse("hub:home", kwargs={"slug": next(iter(slugs.values()))})
    done = AuditEvent.objects.filter(actor_id=user.pk, team_id__in=list(slugs)).order_by("-at")
    last = done.values_list("team_id", flat=True).first()
    return reverse("hub:home", kwargs={"slug": slugs[last]}) if last else reverse("teams:mine")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types.
    """Accounts by e-mail address."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is switched off."),
        "cannot_remove_primary_email": _("The main address cannot be removed."),
        "duplicate_email": _("This address already belongs to your account."),
        "email_password_mismatch": _(
            "The e-mail address and the password do not belong together. Check both."
        ),
        "email_taken": _("This address cannot be used here."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _("This code is not right. Check it, or ask for a new one."),
        "incorrect_password": _("This is not your password."),
        "invalid_password_reset": _("This link cannot be used any more."),
        "max_email_addresses": _("An account has at most %d addresses."),
        "rate_limited": _("That was too often. Wait a minute and try again."),
        "same_as_current": _("This is the one that you have already."),
        "too_many_login_attempts": _(
            "Too many attempts failed. Wait five minutes and try again, or reset your password."
        ),
        "unverified_primary_email": _("Verify an address before you make it the main one."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Everybody, or only who was invited; the first person always."""
        from debugger.teams import invitations

        if settings.RIVYA_DASH_SIGN_UP == "open" or nobody_yet():
            return True
        return invitations.pending(request.session) is not None

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store a person. Of several who sign up first at the same time one is the first."""
        user.name = form.cleaned_data.get("name", "")
        if not (commit and settings.RIVYA_DASH_FIRST_PERSON_IS_TRUSTED and is_local(request)):
            saved: User = super().save_user(request, user, form, commit=commit)
            return saved
        with transaction.atomic():
            _one_at_a_time()
            first = nobody_yet()
            saved = super().save_user(request, user, form, commit=True)
        if first:
            # allauth takes a verified address from the session and forgets it at once.
            self.stash_verified_email(request, saved.email)
        return saved

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The invitation that waits in this browser, else home; only without a "next"."""
        from debugger.teams import invitations

        if invitations.pending(request.session) is not None:
            return reverse("teams:waiting")
        user = request.user
        return home_of(user) if isinstance(user, User) else super().get_login_redirect_url(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """The same as after a sign-in: a new person has no team and makes one."""
        return self.get_login_redirect_url(request)

    def post_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
        """Sign in. Who has just shown who they are is not asked again a moment later."""
        response: HttpResponse = super().post_login(request, user, **about)
        if user.has_usable_password() or get_authentication_records(request, user):
            # allauth counts only what was shown once more; its time runs from here as well.
            record_authentication(request, user, method="sign-in", reauthenticated=True)
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Back to the account's overview, where the message is read."""
        return reverse("account_overview")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, and say when that fails: what the mail was about is done or waits all the same.

        Its links lead to this site, whatever host the person or stranger who asked had named.
        """
        home = origin_for_mails(self.request)
        links = {name for name in context if name.endswith("_url")}
        led = {name: moved_to(str(context[name]), home) for name in links}
        try:
            super().send_mail(template_prefix, email, {**context, **led})
        except (OSError, SMTPException):
            logger.exception("The mail %s could not be sent", template_prefix)
            sentence = _(
                "The mail could not be sent. Who runs this site finds the reason in its log."
            )
            messages.error(self.request, sentence)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """The ways to show who one is once more, in our words."""
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use your authenticator app or a recovery code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**way, "description": words[way["id"]]} for way in found]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Remember the attempt, and whose account it was at if there is one."""
        # What was typed is not kept: people type passwords into the wrong field.
        email = str(credentials.get("email") or "").lower()
        known = User.objects.filter(email=email).first() if email else None
        audit.record(audit.origin(request, place=PLACE), None, "account.sign_in_failed", obj=known)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types.
    """Authenticator apps, passkeys and recovery codes."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Wait for the next one and try again."),
        "unverified_email": _("Verify your e-mail address first."),
        "cannot_generate_recovery_codes": _(
            "Recovery codes belong to an authenticator app or a passkey. Add one of them first."
        ),
    }

    def storing_trouble(self) -> str:
        """Why no second factor can be added now, as a sentence; "" when one can."""
        return ""

    def get_totp_issuer(self) -> str:
        """The name under which an app lists this site; with the host, as people run several."""
        return f"{settings.MFA_TOTP_ISSUER} ({self.request.get_host()})"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """A name to begin with: "Passkey", then "Passkey 2"."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %d") % number

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """How a passkey is called in the person's own list of passkeys."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**entity, "name": user.email, "display_name": user.name or user.email}


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # No types.
    """People who come from the OpenID Connect provider of the settings."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": _(
            "There is an account with this address. Sign in to it, then connect %s to it."
        ),
    }

    def list_apps(
        self,
        request: HttpRequest,  # noqa: ARG002  # allauth asks with it.
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[SocialApp]:
        """The one of the settings. Rows would be a way around them, and cost a query a page."""
        given: Any = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        apps = [SocialApp(provider="openid_connect", **app) for app in given]
        return [
            app
            for app in apps
            if provider in (None, app.provider, app.provider_id)
            and client_id in (None, app.client_id)
        ]

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """Take the name as one, as our people have it."""
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part)
        try:
            user.name = services.person_name_of(str(name))[
                : User._meta.get_field("name").max_length
            ]
        except Invalid:
            user.name = ""  # Their address names them until they choose another name.
        return user


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]  # No types.
    """Signed-in browsers."""

    def end_sessions(self, sessions: Iterable[Any]) -> None:
        """End them and remember how many."""
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            label = ngettext("%d browser", "%d browsers", len(ended)) % len(ended)
            by = audit.origin(self.request, place=PLACE)
            audit.record(by, None, "account.sessions_ended", label=label)


def is_local(request: HttpRequest) -> bool:
    """Whether the client is this machine; a proxy puts its client's address here instead."""
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _one_at_a_time() -> None:
    """Wait for everybody else who is here. The row is there from the first migration on."""
    people = ContentType.objects.select_for_update()
    people.get(app_label=User._meta.app_label, model=User._meta.model_name)
