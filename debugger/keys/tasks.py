"""Shells for the worker; beat runs the sweep every minute. Messages carry nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from debugger.keys import services


@shared_task(name="debugger.keys.shred_due", ignore_result=True)
def shred_due() -> int:
    """Shred the keys whose overlap, or whose time to undo, is over."""
    return services.shred_due(now=timezone.now())
