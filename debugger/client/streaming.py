"""Server-sent events as they arrive, and the Outcome at their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from debugger.client.answers import TRANSPORT_TROUBLE, answer, chunks_of, close
from debugger.client.bodies import Collector, Inflater
from debugger.client.exchange import Exchange, Limits, begin
from debugger.client.jsontext import Parsed, read_json, visible_text
from debugger.client.outcome import Failure, FailureKind, Outcome, ResponseSnapshot
from debugger.client.request import Call
from debugger.client.snapshots import DRIFT_SHOWN, drift_from, http_version, response_headers
from debugger.client.transport import Upstream
from debugger.client.troubles import error_words
from debugger.contract import errors
from debugger.contract.streams import (
    Comment,
    Decoder,
    Event,
    Frame,
    FrameKind,
    FrameTooLarge,
    frame_of,
    read_frame,
)

STREAM_LIMITS: Final = Limits(read=45.0, total=600.0)
_CHECKED_FRAMES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The response's headers are here and an event stream follows."""

    response: ResponseSnapshot
    at_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameArrived:
    """One frame, counted from 1, ``at_ms`` milliseconds after the call began.

    ``event`` is a Comment for a heartbeat; ``frame`` is what chat reads in it. All three forms are
    redacted; ``raw`` holds the exact bytes where there was nothing to redact.
    """

    number: int
    event: Event | Comment
    frame: Frame
    raw: bytes = field(repr=False)
    at_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end, always the last; the response's text is the raw stream."""

    outcome: Outcome


StreamEvent = Opened | FrameArrived | Finished


async def stream(
    upstream: Upstream, call: Call, *, limits: Limits = STREAM_LIMITS
) -> AsyncGenerator[StreamEvent, None]:
    """Send one call and give its frames as they come, then Finished. Raises CancelledError only.

    An error before the stream is a Finished alone. Leave the loop early through
    ``contextlib.aclosing``, so that the connection is closed at once.
    """
    exchange = begin(upstream, call, limits=limits)
    if exchange.prepared is None:
        yield Finished(outcome=exchange.not_sent())
        return
    try:
        async with asyncio.timeout(limits.total):
            response = await exchange.open()
    except TRANSPORT_TROUBLE as trouble:
        yield Finished(outcome=exchange.ended(exchange.failed(trouble, answered=False)))
        return
    try:
        if not response.is_success or not _is_event_stream(response):
            yield Finished(outcome=_not_a_stream(await answer(exchange, response)))
            return
        follow = _Follow(exchange, response)
        yield Opened(response=follow.snapshot(), at_ms=exchange.trace.now_ms())
        async with aclosing(follow.frames()) as frames:
            async for arrived in frames:
                yield arrived
        yield Finished(outcome=follow.outcome())
    finally:
        await close(response)


def _is_event_stream(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return bool(kind == "text/event-stream")


def _not_a_stream(outcome: Outcome) -> Outcome:
    """A 2xx that is no event stream is broken, whatever its body says."""
    if outcome.failure is not None and outcome.failure.kind is not FailureKind.NOT_JSON:
        return outcome
    detail = "The answer is not an event stream."
    return replace(outcome, failure=Failure(kind=FailureKind.BROKEN, detail=detail), drift=())


class _Follow:
    """Reads one event stream: keeps its beginning, checks it, remembers how it ended."""

    def __init__(self, exchange: Exchange, response: httpx.Response) -> None:
        self._exchange = exchange
        self._response = response
        self._decoder = Decoder(keep_comments=True)
        self._kept = Collector(keep=exchange.limits.keep, stop=exchange.limits.stop)
        self._number = 0
        self._drift: list[str] = []
        self._failure: Failure | None = None
        self._complete = False
        self._done = False

    async def frames(self) -> AsyncGenerator[FrameArrived, None]:
        """Every frame up to [DONE] or the end; trouble ends it and is remembered."""
        try:
            inflater = Inflater(self._response.headers.get("content-encoding", ""))
            chunks = chunks_of(self._response)
            while not self._done and (chunk := await self._next(chunks)) is not None:
                for number, piece in enumerate(inflater.feed(chunk)):
                    if number:
                        # A chunk that inflates to many pieces must not hold the event loop.
                        await self._turn()
                    going_on = self._kept.add(piece)
                    for item in self._decoder.feed(piece):
                        yield self._arrived(item)
                    if not going_on:
                        self._failure = self._failure or self._too_large()
                        return
        except FrameTooLarge:
            self._failure = self._failure or self._too_large()
        except TRANSPORT_TROUBLE as trouble:
            self._failure = self._failure or self._exchange.failed(trouble, answered=True)

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        # The clock runs around each read only: a timeout that spans a yield would cancel
        # whatever the reader of the frames is doing.
        async with asyncio.timeout(self._exchange.remaining()):
            return await anext(chunks, None)

    async def _turn(self) -> None:
        """Let others have the event loop, while there is time left."""
        async with asyncio.timeout(self._exchange.remaining()):
            await asyncio.sleep(0)

    def _too_large(self) -> Failure:
        detail = f"The stream was given up after {self._kept.size:,} bytes."
        return Failure(kind=FailureKind.TOO_LARGE, detail=detail)

    def _arrived(self, item: Event | Comment) -> FrameArrived:
        self._number += 1
        frame = _read(item)
        self._note(frame)
        if not _is_clean(item, self._exchange):
            item, frame = _cleaned(item, frame, self._exchange)
        return FrameArrived(
            number=self._number,
            event=item,
            frame=frame,
            raw=item.raw,
            at_ms=self._exchange.trace.now_ms(),
        )

    def _note(self, frame: Frame) -> None:
        if frame.kind in (FrameKind.FINAL, FrameKind.DONE):
            self._complete = True
            self._done = self._done or frame.kind is FrameKind.DONE
        if frame.kind is FrameKind.ERROR and self._failure is None:
            self._failure = _stream_error(frame)
            self._complete = True
        if self._number <= _CHECKED_FRAMES or frame.kind is FrameKind.FINAL:
            self._drift += drift_from(_COMPONENTS.get(frame.kind), frame.payload)

    def snapshot(self) -> ResponseSnapshot:
        """The response as it stands now."""
        body = self._kept.body(ended=True)
        text = visible_text(self._exchange.redactor.text(body.data.decode(errors="replace")))
        return ResponseSnapshot(
            status=self._response.status_code,
            headers=response_headers(self._response, self._exchange.redactor),
            text=text,
            size=body.size,
            truncated=not body.whole,
            http_version=http_version(self._response),
        )

    def outcome(self) -> Outcome:
        """How it ended: an error frame, trouble, or nothing at all before the end marker."""
        failure = self._failure
        # What breaks after the finished reply takes nothing away from it.
        if self._complete and failure is not None and failure.kind in _HARMLESS_AT_THE_END:
            failure = None
        if failure is None and not self._complete:
            failure = Failure(
                kind=FailureKind.BROKEN, detail="The stream ended without its end marker."
            )
        drift = tuple(dict.fromkeys(map(self._exchange.redactor.text, self._drift)))
        return self._exchange.ended(failure, response=self.snapshot(), drift=drift[:DRIFT_SHOWN])


def _read(item: Event | Comment) -> Frame:
    """What chat reads in a frame, with a payload that nothing downstream can fail on."""
    if isinstance(item, Comment):
        return Frame(kind=FrameKind.OTHER)
    parsed = read_json(item.data.encode(errors="replace"))
    if isinstance(parsed, Parsed):
        return frame_of(item, parsed.value)
    # What is too odd to be kept, such as very deep JSON, may still have text to read.
    frame = read_frame(item)
    return Frame(kind=frame.kind, text=visible_text(frame.text))


_COMPONENTS: Final[dict[FrameKind, str]] = {
    FrameKind.CREATED: "PublicApiChatCompletionChunk",
    FrameKind.DELTA: "PublicApiChatCompletionChunk",
    FrameKind.FINAL: "PublicApiChatCompletion",
}
_HARMLESS_AT_THE_END: Final = frozenset({FailureKind.BROKEN, FailureKind.TIMED_OUT})


def _stream_error(frame: Frame) -> Failure:
    """An error that the API reports inside a stream, as its code's status would be read."""
    code, message, request_id = error_words(frame.payload)
    status = errors.explain(code, None).status
    kind = FailureKind.REJECTED if status and status < 500 else FailureKind.UNAVAILABLE
    kinds = {
        401: FailureKind.REFUSED,
        403: FailureKind.REFUSED,
        429: FailureKind.RATE_LIMITED,
    }
    return Failure(
        kind=kinds.get(status or 0, kind),
        code=code,
        message=message or frame.text or None,
        request_id=request_id,
        detail="The API reported this inside the stream, after it had begun to answer.",
    )


def _is_clean(item: Event | Comment, exchange: Exchange) -> bool:
    """Nearly every frame holds no secret, and one look at its bytes says so.

    Everything in a frame comes out of its bytes, but for an id that it inherits.
    """
    inherits = isinstance(item, Event) and item.last_id != ""
    return not inherits and exchange.redactor.clears(item.raw.decode(errors="replace"))


def _cleaned(
    item: Event | Comment, frame: Frame, exchange: Exchange
) -> tuple[Event | Comment, Frame]:
    redactor = exchange.redactor
    clean = Frame(
        kind=frame.kind, text=redactor.text(frame.text), payload=redactor.value(frame.payload)
    )
    raw = _clean_bytes(item.raw, exchange)
    if isinstance(item, Comment):
        return Comment(text=redactor.text(item.text), raw=raw), clean
    event = Event(
        name=redactor.text(item.name),
        data=redactor.text(item.data),
        last_id=redactor.text(item.last_id),
        retry=item.retry,
        raw=raw,
    )
    return event, clean


def _clean_bytes(raw: bytes, exchange: Exchange) -> bytes:
    text = raw.decode(errors="surrogateescape")
    clean = exchange.redactor.text(text)
    return raw if clean == text else clean.encode(errors="surrogateescape")
