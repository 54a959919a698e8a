"""Answers of any shape: shown, never believed, never markup, never an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from debugger.client.outcome import (
    Failure,
    FailureKind,
    Mode,
    Outcome,
    RequestSnapshot,
    ResponseSnapshot,
    Timings,
)
from debugger.contract.operations import CATALOG, Operation
from debugger.panels import failures, readings
from debugger.panels.gate import Pass
from debugger.panels.keybar import KeyBar
from debugger.panels.seat import Seat
from debugger.panels.submission import opening
from debugger.panels.views.running import Ready, render_outcome

EVIL = "<img src=x onerror=alert(1)>"
FIELDS = (
    *("id", "object", "status", "model", "name", "url", "kind", "file_name", "mime_type"),
    *("content", "session_id", "created_at", "display_name", "category", "base_credits"),
    *("api_status", "type", "event_type", "secret_preview", "openapi"),
)


def outcome(operation: Operation, value: Any, failure: Failure | None = None) -> Outcome:
    text = json.dumps(value)
    response = ResponseSnapshot(
        status=200,
        headers=(("x-evil", EVIL),),
        text=text,
        is_json=True,
        value=value,
        size=len(text),
    )
    return Outcome(
        operation_id=operation.id,
        mode=Mode.LIVE,
        request=RequestSnapshot(method="GET", url="https://rivya.ai/" + EVIL, headers=()),
        response=response,
        timings=Timings(total_ms=12.0),
        failure=failure,
        drift=(EVIL,),
    )


def shown(operation: Operation, found: Outcome) -> str:
    request = RequestFactory().post("/panels/x/run")
    passed = Pass(seat=Seat(), operation=operation)
    ready = Ready(submission=opening(operation), passed=passed, bar=KeyBar())
    return render_outcome(request, ready, found)


def hostile(depth: int = 2) -> dict[str, Any]:
    inner: Any = EVIL if depth == 0 else hostile(depth - 1)
    values: dict[str, Any] = dict.fromkeys(FIELDS, EVIL)
    nested = ("message", "usage", "credits", "result", "error")
    lists = ("data", "messages", "urls", "attachments", "event_types")
    return (
        values
        | dict.fromkeys(nested, inner)
        | {name: [inner] for name in lists}
        | {"paths": {EVIL: {"get": {"summary": EVIL}}}, "current_credits": 5, "has_more": True}
    )


@pytest.mark.parametrize("operation", CATALOG, ids=lambda each: each.id)
def test_no_answer_becomes_markup(operation: Operation) -> None:
    html = shown(operation, outcome(operation, hostile()))
    assert "<img src=x" not in html
    assert "&lt;img" in html


STRANGE: tuple[Any, ...] = (
    None,
    [],
    {},
    5,
    "text",
    True,
    1e300,
    [None, 5, "x"],
    {"data": None},
    {"data": [None]},
    {"data": [{name: [name] for name in ("id", "status", "type", "category", "api_status")}]},
    {"data": [{name: {name: 1} for name in ("id", "status", "role", "event", "created_at")}]},
    {"data": {"data": []}},
    {"id": None, "status": 5},
    {"id": "task_1", "status": ["x"], "result": "x", "model": {"a": 1}},
    {"id": "task_1", "status": "succeeded", "final_credits": True, "reserved_credits": "8"},
    {"message": None},
    {"message": {"content": None}},
    {"message": {"content": "x"}, "usage": "x", "credits": 5},
    {"messages": [5]},
    {"messages": [{"role": None, "content": 5, "attachments": "abc"}]},
    {"current_credits": "5"},
    {"paths": []},
    {"paths": {"/x": None, "/y": {"get": None}}},
    {"items": 5, "values": 6, "keys": 7},
)


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_an_answer_of_any_shape_is_shown(value: Any) -> None:
    for operation in CATALOG:
        assert 'id="outcome"' in shown(operation, outcome(operation, value))


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_says_what_happened_and_what_to_do(kind: FailureKind) -> None:
    operation = CATALOG[1]
    failure = Failure(
        kind=kind,
        code="some_code",
        message="<b>its own words</b>",
        request_id="req_1",
        retry_after=7.2,
        detail="technical",
    )
    advice = failures.advise(outcome(operation, None, failure))
    assert advice is not None
    assert advice.title
    assert advice.what.endswith(".")
    assert advice.action.endswith(".")
    assert advice.wait == 8
    html = render_to_string("panels/_failure.html", {"advice": advice})
    assert "&lt;b&gt;its own words" in html
    for word in ("some_code", "req_1", "technical", 'data-countdown="8"'):
        assert word in html


def test_a_failure_without_words_of_the_api_gets_no_invented_ones() -> None:
    found = Outcome(
        operation_id="credits.retrieve",
        mode=Mode.LIVE,
        request=RequestSnapshot(method="GET", url="https://rivya.ai/", headers=()),
        response=None,
        timings=Timings(),
        failure=Failure(kind=FailureKind.UNREACHABLE),
    )
    advice = failures.advise(found)
    assert advice is not None
    assert (advice.code, advice.message, advice.meaning, advice.request_id) == ("", "", "", "")


def test_binary_answers_are_named_and_not_shown() -> None:
    operation = CATALOG[0]
    response = ResponseSnapshot(status=200, headers=(), text=None, size=5000)
    found = Outcome(
        operation_id=operation.id,
        mode=Mode.LIVE,
        request=RequestSnapshot(method="GET", url="https://rivya.ai/", headers=()),
        response=response,
        timings=Timings(),
        failure=Failure(kind=FailureKind.NOT_JSON),
    )
    assert "binary data, which is not shown" in shown(operation, found)


def test_a_value_that_cannot_be_written_as_json_is_still_shown() -> None:
    assert readings.safe_json(float("nan"))
