"""Generated requests against the HTTP face: no server error, no answer outside the document."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from debugger.contract import openapi, schemas
from debugger.contract.assumptions import with_overrides
from debugger.contract.streams import Decoder, Event
from debugger.emulator.scenarios import HEADER
from tests.emulator.faces import Caller, Clock, OverHttp, make_emulator, over_http

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Generated requests come faster than any customer's.
_ENDLESS = with_overrides(
    {"requests_per_window": 10**6, "submits_per_window": 10**6, "public_requests_per_window": 10**6}
)
_DOCUMENT = schemathesis.openapi.from_dict(openapi.document(base_url="http://127.0.0.1"))


@pytest.fixture(scope="module")
def face() -> Iterator[OverHttp]:
    with over_http(make_emulator(Clock(time.time()), assumptions=_ENDLESS)) as face:
        yield face


@pytest.fixture(scope="module")
def alice(face: OverHttp) -> Caller:
    return Caller.arrive(face, credits=10**6)


@_DOCUMENT.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_outside_the_document(case: schemathesis.Case[Any], alice: Caller) -> None:
    headers = {"Authorization": f"Bearer {alice.key}", HEADER: "happy"}
    response = case.call(base_url=alice.face.base_url, headers=headers)
    if response.headers.get("content-type", [""])[0].startswith("text/event-stream"):
        # The document describes a stream as text, so its frames are checked here.
        case.validate_response(response, checks=_CHECKS[:-1])
        _check_frames(response.content)
    else:
        case.validate_response(response, checks=_CHECKS)


def _check_frames(data: bytes) -> None:
    """Each frame that was read; the runner leaves long streams before their end."""
    events = [event for event in Decoder().feed(data) if isinstance(event, Event)]
    assert events
    for event in events:
        if event.data == "[DONE]":
            continue
        final = event.name == "chat.completion.completed"
        component = "PublicApiChatCompletion" if final else "PublicApiChatCompletionChunk"
        assert schemas.validate(component, json.loads(event.data)) == []
