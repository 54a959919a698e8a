"""Shells for the worker."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from debugger.teams.accounts import sessions


@shared_task(name="debugger.teams.sweep_sessions", ignore_result=True)
def sweep_sessions() -> int:
    """Delete the sessions whose time is over."""
    return sessions.sweep(now=timezone.now())
