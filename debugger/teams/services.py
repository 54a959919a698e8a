"""Making teams, and who belongs to them with which role.

Whoever changes the people of a team locks the team's row first, then reads their own place anew:
two people who act at the same time act one after the other, and each on what is true by then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext as _

from debugger.teams import audit, slugs
from debugger.teams.access import TABLE, Right, demand
from debugger.teams.locks import held
from debugger.teams.models import Invitation, Membership, Milestone, Role, Team, User
from debugger.teams.signals import team_deleting
from debugger.web.errors import Invalid, NotAllowed, NotFound

_ATTEMPTS: Final = 12
# Marks that turn the writing of a whole line round, so that a name could pass for another one.
_LONGEST_TYPED: Final = 2_000
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of a team, as the list shows them."""

    place: Membership
    last_active: datetime | None
    mine: bool
    manageable: bool


def mine(user: User) -> Sequence[Membership]:
    """The teams of a person, each with ``people``, how many are in it."""
    found = Membership.objects.select_related("team").filter(user=user, team__deleted_at=None)
    counted = found.annotate(people=Count("team__memberships"))
    return list(counted.order_by("team__name", "team_id"))


def people(member: Membership) -> Sequence[Person]:
    """Everybody in the team: owners first, then by name."""
    found = Membership.objects.select_related("user").filter(team_id=member.team_id)
    seen = dict(
        UserSession.objects.filter(user__memberships__team_id=member.team_id)
        .values_list("user_id")
        .annotate(Max("last_seen_at"))
    )
    order = list(Role)
    ranked = sorted(found, key=lambda each: (order.index(Role(each.role)), str(each.user).lower()))
    return [
        Person(
            place=each,
            last_active=seen.get(each.user_id),
            mine=each.pk == member.pk,
            manageable=may_touch(member, each),
        )
        for each in ranked
    ]


def person(member: Membership, number: int) -> Membership:
    """One place in the same team; raises NotFound."""
    found = Membership.objects.select_related("user", "team").filter(team_id=member.team_id)
    place = found.filter(pk=number).first()
    if place is None:
        raise NotFound(_("There is no such person in this team."))
    return place


def rights_of(role: str) -> frozenset[Right]:
    """What a role may do, read from the one table."""
    return frozenset(right for right, roles in TABLE.items() if Role(role) in roles)


def grantable(member: Membership) -> Sequence[Role]:
    """The roles that a person may give: none that may do more than their own."""
    own = rights_of(member.role)
    return [role for role in Role if rights_of(role) <= own]


def may_touch(member: Membership, other: Membership) -> bool:
    """Whether a person may change or end another's place: never that of somebody above them."""
    return Right.MANAGE_MEMBERS in rights_of(member.role) and Role(other.role) in grantable(member)


def name_of(typed: str) -> str:
    """A team's name as it is kept; raises Invalid."""
    name = _in_one_line(typed)
    if not name or len(name) > 80:
        raise Invalid(_("A name has 1 to 80 characters."))
    _demand_showable(name)
    return name


def person_name_of(typed: str) -> str:
    """A person's own name as it is kept, "" for none; raises Invalid.

    It stands in mails to people whom this person invites, and may write no text of its own there.
    """
    name = _in_one_line(typed)
    if name:
        _demand_showable(name)
    return name


def _in_one_line(typed: str) -> str:
    # Marks of which thousands stand in a row take minutes to be put in their order.
    return " ".join(unicodedata.normalize("NFC", typed[:_LONGEST_TYPED]).split())


def _demand_showable(name: str) -> None:
    if any(unicodedata.category(sign) in {"Cc", "Cs"} or sign in _TURNING for sign in name):
        raise Invalid(_("This name has characters that cannot be shown."))
    if all(
        unicodedata.category(sign)[0] in "ZM" or unicodedata.category(sign) == "Cf" for sign in name
    ):
        raise Invalid(_("A name needs something that can be seen."))
    if "://" in name:  # It stands in mails to strangers.
        raise Invalid(_("A name cannot hold a link."))


def create(user: User, *, name: str, by: audit.Origin) -> Team:
    """A new team whose owner is ``user``."""
    name = name_of(name)
    for slug in islice(slugs.candidates(name), _ATTEMPTS):
        if Team.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                team = Team.objects.create(name=name, slug=slug, created_by=user)
                Membership.objects.create(team=team, user=user, role=Role.OWNER)
                audit.record(by, team, "team.created", obj=team)
        except IntegrityError:  # Somebody took the word in between.
            continue
        return team
    raise Invalid(_("No free address was found for this name. Try again, or another name."))


@contextmanager
def acting(member: Membership, right: Right) -> Iterator[Membership]:
    """Hold the team, and give the place of who acts as it is now.

    Raises NotFound when the place or the team is gone by now, NotAllowed without the right.
    """
    with transaction.atomic():
        team = held(member.team_id).filter(deleted_at=None).first()
        places = Membership.objects.select_related("user").filter(team=team)
        now = places.filter(user_id=member.user_id).first() if team else None
        if team is None or now is None:
            raise NotFound(_("There is no such page, or it is not for you."))
        now.team = team
        demand(now, right)
        yield now


def rename(member: Membership, *, name: str, by: audit.Origin) -> Team:
    """Give the team another name."""
    name = name_of(name)
    with acting(member, Right.RENAME_TEAM) as actor:
        team, before = actor.team, actor.team.name
        if name != before:
            team.name = name
            team.save(update_fields=["name"])
            audit.record(by, team, "team.renamed", obj=team, changed={"name": [before, name]})
    return team


def change_slug(member: Membership, *, slug: str, by: audit.Origin) -> Team:
    """Move the team to another address; whoever has the old one finds nothing there."""
    slug = slugs.checked(slug)
    taken = Invalid(_("Another team has this address. Choose another one."))
    try:
        with acting(member, Right.RENAME_TEAM) as actor:
            team, before = actor.team, actor.team.slug
            if slug == before:
                return team
            if Team.objects.filter(slug=slug).exists():
                raise taken
            team.slug = slug
            team.save(update_fields=["slug"])
            audit.record(by, team, "team.slug_changed", obj=team, changed={"slug": [before, slug]})
    except IntegrityError:  # Somebody took the word in between.
        raise taken from None
    return team


def change_role(
    member: Membership, number: int, *, role: str, by: audit.Origin, now: datetime
) -> Membership:
    """Give a person another role."""
    with acting(member, Right.MANAGE_MEMBERS) as actor:
        place, wanted = person(actor, number), _role(role)
        _demand_touch(actor, place)
        if wanted not in grantable(actor):
            raise NotAllowed(_("You cannot give a role that may do more than your own."))
        before = place.role
        if wanted == before:
            return place
        if wanted != Role.OWNER:
            _keep_an_owner(place)
        place.role = wanted
        place.save(update_fields=["role"])
        _end_invitations_of(place, now=now, by=by)
        changed = {"role": [before, wanted.value]}
        label = str(place.user)
        audit.record(by, actor.team, "member.role_changed", obj=place, label=label, changed=changed)
    return place


def remove(member: Membership, number: int, *, by: audit.Origin, now: datetime) -> User:
    """End another person's place in the team."""
    with acting(member, Right.MANAGE_MEMBERS) as actor:
        place = person(actor, number)
        _demand_touch(actor, place)
        _end(place, "member.removed", by=by, now=now)
    return place.user


def leave(member: Membership, *, by: audit.Origin, now: datetime) -> None:
    """End one's own place."""
    with acting(member, Right.SEE_TEAM) as actor:
        _end(actor, "member.left", by=by, now=now)


def delete(member: Membership, *, typed: str, by: audit.Origin, now: datetime) -> None:
    """Delete the team; a tombstone stays, under which its audit log is kept."""
    with acting(member, Right.DELETE_TEAM) as actor:
        team = actor.team
        if _in_one_line(typed) != team.name:
            raise Invalid(_("This is not the team's name. Nothing was deleted."))
        team_deleting.send(Team, team=team, by=by)
        audit.record(by, team, "team.deleted", obj=team, changed={"slug": [team.slug, None]})
        Invitation.objects.filter(team=team).delete()
        Membership.objects.filter(team=team).delete()
        Milestone.objects.filter(team=team).delete()
        team.slug = None
        team.deleted_at = now
        team.save(update_fields=["slug", "deleted_at"])


def _role(value: str) -> Role:
    if value not in Role.values:
        raise Invalid(_("There is no such role."))
    return Role(value)


def _demand_touch(actor: Membership, place: Membership) -> None:
    if not may_touch(actor, place):
        raise NotAllowed(_("Only an owner can change or remove an owner."))


def _end(place: Membership, action: str, *, by: audit.Origin, now: datetime) -> None:
    _keep_an_owner(place)
    _end_invitations_of(place, now=now, by=by, gone=True)
    changed = {"role": [place.role, None]}
    audit.record(by, place.team, action, obj=place, label=str(place.user), changed=changed)
    place.delete()


def _keep_an_owner(place: Membership) -> None:
    """Refuse what would leave the team without an owner."""
    if place.role != Role.OWNER:
        return
    others = Membership.objects.filter(team_id=place.team_id, role=Role.OWNER)
    # An account that is switched off cannot look after a team.
    if not others.exclude(pk=place.pk).filter(user__is_active=True).exists():
        raise Invalid(
            _("This is the last owner. Make somebody else an owner first, or delete the team.")
        )


def _end_invitations_of(
    place: Membership, *, now: datetime, by: audit.Origin, gone: bool = False
) -> None:
    """Take back what a person invited others to and could not any more.

    Otherwise who was removed could come back by a link that they once made.
    """
    waiting = Invitation.objects.filter(team_id=place.team_id, created_by_id=place.user_id)
    waiting = waiting.filter(accepted_at=None, revoked_at=None)
    if not gone and Right.INVITE in rights_of(place.role):
        waiting = waiting.filter(~Q(role__in=[role.value for role in grantable(place)]))
    for invitation in waiting:
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        audit.record(by, place.team, "invitation.revoked", obj=invitation)


def owners(team: Team) -> Sequence[Membership]:
    """Who may do everything in a team."""
    found = Membership.objects.select_related("user").filter(team=team, role=Role.OWNER)
    return list(found.order_by(F("joined_at"), "pk"))
