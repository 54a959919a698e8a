"""What one event of a stream costs the client in all: ``python -m tests.bench.stream``.

Decoding, reading as JSON and as chat, redacting, comparing with the contract: everything between
the bytes and the frame that a screen shows, in this process and without a socket. The floor, in
turn with it, splits the same bytes at blank lines and reads each event's JSON, and does no more.
What limits ours is Python: a search for secrets and a check against the contract for each event.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable

from debugger.client.api import Call, FrameArrived, mock_upstream, stream
from debugger.contract import operations
from debugger.contract.streams import encode
from debugger.emulator.wire import Chunk, Request, Response

ROUNDS = 7
EVENTS = 5_000
KEY = "rvya_sk_" + "b" * 32
WORDS = ("and", "some", "words", "of", "a", "reply", "\n\n")


def delta(word: str) -> bytes:
    """One event as the API is assumed to send it."""
    value = {
        "id": "chatcmpl_bench",
        "object": "chat.completion.chunk",
        "session_id": "chat_bench",
        "delta": {"role": "assistant", "content": f" {word}"},
    }
    return encode(json.dumps(value), name="chat.completion.delta")


async def _answer(_: Request) -> Response:
    chunks = [Chunk(delta(WORDS[place % len(WORDS)])) for place in range(EVENTS)]
    headers = (("content-type", "text/event-stream"),)
    return Response(status=200, headers=headers, chunks=[*chunks, Chunk(encode("[DONE]"))])


async def read() -> int:
    """How many frames arrived, the end marker included."""
    upstream = mock_upstream(_answer, account="bench", base_url="http://bench.test")
    call = Call(operation=operations.get("chat.stream"), body={"message": "hi"}, key=KEY)
    return sum([isinstance(event, FrameArrived) async for event in stream(upstream, call)])


def floor() -> int:
    """How many events a split at blank lines and the JSON reader find."""
    wire = b"".join(delta(WORDS[place % len(WORDS)]) for place in range(EVENTS))
    blocks = wire.split(b"\n\n")[:-1]
    return sum(1 for block in blocks if json.loads(block.partition(b"data: ")[2]))


def measured(run: Callable[[], int], *, expected: int) -> float:
    """Microseconds of the processor's time for each event."""
    began = time.process_time()
    count = run()
    spent = time.process_time() - began
    if count != expected:
        raise RuntimeError(f"{count} events of {expected}")
    return spent / count * 1e6


def main() -> None:
    """Print the median cost of one event, the floor's, and the median of their ratios."""
    rows = [
        (
            measured(lambda: asyncio.run(read()), expected=EVENTS + 1),
            measured(floor, expected=EVENTS),
        )
        for _ in range(ROUNDS)
    ]
    ours, least = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(mine / other for mine, other in rows)
    sys.stdout.write(
        f"{ours:.1f} µs for each event, the floor {least:.1f} µs, {ratio:.1f} x the floor\n"
    )


if __name__ == "__main__":
    main()
