"""Result media, fetched through the guard in pieces, to be shown on our own origin or to be kept.

No key, cookie or other header of ours goes with it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx

from debugger.client.bodies import BadEncoding, Inflater
from debugger.client.egress import Forbidden, Resolve, Target, Unknown, check_url, resolve
from debugger.client.outcome import Failure, FailureKind
from debugger.client.request import USER_AGENT
from debugger.client.transport import network_transport
from debugger.client.troubles import of_exception
from debugger.contract.parts import split

MAX_HOPS: Final = 3
# A name may begin with an IPv6 address that this machine cannot reach.
MAX_ADDRESSES: Final = 3
_RANGE: Final = re.compile(r"bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})")
# Media that no browser runs as a document; SVG and HTML can carry scripts.
MEDIA_TYPES: Final = frozenset(
    {
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/mp4",
        "video/ogg",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
        "audio/aac",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/wave",
        "audio/webm",
        "audio/x-wav",
    }
)
_TOO_LARGE: Final = "The medium is too large to be shown."
_PASSED_ON: Final = ("content-length", "content-range", "accept-ranges", "etag", "last-modified")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Bounds of one fetch: seconds, and bytes of the body."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 300.0
    size: int = 512 * 1024 * 1024


@dataclass(slots=True)
class Ending:
    """How a body ended: ``failure`` is None while it is read and when it came whole."""

    failure: Failure | None = None


@dataclass(slots=True, kw_only=True)
class Media:
    """A fetched medium. ``body`` ends early when it is cut off or grows beyond the limit.

    ``status`` is 200, 206 or 416; ``headers`` are those worth passing on, in lower case. Reading
    ``body`` to its end closes the connection, and so does ``aclose``, which may be called twice.
    ``ending`` then says whether that was its real end.
    """

    status: int
    content_type: str
    headers: dict[str, str]
    body: AsyncIterator[bytes]
    ending: Ending = field(default_factory=Ending)
    _response: httpx.Response = field(repr=False)
    _transport: httpx.AsyncBaseTransport = field(repr=False)

    async def aclose(self) -> None:
        """Close the connection now."""
        await _close(self._response, self._transport)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a fetch is for. Without ``types`` any type is taken, and a compressed body is undone."""

    limits: MediaLimits
    types: Collection[str] | None
    deadline: float

    @property
    def headers(self) -> dict[str, str]:
        """What asks for it; a compressed body could not be read in ranges."""
        others = ",*/*;q=0.1" if self.types is None else ""
        return {"accept": f"image/*,video/*,audio/*{others}", "accept-encoding": "identity"}


async def fetch_media(
    url: str,
    *,
    range_header: str | None = None,
    allowed_origin: str | None = None,
    limits: MediaLimits = MediaLimits(),
    resolver: Resolve | None = None,
    types: Collection[str] | None = MEDIA_TYPES,
) -> Media | Failure:
    """Open a medium named by a result; trouble is a Failure. The caller closes what it gets.

    ``allowed_origin`` is the configured upstream's base address: its own origin may be an inner
    one. A range that is not a single plain one is left out, and the whole medium is fetched.
    ``types`` None takes whatever is there, for a caller that looks at the bytes itself.
    """
    wish = _Wish(limits=limits, types=types, deadline=time.monotonic() + limits.total)
    headers = wish.headers
    if range_header and _RANGE.fullmatch(range_header.strip()):
        headers["range"] = range_header.strip()
    try:
        for _ in range(MAX_HOPS + 1):
            opened = await _open(url, headers, allowed_origin, limits, resolver)
            if isinstance(opened, Failure):
                return opened
            response, transport = opened
            if not response.has_redirect_location:
                return await _judged(response, transport, wish)
            await _close(response, transport)
            url = urljoin(url, response.headers["location"])
    except Unknown as reason:
        return Failure(kind=FailureKind.UNREACHABLE, detail=str(reason))
    except (Forbidden, ValueError) as reason:
        why = str(reason) if isinstance(reason, Forbidden) else "The address cannot be read."
        return Failure(kind=FailureKind.NOT_SENT, detail=why)
    return Failure(kind=FailureKind.REDIRECTED, detail="The address redirects too often.")


def _target(url: str, allowed_origin: str | None) -> Target:
    """The checked target; the upstream's own origin, and nothing else on its host, is trusted."""
    if allowed_origin:
        own = _origin(allowed_origin)
        if own is not None and _origin(url) == own:
            return check_url(url, allow_hosts=(own[1],))
    return check_url(url)


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = split(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        return (parts.scheme, (parts.hostname or "").lower(), port)
    except ValueError:
        return None


async def _open(
    url: str,
    headers: dict[str, str],
    allowed_origin: str | None,
    limits: MediaLimits,
    resolver: Resolve | None,
) -> tuple[httpx.Response, httpx.AsyncBaseTransport] | Failure:
    target = _target(url, allowed_origin)
    addresses = await resolve(target, resolver=resolver)
    failure = Failure(kind=FailureKind.UNREACHABLE)
    for address in addresses[:MAX_ADDRESSES]:
        try:
            return await _connect(target, address, headers, limits)
        except (httpx.TransportError, TimeoutError) as trouble:
            failure = of_exception(trouble, url=target.url, phase="", answered=False)
            if not isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout):
                break
    return failure


async def _connect(
    target: Target, address: str, headers: dict[str, str], limits: MediaLimits
) -> tuple[httpx.Response, httpx.AsyncBaseTransport]:
    # A connection of its own: pools are keyed by address, and this address has other names too.
    transport = network_transport(keepalive=0)
    request = httpx.Request(
        "GET",
        _pinned(target, address),
        headers={**headers, "host": target.authority, "user-agent": USER_AGENT},
        extensions={
            "timeout": httpx.Timeout(limits.read, connect=limits.connect).as_dict(),
            "sni_hostname": target.host,
        },
    )
    try:
        async with asyncio.timeout(limits.connect + limits.read):
            return await transport.handle_async_request(request), transport
    except BaseException:
        await transport.aclose()
        raise


def _pinned(target: Target, address: str) -> str:
    """The same address with its host replaced by the IP address that was checked."""
    parts = urlsplit(target.url)
    host = f"[{address}]" if ":" in address else address
    return urlunsplit((target.scheme, f"{host}:{target.port}", parts.path or "/", parts.query, ""))


async def _judged(
    response: httpx.Response, transport: httpx.AsyncBaseTransport, wish: _Wish
) -> Media | Failure:
    try:
        failure = _refusal(response, wish)
        inflater = Inflater(_encoding(response))
    except BadEncoding as reason:
        failure = Failure(kind=FailureKind.BROKEN, detail=str(reason))
    if failure is not None:
        await _close(response, transport)
        return failure
    ending = Ending()
    plain = _encoding(response) == "identity"
    return Media(
        status=response.status_code,
        content_type=_type(response),
        headers={
            name: response.headers[name]
            for name in _PASSED_ON
            if name in response.headers and (plain or name != "content-length")
        },
        body=_body(response, transport, wish, inflater, ending),
        ending=ending,
        _response=response,
        _transport=transport,
    )


def _refusal(response: httpx.Response, wish: _Wish) -> Failure | None:
    status = response.status_code
    if status not in (200, 206, 416):
        return Failure(kind=_kind(status), detail=f"The media server answered {status}.")
    if wish.types is not None:
        if status != 416 and _type(response) not in wish.types:
            detail = "What is at the address is not an image, a video or a sound."
            return Failure(kind=FailureKind.REJECTED, detail=detail)
        if _encoding(response) != "identity":
            detail = "The medium is compressed in a way that was not asked for."
            return Failure(kind=FailureKind.BROKEN, detail=detail)
    length = response.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:18]) > wish.limits.size:
        return Failure(kind=FailureKind.TOO_LARGE, detail=_TOO_LARGE)
    return None


def _kind(status: int) -> FailureKind:
    known = {
        401: FailureKind.REFUSED,
        403: FailureKind.REFUSED,
        429: FailureKind.RATE_LIMITED,
    }
    fallback = FailureKind.UNAVAILABLE if status >= 500 else FailureKind.REJECTED
    return known.get(status, fallback)


def _encoding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower() or "identity"


def _type(response: httpx.Response) -> str:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


async def _body(
    response: httpx.Response,
    transport: httpx.AsyncBaseTransport,
    wish: _Wish,
    inflater: Inflater,
    ending: Ending,
) -> AsyncIterator[bytes]:
    chunks = aiter(cast(httpx.AsyncByteStream, response.stream))
    size = 0
    try:
        while True:
            async with asyncio.timeout(max(0.0, wish.deadline - time.monotonic())):
                chunk = await anext(chunks, None)
            if chunk is None:
                inflater.close()
                return
            for piece in inflater.feed(chunk):
                size += len(piece)
                if size > wish.limits.size:
                    ending.failure = Failure(kind=FailureKind.TOO_LARGE, detail=_TOO_LARGE)
                    return
                yield piece
    except (httpx.TransportError, TimeoutError, BadEncoding) as trouble:
        # The player sees a shorter body than was announced, which is what happened.
        ending.failure = of_exception(trouble, url="", phase="sent", answered=True)
    finally:
        await _close(response, transport)


async def _close(response: httpx.Response, transport: httpx.AsyncBaseTransport) -> None:
    await cast(httpx.AsyncByteStream, response.stream).aclose()
    await transport.aclose()
