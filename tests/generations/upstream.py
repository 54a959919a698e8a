"""A stand-in for the API that counts what it is asked, in a process of its own or in a thread.

    python -m tests.generations.upstream        prints its address and serves until it is stopped

Creating is idempotent. A job's time and end are in its prompt: "3.5 failed lost" runs for 3.5
seconds, fails, and its first answer is never sent. ``GET /_report`` tells what was counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

PATH = "/api/v1/generations"
PAUSE = 0.3
"""Seconds that a look takes, so that two at once are noticed and a kill hits some."""


@dataclass
class Task:
    """One job, and how often it was looked at."""

    id: str
    seconds: float
    end: str
    born: float = field(default_factory=time.monotonic)
    looks: int = 0
    after_end: int = 0
    looking: int = 0
    most_at_once: int = 0
    told: bool = False

    @property
    def status(self) -> str:
        """Where the job is now."""
        age = time.monotonic() - self.born
        if age >= self.seconds:
            return self.end
        return "queued" if age < self.seconds / 4 else "processing"

    def shown(self) -> dict[str, Any]:
        """The job as the API shows it."""
        status = self.status
        done = status == "succeeded"
        failed = status == "failed"
        error = {"code": "generation_failed", "message": "The generation failed."}
        return {
            "id": self.id,
            "status": status,
            "model": "z-image",
            "reserved_credits": 5,
            "final_credits": 4 if done else 0,
            "result": {"primary_url": None, "urls": []} if done else None,
            "error": error if failed else None,
        }


@dataclass
class Upstream:
    """What was asked so far. ``sent`` counts submissions by idempotency key, ``made`` the jobs."""

    tasks: dict[str, Task] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    base_url: str = ""

    def report(self) -> dict[str, Any]:
        """Everything that was counted, as JSON."""
        return {
            "sent": dict(self.sent),
            "made": dict(self.made),
            "tasks": {
                task.id: {
                    "end": task.end,
                    "status": task.status,
                    "looks": task.looks,
                    "after_end": task.after_end,
                    "most_at_once": task.most_at_once,
                }
                for task in self.tasks.values()
            },
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as it carries."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        found = await self._answer(method, path, headers, body)
        if found is None:
            return False
        status, value = found
        sent = json.dumps(value).encode()
        writer.write(
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n".encode()
            + sent
        )
        await writer.drain()
        return True

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any] | None:
        """Status and body; None where the connection is closed without an answer."""
        if path == "/_report":
            return 200, self.report()
        if method == "POST" and path == PATH:
            return self._create(headers.get("idempotency-key", ""), json.loads(body))
        task = self.tasks.get(path.removeprefix(PATH + "/"))
        if task is None:
            error = {"code": "not_found", "message": "There is no such task.", "requestId": "req_1"}
            return 404, {"error": error}
        return 200, await self._look(task)

    def _create(self, key: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        self.sent[key] += 1
        seconds, end, *more = str(body["prompt"]).split()
        known = self.by_key.get(key)
        if known is None:
            self.made[key] += 1
            known = self.by_key[key] = f"task_{len(self.tasks) + 1}"
            self.tasks[known] = Task(id=known, seconds=float(seconds), end=end)
        if "lost" in more and self.sent[key] == 1:
            return None
        return 202, self.tasks[known].shown()

    async def _look(self, task: Task) -> dict[str, Any]:
        task.looks += 1
        task.after_end += task.told
        task.looking += 1
        task.most_at_once = max(task.most_at_once, task.looking)
        try:
            await asyncio.sleep(PAUSE)
        finally:
            task.looking -= 1
        shown = task.shown()
        task.told = task.told or shown["status"] == task.end
        return shown

    async def run(self, *, ready: threading.Event | None = None) -> None:
        """Serve on a free port until cancelled."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=2048)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if ready is not None:
            ready.set()
        else:
            print(self.base_url, flush=True)  # noqa: T201 - Whoever started it reads this line.
        async with server:
            await server.serve_forever()


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The stand-in in a thread of its own."""
    found, ready = Upstream(), threading.Event()
    loop = asyncio.new_event_loop()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(running)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    running = loop.create_task(found.run(ready=ready))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join(10)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(Upstream().run())
    sys.exit(0)
