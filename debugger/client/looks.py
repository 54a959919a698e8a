"""Looks at jobs, thousands of them: an answer that is the last one again is not read at all.

    looker = Looker(upstream, key=key)
    glance = await looker.look("task_…", digest=digest_of_the_last_answer)

What a look sees that is new comes as the very Outcome that ``api.call`` would give. In mock mode
it is ``api.call``. Trouble never raises; only being cancelled does.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from debugger.client.answers import judged
from debugger.client.api import call as call_api
from debugger.client.bodies import BadEncoding, Body, Collector, Inflater, collect
from debugger.client.connections import TROUBLE, as_httpx
from debugger.client.exchange import Limits, begin
from debugger.client.outcome import Outcome, Timings
from debugger.client.request import Call, CannotSend, prepare
from debugger.client.transport import Upstream, many_connections_transport
from debugger.contract import operations

# Hundreds are open at once, so each may take less than a call from a panel. ``total`` is a promise:
# a claimed row stays claimed for longer than that.
LOOK_LIMITS: Final = Limits(
    connect=5.0, read=12.0, write=12.0, total=12.0, keep=1024 * 1024, stop=8 * 1024 * 1024
)
RETRIEVE: Final = operations.get("generations.retrieve")
_TASK: Final = RETRIEVE.path_params[0].name
_ALSO_SENT: Final = (("Accept-Encoding", "gzip, deflate"),)
# Task ids that stand in an address as they are.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,300}")
_HTTP: Final = {"http_version": b"HTTP/1.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a look saw. ``status`` is the HTTP status, None where nothing answered.

    ``same`` says that the answer's bytes are those of the last one; then there is no ``outcome``.
    ``digest`` stands for the bytes of a 200, "" for anything else.
    """

    took_ms: float
    status: int | None
    same: bool = False
    digest: str = ""
    outcome: Outcome | None = None


class Looker:
    """Looks with one key at the jobs of one upstream. ``key`` is ignored in mock mode."""

    def __init__(
        self, upstream: Upstream, *, key: str | None = None, limits: Limits = LOOK_LIMITS
    ) -> None:
        self._upstream = upstream
        self._key = key
        self._limits = limits
        self._patience = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect)
        self._start = ""
        self._headers: CIMultiDict[str] = CIMultiDict()

    def within(self, limits: Limits) -> Looker:
        """The same with other limits."""
        return Looker(self._upstream, key=self._key, limits=limits)

    async def look(self, task_id: str, *, digest: str = "") -> Glance:
        """Ask for one job, whose last answer had this digest."""
        address = self._address(task_id) if self._upstream.transport is None else None
        if address is None:
            return await self._through_api(self._call(task_id), digest)
        began = time.perf_counter()
        seen = await self._seen(address)
        took_ms = (time.perf_counter() - began) * 1000
        found = seen.digest()
        if found and found == digest:
            return Glance(took_ms=took_ms, status=seen.status, same=True, digest=found)
        outcome = await self._outcome(self._call(task_id), seen, took_ms)
        return Glance(took_ms=took_ms, status=seen.status, digest=found, outcome=outcome)

    async def send(self, call: Call) -> Glance:
        """Carry out any other call as a panel would, within the same limits."""
        return await self._through_api(replace(call, key=self._key), "")

    async def _through_api(self, call: Call, digest: str) -> Glance:
        outcome = await call_api(self._upstream, call, limits=self._limits)
        status = outcome.response.status if outcome.response else None
        text = (outcome.response.text if outcome.response else None) or ""
        found = digest_of(text.encode(errors="replace")) if outcome.ok and status == 200 else ""
        took_ms = outcome.timings.total_ms
        if found and found == digest:
            return Glance(took_ms=took_ms, status=status, same=True, digest=found)
        return Glance(took_ms=took_ms, status=status, digest=found, outcome=outcome)

    def _call(self, task_id: str) -> Call:
        return Call(operation=RETRIEVE, path={_TASK: task_id}, key=self._key)

    def _address(self, task_id: str) -> URL | None:
        """Where to ask, just as a call would; None for what cannot be sent."""
        if self._start and _PLAIN.fullmatch(task_id):
            return URL(self._start + task_id, encoded=True)
        try:
            prepared = prepare(self._call(task_id), self._upstream.base_url)
        except CannotSend:
            return None
        if _PLAIN.fullmatch(task_id):
            # The next address differs in its end only; so much need not be done at each look.
            self._start = prepared.url.removesuffix(task_id)
        self._headers = CIMultiDict([*prepared.headers, *_ALSO_SENT])
        return URL(prepared.url, encoded=True)

    async def _seen(self, address: URL) -> _Seen:
        """One request over the open connections, and as much of its answer as came in time."""
        seen = _Seen(Collector(keep=self._limits.keep, stop=self._limits.stop))
        try:
            async with asyncio.timeout(self._limits.total):
                await self._ask(address, seen)
        except BadEncoding as trouble:
            seen.trouble = trouble
        except TROUBLE as trouble:
            seen.trouble = as_httpx(trouble)
        return seen

    async def _ask(self, address: URL, seen: _Seen) -> None:
        async with many_connections_transport().session.get(
            address, headers=self._headers, allow_redirects=False, timeout=self._patience
        ) as response:
            seen.status, seen.headers = response.status, response.raw_headers
            encoding = response.headers.get("content-encoding")
            if encoding:
                pieces = _pieces(response.content)
                seen.ended = await collect(pieces, Inflater(encoding), seen.collector)
            else:
                seen.ended = await _collect_plain(response.content, seen.collector)

    async def _outcome(self, call: Call, seen: _Seen, took_ms: float) -> Outcome:
        """What a panel's call would have given for the same answer."""
        exchange = begin(self._upstream, call, limits=self._limits)
        failure = None
        if seen.trouble is not None:
            answered = seen.status is not None
            failure = exchange.failed(seen.trouble, answered=answered)
        if seen.status is None:
            outcome = exchange.ended(failure)
        else:
            response = httpx.Response(seen.status, headers=seen.headers, extensions=_HTTP)
            outcome = await judged(exchange, response, seen.body, failure)
        return replace(outcome, timings=Timings(total_ms=took_ms))


@dataclass(slots=True)
class _Seen:
    """An answer as far as it came. Without ``status`` none did."""

    collector: Collector
    status: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    ended: bool = False
    trouble: Exception | None = None

    @property
    def body(self) -> Body:
        """What came of the body."""
        return self.collector.body(ended=self.ended)

    def digest(self) -> str:
        """What stands for the answer, if it is one that can be compared."""
        if self.status != 200 or self.trouble is not None:
            return ""
        body = self.body
        return digest_of(body.data) if body.ended and body.whole else ""


def digest_of(data: bytes) -> str:
    """32 characters that stand for the bytes of an answer."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


async def _collect_plain(content: aiohttp.StreamReader, into: Collector) -> bool:
    while piece := await content.readany():
        if not into.add(piece):
            return False
    return True


async def _pieces(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    while piece := await content.readany():
        yield piece
