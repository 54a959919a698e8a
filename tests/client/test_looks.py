"""Looks at jobs over the network: what is the same is not read, trouble is a value."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from debugger.client import api
from debugger.client.looks import LOOK_LIMITS, RETRIEVE, Glance, Looker
from debugger.client.outcome import FailureKind, Outcome
from debugger.client.transport import live_upstream, mock_upstream
from debugger.emulator.wire import Chunk, Request, Response
from tests.client.servers import Script, answer, free_port, says, says_and_waits, serving

KEY = "rvya_sk_" + "q" * 40
BODY = json.dumps({"id": "task_1", "status": "processing"}).encode()
QUICK = replace(LOOK_LIMITS, connect=1.0, total=0.4, keep=4096, stop=16384)
Value = TypeVar("Value")


def run(work: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(work)


def looked(script: Script, *, task: str = "task_1", digest: str = "") -> Glance:
    async def once() -> Glance:
        async with serving(script) as server:
            looker = Looker(live_upstream(server.base_url), key=KEY, limits=QUICK)
            return await looker.look(task, digest=digest)

    return run(once())


def kind_of(glance: Glance) -> FailureKind | None:
    assert glance.outcome is not None
    return glance.outcome.failure.kind if glance.outcome.failure else None


def test_an_answer_that_is_new_comes_as_an_outcome_with_its_digest() -> None:
    glance = looked(says(answer(200, BODY)))
    assert glance.outcome is not None
    assert glance.outcome.ok
    assert glance.outcome.response is not None
    assert glance.outcome.response.value == {"id": "task_1", "status": "processing"}
    assert (glance.status, glance.same, len(glance.digest)) == (200, False, 32)


def test_the_same_bytes_are_not_read_again() -> None:
    first = looked(says(answer(200, BODY)))
    second = looked(says(answer(200, BODY)), digest=first.digest)
    assert (second.same, second.outcome, second.digest) == (True, None, first.digest)


def test_another_answer_is_not_the_same() -> None:
    first = looked(says(answer(200, BODY)))
    second = looked(says(answer(200, BODY + b" ")), digest=first.digest)
    assert not second.same
    assert second.outcome is not None


def test_compression_does_not_make_another_answer() -> None:
    plain = looked(says(answer(200, BODY)))
    packed = answer(200, gzip.compress(BODY), "Content-Encoding: gzip")
    assert looked(says(packed), digest=plain.digest).same


def test_a_look_is_the_very_request_and_outcome_of_a_call() -> None:
    async def both() -> tuple[list[bytes], Outcome, Outcome | None]:
        async with serving(says(answer(200, BODY, "X-Request-Id: req_1"))) as server:
            upstream = live_upstream(server.base_url)
            call = api.Call(operation=RETRIEVE, path={"taskId": "a/b c"}, key=KEY)
            called = await api.call(upstream, call, limits=QUICK)
            glance = await Looker(upstream, key=KEY, limits=QUICK).look("a/b c")
            return server.requests, called, glance.outcome

    heads, called, looked_at = run(both())
    assert looked_at is not None
    assert replace(called, timings=looked_at.timings) == looked_at
    lines = [sorted(head.lower().split(b"\r\n")) for head in heads]
    assert heads[0].split(b"\r\n")[0] == heads[1].split(b"\r\n")[0]
    assert [line for line in lines[1] if line not in lines[0]] == []


def test_the_key_is_sent_and_never_shown() -> None:
    echo = json.dumps({"id": KEY, "status": "queued"}).encode()
    glance = looked(says(answer(200, echo, f"X-Echo: {KEY}")))
    assert KEY not in repr(glance)


def test_a_redirect_is_not_followed() -> None:
    glance = looked(says(answer(302, b"", "Location: http://127.0.0.1:1/")))
    assert kind_of(glance) is FailureKind.REDIRECTED
    assert (glance.status, glance.digest) == (302, "")


def test_what_is_not_json_is_a_failure_with_its_text() -> None:
    glance = looked(says(answer(200, b"<p>hello</p>", kind="text/html")))
    assert kind_of(glance) is FailureKind.NOT_JSON
    assert glance.outcome is not None
    assert glance.outcome.response is not None
    assert glance.outcome.response.text == "<p>hello</p>"


def test_a_gzip_bomb_is_inflated_up_to_the_limit_only() -> None:
    bomb = answer(200, gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip")
    glance = looked(says(bomb))
    assert kind_of(glance) is FailureKind.TOO_LARGE
    assert glance.outcome is not None
    assert glance.outcome.response is not None
    assert glance.outcome.response.size < 200_000
    assert glance.digest == ""


def test_an_encoding_that_was_not_asked_for_is_broken() -> None:
    assert kind_of(looked(says(answer(200, BODY, "Content-Encoding: br")))) is FailureKind.BROKEN


def test_a_cut_body_is_broken_and_its_beginning_is_kept() -> None:
    glance = looked(says(answer(200, BODY)[:-3]))
    assert kind_of(glance) is FailureKind.BROKEN
    assert glance.outcome is not None
    assert glance.outcome.response is not None
    assert glance.outcome.response.text == BODY[:-3].decode()
    assert glance.digest == ""


def test_a_body_that_stops_in_the_middle_is_given_up_in_time() -> None:
    glance = looked(says_and_waits(answer(200, BODY)[:-3]))
    assert kind_of(glance) is FailureKind.TIMED_OUT
    assert glance.status == 200


def test_silence_is_given_up_in_time() -> None:
    glance = looked(says_and_waits())
    assert kind_of(glance) is FailureKind.TIMED_OUT
    assert glance.status is None


def test_a_connection_that_is_closed_at_once_is_unreachable() -> None:
    assert kind_of(looked(says())) is FailureKind.UNREACHABLE


def test_nobody_at_the_address_is_unreachable() -> None:
    async def once() -> Glance:
        upstream = live_upstream(f"http://127.0.0.1:{free_port()}")
        return await Looker(upstream, key=KEY, limits=QUICK).look("task_1")

    assert kind_of(run(once())) is FailureKind.UNREACHABLE


@pytest.mark.parametrize(
    "noise",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_a_failure(noise: bytes) -> None:
    glance = looked(says(noise))
    assert kind_of(glance) in (FailureKind.BROKEN, FailureKind.UNREACHABLE)


def test_a_plain_server_is_no_safe_one() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def once() -> Glance:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            upstream = live_upstream(f"https://127.0.0.1:{port}")
            return await Looker(upstream, key=KEY, limits=QUICK).look("task_1")

    assert kind_of(run(once())) is FailureKind.TLS


def test_a_task_that_is_no_address_is_not_sent() -> None:
    glance = looked(says(answer(200, BODY)), task="..")
    assert kind_of(glance) is FailureKind.NOT_SENT
    assert glance.status is None


def test_retry_after_arrives() -> None:
    body = b'{"error":{"code":"rate_limited","message":"Slow down."}}'
    glance = looked(says(answer(429, body, "Retry-After: 7")))
    assert glance.outcome is not None
    assert glance.outcome.failure is not None
    assert glance.outcome.failure.retry_after == 7.0


def test_a_look_that_is_cancelled_ends_at_once_and_hangs_up() -> None:
    async def once() -> bool:
        async with serving(says_and_waits()) as server:
            looker = Looker(live_upstream(server.base_url), key=KEY)
            task = asyncio.create_task(looker.look("task_1"))
            await server.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.gone.wait(), 2)
            return True

    assert run(once())


def test_no_cookie_is_kept() -> None:
    async def twice() -> list[bytes]:
        async with serving(says(answer(200, BODY, "Set-Cookie: a=b"))) as server:
            looker = Looker(live_upstream(server.base_url), key=KEY, limits=QUICK)
            await looker.look("task_1")
            await looker.look("task_1")
            return server.requests

    assert all(b"cookie" not in head.lower() for head in run(twice()))


def test_mock_mode_gives_the_same_values_in_process() -> None:
    async def handle(request: Request) -> Response:
        assert "authorization" not in request.headers or KEY not in str(request.headers)
        headers = (("content-type", "application/json"),)
        return Response(status=200, headers=headers, chunks=[Chunk(BODY)])

    async def twice() -> tuple[Glance, Glance]:
        upstream = mock_upstream(handle, account="a", base_url="http://mock.test")
        looker = Looker(upstream)
        first = await looker.look("task_1")
        return first, await looker.look("task_1", digest=first.digest)

    first, second = run(twice())
    assert first.outcome is not None
    assert first.outcome.response is not None
    assert first.outcome.response.value == {"id": "task_1", "status": "processing"}
    assert second.same


def test_one_looker_asks_for_each_job_at_its_own_address() -> None:
    async def several() -> list[bytes]:
        async with serving(says(answer(200, BODY))) as server:
            looker = Looker(live_upstream(f"{server.base_url}/base"), key=KEY, limits=QUICK)
            for task in ("task_1", "task_2", "a b", "task_3"):
                await looker.look(task)
            return [head.split(b" ")[1] for head in server.requests]

    path = b"/base/api/v1/generations/"
    assert run(several()) == [path + task for task in (b"task_1", b"task_2", b"a%20b", b"task_3")]
