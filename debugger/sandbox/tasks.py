"""Shells for the worker; beat runs the sweep every hour."""

from __future__ import annotations

from celery import shared_task

from debugger.sandbox import services


@shared_task(name="debugger.sandbox.sweep", ignore_result=True)
def sweep() -> int:
    """Delete the accounts that nobody has touched for two days."""
    return services.sweep_all()
