"""What only the HTTP face has: sockets, waiting, limits of bytes, and work between requests."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from debugger.contract.assumptions import with_overrides
from debugger.contract.webhooks import verify
from debugger.emulator.asgi import create_app
from debugger.emulator.core import Settings
from debugger.emulator.nearby import deliver_nearby, is_nearby
from debugger.emulator.serving import running
from debugger.emulator.wire import DeliveryResult
from tests.emulator.faces import PNG, Caller, Clock, InProcess, OverHttp, make_emulator, over_http


@pytest.fixture
def face(clock: Clock) -> Iterator[OverHttp]:
    with over_http(make_emulator(clock)) as face:
        yield face


def _raw(face: OverHttp, data: bytes) -> bytes:
    parts = urlsplit(face.base_url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as wire:
        wire.sendall(data)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_it_says_that_it_is_well(face: OverHttp) -> None:
    answer = face.send("GET", "/healthz", headers={}, body=b"")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_no_browser_of_another_site_may_read_the_api(face: OverHttp) -> None:
    answer = Caller.arrive(face).call("GET", "/credits", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_server_does_not_say_what_it_is(face: OverHttp) -> None:
    assert "server" not in Caller.arrive(face).call("GET", "/credits").headers


def test_media_addresses_are_those_that_the_caller_used(face: OverHttp) -> None:
    alice = Caller.arrive(face)
    port = urlsplit(face.base_url).port
    file = alice.upload(PNG).json
    assert file["url"].startswith(f"http://127.0.0.1:{port}/media/")
    named = alice.call("GET", "/openapi.json", headers={"Host": f"localhost:{port}"})
    assert named.json["servers"][0]["url"].startswith(f"http://localhost:{port}")


def test_a_strange_host_header_does_not_reach_our_addresses(face: OverHttp) -> None:
    answer = Caller.arrive(face).call("GET", "/openapi.json", headers={"Host": "a/b?<script>"})
    assert answer.json["servers"][0]["url"].startswith("http://127.0.0.1:")


def test_head_works_over_the_wire(face: OverHttp) -> None:
    answer = Caller.arrive(face).call("HEAD", "/models")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 10_000


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_a_body_beyond_every_limit_is_answered_413(clock: Clock, expect: bytes) -> None:
    small = with_overrides({"upload_body_max_bytes": 4096})
    with over_http(make_emulator(clock, assumptions=small)) as face:
        head = b"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + expect
        sent = b"" if expect else b"x" * 10_000
        answer = _raw(face, head + b"Content-Length: 10000\r\n\r\n" + sent)
        assert b" 413 " in answer.partition(b"\r\n")[0]
        assert b"validation_failed" in answer


def test_a_chunked_body_is_counted_too(clock: Clock) -> None:
    small = with_overrides({"upload_body_max_bytes": 4096})
    with over_http(make_emulator(clock, assumptions=small)) as face:
        head = b"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        answer = _raw(face, head + b"1000\r\n" + b"x" * 4096 + b"\r\n5\r\nabcde\r\n0\r\n\r\n")
        assert b" 413 " in answer.partition(b"\r\n")[0]


def test_a_repeated_header_does_not_open_the_door(face: OverHttp) -> None:
    alice = Caller.arrive(face)
    line = f"Authorization: Bearer {alice.key}\r\n".encode()
    head = b"GET /api/v1/credits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    assert b" 401 " in _raw(face, head + line + line + b"\r\n")


def test_a_stream_arrives_at_its_pace(clock: Clock) -> None:
    emulator = make_emulator(clock)
    body = {"model": "gpt-5-2-chat", "message": "Hello"}
    with over_http(emulator, pace=0.2) as face:
        alice = Caller.arrive(face)
        parts = urlsplit(face.base_url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        headers = {"Authorization": f"Bearer {alice.key}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/chat/completions/stream", json.dumps(body), headers)
        response = connection.getresponse()
        moments = []
        while response.readline():
            moments.append(time.monotonic())
        connection.close()
    assert response.headers["content-type"].startswith("text/event-stream")
    assert moments[-1] - moments[0] > 0.1
    # Not everything at the end: the first half was here well before the last line.
    assert moments[-1] - moments[len(moments) // 2] > 0.04


@pytest.mark.parametrize("scenario", ["hang", "stream-silent"])
def test_a_caller_who_leaves_is_not_waited_for(clock: Clock, scenario: str) -> None:
    emulator = make_emulator(clock)
    alice = Caller.arrive(InProcess(emulator))
    body = json.dumps({"model": "gpt-5-2-chat", "message": "Hello"}).encode()
    headers = {
        "authorization": f"Bearer {alice.key}",
        "content-type": "application/json",
        "rivya-sandbox-scenario": scenario,
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/chat/completions/stream",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    coming: list[dict[str, Any]] = [{"type": "http.request", "body": body}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop()
        await asyncio.sleep(0.3)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    # Without noticing, the answer would go on for half a minute or an hour.
    call = create_app(emulator, pace=1.0)(scope, receive, send)
    asyncio.run(asyncio.wait_for(call, timeout=10))
    assert not [message for message in sent if message.get("more_body") is False]
    assert bool(sent) is (scenario != "hang")


def test_a_job_ends_and_its_event_is_recorded_without_a_request(
    face: OverHttp, clock: Clock
) -> None:
    alice = Caller.arrive(face)
    alice.submit()
    clock.pass_(30)
    _until(lambda: not face.emulator.due())
    with face.emulator.store.reading(alice.account) as unit:
        [record] = unit.list("generation")
    assert record["settled"]


def _until(done: object, *, seconds: float = 5.0) -> None:
    limit = time.monotonic() + seconds
    assert callable(done)
    while not done():
        assert time.monotonic() < limit, "It did not happen in time."
        time.sleep(0.02)


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent, and fails at the first try."""

    seen: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if len(self.seen) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@contextmanager
def _receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    seen: list[tuple[dict[str, str], bytes]] = []
    handler = type("Handler", (_Receiver,), {"seen": seen})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def test_webhooks_really_reach_a_receiver_on_this_machine(clock: Clock) -> None:
    emulator = make_emulator(clock, settings=Settings(local_webhooks=True, real_deliveries=True))
    app = create_app(emulator, pace=0.0, deliver=deliver_nearby(timeout=5))
    with _receiver() as (address, seen), running(app) as base_url:
        alice = Caller.arrive(OverHttp(emulator=emulator, base_url=base_url))
        hook = alice.call("POST", "/webhooks", {"url": address}).json
        task = alice.submit()
        clock.pass_(30)
        _until(lambda: len(seen) == 1)
        deliveries = f"/webhooks/{hook['id']}/deliveries"
        _until(lambda: alice.call("GET", deliveries).json["data"][0]["response_status"] == 500)
        assert alice.call("GET", deliveries).json["data"][0]["status"] == "pending"
        clock.pass_(10)
        _until(lambda: len(seen) == 2)
        _until(lambda: alice.call("GET", deliveries).json["data"][0]["status"] == "succeeded")
    headers, body = seen[0]
    assert json.loads(body)["data"]["id"] == task.json["id"]
    verdict = verify(headers=headers, body=body, secrets=[hook["signing_secret"]], now=clock.now)
    assert verdict.ok, verdict
    assert seen[1][0]["webhook-id"] == headers["webhook-id"]


@pytest.mark.parametrize(
    ("url", "nearby"),
    [
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("https://hook.localhost/x", True),
        ("http://[::1]:8000/", True),
        ("https://example.com/", False),
        ("http://10.0.0.1/", False),
        ("http://169.254.169.254/latest", False),
        ("http://localhost.example.com/", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_nearby(url: str, nearby: bool) -> None:
    assert is_nearby(url) is nearby


def test_a_receiver_that_is_not_there_is_an_outcome() -> None:
    deliver = deliver_nearby(timeout=0.5)

    def send(url: str) -> DeliveryResult:
        async def wait() -> DeliveryResult:
            return await deliver(url, {}, b"{}")

        return asyncio.run(wait())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        silent = send(f"http://127.0.0.1:{port}/")
    gone = send(f"http://127.0.0.1:{port}/")
    away = send("https://example.com/")
    assert (silent.status, silent.error) == (None, "The receiver did not answer in time.")
    assert gone.status is None
    assert gone.error is not None
    assert away.status == 200


def test_receivers_that_dribble_are_given_up_and_leave_the_stand_in_free() -> None:
    async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    async def main() -> tuple[list[DeliveryResult], float, set[str]]:
        server = await asyncio.start_server(dribble, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        deliver = deliver_nearby(timeout=1.0)
        sending = asyncio.gather(*(deliver(address, {}, b"{}") for _ in range(8)))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await asyncio.to_thread(int)
        waited = time.monotonic() - began
        results = await sending
        # A free thread is used again: all eight have noticed that their receiver was given up.
        async with asyncio.timeout(5):
            again = await asyncio.gather(
                *(deliver("http://127.0.0.1:1/", {}, b"") for _ in "12345678")
            )
        server.close()
        await asyncio.sleep(0.2)
        return results, waited, {str(result.error) for result in again}

    results, waited, again = asyncio.run(main())
    assert {result.error for result in results} == {"The receiver did not answer in time."}
    assert waited < 0.5
    assert again == {"The receiver could not be reached (ConnectionRefusedError)."}


def test_real_deliveries_need_somebody_who_delivers(clock: Clock) -> None:
    with pytest.raises(ValueError, match="deliver"):
        create_app(make_emulator(clock, settings=Settings(real_deliveries=True)))
