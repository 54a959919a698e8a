"""Mock or live: the one place where the two modes differ.

Both are an ``httpx.AsyncBaseTransport``. The live one is the network; the mock one hands the
request to the emulator in this process and replays its answer with its real pace, so that read
timeouts, cut bodies and cancelled calls happen as they would on a wire.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import httpx

from debugger.client.outcome import Mode
from debugger.client.redact import without_keys
from debugger.emulator import wire

if TYPE_CHECKING:
    from debugger.client.connections import ManyConnections

SCENARIO_HEADER: Final = "rivya-sandbox-scenario"
# The text of an upload stands before its file; the file's own bytes stay as they are.
_UPLOAD_TEXT: Final = 64 * 1024
Handle = Callable[[wire.Request], Awaitable[wire.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where calls go. ``transport`` is None for the network, which is opened per event loop."""

    mode: Mode
    base_url: str
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)


def live_upstream(base_url: str) -> Upstream:
    """The Rivya API at this address, over the network."""
    return Upstream(mode=Mode.LIVE, base_url=base_url.rstrip("/"))


def mock_upstream(
    handle: Handle, *, account: str, base_url: str, scenario: str | None = None
) -> Upstream:
    """The emulator behind ``handle``, as one sandbox account. No socket is ever opened.

    Result addresses begin with ``base_url``, so it is where the caller serves the emulator's media.
    """
    base = base_url.rstrip("/")
    transport = MockTransport(handle, account=account, base_url=base, scenario=scenario)
    return Upstream(mode=Mode.MOCK, base_url=base, transport=transport)


def transport_of(upstream: Upstream) -> httpx.AsyncBaseTransport:
    """The transport that carries this upstream's calls; call it inside a running event loop."""
    return upstream.transport or _network()


@dataclass(frozen=True, slots=True)
class _Open:
    """One transport of a loop, and the generator that closes it when the loop ends."""

    transport: httpx.AsyncBaseTransport
    keeper: AsyncGenerator[None, None]


# For each loop its transports, by what opens them.
_OPEN: Final[dict[asyncio.AbstractEventLoop, dict[Callable[[], Any], _Open]]] = {}
Opened = TypeVar("Opened", bound=httpx.AsyncBaseTransport)


def _network() -> httpx.AsyncHTTPTransport:
    return _kept(network_transport)


def many_connections_transport() -> ManyConnections:
    """This loop's transport for whoever has many calls open at once; closed with the loop."""
    return _kept(_many_connections)


def _kept(opens: Callable[[], Opened]) -> Opened:
    """The running loop's own transport of a kind, which ends when the loop does."""
    loop = asyncio.get_running_loop()
    # Other threads have loops of their own and come here too: look at a copy.
    for other in list(_OPEN):
        if other.is_closed():
            _OPEN.pop(other, None)
    opened = _OPEN.setdefault(loop, {})
    if opens not in opened:
        transport = opens()
        keeper = _keeper(loop, opens, transport)
        # Priming it up to its yield needs no await. From then on the loop knows the generator,
        # and every runner closes the generators it knows before it ends: so do asyncio.run,
        # uvicorn and asgiref. The connections are closed with their own loop, and never later.
        next(iter(keeper.__anext__().__await__()), None)
        opened[opens] = _Open(transport, keeper)
    return cast(Opened, opened[opens].transport)


async def _keeper(
    loop: asyncio.AbstractEventLoop,
    opens: Callable[[], Any],
    transport: httpx.AsyncBaseTransport,
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        _OPEN.get(loop, {}).pop(opens, None)
        await transport.aclose()


async def close_network() -> None:
    """Close this loop's connections now; the next call opens new ones."""
    for opened in list(_OPEN.pop(asyncio.get_running_loop(), {}).values()):
        await opened.keeper.aclose()


def _many_connections() -> ManyConnections:
    # Only who follows jobs needs the library behind it, which takes a while to import.
    from debugger.client.connections import ManyConnections

    return ManyConnections(context=_ssl_context())


@cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the authorities takes tens of milliseconds: once per process is enough.
    return httpx.create_ssl_context(trust_env=False)


def network_transport(*, keepalive: int = 20) -> httpx.AsyncHTTPTransport:
    """HTTP/1.1 over the network: no proxy from the environment, no retry of its own."""
    return httpx.AsyncHTTPTransport(
        verify=_ssl_context(),
        trust_env=False,
        http1=True,
        http2=False,
        limits=httpx.Limits(
            max_connections=200, max_keepalive_connections=keepalive, keepalive_expiry=15.0
        ),
    )


class MockTransport(httpx.AsyncBaseTransport):
    """Calls an emulator in process.

    The emulator keeps what it is sent, for days. A key that somebody typed into a prompt, a file
    name or an id is no use to it, so it stays behind as the key in its own field does.
    """

    def __init__(
        self, handle: Handle, *, account: str, base_url: str, scenario: str | None = None
    ) -> None:
        self._handle = handle
        self._account = account
        self._base_url = base_url
        self._prefix = urlsplit(base_url).path
        self._scenario = scenario

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The emulator's answer, once its headers would have arrived."""
        timeout = request.extensions.get("timeout", {}).get("read")
        answer = await self._handle(await self._wire(request))
        await _pause(answer.delay, timeout, request)
        if answer.refuse:
            raise httpx.ConnectError("The emulator refused the connection.", request=request)
        return httpx.Response(
            answer.status,
            headers=[(name.encode("latin-1"), _latin(value)) for name, value in answer.headers],
            stream=_MockStream(iter(answer.chunks), timeout, request),
            extensions={"http_version": b"HTTP/1.1"},
            request=request,
        )

    async def _wire(self, request: httpx.Request) -> wire.Request:
        target = without_keys(request.url.raw_path.decode("ascii"))
        path, _, query = target.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers = {
            # A credential is compared and never kept: without it the call would be another one.
            name: value if name == "authorization" else without_keys(value)
            for name, value in headers.items()
        }
        if self._scenario:
            headers[SCENARIO_HEADER] = self._scenario
        return wire.Request(
            method=request.method,
            path=path.removeprefix(self._prefix) or "/",
            query=query,
            headers=headers,
            body=_keyless(await request.aread(), headers.get("content-type", "")),
            base_url=self._base_url,
            account=self._account,
        )


def _keyless(body: bytes, content_type: str) -> bytes:
    """The body without keys; the same bytes when it holds none."""
    end = _UPLOAD_TEXT if content_type.lower().startswith("multipart/") else len(body)
    # Latin-1 gives every byte a character and back, whatever the bytes are.
    text = body[:end].decode("latin-1")
    clean = without_keys(text)
    return body if clean == text else clean.encode("latin-1") + body[end:]


class _MockStream(httpx.AsyncByteStream):
    """A body that arrives at its scripted pace."""

    def __init__(
        self, chunks: Iterator[wire.Chunk], timeout: float | None, request: httpx.Request
    ) -> None:
        self._chunks = chunks
        self._timeout = timeout
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            await _pause(chunk.delay, self._timeout, self._request)
            if chunk.cut:
                raise httpx.RemoteProtocolError(
                    "The emulator cut the body off.", request=self._request
                )
            if chunk.data:
                yield chunk.data

    async def aclose(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


async def _pause(delay: float, patience: float | None, request: httpx.Request) -> None:
    """Wait as a reader would: a silence longer than its patience ends it."""
    if patience is not None and delay > patience:
        await asyncio.sleep(patience)
        raise httpx.ReadTimeout("The emulator stayed silent.", request=request)
    # Zero still gives other tasks a turn, so that a fast emulator cannot hold the loop.
    await asyncio.sleep(delay)


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")
