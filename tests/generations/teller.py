"""An upstream in a thread that tells of jobs what a test wants, and notes who asked when."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer. ``status`` 0 hangs up instead."""

    status: int = 200
    body: bytes = b""
    headers: tuple[str, ...] = ()
    delay: float = 0.0


Tell = Callable[[str, int], Told]


def job(task: str, status: str = "processing", *, delay: float = 0.0, **more: object) -> Told:
    """A job as the API shows it."""
    value = {"id": task, "status": status, "model": "z-image", "reserved_credits": 5, **more}
    return Told(body=json.dumps(value).encode(), delay=delay)


def error(status: int, code: str, *headers: str) -> Told:
    """An answer that says no."""
    value = {"error": {"code": code, "message": "No.", "requestId": "req_1"}}
    return Told(status=status, body=json.dumps(value).encode(), headers=headers)


@dataclass
class Teller:
    """The server. ``tell`` gives the answer for a task and the number of the look, from 1 on."""

    tell: Tell
    base_url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    most_of_one: int = 0
    most: int = 0
    keys: set[str] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as it is kept."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        task = head.split(" ")[1].rpartition("/")[2]
        for line in head.split("\r\n"):
            if line.lower().startswith("authorization:"):
                self.keys.add(line.partition("Bearer ")[2])
        self.asked[task] += 1
        self.open[task] += 1
        self.most_of_one = max(self.most_of_one, self.open[task])
        self.most = max(self.most, self.open.total())
        told = self.tell(task, self.asked[task])
        try:
            await asyncio.sleep(told.delay)
        finally:
            self.open[task] -= 1
        if not told.status:
            return False
        lines = [
            f"HTTP/1.1 {told.status} Whatever",
            "Content-Type: application/json",
            f"Content-Length: {len(told.body)}",
            *told.headers,
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + told.body)
        await writer.drain()
        return True


@contextmanager
def telling(tell: Tell) -> Iterator[Teller]:
    """A server on a free port."""
    teller, ready, ended = Teller(tell), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(teller.serve, "127.0.0.1", 0, backlog=1024)
        teller.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await ended.wait()
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield teller
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
