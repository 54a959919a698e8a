"""An upstream that misbehaves on purpose, at an address that stays the same."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from tests.client.servers import Script, free_port

Result = TypeVar("Result")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Rogue:
    """Plays one script per path, in a thread of its own; ``default`` is for every other path.

    ``left`` holds the paths whose callers have hung up, or were answered to the end.
    """

    port: int = field(default_factory=free_port)
    scripts: dict[bytes, Script] = field(default_factory=dict)
    left: list[bytes] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    @property
    def base_url(self) -> str:
        """Where it answers, or does not."""
        return f"http://127.0.0.1:{self.port}"

    def plays(self, path: str, script: Script) -> None:
        """From now on a path is answered by this script."""
        self.scripts[path.encode()] = script

    def lives(self) -> None:
        """Listen."""
        self._do(self._listen())

    def dies(self) -> None:
        """Listen no more; whoever is connected stays so."""
        self._do(self._close())

    def ends(self) -> None:
        """Stop for good, whoever is connected."""
        self.dies()
        self._do(self._drop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _drop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = b""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            # A body that nobody reads would turn the close into a reset, and lose the answer.
            if length := _LENGTH.search(head):
                await reader.readexactly(int(length[1]))
            await self.scripts[path](head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.left.append(path)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
