"""Which chat turns are accepted, and with which code the others are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.assumptions import with_overrides
from debugger.contract.rules import chat_problems

TURN: dict[str, Any] = {"model": "gpt-5-2-chat", "message": "Hello"}
IMAGE = {"file_id": "file_1"}


def problems(body: object, **overrides: object) -> list[tuple[str, str]]:
    found = chat_problems(body, assumptions=with_overrides(overrides))
    return [(code, problem.pointer) for code, problem in found]


def test_a_whole_turn_is_accepted() -> None:
    assert problems(TURN) == []
    whole = {
        **TURN,
        "session_id": "chat_1",
        "attachments": [IMAGE],
        "enable_web_search": True,
        "reasoning_effort": "xhigh",
        "include_thoughts": True,
        "client_request_id": "trace",
    }
    assert problems(whole) == []


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert problems(body) == [("validation_failed", "")]


def test_what_is_missing_is_told_at_its_place() -> None:
    assert problems({}) == [("validation_failed", "/message"), ("validation_failed", "/model")]


@pytest.mark.parametrize("model", ["z-image", "gpt-9", "sandbox-studio-only"])
def test_a_model_without_chat_has_its_own_code(model: str) -> None:
    assert problems({**TURN, "model": model}) == [("chat_model_not_supported", "/model")]


def test_a_message_must_hold_something_and_not_too_much() -> None:
    assert problems({**TURN, "message": " \n"}) == [("validation_failed", "/message")]
    assert problems({**TURN, "message": "क" * 20_000}) == []
    assert problems({**TURN, "message": "क" * 20_001}) == [("validation_failed", "/message")]


@pytest.mark.parametrize("attachment", [{"url": "https://a.b/c.png"}, {"file_id": 5}, "file_1"])
def test_an_attachment_that_is_no_file_id_has_its_own_code(attachment: Any) -> None:
    [(code, place)] = problems({**TURN, "attachments": [attachment]})
    assert code == "chat_attachment_not_supported"
    assert place.startswith("/attachments/0")


def test_a_model_that_reads_no_images_takes_no_attachment() -> None:
    turn = {**TURN, "model": "claude-sonnet-4-6-chat", "attachments": [IMAGE]}
    assert problems(turn) == [("chat_attachment_not_supported", "/attachments")]
    assert problems({**turn, "attachments": []}) == []


def test_attachments_are_counted_as_assumed() -> None:
    turn = {**TURN, "attachments": [IMAGE] * 11}
    assert problems(turn) == [("validation_failed", "/attachments")]
    assert problems(turn, chat_attachments_max=11) == []


def test_a_history_of_the_caller_is_refused() -> None:
    assert problems({**TURN, "messages": []}) == [("validation_failed", "/messages")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("enable_web_search", "true"),
        ("reasoning_effort", "extreme"),
        ("session_id", ""),
        ("session_id", 5),
        ("attachments", {}),
        ("client_request_id", "x" * 129),
    ],
)
def test_a_malformed_option_is_told_at_its_place(key: str, value: Any) -> None:
    assert problems({**TURN, key: value}) == [("validation_failed", f"/{key}")]


def test_the_body_is_judged_before_the_model_and_the_model_before_attachments() -> None:
    turn = {"model": "z-image", "message": "", "attachments": [{}]}
    codes = [code for code, _ in problems(turn)]
    assert codes == sorted(
        codes,
        key=[
            "validation_failed",
            "chat_model_not_supported",
            "chat_attachment_not_supported",
        ].index,
    )
    assert len(set(codes)) == 3


def test_what_is_not_known_of_a_model_is_let_through_even_when_options_are_checked() -> None:
    turn = {**TURN, "enable_web_search": True, "include_thoughts": True}
    assert problems(turn, chat_unsupported_option="reject") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["model", "message", "session_id", "attachments", "reasoning_effort", "messages"]
)


@given(body=st.dictionaries(KEYS, JSON).map(lambda changes: {**TURN, **changes}) | JSON)
def test_no_body_raises(body: Any) -> None:
    assert chat_problems(body) == chat_problems(body)
