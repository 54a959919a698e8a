"""What this room does when others tell something."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from debugger.keys.lifecycle import shred_all
from debugger.teams import audit
from debugger.teams.models import Team
from debugger.teams.signals import team_deleting


@receiver(team_deleting, dispatch_uid="keys of a deleted team are shredded")
def shred_keys(
    sender: object,  # noqa: ARG001 - A signal's signature.
    *,
    team: Team,
    by: audit.Origin = audit.SYSTEM,
    **_more: Any,
) -> None:
    """Destroy all that the team stored, inside the transaction that deletes it."""
    shred_all(team, by=by)
