"""Who sits at a panel: a visitor, somebody with an account, or a member of the page's team."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from debugger.teams import audit
from debugger.teams.access import Right, may
from debugger.teams.models import Membership, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person at a panel. ``user_id`` is None for visitors, ``member`` outside of teams.

    ``session_key`` names the browser's session, to which an armed tab is bound.
    """

    member: Membership | None = None
    user_id: int | None = None
    session_key: str = field(default="", repr=False)
    by: audit.Origin = audit.SYSTEM

    @property
    def team(self) -> Team | None:
        """The team whose panel it is."""
        return self.member.team if self.member is not None else None

    @property
    def slug(self) -> str | None:
        """The team's word in addresses."""
        return self.member.team.slug if self.member is not None else None

    @property
    def team_id(self) -> int | None:
        """The team's number."""
        return self.member.team_id if self.member is not None else None

    @property
    def name(self) -> str:
        """How the person is called in what the team keeps, "" outside of teams."""
        return str(self.member.user)[:200] if self.member is not None else ""

    @property
    def asks_sign_in(self) -> bool:
        """Whether signing in is what live still needs."""
        return self.user_id is None and not settings.RIVYA_DASH_VISITORS_MAY_PASTE_KEYS

    @property
    def live_denial(self) -> str:
        """Why this person may not run live here, "" when they may."""
        if self.member is not None and not may(self.member, Right.USE_KEYS):
            return _(
                "Your role in %(team)s is %(role)s, which runs panels in mock mode only. An owner "
                "or an admin of the team can change that."
            ) % {"team": self.member.team.name, "role": self.member.get_role_display()}
        if self.asks_sign_in:
            return _("Sign in to run live. Mock mode stays open to everybody.")
        return ""


def seat_of(request: HttpRequest) -> Seat:
    """Who asks. It may read rows, so async views call it in a thread."""
    member: Membership | None = getattr(request, "member", None)
    user = member.user if member is not None else request.user
    return Seat(
        member=member,
        user_id=user.pk if user.is_authenticated else None,
        session_key=request.session.session_key or "",
        by=audit.origin(request, place=gettext_noop("Panels"), user=user),
    )
