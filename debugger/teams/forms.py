"""What people type about teams. The rules are the services'; these say where an answer goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from debugger.teams import invitations, services, slugs
from debugger.teams.access import Right
from debugger.teams.models import Role
from debugger.web.errors import ServiceError

_ABOUT: Final = {
    Role.OWNER: _("Everything, with deleting the team and making other owners."),
    Role.ADMIN: _("Manages people, keys and ceilings, and reads the audit log."),
    Role.MEMBER: _("Runs live with the team's keys, without ever seeing their values."),
    Role.VIEWER: _("Looks, and runs in mock mode."),
}
# What keeps a password manager from filling in a name.
_PLAIN: Final = {"class": "in", "autocomplete": "off", "data-1p-ignore": ""}


class TeamForm(forms.Form):
    """The name of a team."""

    name = forms.CharField(
        label=_("Name of the team"),
        max_length=80,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=_("As your people say it, in any script. It can be changed later."),
        error_messages={"required": _("Give the team a name.")},
    )

    def clean_name(self) -> str:
        """The name as it is kept."""
        return _checked(services.name_of, self.cleaned_data["name"])


class SlugForm(forms.Form):
    """The word of a team in its addresses."""

    slug = forms.CharField(
        label=_("Last part of the address"),
        max_length=slugs.LONGEST,
        widget=forms.TextInput(attrs={**_PLAIN, "class": "in mono", "spellcheck": "false"}),
        help_text=_("2 to 40 letters a to z, digits and hyphens."),
        error_messages={"required": _("Give the team an address.")},
    )

    def clean_slug(self) -> str:
        """The word as it is kept."""
        return _checked(slugs.checked, self.cleaned_data["slug"])


class DeleteForm(forms.Form):
    """The typed confirmation of a deletion."""

    name = forms.CharField(
        label=_("Name of the team"),
        max_length=200,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": _("Type the team's name to confirm.")},
    )


class RoleForm(forms.Form):
    """A person's role, out of those that may be given."""

    role = forms.ChoiceField(
        label=_("Role"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a role."),
            "invalid_choice": _("You cannot give this role."),
        },
    )

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = [(role.value, role.label) for role in roles]
        self.about = [(role, _ABOUT[role]) for role in roles]


class InviteForm(RoleForm):
    """Whom to invite, as what, and until when."""

    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput(
            attrs={**_PLAIN, "placeholder": "name@example.com", "inputmode": "email"}
        ),
        help_text=_(
            "The link is mailed there, and only an account with this address can use it. Leave it "
            "empty for a link that you hand over yourself: whoever opens it first can use it."
        ),
    )
    days = forms.TypedChoiceField(
        label=_("Can be used for"),
        coerce=int,
        initial=invitations.DEFAULT_DAYS,
        choices=[(days, label) for days, label in invitations.LIFETIMES.items()],
        widget=forms.Select(attrs={"class": "in"}),
    )
    field_order = ("email", "role", "days")


def _checked(rule: Any, typed: str) -> str:
    """What a rule of the services makes of it; its sentence stands beside the field."""
    try:
        return str(rule(typed))
    except ServiceError as error:
        raise forms.ValidationError(str(error)) from error


def rights_table() -> list[tuple[str, list[bool]]]:
    """Every right and, for each role in its order, whether it has it."""
    by_role = [services.rights_of(role) for role in Role]
    return [(gettext(right.value), [right in rights for rights in by_role]) for right in Right]
