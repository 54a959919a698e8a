"""Calls to the Rivya API: an Outcome in every case, trouble included; trouble never raises.

    outcome = await call(upstream, Call(operation=operations.get("credits.retrieve"), key=key))

Cancelling closes the connection at once. ``stream`` is the same for server-sent events.
"""

from __future__ import annotations

import asyncio

from debugger.client.answers import TRANSPORT_TROUBLE, answer, close
from debugger.client.exchange import Limits, begin
from debugger.client.outcome import Failure, FailureKind, Outcome
from debugger.client.request import Call, CannotSend, Prepared, Upload, prepare
from debugger.client.streaming import Finished, FrameArrived, Opened, StreamEvent, stream
from debugger.client.transport import Upstream, close_network, live_upstream, mock_upstream

__all__ = [
    "Call",
    "CannotSend",
    "Finished",
    "FrameArrived",
    "Limits",
    "Opened",
    "Prepared",
    "StreamEvent",
    "Upload",
    "Upstream",
    "call",
    "close_network",
    "live_upstream",
    "mock_upstream",
    "prepare",
    "stream",
    "unsent",
]


async def call(upstream: Upstream, call: Call, *, limits: Limits = Limits()) -> Outcome:  # noqa: B008 -- A frozen value is safe to share.
    """Send one call and read its answer. Raises CancelledError only."""
    exchange = begin(upstream, call, limits=limits)
    if exchange.prepared is None:
        return exchange.not_sent()
    try:
        async with asyncio.timeout(limits.total):
            response = await exchange.open()
    except TRANSPORT_TROUBLE as trouble:
        return exchange.ended(exchange.failed(trouble, answered=False))
    try:
        return await answer(exchange, response)
    finally:
        await close(response)


def unsent(upstream: Upstream, call: Call) -> Outcome | None:
    """The call as it is before it is sent: its request alone. None when it cannot be sent."""
    exchange = begin(upstream, call, limits=Limits())
    failure = Failure(kind=FailureKind.NOT_SENT)
    return exchange.ended(failure) if exchange.prepared is not None else None
