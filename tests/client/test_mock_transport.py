"""The mock transport behaves like a wire: pace, silence, cuts, refusals; and it keeps keys out."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from debugger.client.api import Call, Limits, call, mock_upstream
from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.client.request import Upload
from debugger.contract import operations
from debugger.emulator import wire

CREDITS = operations.get("credits.retrieve")
SESSION = operations.get("chat.sessions.retrieve")
JSON = (("content-type", "application/json"),)
GOOD = [wire.Chunk(b'{"current_'), wire.Chunk(b'credits":1}')]
KEY = "rvya_sk_" + "m" * 32


def ask(
    response: wire.Response, request: Call | None = None, scenario: str | None = None
) -> tuple[Outcome, wire.Request]:
    asked: list[wire.Request] = []

    async def handle(got: wire.Request) -> wire.Response:
        asked.append(got)
        return response

    upstream = mock_upstream(
        handle, account="acct_1", base_url="http://dash.example/mock/", scenario=scenario
    )
    limits = Limits(read=0.5, total=2)
    outcome = asyncio.run(call(upstream, request or Call(operation=CREDITS), limits=limits))
    return outcome, asked[0]


def test_the_emulator_is_asked_as_the_account() -> None:
    request = Call(operation=SESSION, path={"sessionId": "a/b"}, query={"limit": "2 3"})
    outcome, asked = ask(wire.Response(200, JSON, GOOD), request, scenario="slow")
    assert outcome.mode is Mode.MOCK
    assert outcome.request.url == "http://dash.example/mock/api/v1/chat/sessions/a%2Fb?limit=2%203"
    assert (asked.method, asked.path) == ("GET", "/api/v1/chat/sessions/a%2Fb")
    assert asked.query == "limit=2%203"
    assert (asked.account, asked.base_url) == ("acct_1", "http://dash.example/mock")
    assert asked.headers["rivya-sandbox-scenario"] == "slow"
    assert all(name == name.lower() for name in asked.headers)


def test_a_live_key_never_reaches_the_emulator() -> None:
    outcome, asked = ask(wire.Response(200, JSON, GOOD), Call(operation=CREDITS, key=KEY))
    assert "authorization" not in asked.headers
    assert KEY not in repr(outcome)


def test_a_typed_authorization_does_reach_it() -> None:
    request = Call(operation=CREDITS, headers={"Authorization": "Bearer wrong"})
    _, asked = ask(wire.Response(200, JSON, GOOD), request)
    assert asked.headers["authorization"] == "Bearer wrong"


def test_an_answer_comes_at_its_pace() -> None:
    chunks = [wire.Chunk(b'{"current_credits":1}', delay=0.1)]
    outcome, _ = ask(wire.Response(200, JSON, chunks, delay=0.1))
    assert outcome.ok
    assert outcome.timings.first_byte_ms is not None
    assert outcome.timings.first_byte_ms >= 95
    assert outcome.timings.total_ms >= 190
    assert outcome.timings.connect_ms is None


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (wire.Response(200, JSON, GOOD, delay=60), FailureKind.TIMED_OUT),
        (wire.Response(200, JSON, [wire.Chunk(b"{"), wire.Chunk(b"}", 60)]), FailureKind.TIMED_OUT),
        (wire.Response(200, JSON, [wire.Chunk(b"{"), wire.Chunk(cut=True)]), FailureKind.BROKEN),
        (wire.Response(200, JSON, GOOD, refuse=True), FailureKind.UNREACHABLE),
        (wire.Response(302, (("location", "/x"),)), FailureKind.REDIRECTED),
        (wire.Response(503, JSON), FailureKind.UNAVAILABLE),
    ],
)
def test_trouble_is_the_same_value_as_over_a_wire(
    response: wire.Response, kind: FailureKind
) -> None:
    outcome, _ = ask(response)
    assert outcome.failure is not None
    assert outcome.failure.kind is kind
    assert outcome.timings.total_ms < 5000


def test_many_short_waits_still_end_at_the_total() -> None:
    drip = [wire.Chunk(b" ", delay=0.1)] * 1000
    outcome, _ = ask(wire.Response(200, JSON, drip))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TIMED_OUT


def test_a_one_time_secret_is_lifted_out_and_shown_nowhere_else() -> None:
    secret = "whsec_" + "s" * 32
    body = f'{{"id":"whend_1","signing_secret":"{secret}","secret_preview":"whsec_12...abc123"}}'
    request = Call(operation=operations.get("webhooks.create"), body={"url": "https://a.example"})
    outcome, _ = ask(wire.Response(201, JSON, [wire.Chunk(body.encode())]), request)
    assert [(s.pointer, s.value) for s in outcome.one_time_secrets] == [("/signing_secret", secret)]
    assert outcome.response is not None
    assert outcome.response.value["signing_secret"] == "[redacted]"
    assert outcome.response.value["secret_preview"] == "whsec_12...abc123"
    assert secret not in repr(outcome)


def test_a_key_in_a_wrong_place_never_reaches_the_emulator() -> None:
    create = operations.get("generations.create")
    request = Call(
        operation=create,
        query={"note": KEY},
        headers={"Idempotency-Key": KEY, "X-Note": f"my {KEY}"},
        body={"model": "z-image", "prompt": f"A lamp, {KEY}, 램프", KEY: [KEY]},
    )
    _, asked = ask(wire.Response(200, JSON, GOOD), request)
    assert KEY not in repr(asked)
    assert json.loads(asked.body)["prompt"] == "A lamp, [redacted], 램프"


def test_a_key_in_the_name_of_a_file_never_reaches_the_emulator_and_the_file_does() -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 600
    upload = Upload(
        filename=f"{KEY}.png",
        content_type="image/png",
        file=io.BytesIO(data),
        size=len(data),
        fields={"kind": "image", "client_request_id": KEY},
    )
    call_ = Call(operation=operations.get("files.create"), upload=upload)
    _, asked = ask(wire.Response(200, JSON, GOOD), call_)
    assert KEY.encode() not in asked.body
    assert data in asked.body


def test_what_only_looks_a_little_like_a_key_reaches_the_emulator_as_it_is() -> None:
    body = {"model": "z-image", "prompt": "rvya_sk_ is how keys begin; \ud83d password=hunter2"}
    request = Call(operation=operations.get("generations.create"), body=body)
    _, asked = ask(wire.Response(200, JSON, GOOD), request)
    assert json.loads(asked.body) == body
