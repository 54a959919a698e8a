"""The HTTP face: the same emulator behind real sockets, with real waiting."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from debugger.emulator.core import Emulator, too_large
from debugger.emulator.office import Office
from debugger.emulator.wire import Attempt, Chunk, DeliveryResult, Request, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Deliver = Callable[[str, Mapping[str, str], bytes], Awaitable[DeliveryResult]]

# A server that can break a connection without a word offers a function under this name.
BREAK: Final = "rivya.break"

_HOST: Final = re.compile(
    r"[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?"
)
_TICK: Final = 0.2
_REST: Final = 30.0
_DRAIN_SECONDS: Final = 10.0
# How many webhooks are sent at once, and how many may wait before no more are claimed: a claim
# that ran out in the queue would be sent twice.
AT_ONCE: Final = 8
_QUEUE: Final = 4 * AT_ONCE
_logger = logging.getLogger(__name__)


def create_app(
    emulator: Emulator,
    *,
    pace: float = 1.0,
    deliver: Deliver | None = None,
    allow_hosts: tuple[str, ...] = (),
) -> App:
    """The ASGI application. ``pace`` multiplies every wait of a response: 0 for none at all.

    ``deliver`` sends webhooks and needs ``Settings(real_deliveries=True)``; without it the
    emulator answers its deliveries itself. ``allow_hosts`` are names, beside those of this
    machine, under which the page for keys may be used.
    """
    if (deliver is not None) != emulator.settings.real_deliveries:
        raise ValueError("deliver and Settings.real_deliveries go together.")
    return App(
        emulator=emulator,
        pace=pace,
        office=Office(emulator, allow_hosts=allow_hosts),
        worker=Worker(emulator, deliver),
    )


@dataclass(frozen=True, slots=True)
class App:
    """See ``create_app``."""

    emulator: Emulator
    pace: float
    office: Office
    worker: Worker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the server's own start and stop."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise ValueError(f"The emulator does not speak {scope['type']}.")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        task = asyncio.create_task(self.worker.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        task.cancel()
        await asyncio.wait({task})
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive, scope, most=self.emulator.assumptions.upload_body_max_bytes)
        if body is None:
            response = too_large(self.emulator.assumptions)
        else:
            request = _request(scope, body)
            response = await asyncio.to_thread(self._answer, request)
        # Listening on would invite a client that waits for "100 Continue" to send its body.
        sender = _Sender(scope, receive, send, pace=self.pace, listen=body is not None)
        await sender.send(response)

    def _answer(self, request: Request) -> Response:
        return self.office.handle(request) or self.emulator.handle(request)


async def _read(receive: Receive, scope: Scope, *, most: int) -> bytes | None:
    """The whole body, or None when it is larger than ``most`` bytes.

    The rest of a body that is too large is read and thrown away for a while, because a client
    that still writes when the connection closes never sees the answer.
    """
    blocks: list[bytes] = []
    size, limit = 0, time.monotonic() + _DRAIN_SECONDS
    declared = dict(scope["headers"]).get(b"content-length", b"")
    expected = int(declared) if declared.isdigit() and len(declared) < 16 else 0
    if expected > most and b"expect" in dict(scope["headers"]):
        # This client waits for a word before it sends anything, so nothing needs to be read.
        return None
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        block = message.get("body", b"")
        size += len(block)
        if size <= most:
            blocks.append(block)
        else:
            blocks.clear()
        over = size > 4 * most or (size > most and time.monotonic() > limit)
        if over or not message.get("more_body", False):
            return b"".join(blocks) if size <= most else None


def _request(scope: Scope, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    client = scope.get("client") or ("unknown", 0)
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        base_url=_base_url(scope, headers.get("host", "")),
        peer=str(client[0]),
    )


def _base_url(scope: Scope, host: str) -> str:
    """The address that the caller used, for the addresses of media in our answers."""
    if not _HOST.fullmatch(host):
        name, port = scope.get("server") or ("127.0.0.1", 80)
        host = f"{name}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}"


class _Sender:
    """Sends one response at its pace, and stops as soon as nobody listens any more."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, pace: float, listen: bool
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._pace = pace
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if listen:
            self._gone = asyncio.ensure_future(self._until_gone())
        self._due = time.monotonic()

    async def send(self, response: Response) -> None:
        """Send it to its end, break it, or give up."""
        try:
            await self._wait(response.delay)
            if self._gone.done():
                return
            if response.refuse:
                await self._break()
                return
            headers = [(name.encode(), value.encode()) for name, value in response.headers]
            await self._send(
                {"type": "http.response.start", "status": response.status, "headers": headers}
            )
            for chunk in response.chunks:
                if not await self._send_chunk(chunk):
                    return
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._gone.cancel()

    async def _send_chunk(self, chunk: Chunk) -> bool:
        await self._wait(chunk.delay)
        if self._gone.done():
            return False
        if chunk.data:
            await self._send({"type": "http.response.body", "body": chunk.data, "more_body": True})
        if chunk.cut:
            await self._break()
        return not chunk.cut

    async def _wait(self, delay: float) -> None:
        """Wait for a moment counted from the one before, so that small delays do not add up."""
        self._due += delay * self._pace
        left = self._due - time.monotonic()
        if left > 0:
            await asyncio.wait({self._gone}, timeout=left)
        else:
            # Writing alone never lets the loop notice that the other side has left.
            await asyncio.sleep(0)

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _break(self) -> None:
        """Close the connection under the answer; without help of the server, just stop."""
        close = (self._scope.get("extensions") or {}).get(BREAK)
        if close is not None:
            # What was written before leaves first, as it would from a process that dies.
            await asyncio.sleep(0)
            close()
            await asyncio.wait({self._gone}, timeout=1.0)


class Worker:
    """What happens without a request: jobs end, and webhooks are sent."""

    def __init__(self, emulator: Emulator, deliver: Deliver | None) -> None:
        self._emulator = emulator
        self._deliver = deliver
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look every fifth of a second, until cancelled."""
        try:
            while True:
                try:
                    await self.tick()
                except Exception:
                    _logger.exception("The emulator could not look for due accounts")
                await asyncio.sleep(_TICK)
        finally:
            for task in tuple(self._sending):
                task.cancel()

    async def tick(self) -> None:
        """Do what is due now; sending goes on in tasks of its own."""
        for account in await asyncio.to_thread(self._emulator.due):
            try:
                await self._advance(account)
            except Exception:
                _logger.exception("The emulator could not advance the account %s", account)
                await asyncio.to_thread(self._emulator.rest, account, seconds=_REST)

    async def _advance(self, account: str) -> None:
        if self._deliver is None or len(self._sending) >= _QUEUE:
            await asyncio.to_thread(self._emulator.advance, account)
            return
        for attempt in await asyncio.to_thread(self._emulator.due_attempts, account):
            task = asyncio.create_task(self._send(account, attempt, self._deliver))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, account: str, attempt: Attempt, deliver: Deliver) -> None:
        async with self._gate:
            started = time.monotonic()
            try:
                result = await deliver(attempt.url, dict(attempt.headers), attempt.body)
            except Exception as trouble:
                # Whatever goes wrong on the way is the outcome of the attempt, not of the worker.
                spent = round((time.monotonic() - started) * 1000)
                result = DeliveryResult(error=type(trouble).__name__, duration_ms=spent)
            try:
                await asyncio.to_thread(self._emulator.record_attempt, account, attempt.id, result)
            except Exception:
                # The claim on the attempt runs out, and it is sent again.
                _logger.exception("The emulator could not record the attempt %s", attempt.id)
