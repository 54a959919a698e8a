"""What happens to accounts, written into the audit log. No password and no code ever is.

Accounts belong to no team, so these events have none. Importing connects the signals.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from debugger.teams import audit
from debugger.teams.accounts.adapters import PLACE
from debugger.teams.models import User

_PLAIN: dict[str, Signal] = {
    "account.created": account.user_signed_up,
    "account.password_changed": account.password_changed,
    "account.password_set": account.password_set,
    "account.password_reset": account.password_reset,
}
_ADDRESSES: dict[str, Signal] = {
    "account.email_added": account.email_added,
    "account.email_removed": account.email_removed,
    "account.email_verified": account.email_confirmed,
}
_FACTORS: dict[str, Signal] = {
    "account.second_factor_added": mfa.authenticator_added,
    "account.second_factor_removed": mfa.authenticator_removed,
    "account.second_factor_replaced": mfa.authenticator_reset,
    "account.second_factor_failed": mfa.authentication_failed,
}


def _write(
    request: HttpRequest | None,
    action: str,
    *,
    user: User | None,
    label: str = "",
    changed: dict[str, list[object]] | None = None,
) -> None:
    if request is None:
        return  # Signed in by a command or a test, where nobody is asked.
    by = audit.origin(request, place=PLACE, user=user)
    audit.record(by, None, action, obj=user, label=label, changed=changed)


def _connect() -> None:
    for action, signal in _PLAIN.items():
        signal.connect(_plain(action), weak=False, dispatch_uid=f"audit {action}")
    for action, signal in _ADDRESSES.items():
        signal.connect(_address(action), weak=False, dispatch_uid=f"audit {action}")
    for action, signal in _FACTORS.items():
        signal.connect(_factor(action), weak=False, dispatch_uid=f"audit {action}")


def _plain(action: str) -> Any:
    def write(request: HttpRequest, user: User, **_: object) -> None:
        _write(request, action, user=user)

    return write


def _address(action: str) -> Any:
    def write(request: HttpRequest, email_address: Any, **_: object) -> None:
        _write(request, action, user=email_address.user, label=email_address.email)

    return write


def _factor(action: str) -> Any:
    def write(request: HttpRequest, user: User, authenticator: Authenticator, **_: object) -> None:
        _write(request, action, user=user, label=_kind(authenticator))

    return write


def _kind(authenticator: Authenticator) -> str:
    """A passkey by the name that its owner gave it, the others by what they are."""
    names = {"totp": "authenticator app", "recovery_codes": "recovery codes"}
    return names.get(authenticator.type) or f"passkey {authenticator}"


@receiver(account.user_logged_in, dispatch_uid="audit account.signed_in")
def _signed_in(request: HttpRequest, user: User, **_: object) -> None:
    steps = request.session.get("account_authentication_methods") or []
    words = [str(step.get("type") or step.get("method")) for step in steps]
    _write(request, "account.signed_in", user=user, changed={"by": ["", ", ".join(words)]})


@receiver(user_logged_out, dispatch_uid="audit account.signed_out")
def _signed_out(request: HttpRequest | None, user: User | None, **_: object) -> None:
    if user is not None:
        _write(request, "account.signed_out", user=user)


@receiver(account.email_changed, dispatch_uid="audit account.email_changed")
def _main_address(
    request: HttpRequest,
    user: User,
    from_email_address: Any,
    to_email_address: Any,
    **_: object,
) -> None:
    before = from_email_address.email if from_email_address else ""
    changed: dict[str, list[object]] = {"email": [before, to_email_address.email]}
    _write(request, "account.email_changed", user=user, changed=changed)


@receiver(mfa.authenticator_used, dispatch_uid="audit account.recovery_code_used")
def _factor_used(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: object
) -> None:
    # Apps and passkeys are used at every sign-in, which says so itself.
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _write(request, "account.recovery_code_used", user=user)


@receiver(social.social_account_added, dispatch_uid="audit account.sign_on_connected")
def _connected(request: HttpRequest, sociallogin: Any, **_: object) -> None:
    account_of = sociallogin.account
    _write(request, "account.sign_on_connected", user=account_of.user, label=account_of.provider)


@receiver(social.social_account_removed, dispatch_uid="audit account.sign_on_removed")
def _disconnected(request: HttpRequest, socialaccount: Any, **_: object) -> None:
    _write(
        request, "account.sign_on_removed", user=socialaccount.user, label=socialaccount.provider
    )


_connect()
