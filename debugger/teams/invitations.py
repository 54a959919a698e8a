"""Invitations: a place in a team behind a link that works once.

The link's token has 256 bits and is stored as its SHA-256 alone, so nobody who reads the database
can use it. The session of who followed a link holds the same hash. An invitation that was used,
taken back or has ended, and one that never was, are the same to whoever asks: NotFound.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from debugger.teams import audit, mails
from debugger.teams.access import Right, may
from debugger.teams.locks import held
from debugger.teams.models import Invitation, Membership, Role, Team, User
from debugger.teams.services import acting, grantable
from debugger.web.errors import Invalid, NotAllowed, NotFound

SESSION_KEY: Final = "invitation"
DEFAULT_DAYS: Final = 7
LIFETIMES: Final = {
    1: gettext_lazy("1 day"),
    7: gettext_lazy("7 days"),
    14: gettext_lazy("14 days"),
    30: gettext_lazy("30 days"),
}
MOST_WAITING: Final = 100
# Nobody's post box is filled through this site, by one team or by several.
BETWEEN_MAILS: Final = timedelta(minutes=2)
MOST_TO_ONE_ADDRESS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new link. The token is known now and never again.

    ``sent`` is None where no mail was asked for, False where it could not be sent.
    """

    invitation: Invitation
    link: str = field(repr=False)
    sent: bool | None


@sensitive_variables("token")
def digest_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def waiting(team: Team) -> Sequence[Invitation]:
    """What was neither used nor taken back, the newest first; some may have ended."""
    found = Invitation.objects.select_related("created_by").filter(team=team)
    return list(found.filter(accepted_at=None, revoked_at=None).order_by("-created_at", "-pk"))


@sensitive_variables("token")
def invite(
    member: Membership,
    *,
    email: str,
    role: str,
    days: int,
    site: str,
    by: audit.Origin,
    now: datetime,
) -> Made:
    """Make a link, and mail it when there is an address.

    ``site`` is the address under which people reach this site, "https://dash.example.com".
    """
    email = email.strip().lower()
    if days not in LIFETIMES:
        raise Invalid(_("Choose one of the offered times."))
    token = secrets.token_urlsafe(32)
    with acting(member, Right.INVITE) as actor:
        _refuse_the_needless(actor.team, email, now=now)
        invitation = Invitation.objects.create(
            team=actor.team,
            email=email,
            role=_granted(actor, role).value,
            token_hash=digest_of(token),
            created_by=actor.user,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        changed = {"role": [None, invitation.role]}
        audit.record(by, actor.team, "member.invited", obj=invitation, changed=changed)
    return _handed_over(invitation, token, site=site)


@sensitive_variables("token")
def resend(member: Membership, number: int, *, site: str, by: audit.Origin, now: datetime) -> Made:
    """Make a new link for an invitation that waits; the old one works no more."""
    token = secrets.token_urlsafe(32)
    with acting(member, Right.INVITE) as actor:
        invitation = _waiting(actor, number)
        _granted(actor, invitation.role)
        if invitation.email and now - invitation.created_at < BETWEEN_MAILS:
            raise Invalid(_("A mail with a link went out a moment ago. Wait two minutes."))
        lifetime = invitation.expires_at - invitation.created_at
        invitation.token_hash = digest_of(token)
        # Who holds the new link is who made it, and their place is what it depends on.
        invitation.created_by = actor.user
        invitation.created_at = now
        invitation.expires_at = now + lifetime
        invitation.save()
        audit.record(by, actor.team, "invitation.resent", obj=invitation)
    return _handed_over(invitation, token, site=site)


def revoke(member: Membership, number: int, *, by: audit.Origin, now: datetime) -> None:
    """Take an invitation back."""
    with acting(member, Right.INVITE) as actor:
        invitation = _waiting(actor, number)
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        audit.record(by, actor.team, "invitation.revoked", obj=invitation)


def remember(session: MutableMapping[str, Any], digest: str) -> None:
    """Keep in a session which invitation its browser followed; never the token."""
    session[SESSION_KEY] = digest


def forget(session: MutableMapping[str, Any]) -> None:
    """Drop what ``remember`` kept."""
    session.pop(SESSION_KEY, None)


def pending(session: MutableMapping[str, Any], *, now: datetime | None = None) -> Invitation | None:
    """The invitation that a session's browser followed, if it can still be used."""
    digest = session.get(SESSION_KEY)
    return usable(digest, now=now or timezone.now()) if isinstance(digest, str) else None


def usable(digest: str, *, now: datetime) -> Invitation | None:
    """The invitation behind a token's hash, None whatever the reason that it cannot be used."""
    found = Invitation.objects.select_related("team", "created_by").filter(token_hash=digest)
    found = found.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    invitation = found.filter(team__deleted_at=None).first()
    if invitation is None or not _still_grantable(invitation):
        return None
    return invitation


def joined_by(user: User, digest: str) -> Membership | None:
    """The place that a person has already by this very invitation."""
    used = Invitation.objects.filter(token_hash=digest, accepted_by=user).first()
    return _place(user, used.team_id) if used else None


def place_in(invitation: Invitation, user: User) -> Membership | None:
    """The place that a person has already in the team that an invitation is for."""
    return _place(user, invitation.team_id)


def fits(invitation: Invitation, user: User) -> bool:
    """Whether a person may accept: anybody, or who has the address and has verified it."""
    if not invitation.email:
        return True
    own = EmailAddress.objects.filter(user=user, email__iexact=invitation.email)
    return bool(own.filter(verified=True).exists())


def unverified(invitation: Invitation, user: User) -> bool:
    """Whether a person has the address but did not verify it yet."""
    own = EmailAddress.objects.filter(user=user, email__iexact=invitation.email)
    return bool(own.filter(verified=False).exists())


def accept(user: User, digest: str, *, by: audit.Origin, now: datetime) -> Membership:
    """Take the place, once. Who is in the team already keeps their role, and the link is left.

    Raises NotFound as for a link that never was, NotAllowed for another address than it is for.
    """
    if (place := joined_by(user, digest)) is not None:
        return place
    with transaction.atomic():
        seen = Invitation.objects.filter(token_hash=digest).first()
        if seen is not None:
            # The same lock as for every other change of a team's people.
            held(seen.team_id).first()
        # Looked up again, because another browser may have been faster.
        if (place := joined_by(user, digest)) is not None:
            return place
        invitation = usable(digest, now=now)
        if invitation is None:
            raise NotFound(neutral())
        if (place := place_in(invitation, user)) is not None:
            return place
        if not fits(invitation, user):
            raise NotAllowed(_("This invitation is for another e-mail address than yours."))
        return _joined(user, invitation, by=by, now=now)


def neutral() -> str:
    """What is said of every link that cannot be used, whatever the reason."""
    return _(
        "This invitation cannot be used. It may have been used or taken back, or its time is over."
        " Ask whoever invited you for a new one."
    )


def hint_of(email: str) -> str:
    """Enough of an address for its owner to know it, for a page that is not theirs for sure."""
    name, at, host = email.partition("@")
    return f"{name[:1]}•••{name[-1:] if len(name) > 3 else ''}{at}{host}"


def _joined(user: User, invitation: Invitation, *, by: audit.Origin, now: datetime) -> Membership:
    team = invitation.team
    try:
        with transaction.atomic():
            place = Membership.objects.create(
                team=team, user=user, role=invitation.role, joined_at=now
            )
    except IntegrityError:  # They joined by another link in between.
        found = _place(user, team.pk)
        if found is None:
            raise
        return found
    invitation.accepted_at = now
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    changed = {"role": [None, place.role]}
    audit.record(by, team, "member.joined", obj=place, label=str(user), changed=changed)
    return place


def _place(user: User, team_id: int) -> Membership | None:
    found = Membership.objects.select_related("team", "user").filter(user=user, team_id=team_id)
    return found.filter(team__deleted_at=None).first()


def _waiting(actor: Membership, number: int) -> Invitation:
    found = Invitation.objects.filter(team_id=actor.team_id, pk=number)
    invitation = found.filter(accepted_at=None, revoked_at=None).first()
    if invitation is None:
        raise NotFound(_("There is no such invitation, or it was used or taken back."))
    invitation.team = actor.team
    return invitation


def _granted(actor: Membership, role: str) -> Role:
    if role not in Role.values:
        raise Invalid(_("There is no such role."))
    if Role(role) not in grantable(actor):
        raise NotAllowed(_("You cannot invite to a role that may do more than your own."))
    return Role(role)


def _still_grantable(invitation: Invitation) -> bool:
    """Whether who made the link could still make it; what they may do may have changed."""
    if invitation.created_by is None:
        return False
    places = Membership.objects.filter(team_id=invitation.team_id, user__is_active=True)
    maker = places.filter(user=invitation.created_by).first()
    if maker is None or not may(maker, Right.INVITE):
        return False
    return Role(invitation.role) in grantable(maker)


def _refuse_the_needless(team: Team, email: str, *, now: datetime) -> None:
    open_ones = Invitation.objects.filter(team=team, accepted_at=None, revoked_at=None)
    if open_ones.count() >= MOST_WAITING:
        raise Invalid(_("There are %d open invitations. Revoke some first.") % MOST_WAITING)
    if not email:
        return
    if open_ones.filter(email=email).exists():
        raise Invalid(_("This address is invited already. Resend that invitation, or revoke it."))
    own = EmailAddress.objects.filter(email__iexact=email, verified=True)
    if Membership.objects.filter(team=team, user__in=own.values("user")).exists():
        raise Invalid(_("Whoever has this address is in the team already."))
    lately = Invitation.objects.filter(email=email, created_at__gt=now - timedelta(days=1))
    if lately.count() >= MOST_TO_ONE_ADDRESS:
        raise Invalid(_("This address was invited often today. Try again tomorrow."))


@sensitive_variables("token", "link")
def _handed_over(invitation: Invitation, token: str, *, site: str) -> Made:
    link = mails.link_of(token, site=site)
    sent = mails.send_invitation(invitation, link=link) if invitation.email else None
    return Made(invitation=invitation, link=link, sent=sent)
