"""Template tags that every screen shares: the navigation, icons and the mark of a guess."""

from __future__ import annotations

from typing import TypedDict

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _

from debugger.contract import operations
from debugger.web import icons
from debugger.web import prose as proses

register = template.Library()


class Link(TypedDict):
    """One operation in the side navigation."""

    id: str
    title: str
    method: str
    url: str


class Section(TypedDict):
    """A heading of the side navigation and the operations under it."""

    slug: str
    title: str
    operations: list[Link]


@register.simple_tag
def operation_groups() -> list[Section]:
    """Every operation under its group, with the address of its panel."""
    return [
        {
            "slug": slugify(group.value),
            "title": _(group.value),
            "operations": [_link(each) for each in members],
        }
        for group, members in operations.grouped().items()
    ]


def _link(operation: operations.Operation) -> Link:
    return {
        "id": operation.id,
        "title": _(operation.title),
        "method": operation.method,
        "url": reverse("panels:panel", args=[operation.id]),
    }


@register.filter
def prose(text: object) -> SafeString:
    """A model's reply, which is Markdown, as safe markup."""
    return proses.prose(text)


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, so that a template can go through them."""
    return text.split()


@register.simple_tag
def script_file(name: str) -> str:
    """The address of one of our JavaScript modules."""
    return static(f"js/{name}.js")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of our own set; hidden from screen readers unless it has a label."""
    return icons.svg(name, label=label)


@register.simple_tag
def assumed(convention: str | None) -> SafeString | str:
    """A small mark beside a fact that is a guess; nothing where there is no guess."""
    if not convention:
        return ""
    title = _("Not documented by Rivya. Assumed after: %(convention)s") % {"convention": convention}
    return format_html('<span class="assumed" title="{}">{}</span>', title, _("assumed"))
