"""What people add to a run: a star, and comments."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from debugger.exchanges.models import Comment, Exchange
from debugger.exchanges.recording import stored_text
from debugger.teams.models import Membership, Team
from debugger.web.errors import Invalid

COMMENT_MOST: Final = 4_000
_ABOUT_MOST: Final = 24


def star(exchange: Exchange, on: bool) -> None:
    """Keep a run for as long as the star stays, whatever the team's rules say; or no longer."""
    Exchange.objects.filter(pk=exchange.pk).update(starred=on)
    exchange.starred = on


def comments(team: Team, about: str) -> QuerySet[Comment]:
    """What was said about a run or a job of this name, the first comment first."""
    return Comment.objects.filter(team_id=team.pk, about=about[:_ABOUT_MOST]).order_by("at", "pk")


def comment(member: Membership, about: str, text: str, *, now: datetime) -> Comment:
    """Say something about a run or a job that the caller has found. Raises Invalid."""
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise Invalid(_("Write something first."))
    if len(said) > COMMENT_MOST:
        raise Invalid(
            _("A comment has at most %(most)d characters; this one has %(count)d.")
            % {"most": COMMENT_MOST, "count": len(said)}
        )
    return Comment.objects.create(
        team_id=member.team_id,
        about=about[:_ABOUT_MOST],
        user_id=member.user_id,
        user_name=stored_text(member.user, most=200),
        text=stored_text(said, most=2 * COMMENT_MOST),
        at=now,
    )
