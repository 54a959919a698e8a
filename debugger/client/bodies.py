"""Bodies, read within bounds: bytes are capped while they arrive, after each step of inflating.

A gzip bomb, 30 MB of JSON or an endless body costs the kept part in memory and no more.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

PIECE: Final = 64 * 1024


class BadEncoding(ValueError):  # noqa: N818 -- the name says what happened.
    """The body does not hold what its Content-Encoding says."""


@dataclass(frozen=True, slots=True)
class Body:
    """``data`` is the kept beginning; ``size`` counts every decoded byte that was read.

    ``whole`` is False when more than the kept part came; ``ended`` is False when reading was given
    up before the end.
    """

    data: bytes
    size: int
    whole: bool
    ended: bool


class Inflater:
    """Undoes a Content-Encoding in pieces of at most 64 KiB."""

    def __init__(self, encoding: str) -> None:
        names = [name.strip() for name in encoding.lower().split(",") if name.strip()]
        self._names = [name for name in names if name != "identity"]
        unknown = set(self._names) - {"gzip", "x-gzip", "deflate"}
        if unknown or len(self._names) > 1:
            raise BadEncoding("The body has a Content-Encoding that was not asked for.")
        self._engine = self._new() if self._names else None
        self._started = False

    def _new(self, *, raw: bool = False) -> zlib._Decompress:
        if raw:
            return zlib.decompressobj(-zlib.MAX_WBITS)
        return zlib.decompressobj(zlib.MAX_WBITS | 32)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of one chunk, piece by piece. Raises BadEncoding."""
        if self._engine is None:
            yield data
            return
        while data:
            if self._engine.eof:
                # Several gzip members may follow each other; zero bytes may pad the last one.
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._engine, self._started = self._new(), False
            piece, data = self._step(self._engine, data)
            if piece:
                yield piece

    def _step(self, engine: zlib._Decompress, data: bytes) -> tuple[bytes, bytes]:
        try:
            piece = engine.decompress(data, PIECE)
        except zlib.error:
            if self._started or self._names != ["deflate"]:
                raise BadEncoding("The compressed body is damaged.") from None
            # Some servers send deflate without its zlib wrapper.
            self._engine = engine = self._new(raw=True)
            try:
                piece = engine.decompress(data, PIECE)
            except zlib.error:
                raise BadEncoding("The compressed body is damaged.") from None
        self._started = True
        return piece, engine.unconsumed_tail or engine.unused_data

    def close(self) -> None:
        """Raises BadEncoding when the compressed body ended early."""
        if self._engine is not None and self._started and not self._engine.eof:
            raise BadEncoding("The compressed body ended early.")


class Collector:
    """Keeps the beginning of a body and counts the rest."""

    def __init__(self, *, keep: int, stop: int) -> None:
        self._keep = keep
        self._stop = stop
        self._kept = bytearray()
        self.size = 0

    def add(self, piece: bytes) -> bool:
        """Take one piece; False when the hard stop is reached."""
        self._kept += piece[: max(0, self._keep - len(self._kept))]
        self.size += len(piece)
        return self.size < self._stop

    def body(self, *, ended: bool) -> Body:
        """What was collected so far."""
        return Body(bytes(self._kept), self.size, self.size <= self._keep, ended)


async def collect(chunks: AsyncIterator[bytes], inflater: Inflater, into: Collector) -> bool:
    """Read a body into a collector; False when it was given up at the hard stop.

    Raises what the transport raises, and BadEncoding; what came before is in the collector then.
    """
    async for chunk in chunks:
        since = into.size
        for piece in inflater.feed(chunk):
            if not into.add(piece):
                return False
            if into.size - since > 1024 * 1024:
                # Inflating a bomb must not hold the event loop.
                since = into.size
                await asyncio.sleep(0)
    inflater.close()
    return True
