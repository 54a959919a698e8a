"""Rows of jobs for tests: what is not told is what a mock job in the middle of its life has."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from debugger.generations.models import Follower, Generation, Moment, SavedFile
from debugger.teams.models import Team
from debugger.web import moments
from tests.cast import person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
State = Generation.State
_CHANCE = itertools.cycle(range(1024))  # Rows of one moment must not get one number by chance.


def job(team: Team, *, at: datetime = NOON, by: str = "Bob", **facts: Any) -> Generation:
    """A job that was submitted at a moment and is followed. ``facts`` are fields of the row."""
    somebody = person(by)
    number = facts.pop("id", None) or moments.first_id(at) + next(_CHANCE)
    plain: dict[str, Any] = {
        "mode": "mock",
        "account": "acct_1",
        "user_id": somebody.pk,
        "user_name": str(somebody),
        "scenario": "happy",
        "task_id": f"task_{number}",
        "idempotency_key": f"dash-{number}",
        "request_text": '{"model":"z-image","prompt":"A bottle on a table"}',
        "model": "z-image",
        "category": "image",
        "title": "A bottle on a table",
        "status": "processing",
        "estimated": Decimal(1),
        "reserved": Decimal(1),
        "submitted_at": at,
        "changed_at": at,
        "next_poll_at": at + timedelta(seconds=5),
        "polled_at": at,
        "polls": 1,
    }
    if facts.get("state", State.ACTIVE) not in Generation.POLLED:
        plain["next_poll_at"] = None
    return Generation.objects.create(id=number, team=team, **plain | facts)


def succeeded(team: Team, *, at: datetime = NOON, seconds: float = 12, **facts: Any) -> Generation:
    """A job that ended well, with the address of one result in its answer."""
    end = at + timedelta(seconds=seconds)
    url = "https://media.example/result.png"
    answer = {
        "id": "task_1",
        "status": "succeeded",
        "model": facts.get("model", "z-image"),
        "reserved_credits": 1,
        "final_credits": 1,
        "result": {"primary_url": url, "urls": [url]},
        "error": None,
    }
    plain: dict[str, Any] = {
        "state": State.SUCCEEDED,
        "status": "succeeded",
        "answer": json.dumps(answer),
        "final": Decimal(1),
        "ended_at": end,
        "polled_at": end,
        "changed_at": end,
        "version": 3,
    }
    return job(team, at=at, **plain | facts)


def failed(team: Team, *, at: datetime = NOON, **facts: Any) -> Generation:
    """A job that failed under HTTP 200, and whose credits came back."""
    plain: dict[str, Any] = {
        "state": State.FAILED,
        "status": "failed",
        "answer": '{"id":"task_1","status":"failed","error":{"code":"generation_failed"}}',
        "error_code": "generation_failed",
        "error_message": "The generation failed.",
        "final": Decimal(0),
        "ended_at": at + timedelta(seconds=9),
        "changed_at": at + timedelta(seconds=9),
        "version": 2,
    }
    return job(team, at=at, **plain | facts)


def saved(generation: Generation, *, at: datetime | None = None, **facts: Any) -> SavedFile:
    """The copy of one result, of which there are no bytes."""
    moment = at or generation.ended_at or NOON
    plain: dict[str, Any] = {
        "team": generation.team,
        "url": "https://media.example/result.png",
        "state": SavedFile.State.SAVED,
        "mime": "image/png",
        "kind": "image",
        "size": 482_113,
        "sha256": "0" * 64,
        "width": 1024,
        "height": 768,
        "path": "00/00",
        "saved_at": moment,
        "expires_at": moment + timedelta(days=30),
        "next_try_at": None,
    }
    return SavedFile.objects.create(generation=generation, **plain | facts)


def moment(generation: Generation, kind: str, *, at: datetime = NOON, **facts: Any) -> Moment:
    """One more thing that happened to a job. ``facts`` are fields of the row."""
    number = generation.moments.count() + 1
    return Moment.objects.create(
        generation=generation, number=number, kind=kind, at=at, **{"facts": {}} | facts
    )


def follower(generation: Generation, name: str = "Bob", **facts: Any) -> Follower:
    """Somebody who wants to be told of the job's end."""
    return Follower.objects.create(generation=generation, user_id=person(name).pk, **facts)
