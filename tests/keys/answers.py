"""Outcomes of live calls as the client would give them, without a call."""

from __future__ import annotations

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


def answered(value: Any, *, status: int = 200, mode: Mode = Mode.LIVE) -> Outcome:
    """A whole 2xx answer with this JSON."""
    return _outcome(_response(value, status=status), None, mode=mode)


def refused(status: int = 400, *, code: str = "validation_failed") -> Outcome:
    """An answer in which the API says no, or breaks."""
    kinds = {401: FailureKind.REFUSED, 403: FailureKind.REFUSED, 429: FailureKind.RATE_LIMITED}
    kind = kinds.get(status, FailureKind.REJECTED if status < 500 else FailureKind.UNAVAILABLE)
    value = {"error": {"code": code, "message": "No."}}
    return _outcome(_response(value, status=status), Failure(kind=kind, code=code))


def lost(kind: FailureKind = FailureKind.TIMED_OUT, *, detail: str = "") -> Outcome:
    """No answer at all."""
    return _outcome(None, Failure(kind=kind, detail=detail))


def job(
    made: str = "task_1", *, status: str = "queued", reserved: Any = 20, final: Any = 0
) -> Outcome:
    """A generation as the API answers with it; None leaves a field out."""
    value = {"id": made, "status": status, "model": "z-image"}
    stated = {"reserved_credits": reserved, "final_credits": final}
    return answered(value | {name: it for name, it in stated.items() if it is not None})


def turn(made: str = "chatcmpl_1", *, reserved: Any = 3, final: Any = 2) -> Outcome:
    """A finished chat turn."""
    return answered({"id": made, "credits": {"reserved": reserved, "final": final}})


def _response(value: Any, *, status: int) -> ResponseSnapshot:
    return ResponseSnapshot(status=status, headers=(), text="", is_json=True, value=value)


def _outcome(
    response: ResponseSnapshot | None, failure: Failure | None, *, mode: Mode = Mode.LIVE
) -> Outcome:
    return Outcome(
        operation_id="generations.create",
        mode=mode,
        request=RequestSnapshot(method="POST", url="http://127.0.0.1/x", headers=()),
        response=response,
        timings=Timings(),
        failure=failure,
    )
