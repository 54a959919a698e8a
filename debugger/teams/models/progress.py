"""The steps of the quickstart that a team has really taken."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from debugger.teams.models.team import Team


class Milestone(models.Model):
    """A step that was reached for the first time; ``step`` is a word of progress.Step."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="milestones")
    step = models.CharField(max_length=20)
    reached_at = models.DateTimeField(default=timezone.now)
    reached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("team", "step"), name="milestone_once")
        ]

    def __str__(self) -> str:
        return self.step
