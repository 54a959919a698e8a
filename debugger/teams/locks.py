"""The lock that whoever changes a team, its people or its keys takes first, and the others' order.

Whoever holds several rows to the end of a transaction takes them in this order, so that no two wait
for each other in turns:

    Team, Generation, SavedFile, DataKey, ApiKey, SpendDay, Spend, Exchange

Who changes many generations passes over those that others hold (generations/pausing.py,
engine/claims.py), or takes all of them by their numbers before anything else, and then goes through
teams and days in order (engine/writing.py). SQLite has one writer at a time, and there the order
means nothing.
"""

from __future__ import annotations

from django.db.models import QuerySet

from debugger.teams.models import Team


def held(team_id: int) -> QuerySet[Team]:
    """The team's row; reading it waits for others, and holds it to the end of the transaction.

    It is the weaker of two locks, which lets rows pass that only refer to the team. PostgreSQL
    looks at such references when a transaction commits, after everything else that it holds: under
    the stronger lock a run that is counted and a change of its key would wait for each other.
    """
    return Team.objects.select_for_update(no_key=True).filter(pk=team_id)
