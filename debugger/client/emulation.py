"""The emulator in process, for the room that keeps its rows and does not import the emulator.

``Emulation`` is a handful of calls over a store; the store itself is the caller's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from debugger.emulator import accounts
from debugger.emulator.core import Emulator
from debugger.emulator.store import Record, Store, Unit
from debugger.emulator.wire import Chunk, Request, Response

__all__ = ["Chunk", "Emulation", "Record", "Request", "Response", "Store", "Unit"]


class Emulation:
    """One emulator over one store."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._emulator = Emulator(store, clock=clock)

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises."""
        return self._emulator.handle(request)

    def new_account(self) -> str:
        """Open an account with the opening balance; the answer is its unguessable id."""
        return accounts.create(self._store, now=self._clock())
