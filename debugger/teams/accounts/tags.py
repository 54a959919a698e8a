"""Template tags of the account pages: fields, browsers, the first person, hosts with passkeys."""

from __future__ import annotations

import ipaddress
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from django import template
from django.conf import settings
from django.forms import BoundField, PasswordInput
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.teams.accounts import adapters, browsers, factors

register = template.Library()
_OF_CODES = ("allauth.mfa.", factors.__name__)


@register.simple_tag
def nobody_yet() -> bool:
    """Whether the first account is still to be made."""
    return adapters.nobody_yet()


@register.filter
def is_secret(field: BoundField) -> bool:
    """Whether the control hides what is typed."""
    return isinstance(field.field.widget, PasswordInput)


@register.filter
def is_new_secret(field: BoundField) -> bool:
    """Whether a new password is typed there, so that its rules stand beside it."""
    return field.name == "password1"


@register.simple_tag
def first_person_is_trusted() -> bool:
    """Whether the first person needs no mail."""
    return bool(settings.RIVYA_DASH_FIRST_PERSON_IS_TRUSTED)


@register.simple_tag(takes_context=True)
def sign_up_is_open(context: template.Context) -> bool:
    """Whether this visitor may make an account."""
    return adapters.AccountAdapter().is_open_for_signup(context["request"])


@register.simple_tag(takes_context=True)
def mail_folder(context: template.Context) -> str:
    """Where mails become files, for who sits at this machine; "" for everybody else."""
    folder: str = settings.RIVYA_DASH_EMAIL_FOLDER
    written = settings.EMAIL_BACKEND.startswith("rivya_dash.mail.")
    return folder if written and adapters.is_local(context["request"]) else ""


@register.simple_tag
def control(field: BoundField, **attrs: Any) -> SafeString:
    """A field's control in our dress, tied to its help and its error."""
    attrs = {name.replace("_", "-"): value for name, value in attrs.items()}
    kind = getattr(field.field.widget, "input_type", "")
    if kind not in {"checkbox", "radio"}:
        attrs.setdefault("class", "in")
    attrs["placeholder"] = False  # A label is always there, and stays when something was typed.
    if field.form.__class__.__module__.startswith(_OF_CODES) and field.name == "code":
        attrs["inputmode"] = "numeric"
    described = [f"{field.auto_id}_{end}" for end in _notes_of(field)]
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


def _notes_of(field: BoundField) -> list[str]:
    notes = ["helptext"] if field.help_text else []
    if is_new_secret(field):
        notes = ["rules"]
    return [*notes, "error"] if field.errors else notes


@register.filter
def first_wrong(form: Any) -> str:
    """The name of the first field with an error, which takes the focus; "" without one."""
    if not form.is_bound:
        return ""
    wrong = next((field.name for field in form if field.errors), "")
    # Something about the whole form: a secret has to be typed again in any case.
    again = next((field.name for field in form if is_secret(field)), "")
    return wrong or (again if form.non_field_errors() else "")


@register.simple_tag(takes_context=True)
def factors_state(context: template.Context) -> factors.State:
    """What is left of the recovery codes, and whether the app and they can be read."""
    return factors.state_of(context["request"].user)


@register.filter
def browser(user_agent: str) -> browsers.Browser:
    """What a browser calls itself, as a person says it."""
    return browsers.read(user_agent)


@register.simple_tag(takes_context=True)
def passkey_address(context: template.Context) -> str:
    """Where passkeys work, when they do not work here: they belong to names, not to IP addresses.

    "" where they work, the address under "localhost" for a loopback address, else "-".
    """
    request: HttpRequest = context["request"]
    host, port = split_domain_port(request.get_host())
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "" if request.is_secure() or host == "localhost" else "-"
    if not address.is_loopback:
        return "-"
    return f"http://localhost{':' + port if port else ''}{request.path}"


@register.simple_tag(takes_context=True)
def sign_on_providers(context: template.Context) -> list[Any]:
    """The providers of single sign-on, each with ``name`` and ``get_login_url``."""
    found: list[Any] = get_adapter().list_providers(context["request"])
    return found


@register.simple_tag(takes_context=True)
def account_tabs(context: template.Context) -> list[dict[str, Any]]:
    """The pages of an account, with the one that is open marked."""
    from django.urls import reverse

    path = context["request"].path
    pages = [
        ("account_overview", _("Overview"), "person"),
        ("account_email", _("E-mail"), "mail"),
        ("account_change_password", _("Password"), "key"),
        ("mfa_index", _("Two-step and passkeys"), "shield"),
        ("usersessions_list", _("Browsers"), "screen"),
        ("account_activity", _("Activity"), "pulse"),
    ]
    if sign_on_providers(context):
        pages.append(("socialaccount_connections", _("Single sign-on"), "link"))
    overview = reverse("account_overview")
    return [
        {
            "url": (url := reverse(name)),
            "title": title,
            "icon": icon,
            "current": path == url if url == overview else path.startswith(_root(url)),
            "page": path == url,
        }
        for name, title, icon in pages
    ]


def _root(url: str) -> str:
    """What the addresses below a page begin with: a password is changed here and set there."""
    return url.removesuffix("change/")
