"""The schedule for one row: when it is looked at next, and what it is by its age."""

from __future__ import annotations

from datetime import datetime, timedelta

from debugger.client.outcome import Outcome
from debugger.generations import schedule
from debugger.generations.models import Generation


def next_look(row: Generation, outcome: Outcome | None, *, now: datetime) -> datetime | None:
    """When to look at a job next; None when nobody does by itself any more."""
    return schedule.next_poll_at(
        row.polls,
        submitted_at=row.submitted_at,
        now=now,
        category=row.category,
        mode=row.mode,
        retry_after=_retry_after(outcome),
        failures=row.failures,
    )


def next_try(row: Generation, outcome: Outcome | None, *, now: datetime) -> datetime | None:
    """When to send a submission again; None when it is lost."""
    seconds = schedule.resend(
        row.failures, elapsed=age(row, now=now), retry_after=_retry_after(outcome)
    )
    return None if seconds is None else now + timedelta(seconds=seconds)


def state_by_age(row: Generation, *, now: datetime) -> Generation.State:
    """What a job that has not ended is by its age: followed, unknown, or not watched any more."""
    return schedule.state_at(age(row, now=now))


def age(row: Generation, *, now: datetime) -> float:
    """Seconds since the submission."""
    return max(0.0, (now - row.submitted_at).total_seconds())


def _retry_after(outcome: Outcome | None) -> float | None:
    return outcome.failure.retry_after if outcome is not None and outcome.failure else None
