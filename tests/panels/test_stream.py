"""The streamed turn: our own events, one after the other, and its end."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.template.loader import render_to_string
from django.test import Client

from debugger.client.api import Call
from debugger.client.streaming import FrameArrived
from debugger.contract import operations
from debugger.contract.streams import Event, Frame, FrameKind
from debugger.panels import stream

Events = list[tuple[str, dict[str, Any]]]


def form(**values: str) -> dict[str, str]:
    start = {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""}
    turn = {"body/model": "gpt-5-2-chat", "body/message": "Hello there"}
    return start | turn | values


def events_of(text: str) -> Events:
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]


def stream_of(**values: str) -> Events:
    response: Any = Client().post("/panels/chat.stream/stream", form(**values))
    assert response["Content-Type"] == "text/event-stream"
    assert "no-transform" in response["Cache-Control"]

    async def whole() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return events_of(async_to_sync(whole)().decode("ascii"))


@functools.cache
def whole_reply() -> Events:
    """A reply that goes well. It takes its time, so the tests that only read it share one."""
    return stream_of()


def told(events: Events) -> str:
    return "".join(data["text"] for name, data in events if name == "text")


def last_fragment(events: Events) -> str:
    return unescape([data["html"] for name, data in events if name == "html"][-1])


@pytest.mark.django_db(transaction=True)
def test_a_reply_arrives_in_pieces_and_ends_complete() -> None:
    events = whole_reply()
    names = [name for name, _data in events]
    assert names.count("text") > 5
    assert names.index("html") < names.index("frame") < names.index("text")
    assert events[-1] == ("done", {"state": "complete", "label": events[-1][1]["label"]})
    assert "to the first token" in last_fragment(events)


@pytest.mark.django_db(transaction=True)
def test_a_whole_reply_is_set_as_the_markdown_that_it_is() -> None:
    events = whole_reply()
    assert "**" in told(events)
    fragment = last_fragment(events)
    assert "<strong>" in fragment
    assert "**" not in fragment.partition('id="raw"')[0]


@pytest.mark.django_db(transaction=True)
def test_a_piece_of_the_reply_says_its_words_and_other_frames_say_none() -> None:
    events = whole_reply()
    rows = [data for name, data in events if name == "frame"]
    assert "".join(row["short"] for row in rows) == told(events)
    assert rows[-1]["short"] == ""


@pytest.mark.django_db(transaction=True)
def test_every_frame_has_its_number_time_name_size_and_data() -> None:
    rows = [data for name, data in whole_reply() if name == "frame"]
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["size"] > 0 for row in rows)
    assert [row["ms"] for row in rows] == sorted(row["ms"] for row in rows)
    assert rows[0]["name"] == "chat.completion.created"
    assert rows[-1]["text"] == "[DONE]"


@pytest.mark.django_db(transaction=True)
def test_a_stream_without_its_end_marker_is_interrupted_and_keeps_what_came() -> None:
    events = stream_of(scenario="stream-cut")
    assert events[-1][1]["state"] == "interrupted"
    assert told(events)
    fragment = last_fragment(events)
    assert told(events) in fragment
    assert "a part, not the whole reply" in fragment


@pytest.mark.django_db(transaction=True)
def test_an_error_inside_the_stream_is_a_failure_with_its_code() -> None:
    events = stream_of(scenario="stream-error")
    assert events[-1][1]["state"] == "failed"
    assert re.search(r"<code>\w+</code>", last_fragment(events))


@pytest.mark.django_db(transaction=True)
def test_an_error_before_the_first_byte_is_an_ordinary_error() -> None:
    events = stream_of(scenario="no-credits")
    assert [name for name, _data in events] == ["html", "done"]
    assert "insufficient_credits" in last_fragment(events)
    assert events[-1][1]["state"] == "failed"


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_would_be_refused_is_held_back_without_a_stream() -> None:
    response = Client().post("/panels/chat.stream/stream", form(**{"body/message": ""}))
    assert response["Content-Type"].startswith("text/html")
    assert b"Not sent." in response.content
    assert b'id="send-anyway"' in response.content


def test_pieces_of_a_reply_travel_as_text_and_never_as_markup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evil = "<img src=x onerror=alert(1)>"

    async def frames(*_arguments: Any) -> AsyncIterator[Any]:
        event = Event(name=evil, data=evil, last_id="", retry=None, raw=b"raw")
        frame = Frame(kind=FrameKind.DELTA, text=evil)
        yield FrameArrived(number=1, event=event, frame=frame, raw=b"raw", at_ms=1.0)

    async def end(told: stream.Told) -> str:
        return render_to_string("panels/_out_partial.html", {"reading": {"value": told.reply}})

    monkeypatch.setattr("debugger.panels.stream.api.stream", frames)

    async def whole() -> bytes:
        turn = Call(operation=operations.get("chat.stream"))
        relayed = stream.relay(None, turn, began={}, end=end)  # type: ignore[arg-type]
        return b"".join([piece async for piece in relayed])

    events = events_of(asyncio.run(whole()).decode("ascii"))
    assert told(events) == evil
    assert "&lt;img" in next(data["html"] for name, data in events if name == "html")


def test_only_the_streamed_turn_can_be_streamed() -> None:
    assert Client().post("/panels/chat.create/stream", form()).status_code == 404


def test_an_event_is_one_line_of_data_whatever_it_holds() -> None:
    text = "line\r\nbreak\u2028\x00\ud800é"
    written = stream.event("text", {"text": text})
    assert written.count(b"\n") == 3
    assert events_of(written.decode("ascii"))[0][1]["text"] == text


def test_a_silent_stream_is_kept_alive_and_closed_when_the_reader_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.01)
    closed = []

    async def silent() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def leave_early() -> list[int | None]:
        seen: list[int | None] = []
        relayed = stream._with_heartbeats(silent())
        async for item in relayed:
            seen.append(item)
            if len(seen) == 3:
                break
        await relayed.aclose()
        return seen

    assert asyncio.run(leave_early()) == [1, None, None]
    assert closed == [True]


def test_a_key_that_comes_back_in_pieces_is_told_neither_in_pieces_nor_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "rvya_sk_" + "p" * 32
    known = "no-usual-shape/" + "z" * 12
    reply = f"Your keys are {key} and {known}"

    async def frames(*_arguments: Any) -> AsyncIterator[Any]:
        for number, at in enumerate(range(0, len(reply), 5)):
            piece = reply[at : at + 5]
            event = Event(name="delta", data=piece, last_id="", retry=None, raw=b"raw")
            frame = Frame(kind=FrameKind.DELTA, text=piece)
            yield FrameArrived(number=number, event=event, frame=frame, raw=b"raw", at_ms=1.0)

    async def end(told: stream.Told) -> str:
        return told.reply

    monkeypatch.setattr("debugger.panels.stream.api.stream", frames)

    async def whole() -> bytes:
        turn = Call(operation=operations.get("chat.stream"), key=known)
        relayed = stream.relay(None, turn, began={}, end=end)  # type: ignore[arg-type]
        return b"".join([piece async for piece in relayed])

    events = events_of(asyncio.run(whole()).decode("ascii"))
    assert told(events) == "Your keys are [redacted] and [redacted]"
    assert last_fragment(events) == told(events)
