"""Chat turns, plain and streamed, and the sessions that they belong to.

The reply is written, stored and paid for when the turn is accepted; a stream only reads it out
at its pace. Until a stream has ended, its session does not show the reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from debugger.contract import catalog, rules, streams
from debugger.contract.catalog import Model
from debugger.emulator import credits, files, idempotency, pages, replies
from debugger.emulator.idempotency import Claim
from debugger.emulator.store import Record, Unit
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Chunk, Response

_SESSION: Final = "chat_session"
_THINKING: Final = 0.45
_SLOW_PACE: Final = 8.0
_SILENCE: Final = 30.0
_REMEMBERED: Final = 12
_TITLE: Final = 60
_INSTRUCTIONS: Final = 24
_IMAGE_TOKENS: Final = 85
_EFFORT_TOKENS: Final = {"low": 20, "medium": 60, "high": 160, "xhigh": 320}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Accepted:
    """A turn that passed every check, with its session and the names of its images."""

    turn: Turn
    model: Model
    claim: Claim
    session: Record
    images: tuple[str, ...]


def create(turn: Turn) -> Response:
    """``POST /chat/completions``."""
    accepted = _check(turn)
    if isinstance(accepted, Response):
        return accepted
    if accepted.claim.earlier is not None:
        return turn.reply(200, accepted.claim.earlier["completion"])
    completion = _complete(accepted, _reply(accepted), seconds=0.0)
    if isinstance(completion, Response):
        return completion
    return replace(turn.reply(200, completion), delay=_THINKING)


def stream(turn: Turn) -> Response:
    """``POST /chat/completions/stream``: server-sent events at the pace of a model."""
    accepted = _check(turn)
    if isinstance(accepted, Response):
        return accepted
    if accepted.claim.earlier is not None:
        return _events(turn, _ending(turn, accepted.claim.earlier["completion"]))
    reply = _reply(accepted)
    pause = 1 / _pace(turn)
    silence = _SILENCE if turn.scenario.name == "stream-silent" else 0.0
    seconds = len(replies.pieces(reply.content)) * pause + silence
    completion = _complete(accepted, reply, seconds=seconds)
    if isinstance(completion, Response):
        return completion
    return _events(turn, _told(turn, completion, reply.content, pause=pause))


def _check(turn: Turn) -> _Accepted | Response:
    """Everything before credits: body, model, attachments, session, Idempotency-Key."""
    if problems := rules.chat_problems(turn.body, assumptions=turn.assumptions):
        return turn.error(problems[0].code, f"{problems[0].problem}.")
    model = catalog.get(turn.body["model"])
    assert model is not None  # noqa: S101 -- The rules have refused every other model.
    images = _images(turn)
    if isinstance(images, Response):
        return images
    session = _session(turn, model)
    if session is None:
        message = "session_id must name a session that this account opened with this model."
        return turn.error("chat_session_conflict", message)
    claimed = idempotency.claim(turn)
    if claimed.refusal is not None:
        return claimed.refusal
    return _Accepted(turn=turn, model=model, claim=claimed, session=session, images=images)


def _images(turn: Turn) -> tuple[str, ...] | Response:
    """The names of the attached images, which must be uploads of this account."""
    names = []
    for place, item in enumerate(turn.body.get("attachments") or []):
        found = files.find(turn, item["file_id"])
        if found is None or found["kind"] != "image":
            what = "is not a file of this account" if found is None else "is not an image"
            message = f"attachments.{place}.file_id {what}."
            return turn.error("chat_attachment_not_supported", message)
        names.append(str(found["file_name"]))
    return tuple(names)


def _session(turn: Turn, model: Model) -> Record | None:
    """The session to go on with, or a new one that is not stored yet."""
    wanted = turn.body.get("session_id")
    if wanted is not None:
        found = turn.unit.get(_SESSION, wanted)
        return found if found is not None and found["model"] == model.id else None
    return {
        "id": turn.mint("chat_"),
        "model": model.id,
        "title": _title(turn.body["message"]),
        "messages": 0,
        "created_at": turn.now,
        "updated_at": turn.now,
        "answered_at": turn.now,
    }


def _title(message: str) -> str:
    flat = " ".join(message[:400].split())
    return flat if len(flat) <= _TITLE else flat[: _TITLE - 1].rstrip() + "…"


def _reply(accepted: _Accepted) -> replies.Reply:
    turn = accepted.turn
    return replies.write(
        replies.Question(
            model=accepted.model.display_name,
            message=turn.body["message"],
            earlier=_earlier(turn.unit, accepted.session["id"], role="user"),
            images=accepted.images,
            web_search=_wants(accepted, "enable_web_search", "web_search"),
            effort=turn.body.get("reasoning_effort", "default"),
        )
    )


def _earlier(unit: Unit, session: str, *, role: str | None = None) -> tuple[str, ...]:
    """Texts of the last messages of a session, oldest first."""
    found = unit.list(_messages(session), limit=_REMEMBERED * 2)
    texts = [row["content"] for row in found if role is None or row["role"] == role]
    return tuple(reversed(texts))


def _messages(session: str) -> str:
    return f"chat_message {session}"


def _wants(accepted: _Accepted, option: str, capability: str) -> bool:
    """Whether an option was asked for and the model is not known to lack it."""
    able = accepted.model.chat_capabilities
    return bool(accepted.turn.body.get(option)) and getattr(able, capability, None) is not False


def _complete(
    accepted: _Accepted, reply: replies.Reply, *, seconds: float
) -> dict[str, Any] | Response:
    """Charge and store a turn; the completion, or the answer that says why there is none.

    ``seconds`` is how long the reply takes to be told.
    """
    turn, session = accepted.turn, accepted.session
    completion_id = turn.mint("chatcmpl_")
    reserved = rules.reserved_credits(accepted.model, assumptions=turn.assumptions)
    if (refused := credits.hold(turn, completion_id, reserved)) is not None:
        return refused
    usage = _usage(accepted, reply)
    failed = turn.scenario.name == "stream-error"
    price = rules.chat_credits(usage["total_tokens"], assumptions=turn.assumptions)
    final = credits.settle(turn.unit, completion_id, 0 if failed else price)
    message = _message(accepted, reply)
    completion = {
        "id": completion_id,
        "object": "chat.completion",
        "session_id": session["id"],
        "model": accepted.model.id,
        "created_at": turn.stamp(),
        "message": message,
        "usage": usage,
        "credits": {"reserved": reserved, "final": final},
    }
    if not failed:
        _store(accepted, message, seconds=seconds)
        half = seconds / 2 if turn.scenario.name == "stream-cut" else seconds
        idempotency.keep(turn, accepted.claim, {"completion": completion}, busy_seconds=half)
    return completion


def _usage(accepted: _Accepted, reply: replies.Reply) -> dict[str, int]:
    turn = accepted.turn
    history = _earlier(turn.unit, accepted.session["id"])
    asked = _INSTRUCTIONS + _IMAGE_TOKENS * len(accepted.images)
    asked += sum(replies.tokens(text) for text in (*history, turn.body["message"]))
    answered = replies.tokens(reply.content)
    answered += _EFFORT_TOKENS.get(turn.body.get("reasoning_effort", "default"), 0)
    return {
        "input_tokens": asked,
        "output_tokens": answered,
        "total_tokens": asked + answered,
    }


def _message(accepted: _Accepted, reply: replies.Reply) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": accepted.turn.mint("msg_"),
        "role": "assistant",
        "content": reply.content,
    }
    if _wants(accepted, "include_thoughts", "thoughts"):
        message["thoughts"] = reply.thoughts
    if reply.citations:
        message["citations"] = [dict(citation) for citation in reply.citations]
    return message


def _store(accepted: _Accepted, message: dict[str, Any], *, seconds: float) -> None:
    """Both messages of the turn; the reply is dated at the end of its stream."""
    turn, session = accepted.turn, accepted.session
    asked: Record = {
        "id": turn.mint("msg_"),
        "role": "user",
        "content": turn.body["message"],
        "attachments": [
            {"file_id": item["file_id"]} for item in turn.body.get("attachments") or []
        ],
        "at": turn.now,
    }
    answered = message | {"at": turn.now + seconds}
    for record in (asked, answered):
        turn.unit.put(_messages(session["id"]), record["id"], record)
    session |= {
        "messages": session["messages"] + 2,
        "updated_at": turn.now,
        "answered_at": turn.now + seconds,
    }
    turn.unit.put(_SESSION, session["id"], session)


def list_sessions(turn: Turn) -> Response:
    """``GET /chat/sessions``."""
    return pages.page(turn, _SESSION, lambda record: _summary(turn, record))


def retrieve_session(turn: Turn) -> Response:
    """``GET /chat/sessions/{sessionId}``."""
    session = turn.unit.get(_SESSION, turn.path["sessionId"])
    if session is None:
        return turn.error("not_found", "There is no such chat session in this account.")
    found = turn.unit.list(_messages(session["id"]), newest_first=False)
    told = [_public(turn, row) for row in found if row["at"] <= turn.now]
    summary = _summary(turn, session)
    del summary["message_count"]
    return turn.reply(200, summary | {"messages": told})


def _summary(turn: Turn, session: Record) -> dict[str, Any]:
    telling = session["answered_at"] > turn.now
    return {
        "id": session["id"],
        "object": "chat.session",
        "model": session["model"],
        "title": session["title"],
        "message_count": session["messages"] - (1 if telling else 0),
        "created_at": turn.stamp(session["created_at"]),
        "updated_at": turn.stamp(session["updated_at" if telling else "answered_at"]),
    }


def _public(turn: Turn, record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "at"} | {
        "created_at": turn.stamp(record["at"])
    }


def _pace(turn: Turn) -> float:
    """Pieces per second."""
    normal = turn.assumptions.chat_tokens_per_second
    return min(_SLOW_PACE, normal) if turn.scenario.name == "stream-slow" else normal


def _events(turn: Turn, chunks: Iterator[Chunk]) -> Response:
    headers = (
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("x-request-id", turn.request_id),
    )
    return Response(status=200, headers=headers, chunks=tuple(chunks))


def _told(turn: Turn, completion: dict[str, Any], text: str, *, pause: float) -> Iterator[Chunk]:
    """The whole stream, with what its scenario does to it halfway."""
    start = {key: completion[key] for key in ("id", "session_id", "model", "created_at")}
    yield Chunk(_frame("chat.completion.created", {"object": _CHUNK, **start}))
    pieces = replies.pieces(text)
    wait = _THINKING
    for place, piece in enumerate(pieces):
        if place == len(pieces) // 2:
            if turn.scenario.name in _BREAKS:
                yield from _broken(turn, completion, piece)
                return
            if turn.scenario.name == "stream-silent":
                yield from _silence(turn)
        yield Chunk(_frame("chat.completion.delta", _delta(completion, piece)), delay=wait)
        wait = pause
    yield from _ending(turn, completion)


_CHUNK: Final = "chat.completion.chunk"
_BREAKS: Final = frozenset({"stream-cut", "stream-error"})


def _delta(completion: dict[str, Any], piece: str) -> dict[str, Any]:
    return {
        "id": completion["id"],
        "object": _CHUNK,
        "session_id": completion["session_id"],
        "delta": {"role": "assistant", "content": piece},
    }


def _broken(turn: Turn, completion: dict[str, Any], piece: str) -> Iterator[Chunk]:
    """A connection that breaks inside a frame, or an error event; no end marker in both."""
    if turn.scenario.name == "stream-cut":
        frame = _frame("chat.completion.delta", _delta(completion, piece))
        yield Chunk(frame[: len(frame) // 2])
        yield Chunk(cut=True, delay=0.2)
        return
    error = {
        "code": "internal_error",
        "message": "The reply could not be finished. The credits were returned.",
        "requestId": turn.request_id,
    }
    yield Chunk(_frame("error", {"error": error}), delay=0.2)


def _silence(turn: Turn) -> Iterator[Chunk]:
    """Nothing but heartbeats for a while."""
    beat, left = turn.assumptions.chat_heartbeat_seconds, _SILENCE
    while left > 0:
        yield Chunk(b": ping\n\n", delay=min(beat, left))
        left -= beat


def _ending(turn: Turn, completion: dict[str, Any]) -> Iterator[Chunk]:
    """The final frame with usage and credits, and the end marker."""
    yield Chunk(_frame("chat.completion.completed", completion))
    yield Chunk(streams.encode(turn.assumptions.chat_stream_end))


def _frame(name: str, value: dict[str, Any]) -> bytes:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return streams.encode(data, name=name)
