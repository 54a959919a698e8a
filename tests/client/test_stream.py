"""Event streams arrive frame by frame and end honestly, over sockets and in process."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from debugger.client.api import (
    Call,
    Finished,
    FrameArrived,
    Limits,
    Opened,
    StreamEvent,
    Upstream,
    live_upstream,
    mock_upstream,
    stream,
)
from debugger.client.outcome import Failure, FailureKind, Outcome
from debugger.contract import operations
from debugger.contract.streams import Comment, FrameKind
from debugger.emulator import wire
from tests.client.servers import Script, answer, says, says_and_waits, serving

STREAM = operations.get("chat.stream")
KEY = "rvya_sk_" + "s" * 32
SHORT = Limits(read=0.4)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
FINAL = {
    "id": "chatcmpl_1",
    "object": "chat.completion",
    "session_id": "chat_1",
    "model": "gpt-5-2-chat",
    "created_at": "2026-05-11T00:00:00.000Z",
    "message": {"id": "msg_1", "role": "assistant", "content": "Hello"},
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    "credits": {"reserved": 3, "final": 2},
}


def frame(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def delta(text: str) -> bytes:
    value = {
        "id": "chatcmpl_1",
        "object": "chat.completion.chunk",
        "session_id": "chat_1",
        "delta": {"role": "assistant", "content": text},
    }
    return frame("chat.completion.delta", value)


WHOLE = delta("Hel") + b": ping\n\n" + delta("lo") + frame("chat.completion.completed", FINAL)
DONE = b"data: [DONE]\n\n"


async def read(upstream: Upstream, limits: Limits | None = None) -> list[StreamEvent]:
    request = Call(operation=STREAM, body={"model": "m", "message": "hi"}, key=KEY)
    return [event async for event in stream(upstream, request, limits=limits or Limits(read=10))]


def over_http(script: Script, limits: Limits | None = None) -> list[StreamEvent]:
    async def main() -> list[StreamEvent]:
        async with serving(script) as server:
            return await read(live_upstream(server.base_url), limits)

    return asyncio.run(main())


def outcome_of(events: list[StreamEvent]) -> Outcome:
    assert [isinstance(event, Finished) for event in events].count(True) == 1
    last = events[-1]
    assert isinstance(last, Finished)
    assert KEY not in repr(events)
    return last.outcome


def failure_of(events: list[StreamEvent]) -> Failure:
    failure = outcome_of(events).failure
    assert failure is not None
    return failure


def frames_of(events: list[StreamEvent]) -> list[FrameArrived]:
    return [event for event in events if isinstance(event, FrameArrived)]


def test_a_stream_opens_gives_its_frames_and_finishes() -> None:
    events = over_http(says(HEAD, WHOLE, DONE))
    assert isinstance(events[0], Opened)
    frames = frames_of(events)
    assert [item.number for item in frames] == [1, 2, 3, 4, 5]
    assert [item.frame.kind for item in frames] == [
        FrameKind.DELTA,
        FrameKind.OTHER,
        FrameKind.DELTA,
        FrameKind.FINAL,
        FrameKind.DONE,
    ]
    assert "".join(f.frame.text for f in frames if f.frame.kind is FrameKind.DELTA) == "Hello"
    assert isinstance(frames[1].event, Comment)
    assert b"".join(item.raw for item in frames).replace(b"\n", b"") == (WHOLE + DONE).replace(
        b"\n", b""
    )
    outcome = outcome_of(events)
    assert outcome.ok
    assert outcome.drift == ()
    assert outcome.response is not None
    assert outcome.response.text == (WHOLE + DONE).decode()


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_frames_do_not_depend_on_how_the_bytes_are_cut(step: int) -> None:
    text = (delta("안녕🙂") + frame("chat.completion.completed", FINAL) + DONE).replace(
        b"\n", b"\r\n"
    )

    async def handle(_: wire.Request) -> wire.Response:
        return _events(*[text[at : at + step] for at in range(0, len(text), step)])

    upstream = mock_upstream(handle, account="a", base_url="http://mock")
    events = asyncio.run(read(upstream))
    assert frames_of(events)[0].frame.text == "안녕🙂"
    assert outcome_of(events).ok


def test_a_stream_without_its_end_marker_is_broken() -> None:
    failure = failure_of(over_http(says(HEAD, delta("Hel"))))
    assert failure.kind is FailureKind.BROKEN
    assert "end marker" in failure.detail


def test_a_stream_that_is_cut_in_the_middle_is_broken() -> None:
    chunked = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = delta("Hel")
    events = over_http(says(chunked, b"%x\r\n%s\r\n" % (len(piece), piece)))
    assert failure_of(events).kind is FailureKind.BROKEN
    assert frames_of(events)[0].frame.text == "Hel"


@pytest.mark.parametrize("end", [frame("chat.completion.completed", FINAL), DONE])
def test_either_end_marker_is_enough(end: bytes) -> None:
    assert outcome_of(over_http(says(HEAD, delta("Hi"), end))).ok


def test_reading_stops_at_done_though_the_server_goes_on() -> None:
    assert outcome_of(over_http(says_and_waits(HEAD, DONE))).ok


def test_a_silence_after_the_finished_reply_takes_nothing_away() -> None:
    assert outcome_of(over_http(says_and_waits(HEAD, WHOLE), SHORT)).ok


def test_a_silent_stream_is_timed_out_with_what_came() -> None:
    events = over_http(says_and_waits(HEAD, delta("Hel")), SHORT)
    assert failure_of(events).kind is FailureKind.TIMED_OUT
    assert len(frames_of(events)) == 1


def test_an_error_inside_the_stream_has_the_words_of_the_api() -> None:
    error = {"error": {"code": "rate_limited", "message": "Slow down.", "requestId": "req_1"}}
    failure = failure_of(over_http(says(HEAD, delta("Hel"), frame("error", error))))
    assert failure.kind is FailureKind.RATE_LIMITED
    assert (failure.code, failure.message, failure.request_id) == (
        "rate_limited",
        "Slow down.",
        "req_1",
    )


def test_an_unknown_error_inside_the_stream_is_unavailable() -> None:
    failure = failure_of(over_http(says(HEAD, frame("error", {"error": "overloaded"}))))
    assert (failure.kind, failure.message) == (FailureKind.UNAVAILABLE, "overloaded")


def test_an_error_before_the_stream_is_an_ordinary_one() -> None:
    body = json.dumps({"error": {"code": "api_key_invalid", "message": "No."}}).encode()
    events = over_http(says(answer(401, body)))
    assert len(events) == 1
    assert failure_of(events).code == "api_key_invalid"


@pytest.mark.parametrize(
    ("kind", "body"), [("application/json", b"{}"), ("text/html", b"<h1>Hi</h1>")]
)
def test_an_answer_that_is_no_stream_is_broken(kind: str, body: bytes) -> None:
    events = over_http(says(answer(200, body, kind=kind)))
    assert failure_of(events).kind is FailureKind.BROKEN
    response = outcome_of(events).response
    assert response is not None
    assert response.text == body.decode()


def test_a_compressed_stream_is_read() -> None:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    assert outcome_of(over_http(says(head, gzip.compress(WHOLE + DONE)))).ok


def test_a_line_without_end_is_given_up() -> None:
    events = over_http(says(HEAD, b"data: ", *[b"x" * 100_000] * 100), Limits(read=10))
    assert failure_of(events).kind is FailureKind.TOO_LARGE


def test_a_stream_without_end_is_given_up() -> None:
    limits = Limits(read=10, keep=1000, stop=200_000)
    events = over_http(says(HEAD, *[delta("x" * 1000)] * 1000), limits)
    assert failure_of(events).kind is FailureKind.TOO_LARGE
    response = outcome_of(events).response
    assert response is not None
    assert response.truncated
    assert len(response.text or "") <= 1000


def test_hostile_frames_are_shown_and_do_no_harm() -> None:
    hostile = (
        b"data: " + b"[" * 3000 + b"]" * 3000 + b"\n\n"
        b"data: \xff\xfe\n\n"
        b'data: {"delta":"\\ud800\\u0000"}\n\n'
        b'data: {"delta":' + b"9" * 9000 + b"}\n\n"
        b"\x00\x01\x02\n\n"
    )
    events = over_http(says(HEAD, hostile, DONE))
    assert outcome_of(events).ok
    for item in frames_of(events):
        item.frame.text.encode()
        json.dumps(item.frame.payload).encode()


def test_a_key_inside_a_frame_is_redacted_in_every_form() -> None:
    events = over_http(says(HEAD, delta(f"your key is {KEY}"), DONE))
    found = frames_of(events)[0]
    assert "[redacted]" in found.frame.text
    for text in (found.frame.text, repr(found.event), repr(found.raw), repr(found.frame.payload)):
        assert KEY not in text


def test_a_difference_from_the_contract_is_a_note() -> None:
    final = FINAL | {"usage": "none"}
    events = over_http(says(HEAD, frame("chat.completion.completed", final)))
    outcome = outcome_of(events)
    assert outcome.ok
    assert any(line.startswith("usage") for line in outcome.drift)


def test_frames_arrive_while_the_stream_is_still_open() -> None:
    async def main() -> list[float]:
        async def handle(_: wire.Request) -> wire.Response:
            paced = [wire.Chunk(delta(str(n)), delay=0.1) for n in range(3)]
            return wire.Response(200, _TYPE, [*paced, wire.Chunk(DONE)])

        events = await read(mock_upstream(handle, account="a", base_url="http://mock"))
        return [item.at_ms for item in frames_of(events)]

    times = asyncio.run(main())
    assert times[0] >= 90
    assert times[1] - times[0] >= 90
    assert times[2] - times[1] >= 90


@pytest.mark.parametrize("way", ["leaving the loop", "cancelling"])
def test_leaving_early_frees_the_connection_at_once(way: str) -> None:
    async def main() -> None:
        async with serving(says_and_waits(HEAD, delta("Hel"))) as server:
            upstream = live_upstream(server.base_url)
            first = asyncio.Event()

            async def follow() -> None:
                request = Call(operation=STREAM, body={}, key=KEY)
                async with aclosing(stream(upstream, request)) as events:
                    async for event in events:
                        if isinstance(event, FrameArrived):
                            first.set()
                            if way == "leaving the loop":
                                return

            task = asyncio.create_task(follow())
            await first.wait()
            if way == "cancelling":
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                await task
            async with asyncio.timeout(2):
                await server.gone.wait()

    asyncio.run(main())


def test_leaving_early_closes_the_emulators_answer_too() -> None:
    closed: list[bool] = []

    def chunks() -> Iterator[wire.Chunk]:
        try:
            while True:
                yield wire.Chunk(delta("x"), delay=0.01)
        finally:
            closed.append(True)

    async def main() -> None:
        async def handle(_: wire.Request) -> wire.Response:
            return wire.Response(200, _TYPE, chunks())

        upstream = mock_upstream(handle, account="a", base_url="http://mock")
        async with aclosing(stream(upstream, Call(operation=STREAM, body={}))) as events:
            async for event in events:
                if isinstance(event, FrameArrived):
                    break
        assert closed == [True]

    asyncio.run(main())


_TYPE = (("content-type", "text/event-stream"),)


def _events(*pieces: bytes) -> wire.Response:
    return wire.Response(200, _TYPE, [wire.Chunk(piece) for piece in pieces])


def test_a_stream_that_inflates_without_end_ends_with_its_time_and_lets_others_work() -> None:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    bomb = gzip.compress(b":\n" * 4_000_000)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def main() -> list[StreamEvent]:
        async with serving(says(head, bomb)) as server:
            busy = asyncio.create_task(others())
            events = await read(live_upstream(server.base_url), Limits(read=5, total=1))
            busy.cancel()
        return events

    events = asyncio.run(main())
    assert failure_of(events).kind is FailureKind.TIMED_OUT
    assert turns > 3
