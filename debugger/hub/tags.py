"""Template tags of the side navigation: what a team's links say beside their names."""

from __future__ import annotations

from django import template
from django.utils import timezone

from debugger.hub import activity
from debugger.teams.models import Team

register = template.Library()


@register.simple_tag
def open_jobs(team: Team) -> str:
    """How many jobs of the team have not ended, "" for none."""
    return activity.open_jobs(team)


@register.simple_tag
def failed_lately(team: Team) -> bool:
    """Whether a run of the team failed in the last hour."""
    return activity.failed_lately(team, now=timezone.now())
