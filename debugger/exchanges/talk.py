"""Taking back what one said about a run or a job."""

from __future__ import annotations

from django.utils.translation import gettext as _

from debugger.exchanges.models import Comment
from debugger.teams.models import Membership
from debugger.web.errors import NotFound


def take_back(member: Membership, about: str, number: str) -> None:
    """Delete a comment of one's own. Raises NotFound for any other."""
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    own = Comment.objects.filter(pk=pk, team_id=member.team_id, about=about, user_id=member.user_id)
    if not own.delete()[0]:
        raise NotFound(_("There is no such comment of yours."))
