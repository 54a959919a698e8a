"""The forms of accounts, where ours differ from allauth's."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from debugger.teams import services
from debugger.teams.models import User
from debugger.web.errors import Invalid


def _checked_name(typed: object) -> str:
    try:
        return services.person_name_of(str(typed))
    except Invalid as wrong:
        raise ValidationError(str(wrong)) from None


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types.
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail address")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""  # The page has the link to a new password.
        self.fields["remember"].label = _("Stay signed in on this device for 14 days")


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth has no types.
    """Address, password, and a name that colleagues see."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        required=False,
        help_text=_("Your colleagues see it in place of your address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order: ClassVar[list[str]] = ["email", "name", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")
        self.fields["email"].widget.attrs["autocomplete"] = "username"

    def clean_name(self) -> str:
        """The name as it is kept."""
        return _checked_name(self.cleaned_data["name"])

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Store a person; who has an account already gets a mail that says so, as slowly."""
        if self.account_already_exists:
            # Hashing takes most of the time, and its absence would tell who has an account.
            make_password(self.cleaned_data["password1"])
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved


def _once(form: forms.Form) -> None:
    """Ask for a new password once: who doubts what they typed can look at it."""
    form.fields.pop("password2", None)
    form.fields["password1"].label = _("New password")


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth has no types.
    """The password that is, and the one that shall be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        _once(self)


class FirstPasswordForm(SetPasswordForm):  # type: ignore[misc]  # allauth has no types.
    """A password for who had none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _once(self)


class ForgottenPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]  # No types.
    """A new password for who followed the link in a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _once(self)


class AddressForm(AddEmailForm):  # type: ignore[misc]  # allauth has no types.
    """One more address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")


class _Careful:
    """Passkeys whose answer is not what a browser sends are refused.

    allauth leaves the odd ones to the library below it, which answers with whatever error comes.
    """

    def full_clean(self) -> None:
        """Check the form; whatever is wrong with the answer is one sentence."""
        sentence = _("This passkey was not accepted. Try again.")
        try:
            super().full_clean()  # type: ignore[misc]
        except (AttributeError, InvalidSignature, LookupError, TypeError, ValueError):
            self._refuse(sentence)

    def _refuse(self, sentence: Any) -> None:
        form: Any = self
        form.cleaned_data = {}
        form.add_error("credential", ValidationError(sentence, code="passkey"))


class PasskeySignInForm(_Careful, LoginWebAuthnForm):  # type: ignore[misc]  # No types.
    """A passkey in place of address and password."""


class PasskeyStepForm(_Careful, AuthenticateWebAuthnForm):  # type: ignore[misc]  # No types.
    """A passkey after the password."""


class PasskeyAgainForm(_Careful, ReauthenticateWebAuthnForm):  # type: ignore[misc]  # No types.
    """A passkey from who is signed in, before something that matters."""


class NewPasskeyForm(_Careful, AddWebAuthnForm):  # type: ignore[misc]  # No types.
    """A passkey that is made."""

    def clean_name(self) -> str:
        """Cut to what a list can show: the passkey is made by now and must not be lost."""
        return str(super().clean_name())[:60]


class NameForm(forms.ModelForm):  # type: ignore[type-arg]  # No subscript at run time.
    """How colleagues see a person."""

    class Meta:
        model = User
        fields = ("name",)
        labels: ClassVar = {"name": _("Your name")}
        help_texts: ClassVar = {"name": _("Your colleagues see it in place of your address.")}
        widgets: ClassVar = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def clean_name(self) -> str:
        """The name as it is kept."""
        return _checked_name(self.cleaned_data["name"])
