"""Every kind of trouble is a Failure value with a sentence, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest

from debugger.client.api import Call, Limits, call, live_upstream
from debugger.client.outcome import Failure, FailureKind, Outcome
from debugger.contract import operations
from tests.client.servers import Script, answer, free_port, says, says_and_waits, serving

KEY = "rvya_sk_" + "k" * 32
CREDITS = operations.get("credits.retrieve")
OK = b'{"current_credits":7}'
PATIENT = Limits(read=10, total=30)
SHORT = Limits(connect=5, read=0.3, total=5)


def ask(script: Script, *, limits: Limits = PATIENT) -> Outcome:
    async def main() -> Outcome:
        async with serving(script) as server:
            upstream = live_upstream(server.base_url)
            return await call(upstream, Call(operation=CREDITS, key=KEY), limits=limits)

    return asyncio.run(main())


def failure_of(outcome: Outcome) -> Failure:
    assert outcome.failure is not None
    assert KEY not in repr(outcome)
    return outcome.failure


def test_a_good_answer_is_ok_with_its_timings() -> None:
    outcome = ask(says(answer(200, OK)))
    assert outcome.ok
    assert outcome.response is not None
    assert outcome.response.value == {"current_credits": 7}
    assert outcome.response.size == len(OK)
    assert outcome.response.http_version == "HTTP/1.1"
    timings = outcome.timings
    assert timings.connect_ms is not None
    assert timings.first_byte_ms is not None
    assert 0 <= timings.connect_ms <= timings.first_byte_ms <= timings.total_ms < 30_000


def test_the_key_goes_out_and_stays_out_of_the_outcome() -> None:
    async def main() -> tuple[Outcome, bytes]:
        async with serving(says(answer(200, OK))) as server:
            upstream = live_upstream(server.base_url)
            outcome = await call(upstream, Call(operation=CREDITS, key=KEY))
            return outcome, server.requests[0]

    outcome, sent = asyncio.run(main())
    assert f"Authorization: Bearer {KEY}\r\n".encode() in sent
    assert ("Authorization", "Bearer [redacted]") in outcome.request.headers
    assert KEY not in repr(outcome)


def test_a_port_that_nobody_listens_on_is_unreachable() -> None:
    upstream = live_upstream(f"http://127.0.0.1:{free_port()}")
    failure = failure_of(asyncio.run(call(upstream, Call(operation=CREDITS, key=KEY))))
    assert failure.kind is FailureKind.UNREACHABLE
    assert "connection refused" in failure.detail


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    upstream = live_upstream("http://no-such-host.invalid")
    failure = failure_of(asyncio.run(call(upstream, Call(operation=CREDITS, key=KEY))))
    assert failure.kind is FailureKind.UNREACHABLE


def test_a_connection_closed_before_the_answer_is_unreachable() -> None:
    failure = failure_of(ask(says()))
    assert failure.kind is FailureKind.UNREACHABLE
    assert "before it answered" in failure.detail


def test_tls_to_a_plain_port_is_a_tls_failure() -> None:
    async def main() -> Outcome:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            upstream = live_upstream(f"https://127.0.0.1:{port}")
            return await call(upstream, Call(operation=CREDITS, key=KEY), limits=SHORT)

    assert failure_of(asyncio.run(main())).kind is FailureKind.TLS


def test_a_server_that_never_answers_is_timed_out() -> None:
    failure = failure_of(ask(says_and_waits(), limits=SHORT))
    assert failure.kind is FailureKind.TIMED_OUT
    assert "did not answer in time" in failure.detail


def test_a_server_that_stops_in_the_middle_is_timed_out() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    failure = failure_of(ask(says_and_waits(head), limits=SHORT))
    assert failure.kind is FailureKind.TIMED_OUT


def test_a_body_that_drips_for_ever_ends_at_the_total() -> None:
    async def drip(
        _head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    outcome = ask(drip, limits=Limits(read=1, total=0.6))
    assert failure_of(outcome).kind is FailureKind.TIMED_OUT
    assert outcome.timings.total_ms < 5000


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
    ids=["length", "chunked", "bad chunk"],
)
def test_a_cut_body_is_broken_and_what_came_is_kept(sent: bytes) -> None:
    outcome = ask(says(sent))
    assert failure_of(outcome).kind is FailureKind.BROKEN
    assert outcome.response is not None
    assert outcome.response.status == 200


@pytest.mark.parametrize(
    "sent",
    [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x16", b"\0" * 64 + b"\r\n\r\n"],
)
def test_garbage_instead_of_http_is_broken(sent: bytes) -> None:
    failure = failure_of(ask(says(sent)))
    assert failure.kind is FailureKind.BROKEN
    assert "not HTTP" in failure.detail


def test_a_flood_of_headers_is_broken() -> None:
    flood = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 100) for n in range(5000))
    failure = failure_of(ask(says(b"HTTP/1.1 200 OK\r\n" + flood + b"\r\n")))
    assert failure.kind is FailureKind.BROKEN


def test_html_with_200_is_not_json() -> None:
    outcome = ask(says(answer(200, b"<h1>Welcome</h1>", kind="text/html")))
    failure = failure_of(outcome)
    assert failure.kind is FailureKind.NOT_JSON
    assert "text/html" in failure.detail
    assert outcome.response is not None
    assert outcome.response.text == "<h1>Welcome</h1>"


def test_thirty_megabytes_are_counted_and_not_kept() -> None:
    body = b'{"x":"' + b"a" * (30 * 1024 * 1024) + b'"}'
    outcome = ask(says(answer(200, body)), limits=Limits())
    failure = failure_of(outcome)
    assert failure.kind is FailureKind.TOO_LARGE
    assert f"{len(body):,}" in failure.detail
    assert outcome.response is not None
    assert outcome.response.truncated
    assert outcome.response.size == len(body)
    assert len(outcome.response.text or "") <= 64 * 1024


def test_a_gzip_bomb_is_given_up_within_bounds() -> None:
    bomb = gzip.compress(b"\0" * (256 * 1024 * 1024), compresslevel=9, mtime=0)
    limits = Limits(keep=1024, stop=8 * 1024 * 1024)
    outcome = ask(says(answer(200, bomb, "Content-Encoding: gzip")), limits=limits)
    failure = failure_of(outcome)
    assert failure.kind is FailureKind.TOO_LARGE
    assert failure.detail.startswith("At least")
    assert outcome.response is not None
    assert outcome.response.size <= 9 * 1024 * 1024


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(OK, mtime=0)),
        ("gzip", gzip.compress(OK[:5], mtime=0) + gzip.compress(OK[5:], mtime=0)),
        ("deflate", zlib.compress(OK)),
        ("deflate", zlib.compress(OK)[2:-4]),
        ("identity", OK),
    ],
)
def test_compressed_answers_are_read(encoding: str, body: bytes) -> None:
    outcome = ask(says(answer(200, body, f"Content-Encoding: {encoding}")))
    assert outcome.ok, outcome.failure
    assert outcome.response is not None
    assert outcome.response.value == {"current_credits": 7}


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(OK, mtime=0)[:-9]),
        ("gzip", b"not gzip at all"),
        ("deflate", b"\xff\xfe\xfd"),
        ("br", OK),
        ("gzip, gzip", OK),
    ],
)
def test_a_damaged_or_unasked_encoding_is_broken(encoding: str, body: bytes) -> None:
    outcome = ask(says(answer(200, body, f"Content-Encoding: {encoding}")))
    assert failure_of(outcome).kind is FailureKind.BROKEN


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "api_key_invalid", FailureKind.REFUSED),
        (403, "api_scope_denied", FailureKind.REFUSED),
        (400, "validation_failed", FailureKind.REJECTED),
        (402, "insufficient_credits", FailureKind.REJECTED),
        (404, "not_found", FailureKind.REJECTED),
        (409, "idempotency_conflict", FailureKind.REJECTED),
        (429, "rate_limited", FailureKind.RATE_LIMITED),
        (500, "internal_error", FailureKind.UNAVAILABLE),
        (503, "public_api_disabled", FailureKind.UNAVAILABLE),
    ],
)
def test_an_error_keeps_the_words_of_the_api(status: int, code: str, kind: FailureKind) -> None:
    error = {"code": code, "message": "The words.", "requestId": "req_1"}
    failure = failure_of(ask(says(answer(status, json.dumps({"error": error}).encode()))))
    assert failure == Failure(kind=kind, code=code, message="The words.", request_id="req_1")


def test_the_request_id_may_stand_in_a_header() -> None:
    failure = failure_of(ask(says(answer(500, b"<html>", "X-Request-Id: req_9", kind="text/html"))))
    assert failure.kind is FailureKind.UNAVAILABLE
    assert failure.request_id == "req_9"
    assert "text/html" in failure.detail


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"error":null}',
        b'{"error":[1]}',
        b'{"error":{"code":5,"message":{}}}',
        b"null",
        b"",
    ],
)
def test_an_error_of_any_shape_is_still_its_status(body: bytes) -> None:
    failure = failure_of(ask(says(answer(503, body))))
    assert (failure.kind, failure.code, failure.message) == (FailureKind.UNAVAILABLE, None, None)


def test_retry_after_in_seconds_is_told() -> None:
    assert failure_of(ask(says(answer(429, b"{}", "Retry-After: 17")))).retry_after == 17


def test_a_retry_after_that_says_nothing_is_left_out() -> None:
    assert failure_of(ask(says(answer(429, b"{}", "Retry-After: soon")))).retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_never_followed(status: int) -> None:
    async def main() -> tuple[Outcome, int, int]:
        async with serving(says(answer(200, OK))) as other:
            location = f"Location: {other.base_url}/api/v1/credits"
            async with serving(says(answer(status, b"", location))) as server:
                upstream = live_upstream(server.base_url)
                outcome = await call(upstream, Call(operation=CREDITS, key=KEY))
                return outcome, len(server.requests), len(other.requests)

    outcome, asked, followed = asyncio.run(main())
    failure = failure_of(outcome)
    assert failure.kind is FailureKind.REDIRECTED
    assert "/api/v1/credits" in failure.detail
    assert (asked, followed) == (1, 0)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 100_000, "JSON"),
        (b"[" * 5000 + b"]" * 5000, "deep"),
        (b"9" * 10_000, "10000 digits"),
        (b'{"x":NaN}', "NaN"),
        (b'{"x":1e999}', "too large"),
        (b"", "empty"),
        (b"{} {}", "not JSON"),
    ],
)
def test_hostile_json_is_not_json_and_says_why(body: bytes, word: str) -> None:
    outcome = ask(says(answer(200, body)))
    failure = failure_of(outcome)
    assert failure.kind is FailureKind.NOT_JSON
    assert word in failure.detail


def test_text_that_cannot_be_stored_becomes_visible_escapes() -> None:
    outcome = ask(says(answer(200, b'\xef\xbb\xbf{"current_credits":1,"a":"x\\ud800\\u0000y"}')))
    assert outcome.ok
    assert outcome.response is not None
    assert outcome.response.value["a"] == "x\\ud800\\u0000y"
    repr(outcome).encode()


def test_a_difference_from_the_contract_is_a_note() -> None:
    outcome = ask(says(answer(200, b'{"current_credits":"many"}')))
    assert outcome.ok
    assert [line.partition(":")[0] for line in outcome.drift] == ["current_credits"]


def test_cookies_of_an_answer_are_neither_kept_nor_shown() -> None:
    async def main() -> tuple[Outcome, bytes]:
        script = says(answer(200, OK, "Set-Cookie: session=abc123; Path=/"))
        async with serving(script) as server:
            upstream = live_upstream(server.base_url)
            await call(upstream, Call(operation=CREDITS, key=KEY))
            outcome = await call(upstream, Call(operation=CREDITS, key=KEY))
            return outcome, server.requests[1]

    outcome, second = asyncio.run(main())
    assert b"cookie" not in second.lower()
    assert "abc123" not in repr(outcome)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert ask(says(answer(200, OK))).ok


def test_cancelling_a_call_frees_its_connection_at_once() -> None:
    async def main() -> float:
        async with serving(says_and_waits(b"HTTP/1.1 200 OK\r\n\r\n{")) as server:
            upstream = live_upstream(server.base_url)
            task = asyncio.create_task(call(upstream, Call(operation=CREDITS, key=KEY)))
            await server.asked.wait()
            await asyncio.sleep(0.05)
            began = asyncio.get_running_loop().time()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                await server.gone.wait()
            return asyncio.get_running_loop().time() - began

    assert asyncio.run(main()) < 2


def test_one_loop_keeps_one_connection_for_many_calls() -> None:
    async def twice(
        _head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        plain = answer(200, OK).replace(b"Connection: close\r\n", b"")
        writer.write(plain)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(plain)
        await reader.read(10)

    async def main() -> tuple[Outcome, int]:
        async with serving(twice) as server:
            upstream = live_upstream(server.base_url)
            await call(upstream, Call(operation=CREDITS))
            return await call(upstream, Call(operation=CREDITS)), len(server.requests)

    outcome, connections = asyncio.run(main())
    assert outcome.ok
    assert outcome.timings.connect_ms is None
    assert connections == 1
