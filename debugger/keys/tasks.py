"""Shells for the worker, run by beat. Messages carry nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from debugger.keys import services
from debugger.keys.live import lost


@shared_task(name="debugger.keys.shred_due", ignore_result=True)
def shred_due() -> int:
    """Shred the keys whose overlap, or whose time to undo, is over."""
    return services.shred_due(now=timezone.now())


@shared_task(name="debugger.keys.note_lost", ignore_result=True)
def note_lost() -> int:
    """Note the live runs whose cost no answer has stated."""
    return lost.note_lost(now=timezone.now())
