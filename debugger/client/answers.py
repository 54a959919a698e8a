"""A response body to its end, and the Outcome that follows from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Final, cast

import httpx

from debugger.client.bodies import BadEncoding, Body, Collector, Inflater, collect
from debugger.client.exchange import Exchange
from debugger.client.outcome import Failure, FailureKind, Outcome
from debugger.client.request import BrokenUpload
from debugger.client.snapshots import Reading, of_response
from debugger.client.troubles import of_status

# From here on reading a body takes long enough to be moved off the event loop.
_IN_A_THREAD: Final = 128 * 1024
TRANSPORT_TROUBLE: Final = (httpx.TransportError, BadEncoding, BrokenUpload, TimeoutError)


async def answer(exchange: Exchange, response: httpx.Response) -> Outcome:
    """Read a JSON answer within the limits and judge it. Closes nothing."""
    collector = Collector(keep=exchange.limits.keep, stop=exchange.limits.stop)
    trouble: Failure | None = None
    ended = False
    try:
        async with asyncio.timeout(exchange.remaining()):
            inflater = Inflater(response.headers.get("content-encoding", ""))
            ended = await collect(chunks_of(response), inflater, collector)
    except TRANSPORT_TROUBLE as caught:
        trouble = exchange.failed(caught, answered=True)
    return await judged(exchange, response, collector.body(ended=ended), trouble)


async def judged(
    exchange: Exchange, response: httpx.Response, body: Body, trouble: Failure | None
) -> Outcome:
    """The Outcome of an answer whose body has been read, as far as ``trouble`` let it."""
    read = partial(
        of_response, response, body, operation=exchange.operation, redactor=exchange.redactor
    )
    reading = await asyncio.to_thread(read) if len(body.data) > _IN_A_THREAD else read()
    return exchange.ended(
        _judge(exchange, response, reading, trouble),
        response=reading.snapshot,
        drift=reading.drift,
        one_time_secrets=reading.one_time_secrets,
    )


def chunks_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body's bytes as they come, still compressed."""
    return aiter(cast(httpx.AsyncByteStream, response.stream))


async def close(response: httpx.Response) -> None:
    """Let go of the response; a connection that is not read to its end is closed."""
    await cast(httpx.AsyncByteStream, response.stream).aclose()


def _judge(
    exchange: Exchange, response: httpx.Response, reading: Reading, trouble: Failure | None
) -> Failure | None:
    """What the caller has to know first: the status, then a broken body, then its form."""
    detail = trouble.detail if trouble else ""
    if not detail and response.status_code >= 400 and reading.not_json:
        detail = _form(response, reading)
    by_status = of_status(
        response.status_code,
        headers=response.headers,
        value=reading.value,
        now=time.time(),
        detail=detail,
    )
    return by_status or trouble or _form_failure(exchange, response, reading)


def _form_failure(exchange: Exchange, response: httpx.Response, reading: Reading) -> Failure | None:
    snapshot = reading.snapshot
    if snapshot.truncated:
        least = "At least " if snapshot.size >= exchange.limits.stop else ""
        detail = f"{least}{snapshot.size:,} bytes came; {exchange.limits.keep:,} are read at most."
        return Failure(kind=FailureKind.TOO_LARGE, detail=detail)
    bodiless = response.status_code in (204, 205) or exchange.operation.method == "DELETE"
    if reading.not_json is None or (snapshot.size == 0 and bodiless):
        return None
    return Failure(kind=FailureKind.NOT_JSON, detail=_form(response, reading))


def _form(response: httpx.Response, reading: Reading) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()[:100]
    said = f" Its Content-Type is {kind}." if kind and "json" not in kind else ""
    return f"{reading.not_json}{said}"
