"""A streamed turn on its way to the browser: our own events, written as they come.

    html   {target, html, swap}          a fragment of ours, escaped by the templates
    frame  {n, ms, name, size, text, short}  one upstream event, for the table; text only
    text   {text}                        a piece of the reply; text only
    done   {state, label}                always the last one

The upstream stream is held open by the generator alone. When the browser goes away, the server
cancels the generator, and with it the upstream connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from debugger.client import api
from debugger.client.outcome import FailureKind, Outcome
from debugger.client.redact import JoinedText
from debugger.client.transport import Upstream
from debugger.contract.streams import Event, FrameKind

HEARTBEAT: Final = 15.0
FRAME_TEXT: Final = 4096


def event(name: str, data: dict[str, Any]) -> bytes:
    """One event of ours; the JSON has no raw line break, so it is one data line."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n".encode("ascii")


@dataclass(slots=True)
class Told:
    """What has been told so far, for the fragment that ends the stream.

    ``joined`` sees to it that a key in pieces is no more told than a whole one.
    """

    joined: JoinedText = field(default_factory=JoinedText)
    text: list[str] = field(default_factory=list)
    frames: int = 0
    first_text_ms: float | None = None
    final: Any = None
    outcome: Outcome | None = None

    @property
    def reply(self) -> str:
        """The reply as far as it came."""
        return "".join(self.text)

    @property
    def state(self) -> str:
        """complete, interrupted or failed."""
        failure = self.outcome.failure if self.outcome else None
        if self.outcome is not None and failure is None:
            return "complete"
        cut = failure is None or failure.kind in (FailureKind.BROKEN, FailureKind.TIMED_OUT)
        return "interrupted" if cut and self.frames else "failed"


async def relay(
    upstream: Upstream,
    call: api.Call,
    *,
    began: Mapping[str, str],
    end: Callable[[Told], Awaitable[str]],
    ended: Callable[[Told], Awaitable[None]] | None = None,
) -> AsyncGenerator[bytes, None]:
    """Every event for the browser. ``began`` holds, by target, the fragments to be filled.

    ``ended`` hears of the outcome before the browser does, which may be gone by then.
    """
    told = Told(joined=JoinedText(known=(call.key,)))
    async with aclosing(api.stream(upstream, call)) as items:
        async for item in _with_heartbeats(items):
            if item is None:
                yield b": still here\n\n"
            elif isinstance(item, api.Finished):
                told.outcome = item.outcome
                if ended is not None:
                    await ended(told)
            else:
                for each in _told(item, told, began):
                    yield each
    for each in _said(told.joined.close(), told):
        yield each
    yield _html("#output", await end(told))
    yield event("done", {"state": told.state, "label": _label(told)})


def _html(target: str, html: str) -> bytes:
    return event("html", {"target": target, "html": html, "swap": "innerHTML"})


def _told(item: api.Opened | api.FrameArrived, told: Told, began: Mapping[str, str]) -> list[bytes]:
    if isinstance(item, api.Opened):
        return [_html(target, html) for target, html in began.items()]
    told.frames += 1
    return [_row(item), *_reading(item, told)]


def _row(item: api.FrameArrived) -> bytes:
    text = item.event.data if isinstance(item.event, Event) else item.event.text
    row = {
        "n": item.number,
        "ms": item.at_ms,
        "name": item.event.name if isinstance(item.event, Event) else _("(comment)"),
        "size": len(item.raw),
        "text": text[:FRAME_TEXT],
        "short": item.frame.text[:FRAME_TEXT] if item.frame.kind is FrameKind.DELTA else "",
    }
    return event("frame", row)


def _reading(item: api.FrameArrived, told: Told) -> list[bytes]:
    if item.frame.kind is FrameKind.DELTA and item.frame.text:
        if told.first_text_ms is None:
            told.first_text_ms = item.at_ms
        return _said(told.joined.feed(item.frame.text), told)
    if item.frame.kind is FrameKind.FINAL:
        told.final = item.frame.payload
        if told.first_text_ms is None and item.frame.text:
            return _said(item.frame.text, told)
    return []


def _said(text: str, told: Told) -> list[bytes]:
    if not text:
        return []
    told.text.append(text)
    return [event("text", {"text": text})]


def _label(told: Told) -> str:
    words = len(told.reply.split())
    return {
        "complete": _("Reply complete, %(count)d words") % {"count": words},
        "interrupted": _("Interrupted: the stream ended without its end marker"),
    }.get(told.state, _("The turn failed"))


async def _with_heartbeats(items: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """The same items, and None whenever nothing came for a while, so that no proxy gives up."""
    pending: asyncio.Future[Any] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(items, None))
            done, _waiting = await asyncio.wait({pending}, timeout=HEARTBEAT)
            if not done:
                yield None
                continue
            item, pending = pending.result(), None
            if item is None:
                return
            yield item
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
