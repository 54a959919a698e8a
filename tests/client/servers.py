"""Loopback servers that say exactly what a test wants, byte for byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A running server: its address, what it received, and whether its peer hung up."""

    base_url: str
    requests: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """A server on a free port that runs the script for each connection's first request."""
    server = Server(base_url="")

    served: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            server.requests.append(head)
            server.asked.set()
            await script(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            server.gone.set()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        running.close()
        await running.wait_closed()
        tasks = [task for task in served if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=2)


def says(*pieces: bytes) -> Script:
    """Write these bytes and close."""

    async def script(
        _head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return script


def says_and_waits(*pieces: bytes) -> Script:
    """Write these bytes and stay silent until the peer hangs up."""

    async def script(
        _head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while await reader.read(4096):
            pass

    return script


def answer(status: int, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """A whole HTTP response with its length."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
