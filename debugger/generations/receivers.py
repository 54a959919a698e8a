"""What this room does when others tell something."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from debugger.generations.models import Generation
from debugger.teams.models import Team
from debugger.teams.signals import team_deleting


@receiver(team_deleting, dispatch_uid="jobs of a deleted team are not looked at")
def stop_looking(
    sender: object,  # noqa: ARG001 - A signal's signature.
    *,
    team: Team,
    **_more: Any,
) -> None:
    """Look at nothing of the team any more, inside the transaction that deletes it."""
    rows = Generation.objects.filter(team=team).exclude(state__in=Generation.FINAL)
    # In the order of their numbers, as a worker takes those that it has news of.
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    stopped = Generation.State.STOPPED
    rows.update(state=stopped, next_poll_at=None, lease="", request_text="")
