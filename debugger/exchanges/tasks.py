"""Shells for the worker, run by beat and after a change of the rules. Messages carry nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from debugger.exchanges import services


@shared_task(name="debugger.exchanges.sweep", ignore_result=True)
def sweep() -> int:
    """Delete the runs that the teams' rules no longer keep."""
    return services.sweep(now=timezone.now())
