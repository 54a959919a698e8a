"""Result media pass through the guard: each hop checked, no key sent, bounded, media only."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from debugger.client.media import Media, MediaLimits, fetch_media
from debugger.client.outcome import Failure, FailureKind
from tests.client.servers import Script, Server, answer, says, says_and_waits, serving

PNG = b"\x89PNG" + b"x" * 1000


def fetch(
    script: Script, then: Callable[[Server], Awaitable[Media | Failure]] | None = None
) -> tuple[Media | Failure, bytes, list[bytes]]:
    async def main() -> tuple[Media | Failure, bytes, list[bytes]]:
        async with serving(script) as server:
            if then is not None:
                found = await then(server)
            else:
                found = await fetch_media(
                    f"{server.base_url}/media/a.png", allowed_origin=server.base_url
                )
            body = b""
            if isinstance(found, Media):
                body = b"".join([chunk async for chunk in found.body])
            return found, body, server.requests

    return asyncio.run(main())


def test_the_upstreams_own_media_are_fetched_whole_without_a_key() -> None:
    found, body, sent = fetch(says(answer(200, PNG, "ETag: abc", kind="image/png; x=1")))
    assert isinstance(found, Media)
    assert (found.status, found.content_type, body) == (200, "image/png", PNG)
    assert found.headers == {"content-length": str(len(PNG)), "etag": "abc"}
    assert b"authorization" not in sent[0].lower()
    assert b"cookie" not in sent[0].lower()


def test_a_range_is_passed_on() -> None:
    async def ranged(server: Server) -> Media | Failure:
        return await fetch_media(
            f"{server.base_url}/a", allowed_origin=server.base_url, range_header="bytes=0-3"
        )

    script = says(answer(206, PNG[:4], "Content-Range: bytes 0-3/1004", kind="video/webm"))
    found, body, sent = fetch(script, ranged)
    assert isinstance(found, Media)
    assert (found.status, found.headers["content-range"], body) == (
        206,
        "bytes 0-3/1004",
        PNG[:4],
    )
    assert b"range: bytes=0-3" in sent[0].lower()


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "lines=1-2", "bytes=0-1\r\nX: y", "bytes=-"])
def test_an_odd_range_is_left_out(header: str) -> None:
    async def ranged(server: Server) -> Media | Failure:
        return await fetch_media(
            f"{server.base_url}/a", allowed_origin=server.base_url, range_header=header
        )

    _, body, sent = fetch(says(answer(200, PNG, kind="image/png")), ranged)
    assert body == PNG
    assert b"range:" not in sent[0].lower()


def test_another_port_of_the_same_host_is_not_the_upstreams_origin() -> None:
    async def elsewhere(server: Server) -> Media | Failure:
        return await fetch_media(f"{server.base_url}/a", allowed_origin="http://127.0.0.1:1")

    found, _, sent = fetch(says(answer(200, PNG, kind="image/png")), elsewhere)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.NOT_SENT
    assert sent == []


def test_a_name_that_leads_inward_is_not_opened() -> None:
    async def inward(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async def rebound(server: Server) -> Media | Failure:
        port = server.base_url.rpartition(":")[2]
        return await fetch_media(f"http://media.example.com:{port}/a", resolver=inward)

    found, _, sent = fetch(says(answer(200, PNG, kind="image/png")), rebound)
    assert isinstance(found, Failure)
    assert "not public" in found.detail
    assert sent == []


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data/", "http://localhost/", "file:///etc/passwd", "//["],
)
def test_a_redirect_inward_is_refused(location: str) -> None:
    found, _, sent = fetch(says(answer(302, b"", f"Location: {location}")))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.NOT_SENT
    assert len(sent) == 1


def test_a_redirect_that_turns_in_circles_ends() -> None:
    found, _, sent = fetch(says(answer(302, b"", "Location: /again")))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.REDIRECTED
    assert len(sent) == 4


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/json", ""])
def test_what_a_browser_could_run_is_not_passed_on(kind: str) -> None:
    found, _, _ = fetch(says(answer(200, b"<script>", kind=kind)))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.REJECTED


def test_a_medium_that_is_announced_too_large_is_refused() -> None:
    async def small(server: Server) -> Media | Failure:
        limits = MediaLimits(size=100)
        return await fetch_media(
            f"{server.base_url}/a", allowed_origin=server.base_url, limits=limits
        )

    found, _, _ = fetch(says(answer(200, PNG, kind="image/png")), small)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.TOO_LARGE


def test_a_medium_that_grows_too_large_ends_early() -> None:
    async def small(server: Server) -> Media | Failure:
        limits = MediaLimits(size=100_000)
        return await fetch_media(
            f"{server.base_url}/a", allowed_origin=server.base_url, limits=limits
        )

    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
    found, body, _ = fetch(says(head, *[b"x" * 10_000] * 100), small)
    assert isinstance(found, Media)
    assert len(body) <= 100_000


def test_closing_early_frees_the_connection_at_once() -> None:
    async def main() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\nbeginning"
        async with serving(says_and_waits(head)) as server:
            found = await fetch_media(f"{server.base_url}/a", allowed_origin=server.base_url)
            assert isinstance(found, Media)
            assert await anext(found.body) == b"beginning"
            await found.aclose()
            await found.aclose()
            async with asyncio.timeout(1):
                await server.gone.wait()

    asyncio.run(main())


def test_a_server_that_fails_is_a_failure() -> None:
    found, _, _ = fetch(says(answer(503, b"")))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNAVAILABLE


def test_a_medium_that_is_cut_off_ends_early() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 99\r\n\r\nbeginning"
    found, body, _ = fetch(says(head))
    assert isinstance(found, Media)
    assert body == b"beginning"


def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer() -> None:
    async def two(_host: str, _port: int) -> list[str]:
        # Nothing listens on the second loopback address: the server is bound to the first.
        return ["127.0.0.2", "127.0.0.1"]

    async def named(server: Server) -> Media | Failure:
        origin = server.base_url.replace("127.0.0.1", "rivya.lan")
        return await fetch_media(f"{origin}/a", allowed_origin=origin, resolver=two)

    found, body, sent = fetch(says(answer(200, PNG, kind="image/png")), named)
    assert isinstance(found, Media)
    assert body == PNG
    assert b"host: rivya.lan" in sent[0].lower()


def kept(server: Server) -> Awaitable[Media | Failure]:
    return fetch_media(f"{server.base_url}/a", allowed_origin=server.base_url, types=None)


def test_what_is_kept_may_have_any_type_and_tells_how_it_ended() -> None:
    found, body, _ = fetch(says(answer(200, b"{}", kind="binary/octet-stream")), kept)
    assert isinstance(found, Media)
    assert (body, found.ending.failure) == (b"{}", None)


def test_a_body_that_was_compressed_unasked_is_kept_as_what_it_holds() -> None:
    packed = gzip.compress(PNG)
    found, body, _ = fetch(says(answer(200, packed, "Content-Encoding: gzip")), kept)
    assert isinstance(found, Media)
    assert (body, found.ending.failure) == (PNG, None)
    assert "content-length" not in found.headers


@pytest.mark.parametrize(
    "message",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbeginning",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbeginning\r\n",
        answer(200, gzip.compress(PNG * 9)[:-9], "Content-Encoding: gzip"),
        answer(200, b"no gzip at all", "Content-Encoding: gzip"),
    ],
)
def test_a_body_that_is_not_whole_says_so_at_its_end(message: bytes) -> None:
    found, _, _ = fetch(says(message), kept)
    assert isinstance(found, Media)
    assert found.ending.failure is not None
    assert found.ending.failure.kind is FailureKind.BROKEN


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, FailureKind.REFUSED), (404, FailureKind.REJECTED), (429, FailureKind.RATE_LIMITED)],
)
def test_a_media_server_that_refuses_is_told_from_one_that_is_busy(
    status: int, kind: FailureKind
) -> None:
    found, _, _ = fetch(says(answer(status, b"")), kept)
    assert isinstance(found, Failure)
    assert found.kind is kind


def test_a_name_that_is_not_known_now_may_be_known_later() -> None:
    async def nowhere(_host: str, _port: int) -> list[str]:
        return []

    found = asyncio.run(fetch_media("https://media.example.com/a", resolver=nowhere))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREACHABLE
