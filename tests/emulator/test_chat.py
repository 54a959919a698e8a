from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract import streams
from debugger.contract.schemas import validate
from debugger.contract.streams import Comment, Event, FrameKind
from debugger.emulator import accounts, media, replies
from debugger.emulator.replies import Question
from tests.emulator.faces import multipart
from tests.emulator.sandbox import Answer, Sandbox

TURN: dict[str, Any] = {"model": "gpt-5-2-chat", "message": "Write a launch plan for a teapot"}


def say(sandbox: Sandbox, message: str, session: str | None = None, **more: Any) -> Answer:
    body = {**TURN, "message": message, **more}
    body |= {"session_id": session} if session else {}
    return sandbox.call("POST", "/chat/completions", body)


def tell(sandbox: Sandbox, scenario: str | None = None, **more: Any) -> Answer:
    key = more.pop("key", None)
    body = {**TURN, **more}
    return sandbox.call("POST", "/chat/completions/stream", body, scenario=scenario, key=key)


def frames(answer: Answer) -> list[streams.Frame]:
    items = streams.Decoder().feed(answer.raw)
    return [streams.read_frame(item) for item in items if isinstance(item, Event)]


def upload(sandbox: Sandbox, name: str, kind: str, data: bytes) -> str:
    body, content_type = multipart({"kind": kind}, name=name, data=data)
    answer = sandbox.call("POST", "/files", raw=body, content_type=content_type)
    return str(answer.body["id"])


def picture() -> bytes:
    return media.render_image(prompt="a teapot", aspect="8:1").data


def test_a_turn_answers_in_the_documented_shape(sandbox: Sandbox) -> None:
    answer = say(sandbox, "Write a launch plan for a teapot")
    assert answer.status == 200
    assert validate("PublicApiChatCompletion", answer.body) == []
    usage = answer.body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_reply_takes_up_what_was_written(sandbox: Sandbox) -> None:
    content = say(sandbox, "Write a launch plan for a teapot").body["message"]["content"]
    assert "Write a launch plan for a teapot" in content
    assert "**teapot**" in content
    assert len(content.split("\n\n")) >= 4


def test_a_reply_says_that_no_model_was_called(sandbox: Sandbox) -> None:
    content = say(sandbox, "Hello").body["message"]["content"]
    assert "no model was called" in content


def test_the_same_conversation_gets_the_same_reply() -> None:
    one, two = (say(Sandbox(), "Name three rivers").body["message"] for _ in range(2))
    assert one["content"] == two["content"]


def test_the_second_turn_remembers_the_first(sandbox: Sandbox) -> None:
    first = say(sandbox, "We sell blue teapots")
    second = say(sandbox, "Make it shorter please", first.body["session_id"])
    assert second.body["session_id"] == first.body["session_id"]
    assert "We sell blue teapots" in second.body["message"]["content"]


def test_asked_what_was_said_it_lists_the_messages(sandbox: Sandbox) -> None:
    session = say(sandbox, "My name is Ada").body["session_id"]
    say(sandbox, "We sell teapots", session)
    content = say(sandbox, "Do you remember my name?", session).body["message"]["content"]
    assert content.startswith("Ada,")
    assert "1. “My name is Ada”" in content
    assert "2. “We sell teapots”" in content


def test_another_session_knows_nothing_of_the_first(sandbox: Sandbox) -> None:
    say(sandbox, "My name is Ada")
    assert "Ada" not in say(sandbox, "Do you remember my name?").body["message"]["content"]


@pytest.mark.parametrize(
    ("message", "letter"),
    [("चाय की दुकान के लिए योजना लिखो", "मॉडल"), ("찻집을 위한 계획을 써 주세요", "모델")],
)
def test_a_reply_comes_in_the_language_of_the_message(
    sandbox: Sandbox, message: str, letter: str
) -> None:
    content = say(sandbox, message).body["message"]["content"]
    assert letter in content
    assert "no model was called" not in content


def test_a_language_without_phrases_is_answered_in_english() -> None:
    assert replies.language("Напиши план") == "en"
    assert replies.language("") == "en"


def test_minimal_effort_is_shorter_and_high_effort_longer() -> None:
    lengths = [
        len(replies.write(Question(model="M", message="Plan a teapot", effort=effort)).content)
        for effort in ("minimal", "default", "xhigh")
    ]
    assert lengths == sorted(set(lengths))


def test_thoughts_and_sources_come_only_when_asked_for(sandbox: Sandbox) -> None:
    plain = say(sandbox, "Plan a teapot").body["message"]
    assert set(plain) == {"id", "role", "content"}
    rich = say(sandbox, "Plan a teapot", include_thoughts=True, enable_web_search=True)
    assert rich.body["message"]["thoughts"]
    assert all(
        source["url"].startswith("https://example.com/")
        for source in rich.body["message"]["citations"]
    )


def test_a_turn_costs_its_tokens_and_gives_back_the_rest(sandbox: Sandbox) -> None:
    before = sandbox.balance
    credits = say(sandbox, "Hello").body["credits"]
    assert credits == {"reserved": 3, "final": 1}
    assert sandbox.balance == before - 1


def test_a_long_turn_costs_more_than_was_reserved(sandbox: Sandbox) -> None:
    credits = say(sandbox, "teapot " * 2800).body["credits"]
    assert credits["final"] > credits["reserved"]


def test_an_empty_wallet_refuses_and_opens_no_session(sandbox: Sandbox) -> None:
    answer = sandbox.call("POST", "/chat/completions", TURN, scenario="no-credits")
    assert (answer.status, answer.code) == (402, "insufficient_credits")
    assert sandbox.call("GET", "/chat/sessions").body["data"] == []


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"model": "z-image"}, "chat_model_not_supported", 400),
        ({"model": "nobody"}, "chat_model_not_supported", 400),
        ({"message": " \n"}, "validation_failed", 400),
        ({"message": "x" * 20_001}, "validation_failed", 400),
        ({"messages": []}, "validation_failed", 400),
        ({"session_id": "chat_nobody"}, "chat_session_conflict", 409),
        ({"attachments": [{"file_id": "file_nobody"}]}, "chat_attachment_not_supported", 400),
    ],
)
@pytest.mark.parametrize("path", ["/chat/completions", "/chat/completions/stream"])
def test_a_turn_that_cannot_be_taken_is_refused(
    sandbox: Sandbox, change: dict[str, Any], code: str, status: int, path: str
) -> None:
    before = sandbox.balance
    answer = sandbox.call("POST", path, {**TURN, **change})
    assert (answer.status, answer.code) == (status, code)
    assert sandbox.balance == before


def test_a_session_belongs_to_its_model(sandbox: Sandbox) -> None:
    session = say(sandbox, "Hello").body["session_id"]
    answer = say(sandbox, "Hello", session, model="gemini-2-5-flash-chat")
    assert (answer.status, answer.code) == (409, "chat_session_conflict")


def test_a_session_belongs_to_its_account(sandbox: Sandbox) -> None:
    session = say(sandbox, "Hello").body["session_id"]
    charlie = accounts.create(sandbox.store, now=sandbox.clock())
    body = {**TURN, "session_id": session}
    answer = sandbox.call("POST", "/chat/completions", body, account=charlie)
    assert answer.code == "chat_session_conflict"
    read = sandbox.call("GET", f"/chat/sessions/{session}", account=charlie)
    assert (read.status, read.code) == (404, "not_found")


def test_an_attached_image_is_named_in_the_reply(sandbox: Sandbox) -> None:
    file_id = upload(sandbox, "teapot.png", "image", picture())
    answer = say(sandbox, "What is this?", attachments=[{"file_id": file_id}])
    assert "`teapot.png`" in answer.body["message"]["content"]
    session = sandbox.call("GET", f"/chat/sessions/{answer.body['session_id']}").body
    assert session["messages"][0]["attachments"] == [{"file_id": file_id}]


def test_a_sound_cannot_be_attached(sandbox: Sandbox) -> None:
    sound = media.render_audio(prompt="a teapot", seconds=1.5).data
    file_id = upload(sandbox, "teapot.wav", "audio", sound)
    answer = say(sandbox, "What is this?", attachments=[{"file_id": file_id}])
    assert (answer.status, answer.code) == (400, "chat_attachment_not_supported")


def test_a_model_without_eyes_refuses_images(sandbox: Sandbox) -> None:
    file_id = upload(sandbox, "teapot.png", "image", picture())
    answer = say(
        sandbox, "See?", model="claude-sonnet-4-6-chat", attachments=[{"file_id": file_id}]
    )
    assert answer.code == "chat_attachment_not_supported"


def test_the_same_key_and_body_is_answered_again_without_a_charge(sandbox: Sandbox) -> None:
    first = sandbox.call("POST", "/chat/completions", TURN, key="one")
    balance = sandbox.balance
    again = sandbox.call("POST", "/chat/completions", TURN, key="one")
    assert again.body == first.body
    assert sandbox.balance == balance
    assert len(sandbox.call("GET", "/chat/sessions").body["data"]) == 1


def test_the_same_key_with_another_body_conflicts(sandbox: Sandbox) -> None:
    sandbox.call("POST", "/chat/completions", TURN, key="one")
    other = sandbox.call("POST", "/chat/completions", {**TURN, "message": "Else"}, key="one")
    assert (other.status, other.code) == (409, "idempotency_conflict")


def test_a_stream_tells_the_whole_reply_in_documented_frames(sandbox: Sandbox) -> None:
    answer = tell(sandbox)
    assert dict(answer.response.headers)["content-type"] == "text/event-stream"
    told = frames(answer)
    assert [told[0].kind, told[-2].kind, told[-1].kind] == [
        FrameKind.CREATED,
        FrameKind.FINAL,
        FrameKind.DONE,
    ]
    text = "".join(frame.text for frame in told if frame.kind is FrameKind.DELTA)
    final = told[-2].payload
    assert isinstance(final, dict)
    assert validate("PublicApiChatCompletion", final) == []
    assert text == final["message"]["content"]


def test_a_stream_costs_what_the_plain_turn_costs() -> None:
    plain, streamed = Sandbox(), Sandbox()
    say(plain, TURN["message"])
    tell(streamed)
    assert plain.balance == streamed.balance


def seconds(answer: Answer) -> float:
    return sum(chunk.delay for chunk in answer.response.chunks)


def test_a_stream_keeps_the_pace_of_a_model(sandbox: Sandbox) -> None:
    answer = tell(sandbox)
    pieces = sum(frame.kind is FrameKind.DELTA for frame in frames(answer))
    assert seconds(answer) == pytest.approx(pieces / 60, abs=0.6)
    assert seconds(tell(sandbox, "stream-slow")) > 6 * seconds(answer)


def test_a_silent_stream_sends_nothing_but_heartbeats_for_thirty_seconds(
    sandbox: Sandbox,
) -> None:
    answer = tell(sandbox, "stream-silent")
    quiet = [chunk for chunk in answer.response.chunks if chunk.data == b": ping\n\n"]
    assert [chunk.delay for chunk in quiet] == [15.0, 15.0]
    items = streams.Decoder(keep_comments=True).feed(answer.raw)
    assert sum(isinstance(item, Comment) for item in items) == 2
    assert frames(answer)[-1].kind is FrameKind.DONE


def test_a_cut_stream_breaks_inside_a_frame_and_keeps_the_reply(sandbox: Sandbox) -> None:
    answer = tell(sandbox, "stream-cut", key="one")
    assert list(answer.response.chunks)[-1].cut
    assert not answer.raw.endswith(b"\n\n")
    assert {FrameKind.FINAL, FrameKind.DONE}.isdisjoint(frame.kind for frame in frames(answer))
    sandbox.clock.now += 60
    balance = sandbox.balance
    again = frames(tell(sandbox, key="one"))
    assert [frame.kind for frame in again] == [FrameKind.FINAL, FrameKind.DONE]
    assert sandbox.balance == balance


def test_an_error_inside_a_stream_gives_the_credits_back(sandbox: Sandbox) -> None:
    before = sandbox.balance
    answer = tell(sandbox, "stream-error", key="one")
    last = frames(answer)[-1]
    assert last.kind is FrameKind.ERROR
    assert last.payload["error"]["requestId"].startswith("req_")
    assert sandbox.balance == before
    assert sandbox.call("GET", "/chat/sessions").body["data"] == []
    assert frames(tell(sandbox, key="one"))[-1].kind is FrameKind.DONE


def test_a_key_conflicts_while_its_stream_is_still_told(sandbox: Sandbox) -> None:
    tell(sandbox, key="one")
    assert tell(sandbox, key="one").code == "idempotency_conflict"


def test_a_session_shows_the_reply_once_its_stream_has_ended(sandbox: Sandbox) -> None:
    session = frames(tell(sandbox))[0].payload["session_id"]
    during = sandbox.call("GET", f"/chat/sessions/{session}").body
    assert [message["role"] for message in during["messages"]] == ["user"]
    assert sandbox.call("GET", "/chat/sessions").body["data"][0]["message_count"] == 1
    sandbox.clock.now += 60
    after = sandbox.call("GET", f"/chat/sessions/{session}").body
    assert [message["role"] for message in after["messages"]] == ["user", "assistant"]
    assert validate("PublicApiChatSession", after) == []


def test_sessions_are_listed_in_pages_newest_first(sandbox: Sandbox) -> None:
    made = [say(sandbox, f"Teapot {number}").body["session_id"] for number in range(3)]
    first = sandbox.call("GET", "/chat/sessions", query="limit=2").body
    assert validate("PublicApiChatSessionList", first) == []
    assert [row["id"] for row in first["data"]] == [made[2], made[1]]
    assert first["has_more"] is True
    rest = sandbox.call("GET", "/chat/sessions", query=f"limit=2&starting_after={made[1]}").body
    assert [row["id"] for row in rest["data"]] == [made[0]]
    assert rest["has_more"] is False


def test_an_unknown_session_is_not_found(sandbox: Sandbox) -> None:
    answer = sandbox.call("GET", "/chat/sessions/chat_nobody")
    assert (answer.status, answer.code) == (404, "not_found")


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=3))
def test_any_message_gets_a_reply(message: str, earlier: list[str]) -> None:
    question = Question(model="M", message=message, earlier=earlier, images=[message])
    assert replies.write(question).content


@given(st.text(max_size=300))
def test_pieces_lose_nothing(text: str) -> None:
    assert "".join(replies.pieces(text)) == text


@given(st.text(max_size=300))
def test_tokens_grow_with_the_text(text: str) -> None:
    assert replies.tokens(text) <= replies.tokens(text + "four more words here")
