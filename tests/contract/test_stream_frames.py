"""What the data of a chat event means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.streams import Event, FrameKind, read_frame


def frame_of(payload: Any, *, name: str = "message") -> tuple[FrameKind, str]:
    frame = read_frame(Event(name=name, data=json.dumps(payload)))
    return frame.kind, frame.text


@pytest.mark.parametrize(
    "payload",
    [
        {"delta": {"role": "assistant", "content": "Hel"}},
        {"delta": "Hel"},
        {"content": "Hel"},
        {"text": "Hel"},
        {"choices": [{"delta": {"content": "Hel"}}]},
        {"delta": {"content": "Hel"}, "text": "other", "usage": None},
        {"delta": "Hel", "error": None},
    ],
)
def test_the_text_of_a_delta_is_found_where_the_conventions_put_it(payload: Any) -> None:
    assert frame_of(payload, name="anything") == (FrameKind.DELTA, "Hel")


def test_an_empty_piece_of_text_is_a_delta_too() -> None:
    assert frame_of({"delta": {"content": ""}}) == (FrameKind.DELTA, "")


def test_a_frame_with_usage_or_message_is_final() -> None:
    message = {"message": {"role": "assistant", "content": "Hello"}}
    assert frame_of(message) == (FrameKind.FINAL, "Hello")
    assert frame_of({"usage": {"total_tokens": 3}, "delta": "x"}) == (FrameKind.FINAL, "")


def test_the_opening_frame_is_told_by_its_name() -> None:
    opening = {"id": "chatcmpl_1", "session_id": "s", "model": "m"}
    assert frame_of(opening, name="chat.completion.created") == (FrameKind.CREATED, "")
    assert frame_of(opening) == (FrameKind.OTHER, "")


def test_a_completed_frame_without_a_message_is_final_all_the_same() -> None:
    assert frame_of({"id": "x"}, name="chat.completion.completed")[0] is FrameKind.FINAL


def test_an_error_frame_shows_its_message() -> None:
    error = {"error": {"code": "internal_error", "message": "Broken.", "requestId": "req_1"}}
    assert frame_of(error) == (FrameKind.ERROR, "Broken.")
    assert frame_of({"error": "Broken."}) == (FrameKind.ERROR, "Broken.")
    assert frame_of({"message": "Broken."}, name="error") == (FrameKind.ERROR, "Broken.")
    bare = read_frame(Event(name="error", data="Broken."))
    assert (bare.kind, bare.text) == (FrameKind.ERROR, "Broken.")


@pytest.mark.parametrize("data", ["[DONE]", " [DONE] "])
def test_the_end_marker_is_done(data: str) -> None:
    assert read_frame(Event(data=data)).kind is FrameKind.DONE


@pytest.mark.parametrize(
    "data",
    ["", "ping", "{", "[" * 100_000, "9" * 5_000, '{"delta": NaN}', "[1]", '"x"', "null", "{}"],
)
def test_what_is_not_understood_is_other_and_no_error(data: str) -> None:
    assert read_frame(Event(data=data)).kind is FrameKind.OTHER


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert frame_of({"delta": "a\ud83d"}) == (FrameKind.DELTA, "a\ufffd")
    assert frame_of({"delta": "a\ud83d\udc4b"}) == (FrameKind.DELTA, "a\U0001f44b")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["delta", "content", "text", "message", "usage", "error", "choices"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(payload=JSON, name=st.sampled_from(["message", "error", "x.created", "x.completed"]))
def test_any_frame_is_read_without_an_exception_and_its_text_can_be_sent(
    payload: Any, name: str
) -> None:
    frame = read_frame(Event(name=name, data=json.dumps(payload)))
    frame.text.encode()
    assert frame.kind in FrameKind
