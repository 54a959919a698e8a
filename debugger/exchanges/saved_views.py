"""Filters of the history that a team keeps under names, beside those that are always there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from debugger.client.redact import redact_text
from debugger.exchanges.models import SavedView
from debugger.teams import audit
from debugger.teams.models import Membership, Team
from debugger.web import pages
from debugger.web.errors import Invalid, NotFound

MOST: Final = 30
NAME_LENGTH: Final = 60
QUERY_LENGTH: Final = 1000
ZONE: Final = "tz"
DAYS: Final = ("since", "until")
_PLACE: Final = frozenset({pages.OLDER, pages.NEWER, "csrfmiddlewaretoken", "page"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One view above the list; ``pk`` is 0 for those that are always there."""

    name: str
    query: str
    chosen: bool
    pk: int = 0


def built_in(member: Membership) -> list[tuple[str, str]]:
    """The views that every team has, as (name, query)."""
    return [
        (_("All"), ""),
        (_("Failed"), "result=failed"),
        (_("Live"), "mode=live"),
        (_("Starred"), "starred=1"),
        (_("Mine"), f"person={member.user_id}"),
    ]


def tabs(member: Membership, query: str) -> list[Tab]:
    """Every view, with the one marked that shows what ``query`` shows."""
    views = [(name, asked, 0) for name, asked in built_in(member)]
    views += [(view.name, view.query, view.pk) for view in views_of(member.team)]
    here = canonical(query)
    same = [canonical(asked) == here for _name, asked, _pk in views]
    first = same.index(True) if True in same else -1
    return [
        Tab(name=name, query=asked, pk=pk, chosen=number == first)
        for number, (name, asked, pk) in enumerate(views)
    ]


def views_of(team: Team) -> list[SavedView]:
    """The team's own views by name."""
    return list(SavedView.objects.filter(team=team).order_by("name")[:MOST])


def canonical(query: str) -> str:
    """A filter in one way of writing: in order, without what is empty or names a page.

    A zone matters to days alone, so without days it is no part of a filter.
    """
    pairs = {name: value.strip() for name, value in parse_qsl(query) if name not in _PLACE}
    if not any(pairs.get(name) for name in DAYS):
        pairs.pop(ZONE, None)
    return urlencode(sorted((name, value) for name, value in pairs.items() if value))


def save(member: Membership, *, name: str, query: str, now: datetime) -> SavedView:
    """Keep a filter under a name; raises Invalid with a sentence for the name."""
    kept = canonical(query)
    if not kept:
        raise Invalid(_("Choose something in the filter first: without it this is “All”."))
    if redact_text(str(parse_qsl(kept))) != str(parse_qsl(kept)):
        raise Invalid(_("The search holds what looks like a key. Keys are kept in no view."))
    if len(kept) > QUERY_LENGTH:
        raise Invalid(_("This filter is too long to be kept. Search for fewer words."))
    if SavedView.objects.filter(team=member.team).count() >= MOST:
        raise Invalid(_("A team keeps %d views. Delete one first.") % MOST)
    view = SavedView(
        team=member.team,
        name=_name(member, name),
        query=kept,
        made_by_id=member.user_id,
        made_at=now,
    )
    return _stored(view)


def rename(member: Membership, pk: int, *, name: str) -> SavedView:
    """Give a view another name; raises Invalid with a sentence for the name."""
    view = _find(member.team, pk)
    view.name = _name(member, name)
    return _stored(view)


def remove(member: Membership, pk: int, *, by: audit.Origin) -> str:
    """Delete a view for everybody, and tell its name."""
    view = _find(member.team, pk)
    gone = {"filter": [view.query, None]}
    with transaction.atomic():
        audit.record(by, member.team, "history.view_deleted", obj=view, changed=gone)
        view.delete()
    return view.name


def _find(team: Team, pk: int) -> SavedView:
    view = SavedView.objects.filter(team=team, pk=pk).first()
    if view is None:
        raise NotFound(_("There is no such view."))
    return view


def _name(member: Membership, text: str) -> str:
    name = " ".join(text.replace("\0", "").split())
    if not name:
        raise Invalid(_("Give the view a name."))
    if len(name) > NAME_LENGTH:
        raise Invalid(
            _("That name has %(length)d characters; %(most)d fit on a tab.")
            % {"length": len(name), "most": NAME_LENGTH}
        )
    if redact_text(name) != name:
        raise Invalid(_("That name holds what looks like a key. Keys are kept in no view."))
    if name.casefold() in {each.casefold() for each, _query in built_in(member)}:
        raise Invalid(_("“%s” is a view that every team has. Choose another name.") % name)
    return name


def _stored(view: SavedView) -> SavedView:
    """The row in the database; a name that the team has already is a sentence."""
    others = SavedView.objects.filter(team=view.team).exclude(pk=view.pk)
    if others.filter(name__iexact=view.name).exists():
        raise Invalid(_taken(view.name))
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Invalid(_taken(view.name)) from None
    return view


def _taken(name: str) -> str:
    return _("The team has a view called “%s” already. Choose another name.") % name
