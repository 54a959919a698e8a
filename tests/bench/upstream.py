"""An upstream that is never the limit: a bare asyncio protocol that answers looks at jobs.

``python -m tests.bench.upstream --core 1`` prints its port and serves until its input ends. Every
answer is prepared bytes. ``--changes 0.02`` lets that share of looks find another status. It keeps
count of what it was asked: ``GET /stats`` tells how many looks came, how many answers were new,
and how many jobs were ever asked for twice at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import threading
from collections import Counter

BODY = {
    "object": "generation",
    "model": "gpt-image-2",
    "category": "image",
    "results": None,
    "error": None,
    "created_at": "2026-11-21T10:00:00.000000Z",
    "updated_at": "2026-11-21T10:00:05.000000Z",
    "usage": {"reserved_credits": 12, "final_credits": None},
}

STATUSES = ("queued", "processing")


def body_of(task: str, status: str) -> bytes:
    """A job as the API shows it."""
    return json.dumps({"id": task, "status": status, **BODY}).encode()


class Jobs:
    """What every connection shares: the status of each job, and the counts."""

    def __init__(self, *, changes: float, delay: float) -> None:
        self.every = round(1 / changes) if changes else 0
        self.delay = delay
        self.asked = 0
        self.changed: Counter[bytes] = Counter()
        self.open: Counter[bytes] = Counter()
        self.twice = 0

    def answer(self, task: bytes) -> bytes:
        """The whole HTTP answer for one job."""
        self.asked += 1
        if self.every and self.asked % self.every == 0:
            self.changed[task] += 1
        return _http(body_of(task.decode(), STATUSES[self.changed[task] % 2]))

    def stats(self) -> bytes:
        """The counts, as an HTTP answer."""
        counts = {"asked": self.asked, "changed": self.changed.total(), "twice": self.twice}
        return _http(json.dumps(counts).encode())


def _http(body: bytes) -> bytes:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"X-Request-Id: req_bench\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    return head + body


class Connection(asyncio.Protocol):
    """One kept-alive connection without pipelining, as clients use it."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request head."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            line = self._held[: self._held.find(b"\r\n")]
            self._held = self._held[end + 4 :]
            self._take(line.split(b" ")[1].rsplit(b"/", 1)[-1])

    def _take(self, task: bytes) -> None:
        if task == b"stats":
            self._say(self._jobs.stats())
            return
        self._jobs.twice += self._jobs.open[task] > 0
        self._jobs.open[task] += 1
        if self._jobs.delay:
            asyncio.get_running_loop().call_later(self._jobs.delay, self._finish, task)
        else:
            self._finish(task)

    def _finish(self, task: bytes) -> None:
        self._jobs.open[task] -= 1
        self._say(self._jobs.answer(task))

    def _say(self, answer: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(answer)


async def serve(jobs: Jobs) -> None:
    """Serve on a free port, which is printed, until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(jobs), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = asyncio.Event()

    def watch() -> None:
        sys.stdin.read()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("--changes", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    if options.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    asyncio.run(serve(Jobs(changes=options.changes, delay=options.delay)))


if __name__ == "__main__":
    main()
