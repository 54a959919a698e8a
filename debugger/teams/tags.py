"""Template tags about people and teams: initials, and where the switcher leads."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.teams.access import may, rule_of
from debugger.teams.models import Membership

register = template.Library()

# Objects belong to one team, so a page about one of them becomes its room's list in another team.
# An operation is the same for every team.
_SAME_EVERYWHERE: Final = frozenset({"slug", "operation_id"})
_LISTS: Final = {
    "keys": "keys:index",
    "team_panels": "team_panels:index",
    "teams": "teams:members",
    "audit": "audit:log",
    "history": "history:list",
    "compare": "history:list",
    "exports": "history:list",
    "errors": "errors:list",
    "generations": "generations:board",
    "results": "generations:board",
    "live": "live:ceilings",
}


@register.filter
def initials(name: object) -> str:
    """One or two letters that stand for a person or a team."""
    words = [word for word in str(name).split("@")[0].replace(".", " ").split() if word]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "·"


@register.simple_tag
def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in one word or two; a person's day is nobody's timetable."""
    minutes = (now - moment).total_seconds() / 60
    if minutes < 5:
        return _("just now")
    if minutes < 60:
        return ngettext("%d minute ago", "%d minutes ago", int(minutes)) % int(minutes)
    hours = int(minutes / 60)
    if hours < 24:
        return ngettext("%d hour ago", "%d hours ago", hours) % hours
    return ngettext("%d day ago", "%d days ago", hours // 24) % (hours // 24)


@register.simple_tag(takes_context=True)
def place_url(context: template.Context, place: Membership) -> str:
    """The same kind of page in another team, or the first page there that the person may see."""
    request: Any = context.get("request")
    found = getattr(request, "resolver_match", None)
    names: list[str] = []
    if found is not None and "slug" in found.kwargs:
        if request.method == "GET" and _fits(found, place):
            names.append(found.view_name)
        names.append(_LISTS.get(found.namespace, ""))
    for name in (*names, "hub:home", "teams:members"):
        if url := _address(name, found.kwargs if found is not None else {}, place):
            return url
    return reverse("teams:mine")


def _fits(found: Any, place: Membership) -> bool:
    rule = rule_of(found.func)
    allowed = rule is not None and (rule.read is None or may(place, rule.read))
    return allowed and set(found.kwargs) <= _SAME_EVERYWHERE


def _address(name: str, kwargs: dict[str, Any], place: Membership) -> str:
    same = {key: value for key, value in kwargs.items() if key in _SAME_EVERYWHERE}
    for each in ({**same, "slug": place.team.slug}, {"slug": place.team.slug}):
        try:
            return reverse(name, kwargs=each) if name else ""
        except NoReverseMatch:
            continue
    return ""
