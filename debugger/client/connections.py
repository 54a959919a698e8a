"""Many open connections: httpx's interface over aiohttp's pool.

httpx's own pool searches all of its connections at each request, which costs milliseconds where a
hundred are open. Trouble comes out as httpx's exceptions, told apart as its own transport would.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

# For None the library means 100, and whoever waits for one of those is late.
MOST: Final = 2_000
KEPT_SECONDS: Final = 30.0
# What aiohttp raises, and what urllib and asyncio raise through it.
TROUBLE: Final = (aiohttp.ClientError, OSError, ValueError)


class ManyConnections(AiohttpTransport):
    """HTTP/1.1 over the network: no proxy from the environment, no cookies, nothing inflated.

    ``session`` is for whoever makes so many calls that httpx's objects would be the larger part of
    their cost; ``as_httpx`` names its trouble.
    """

    def __init__(self, *, context: ssl.SSLContext, most: int = MOST) -> None:
        super().__init__(
            verify=context,
            trust_env=False,
            limits=httpx.Limits(max_connections=most, keepalive_expiry=KEPT_SECONDS),
            client=self._open,
        )

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open connections; inside a running event loop only."""
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self._open()
        return self.client

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=self.ssl_context,
            limit=self.limits.max_connections or MOST,
            keepalive_timeout=self.limits.keepalive_expiry,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's status and headers; its body is read from the stream."""
        try:
            response = await super().handle_async_request(request)
        except (httpx.TransportError, *TROUBLE) as trouble:
            named = as_httpx(trouble)
            raise named from named.__cause__
        response.stream = _Stream(cast(httpx.AsyncByteStream, response.stream))
        return response


class _Stream(httpx.AsyncByteStream):
    """A body whose trouble has httpx's names."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                yield piece
        except (httpx.TransportError, *TROUBLE) as trouble:
            named = as_httpx(trouble)
            raise named from named.__cause__

    async def aclose(self) -> None:
        await self._stream.aclose()


def as_httpx(trouble: BaseException) -> httpx.TransportError:
    """What httpx's own transport would have raised, with what really happened as its cause.

    The library's own translation takes a connection that was reset for one that was never made.
    """
    if isinstance(trouble, httpx.TransportError) and trouble.__cause__ is not None:
        trouble = trouble.__cause__
    if isinstance(trouble, httpx.TransportError):
        return trouble
    kind, text = _meaning(trouble)
    named = kind(text)
    # aiohttp's own exceptions are half made SSLErrors; what they wrap says the reason.
    named.__cause__ = (
        getattr(trouble, "certificate_error", None) or getattr(trouble, "os_error", None) or trouble
    )
    return named


def _meaning(trouble: BaseException) -> tuple[type[httpx.TransportError], str]:
    if isinstance(trouble, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout, "No connection in time."
    if isinstance(trouble, TimeoutError):
        return httpx.ReadTimeout, "No answer in time."
    if isinstance(trouble, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return httpx.ConnectError, "No connection."
    if isinstance(trouble, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return httpx.UnsupportedProtocol, "The address cannot be asked over HTTP."
    if isinstance(trouble, aiohttp.ServerDisconnectedError):
        return httpx.RemoteProtocolError, "Server disconnected without sending a response."
    if isinstance(trouble, OSError):
        return httpx.ReadError, "The connection broke."
    return httpx.RemoteProtocolError, "What came is not HTTP, or was cut off."
