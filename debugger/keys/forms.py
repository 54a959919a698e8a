"""What people type on the pages of keys. A key that was typed is never rendered again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from debugger.client.redact import without_keys
from debugger.contract.operations import Scope
from debugger.keys import paste
from debugger.keys.choosing import base_urls, host_of
from debugger.keys.lifecycle import OVERLAPS, Overlap
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.keys.storing import Stated
from debugger.web.errors import Invalid

ALL, CHOSEN, UNKNOWN = "all", "chosen", "unknown"
ENVIRONMENTS: Final = ("production", "staging", "development")


class Keyless(forms.CharField):
    """A line of text in which no key may stand, because it is shown."""

    default_error_messages = {  # noqa: RUF012 - Django's own form.
        "required": gettext_lazy("Give it a label, so that people can tell it from others."),
    }

    def clean(self, value: Any) -> str:
        """The text, on one line; raises for one that holds a key."""
        text = " ".join(str(super().clean(value)).split())
        if without_keys(text) != text:
            raise ValidationError(
                _("There is a key in this field. It is shown to the whole team: leave the key out.")
            )
        if not text.isprintable():
            # Joiners shape words and emoji; other characters without a shape could hide a label.
            seen = text.replace("\u200d", "").replace("\u200c", "")
            if not seen.isprintable():
                raise ValidationError(_("There is a character in it that cannot be seen."))
        return text


class Shown(forms.Form):
    """A form that forgets, before it is rendered again, what must not be shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s", **kwargs})

    def without_secrets(self) -> None:
        """Drop what was typed as a key, and a key that was typed elsewhere, from what is kept."""
        kept = QueryDict(mutable=True)
        for name, values in self.data.lists() if isinstance(self.data, QueryDict) else ():
            if name != "value":
                kept.setlist(name, [without_keys(str(each)) for each in values])
        self.data = kept
        for error in (each for errors in self.errors.values() for each in errors.as_data()):
            for name, said in (error.params or {}).items():  # Some messages quote what is wrong.
                if isinstance(said, str):
                    error.params = {**(error.params or {}), name: without_keys(said)}


class About(Shown):
    """What is said of a key: the scopes it is known to hold, and its last day."""

    scope_choice = forms.ChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[
            (ALL, gettext_lazy("All nine")),
            (CHOSEN, gettext_lazy("Only some")),
            (UNKNOWN, gettext_lazy("I do not know")),
        ],
        widget=forms.RadioSelect,
        initial=ALL,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Which ones"),
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    expires = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "in"}),
        error_messages={"invalid": gettext_lazy("Write a day as 2026-12-31.")},
        help_text=gettext_lazy(
            "If the key was made with one. It counts to the end of that day, UTC."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Some scopes means at least one."""
        cleaned = super().clean() or {}
        if cleaned.get("scope_choice") == CHOSEN and not cleaned.get("scopes"):
            self.add_error("scopes", _("Choose at least one, or say that you do not know."))
        return cleaned

    def _scopes(self) -> tuple[str, ...] | None:
        choice = self.cleaned_data["scope_choice"]
        if choice == UNKNOWN:
            return None
        chosen = set(self.cleaned_data["scopes"])
        return tuple(s.value for s in Scope if choice == ALL or s.value in chosen)

    def _expires_at(self) -> datetime | None:
        """The end of the last day, in UTC."""
        day: date | None = self.cleaned_data["expires"]
        if day is None:
            return None
        return datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)

    def check_expiry(self, *, now: datetime, kept: datetime | None = None) -> None:
        """A day that has passed is a slip, unless it was there before."""
        if self.errors.get("expires"):
            return
        try:
            ends = self._expires_at()
        except OverflowError:
            self.add_error("expires", _("That day is beyond every calendar."))
            return
        if ends is not None and ends <= now and ends != kept:
            self.add_error("expires", _("That day has passed."))


class Named(About):
    """What is said of a key, with its label."""

    label = Keyless(
        label=gettext_lazy("Label"),
        max_length=60,
        validators=[ProhibitNullCharactersValidator()],
        widget=forms.TextInput(
            attrs={"class": "in", "autocomplete": "off", "placeholder": gettext_lazy("Production")}
        ),
    )
    environment = Keyless(
        label=gettext_lazy("Environment"),
        max_length=30,
        required=False,
        widget=forms.TextInput(
            attrs={"class": "in", "autocomplete": "off", "list": "environments"}
        ),
    )

    def stated(self) -> Stated:
        """All of it as one value."""
        return Stated(
            label=self.cleaned_data["label"],
            environment=self.cleaned_data["environment"],
            scopes=self._scopes(),
            expires_at=self._expires_at(),
        )


def _value_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Key"),
        strip=False,
        widget=forms.PasswordInput(
            render_value=False,
            attrs={
                "class": "in mono",
                "autocomplete": "off",
                "spellcheck": "false",
                "autocapitalize": "none",
                "data-1p-ignore": "",
                "data-lpignore": "true",
                "placeholder": "rvya_sk_…",
            },
        ),
        help_text=gettext_lazy(
            "Pasted once and never shown again. This field is emptied whenever the page answers."
        ),
        error_messages={"required": gettext_lazy("Paste the key.")},
    )


def _pasted(text: str) -> Pasted:
    try:
        return paste.read(text)
    except Invalid as trouble:
        raise ValidationError(str(trouble)) from None


class Add(Named):
    """A new key."""

    value = _value_field()
    base_url = forms.ChoiceField(
        label=gettext_lazy("Sent only to"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("This address is not configured here.")},
    )
    test = forms.BooleanField(
        label=gettext_lazy("Test it once it is stored"), required=False, initial=True
    )
    field_order = ("value", "label", "environment", "base_url", "scope_choice", "scopes", "expires")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        addresses = [(url, host_of(url)) for url in base_urls()]
        field = self.fields["base_url"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - It is declared above.
        field.choices = addresses
        field.initial = addresses[0][0]

    def clean_value(self) -> Pasted:
        """The key alone."""
        return _pasted(self.cleaned_data["value"])


class Rotate(About):
    """The key that takes the place of another."""

    value = _value_field()
    overlap = forms.ChoiceField(
        label=gettext_lazy("How long the old key goes on working"),
        choices=[(each.value, label) for each, label in OVERLAPS],
        widget=forms.RadioSelect,
        initial=Overlap.HOUR.value,
    )
    field_order = ("value", "overlap", "scope_choice", "scopes", "expires")

    def clean_value(self) -> Pasted:
        """The key alone."""
        return _pasted(self.cleaned_data["value"])

    def stated(self) -> Stated:
        """What is said of the new key; its label comes from the old one."""
        return Stated(label="", scopes=self._scopes(), expires_at=self._expires_at())

    def chosen_overlap(self) -> Overlap:
        """How long the old key stays."""
        return Overlap(self.cleaned_data["overlap"])


class Edit(Named):
    """What is said of a stored key."""

    field_order = ("label", "environment", "scope_choice", "scopes", "expires")

    @classmethod
    def of(cls, key: ApiKey) -> dict[str, Any]:
        """The form's first values for a key."""
        every = key.stated is not None and set(key.stated) == {scope.value for scope in Scope}
        choice = UNKNOWN if key.stated is None else ALL if every else CHOSEN
        expires = None
        if key.expires_at is not None:
            expires = (key.expires_at.astimezone(UTC) - timedelta(seconds=1)).date()
        return {
            "label": key.label,
            "environment": key.environment,
            "scope_choice": choice,
            "scopes": [] if every else list(key.stated or ()),
            "expires": expires,
        }


class Revoke(Shown):
    """The word that confirms a revocation."""

    typed = forms.CharField(
        required=False,
        strip=True,
        max_length=60,
        widget=forms.TextInput(
            attrs={"class": "in mono", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
