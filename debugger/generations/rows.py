"""Finding the row of a job, and holding it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.generations.models import PREFIX, Generation
from debugger.teams.models import Team
from debugger.web import moments
from debugger.web.errors import NotFound


def find(team: Team, name: str) -> Generation:
    """A job of this team by its name in addresses; NotFound for none and for another team's."""
    number = moments.number_of(PREFIX, name)
    rows = Generation.objects.select_related("key", "exchange")
    row = rows.filter(team=team, pk=number).first() if number is not None else None
    if row is None:
        raise NotFound(_("There is no such job in this team."))
    return row


def held(pk: int) -> Generation | None:
    """The row as it is now, locked to the end of the transaction; None when it is gone."""
    # The weaker lock lets others add rows that point here.
    rows = Generation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("team", "key", "spend").filter(pk=pk).first()


def same_place(team: Team, *, mode: str, base_url: str, account: str) -> QuerySet[Generation]:
    """The team's jobs at one upstream. The account alone names a sandbox, whatever its address."""
    rows = Generation.objects.filter(team=team, mode=mode)
    return rows.filter(account=account) if mode == Mode.MOCK else rows.filter(base_url=base_url)
