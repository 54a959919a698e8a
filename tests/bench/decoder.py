"""The event stream decoder beside a naive splitter: ``python -m tests.bench.decoder``.

Both read the same megabytes in the same pieces, in turn. The splitter knows neither CR nor BOM,
neither comments nor ``id`` and keeps no raw bytes; it is the floor, not a rival. What limits ours
is Python: a handful of function calls for each line.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator

from debugger.contract.streams import Decoder, encode

ROUNDS = 7
EVENTS = 50_000
FRAME = encode('{"delta":{"content":" and some words"}}', name="chat.completion.delta")
STREAM = FRAME * EVENTS


def pieces(size: int) -> Iterator[bytes]:
    """The stream in chunks of ``size`` bytes."""
    return (STREAM[at : at + size] for at in range(0, len(STREAM), size))


def ours(size: int) -> int:
    """How many events our decoder finds."""
    decoder = Decoder()
    return sum(len(decoder.feed(piece)) for piece in pieces(size))


def naive(size: int) -> int:
    """How many blocks a split at blank lines finds."""
    found, rest = 0, b""
    for piece in pieces(size):
        *blocks, rest = (rest + piece).split(b"\n\n")
        found += sum(1 for block in blocks if b"data:" in block and block.decode())
    return found


def timed(decode: Callable[[int], int], size: int) -> float:
    """Events in a second."""
    began = time.perf_counter()
    count = decode(size)
    took = time.perf_counter() - began
    if count != EVENTS:
        raise RuntimeError(f"{decode.__name__} found {count} of {EVENTS} events")
    return EVENTS / took


def main() -> None:
    """Print the median speed of both for three sizes of chunk, and their ratio."""
    for size in (len(FRAME), 4096, 65536):
        rows = [(timed(ours, size), timed(naive, size)) for _ in range(ROUNDS)]
        mine = statistics.median(row[0] for row in rows)
        floor = statistics.median(row[1] for row in rows)
        ratio = statistics.median(row[1] / row[0] for row in rows)
        sys.stdout.write(
            f"chunks of {size:6} bytes: {mine:9,.0f} events/s, naive splitter {floor:11,.0f}, "
            f"{ratio:.1f} x slower\n"
        )


if __name__ == "__main__":
    main()
