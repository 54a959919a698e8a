"""Second factors whose secrets are sealed where they are stored, and what to say when one does not
open.

allauth asks its adapter to encrypt and decrypt, and gives it the text alone. Whose it is, and what
it is, is told beside it (``about``), so that the adapter can bind a secret to its person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.totp.views import activate_totp
from allauth.mfa.webauthn.views import add_webauthn
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from debugger.teams.access import signed_in
from debugger.web.errors import Invalid

APP: Final[str] = Authenticator.Type.TOTP.value
CODES: Final[str] = Authenticator.Type.RECOVERY_CODES.value
PENDING: Final = "pending"
"""The secret of an app that is being set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whom a secret belongs to, and which of that person's it is: APP, CODES or PENDING."""

    person: int
    kind: str


_about: ContextVar[Whose | None] = ContextVar("whose second factor", default=None)


@contextmanager
def about(person: int, kind: str) -> Iterator[None]:
    """What the adapter is asked about inside."""
    before = _about.set(Whose(person=person, kind=kind))
    try:
        yield
    finally:
        _about.reset(before)


def whose() -> Whose | None:
    """What ``about`` said; None outside of it."""
    return _about.get()


class _Opening:
    """A code of an app or a recovery code. What does not open is said, and the rest still counts.

    allauth's own check stops at the first secret that does not open.
    """

    @sensitive_variables("code")
    def clean_code(self) -> str:
        """The code, when it is right."""
        form: Any = self
        clear = check_rate_limit(form.user)
        code = str(form.cleaned_data["code"])
        factors = Authenticator.objects.filter(user=form.user, type__in=[APP, CODES])
        shut = ""
        for factor in factors:
            try:
                right = opens(factor, code)
            except Invalid as why:
                shut = str(why)
                continue
            if right:
                factor.user, form.authenticator = form.user, factor
                clear()
                return code
        main = min(factors, key=lambda factor: factor.type != APP, default=None)
        if main is not None:
            form._emit_authentication_failed(main)
        raise _not_checked(shut) if shut else get_adapter().validation_error("incorrect_code")


@sensitive_variables("code")
def opens(factor: Authenticator, code: str) -> bool:
    """Whether a code fits. Raises Invalid when the secret cannot be opened."""
    with about(factor.user_id, factor.type):
        return bool(factor.wrap().validate_code(code))


def _not_checked(why: str) -> ValidationError:
    sentence = _("This code cannot be checked. %(why)s A passkey works all the same.")
    return ValidationError(sentence % {"why": why}, code="sealed")


class CodeStepForm(_Opening, AuthenticateForm):  # type: ignore[misc]  # allauth has no types.
    """A code after the password."""


class CodeAgainForm(_Opening, ReauthenticateForm):  # type: ignore[misc]  # allauth has no types.
    """A code from who is signed in, before something that matters."""


class NewAppForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types.
    """The first code of an app. Its secret waits in the session, sealed like the one that stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user = kwargs.pop("user")
        # Past allauth's own beginning, which writes the secret into the session as it is.
        forms.Form.__init__(self, *args, **kwargs)
        kept = _pending(self.user.pk) if self.is_bound else ""
        self.lost = self.is_bound and not kept
        self.secret = kept or _new_pending(self.user.pk)

    def clean_code(self) -> str:
        """The code, when the app made it from the secret that was shown."""
        if self.lost:
            sentence = _("The secret that you scanned is gone. Scan the new one.")
            raise ValidationError(sentence, code="lost")
        return str(super().clean_code())


@sensitive_variables()
def _pending(person: int) -> str:
    """The secret that was shown; "" when there is none, or it does not open."""
    stored = context.request.session.get(SECRET_SESSION_KEY)
    if not isinstance(stored, str):
        return ""
    try:
        with about(person, PENDING):
            return str(get_adapter().decrypt(stored))
    except Invalid:
        return ""


@sensitive_variables()
def _new_pending(person: int) -> str:
    secret = str(generate_totp_secret())
    with about(person, PENDING):
        context.request.session[SECRET_SESSION_KEY] = get_adapter().encrypt(secret)
    return secret


# -- Pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the page of second factors says of them: the recovery codes that are left, None when
    they do not open, and why something does not open, "" when all does.
    """

    left: int | None
    app_opens: bool
    trouble: str


def state_of(person: Any) -> State:
    """The state of a person's app and recovery codes."""
    found = {each.type: each for each in Authenticator.objects.filter(user_id=person.pk)}
    trouble, left, app_opens = "", None, True
    if APP in found:
        try:
            with about(person.pk, APP):
                get_adapter().decrypt(found[APP].data["secret"])
        except Invalid as why:
            trouble, app_opens = str(why), False
    if CODES in found:
        try:
            with about(person.pk, CODES):
                left = len(found[CODES].wrap().get_unused_codes())
        except Invalid as why:
            trouble = str(why)
    return State(left=left, app_opens=app_opens, trouble=trouble)


def _where_it_can_be_kept(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Begin nothing whose secret could not be stored: say why, where one came from."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if why := get_adapter().storing_trouble():
            messages.error(request, why)
            return redirect("mfa_index")
        return view(request)

    checked: Callable[..., HttpResponse] = signed_in(guarded)
    return checked


class _NewCodes(GenerateRecoveryCodesView):  # type: ignore[misc]  # allauth has no types.
    """New recovery codes, also in place of such that do not open any more."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = super().get_context_data(**kwargs)
        except Invalid:
            facts = super(GenerateRecoveryCodesView, self).get_context_data(**kwargs)
            facts["unreadable"] = True
        return facts


new_app = _where_it_can_be_kept(activate_totp)
new_passkey = _where_it_can_be_kept(add_webauthn)
new_codes = _where_it_can_be_kept(_NewCodes.as_view())
