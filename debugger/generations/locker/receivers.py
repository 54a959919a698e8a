"""What the locker does when others tell something."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from debugger.exchanges.models import HistoryRules
from debugger.generations.locker import disk
from debugger.generations.locker.sweeping import reckon
from debugger.generations.models import SavedFile
from debugger.teams.models import Team
from debugger.teams.signals import team_deleting


@receiver(team_deleting, dispatch_uid="saved results of a deleted team are deleted")
def delete_copies(sender: object, *, team: Team, **_more: Any) -> None:  # noqa: ARG001 - A signal's.
    """Forget the team's copies, and delete the files once that is certain."""
    SavedFile.objects.filter(team=team).delete()
    transaction.on_commit(partial(disk.empty, team.pk))


@receiver(post_save, sender=HistoryRules, dispatch_uid="saved results follow their team's rules")
def follow_rules(sender: object, *, instance: HistoryRules, **_more: Any) -> None:  # noqa: ARG001 - A signal's.
    """Let copies that are there end when the new rules say so."""
    reckon(instance.team_id, instance.result_days)
