"""Shells for the worker, run by beat. Messages carry nothing: rows say what is to be done."""

from __future__ import annotations

import threading
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from debugger.generations import balances, engine, expiry, pausing
from debugger.generations.locker import saving, sweeping

# One runner after the other: a long one, where other tasks have threads of their own.
_LONG: Final = 240.0
_SHORT: Final = 1.0
_stop: Final = threading.Event()


@worker_shutting_down.connect(weak=False, dispatch_uid="jobs are not followed any more")
def stop_following(**_: Any) -> None:
    """Let the runner of this process end, so that the worker can."""
    _stop.set()


@shared_task(name="debugger.generations.follow", ignore_result=True)
def follow() -> int:
    """Look at the jobs that are due."""
    # In a pool of processes a task has the main thread, and others wait for it: it must be short.
    alone = threading.current_thread() is threading.main_thread()
    return engine.follow(seconds=_SHORT if alone else _LONG, stop=_stop)


@shared_task(name="debugger.generations.take_up", ignore_result=True)
def take_up() -> int:
    """Follow again the jobs that waited for a key, where one works."""
    return pausing.take_up(now=timezone.now())


@shared_task(name="debugger.generations.save_results", ignore_result=True)
def save_results() -> int:
    """Save the results of jobs that succeeded, and read the balances after those that ended."""
    balances.read_due(timezone.now())
    return saving.save_due(timezone.now())


@shared_task(name="debugger.generations.sweep", ignore_result=True)
def sweep() -> int:
    """Delete the copies of results, and the jobs, that the teams' rules no longer keep."""
    gone = sweeping.sweep(timezone.now()) + expiry.expire(now=timezone.now())
    return gone + expiry.strip()
