"""Runs as panels hand them over, for tests: what is not told is what a mock generation has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from debugger.client.outcome import (
    Failure,
    Headers,
    Mode,
    Outcome,
    RequestSnapshot,
    ResponseSnapshot,
    Timings,
)
from debugger.exchanges.recording import Run
from debugger.teams.models import Team

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODY = '{"model":"z-image","prompt":"A red bottle on a table"}'
JOB = {
    "id": "task_8Hn2kQ",
    "status": "queued",
    "model": "z-image",
    "reserved_credits": 1,
    "final_credits": 0,
    "error": None,
}
JSON: Headers = (("content-type", "application/json"),)


def request(body: str | None = BODY, **parts: Any) -> RequestSnapshot:
    """What was sent."""
    plain: dict[str, Any] = {
        "method": "POST",
        "url": "https://rivya.ai/api/v1/generations",
        "headers": JSON,
        "body": body,
        "body_size": len((body or "").encode(errors="replace")),
        "intact": True,
    }
    return RequestSnapshot(**plain | parts)


def response(value: Any = JOB, **parts: Any) -> ResponseSnapshot:
    """A JSON answer."""
    text = json.dumps(value, ensure_ascii=False)
    plain: dict[str, Any] = {
        "status": 202,
        "headers": JSON,
        "text": text,
        "is_json": True,
        "value": value,
        "size": len(text.encode(errors="replace")),
        "http_version": "HTTP/1.1",
    }
    return ResponseSnapshot(**plain | parts)


def outcome(
    *,
    sent: RequestSnapshot | None = None,
    came: ResponseSnapshot | None = None,
    failure: Failure | None = None,
    **parts: Any,
) -> Outcome:
    """One call; a failure has no answer unless one is given."""
    plain: dict[str, Any] = {
        "operation_id": "generations.create",
        "mode": Mode.MOCK,
        "timings": Timings(connect_ms=1.5, first_byte_ms=40.0, total_ms=42.0),
    }
    answer = came or (response() if failure is None else None)
    return Outcome(request=sent or request(), response=answer, failure=failure, **plain | parts)


def run(team: Team, ended: Outcome | None = None, **parts: Any) -> Run:
    """A run of Bob's at noon."""
    plain: dict[str, Any] = {
        "user_id": 7,
        "user_name": "Bob",
        "outcome": ended or outcome(),
        "now": NOON,
        "scenario": "happy",
        "fingerprint": "f" * 64,
        "summary": "A red bottle on a table",
        "draft": '{"body":{"model":"z-image"}}',
    }
    return Run(team=team, **plain | parts)
