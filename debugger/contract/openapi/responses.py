"""The errors that an operation may answer with, one response for each status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from debugger.contract.assumptions import Assumptions
from debugger.contract.errors import ERRORS, ErrorCode
from debugger.contract.openapi.links import json_content
from debugger.contract.operations import Operation

_INTERNAL: Final = "internal_error"
_WAITING: Final = frozenset((429, 503))


def error_responses(operation: Operation, *, assumptions: Assumptions) -> dict[str, Any]:
    """Responses under their status, in rising order."""
    by_status: dict[int, list[ErrorCode]] = {}
    for code in (*operation.errors, _INTERNAL):
        status = _status(ERRORS[code], assumptions)
        by_status.setdefault(status, []).append(ERRORS[code])
    responses = {
        str(status): _response(status, codes) for status, codes in sorted(by_status.items())
    }
    if operation.request:
        responses[str(assumptions.oversized_body_status)] = _oversized()
    return dict(sorted(responses.items()))


def _status(error: ErrorCode, assumptions: Assumptions) -> int:
    if error.code == "insufficient_credits":
        return assumptions.insufficient_credits_status
    if error.status is None:
        raise ValueError(f"{error.code} is found inside a task and is no HTTP error.")
    return error.status


def _response(status: int, codes: Iterable[ErrorCode]) -> dict[str, Any]:
    rows = list(codes)
    response: dict[str, Any] = {
        "description": "\n".join(f"- `{row.code}`: {row.meaning}" for row in rows),
        "content": json_content(
            "PublicApiError", examples={row.code: {"value": _example(row)} for row in rows}
        ),
        "x-codes": [row.code for row in rows],
    }
    if status in _WAITING:
        response["headers"] = {"Retry-After": _retry_after()}
    if guesses := [f"{row.code}: {row.assumed}" for row in rows if row.assumed]:
        response["x-assumed"] = "; ".join(guesses)
    return response


def _example(row: ErrorCode) -> dict[str, Any]:
    return {"error": {"code": row.code, "message": row.meaning, "requestId": "req_example"}}


def _oversized() -> dict[str, Any]:
    return {
        "description": "- `validation_failed`: The body is larger than the server accepts.",
        "content": json_content("PublicApiError"),
        "x-codes": ["validation_failed"],
        "x-assumed": "the status and that the body is JSON (REST custom)",
    }


def _retry_after() -> dict[str, Any]:
    return {
        "description": "How long to wait, in seconds.",
        "schema": {"type": "integer", "minimum": 0},
        "x-assumed": "RFC 9110",
    }


def rate_headers(assumptions: Assumptions) -> dict[str, Any]:
    """The headers that tell how much of the rate window is left, when they are assumed at all."""
    if not assumptions.rate_headers:
        return {}
    rows = {
        "X-RateLimit-Limit": "Requests in one window.",
        "X-RateLimit-Remaining": "Requests left in this window.",
        "X-RateLimit-Reset": "When the window ends, in POSIX seconds.",
    }
    return {
        name: {"description": about, "schema": {"type": "integer"}, "x-assumed": "GitHub"}
        for name, about in rows.items()
    }
