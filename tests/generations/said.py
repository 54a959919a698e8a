"""What the API says of a job, as outcomes and looks, without a call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from debugger.client.outcome import (
    Failure,
    FailureKind,
    Mode,
    Outcome,
    RequestSnapshot,
    ResponseSnapshot,
    Timings,
)
from debugger.generations.looks import Due, Look
from debugger.generations.models import Generation
from tests.generations.jobs import NOON

BASE = "https://rivya.ai"
BODY = '{"model":"z-image","prompt":"A bottle on a table"}'
URL = "https://media.example/result.png"


def body(task: str = "task_1", status: str = "queued", **more: Any) -> dict[str, Any]:
    """A job as the API shows it."""
    ended = status in ("succeeded", "failed")
    result = {"primary_url": URL, "urls": [URL]} if status == "succeeded" else None
    error = {"code": "generation_failed", "message": "The generation failed."}
    return {
        "id": task,
        "status": status,
        "model": "z-image",
        "reserved_credits": 5,
        "final_credits": {"succeeded": 4}.get(status, 0),
        "result": result,
        "error": error if ended and status == "failed" else None,
        **more,
    }


def answer(
    value: Any,
    *,
    http: int = 200,
    operation: str = "generations.retrieve",
    mode: Mode = Mode.MOCK,
    task: str = "task_1",
    key: str = "dash-1",
) -> Outcome:
    """A whole answer with this JSON."""
    text = json.dumps(value)
    create = operation == "generations.create"
    path = "/api/v1/generations" + ("" if create else f"/{task}")
    return Outcome(
        operation_id=operation,
        mode=mode,
        request=RequestSnapshot(
            method="POST" if create else "GET",
            url=BASE + path,
            headers=(("Idempotency-Key", key),) if create and key else (),
            body=BODY if create else None,
            intact=True,
        ),
        response=ResponseSnapshot(
            status=http, headers=(), text=text, is_json=True, value=value, size=len(text)
        ),
        timings=Timings(total_ms=80.0),
    )


def retrieved(task: str = "task_1", status: str = "processing", **more: Any) -> Outcome:
    """A look that was answered."""
    mode = more.pop("mode", Mode.MOCK)
    return answer(body(task, status, **more), mode=mode, task=task)


def created(task: str = "task_1", status: str = "queued", **more: Any) -> Outcome:
    """A submission that was answered."""
    given = {"mode": more.pop("mode", Mode.MOCK), "key": more.pop("key", "dash-1")}
    return answer(body(task, status, **more), http=202, operation="generations.create", **given)


def refused(
    http: int,
    code: str,
    *,
    operation: str = "generations.retrieve",
    mode: Mode = Mode.MOCK,
    retry_after: float | None = None,
) -> Outcome:
    """An answer in which the API says no, or breaks."""
    kinds = {401: FailureKind.REFUSED, 403: FailureKind.REFUSED, 429: FailureKind.RATE_LIMITED}
    kind = kinds.get(http, FailureKind.REJECTED if http < 500 else FailureKind.UNAVAILABLE)
    value = {"error": {"code": code, "message": f"No: {code}.", "requestId": "req_1"}}
    failure = Failure(
        kind=kind,
        code=code,
        message=f"No: {code}.",
        request_id="req_1",
        retry_after=retry_after,
    )
    return replace(answer(value, http=http, operation=operation, mode=mode), failure=failure)


def silent(
    kind: FailureKind = FailureKind.TIMED_OUT,
    *,
    operation: str = "generations.create",
    mode: Mode = Mode.MOCK,
    key: str = "dash-1",
) -> Outcome:
    """No answer at all."""
    outcome = answer({}, operation=operation, mode=mode, key=key)
    return replace(outcome, response=None, failure=Failure(kind=kind))


def due(row: Generation, **more: Any) -> Due:
    """The row as a worker claims it."""
    plain: dict[str, Any] = {
        "id": row.pk,
        "team_id": row.team_id,
        "mode": row.mode,
        "base_url": row.base_url,
        "account": row.account,
        "key_id": row.key_id,
        "task_id": row.task_id,
        "state": row.state,
        "status": row.status,
        "category": row.category,
        "submitted_at": row.submitted_at,
        "due_at": row.next_poll_at or NOON,
        "polls": row.polls,
        "failures": row.failures,
        "digest": row.digest,
        "lease": "mine",
    }
    return Due(**plain | more)


def look(outcome: Outcome | None, *, at: datetime = NOON, same: bool = False) -> Look:
    """A look that saw this."""
    response = outcome.response if outcome is not None else None
    text = (response.text or "") if response is not None else ""
    return Look(
        at=at,
        took_ms=80.0,
        status=response.status if response is not None else (200 if same else None),
        same=same,
        digest=hashlib.sha256(text.encode()).hexdigest()[:32] if text else "",
        outcome=outcome,
    )
