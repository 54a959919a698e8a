"""Template tags that every screen shares: the navigation, icons and the mark of a guess."""

from __future__ import annotations

from typing import Any, TypedDict

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _

from debugger.contract import operations
from debugger.web import icons
from debugger.web import prose as proses
from debugger.web.addresses import panel_address

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


@register.simple_tag(takes_context=True)
def panel_url(context: Context, name: str, *args: object) -> str:
    """The address of a panel's view: the page's team's where the context names one.

    {% panel_url 'run' panel.operation.id %} and {% panel_url 'index' as address %}
    """
    return panel_address(name, *args, slug=_slug(context))


@register.simple_tag(name="panel_address")
def address_in_team(name: str, slug: str, *args: object) -> str:
    """The address of a panel's view in another team than the page's."""
    return panel_address(name, *args, slug=slug)


def _slug(context: Context) -> str | None:
    team: Any = context.get("team")
    return getattr(team, "slug", None)


@register.simple_tag(takes_context=True)
def operation_groups(context: Context) -> list[Section]:
    """Every operation under its group, with the address of its panel in the page's team."""
    slug = _slug(context)
    return [
        {
            "slug": slugify(group.value),
            "title": _(group.value),
            "operations": [_link(each, slug=slug) for each in members],
        }
        for group, members in operations.grouped().items()
    ]


def _link(operation: operations.Operation, *, slug: str | None) -> Link:
    return {
        "id": operation.id,
        "title": _(operation.title),
        "method": operation.method,
        "url": panel_address("panel", operation.id, slug=slug),
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
