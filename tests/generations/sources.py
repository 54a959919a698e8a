"""Media servers for tests of the locker: on loopback, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.client.servers import Script, Server, serving


@contextmanager
def upstream(script: Script) -> Iterator[Server]:
    """A server that runs while the test goes on in its own thread."""
    begun: threading.Event = threading.Event()
    found: list[Server] = []
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def main() -> None:
        async with serving(script) as server:
            found.append(server)
            begun.set()
            await over.wait()

    def run() -> None:
        loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert begun.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)


def png(width: int = 3, height: int = 2, *, filling: int = 0) -> bytes:
    """A picture of one colour; other fillings give other bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([filling % 256]) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A small file whose header promises far more pixels than anybody has memory for."""
    whole = bytearray(png())
    whole[16:24] = struct.pack(">II", width, height)
    whole[29:33] = struct.pack(">I", zlib.crc32(bytes(whole[12:29])))
    return bytes(whole)
