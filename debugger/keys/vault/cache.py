"""Unwrapped data keys of this process: a bounded number, one for each team, each for a short time.

An entry counts only for the very bytes that it was unwrapped from. So whatever another process does
to the row, re-wrapping, shredding or restoring a backup, the old entry does not match any more.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from debugger.keys.vault.envelope import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A data key as its row has it."""

    team: int
    master: str
    version: int
    blob: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    wrapped: Wrapped
    until: float
    opened: Opened = field(repr=False)


class Cache:
    """Safe for threads. What is too old goes at the next use, whichever team's that is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, _Entry] = OrderedDict()

    def get(self, wrapped: Wrapped) -> Opened | None:
        """The key that was unwrapped from these bytes."""
        with self._lock:
            self._expire(time.monotonic())
            entry = self._entries.get(wrapped.team)
            return entry.opened if entry is not None and entry.wrapped == wrapped else None

    def put(self, wrapped: Wrapped, opened: Opened) -> None:
        """Remember one key in place of the team's earlier one; beyond the bound the oldest go."""
        seconds, most = settings.RIVYA_DASH_DATA_KEY_SECONDS, settings.RIVYA_DASH_DATA_KEYS_KEPT
        with self._lock:
            now = time.monotonic()
            self._expire(now)
            self._entries.pop(wrapped.team, None)
            if seconds > 0:
                self._entries[wrapped.team] = _Entry(
                    wrapped=wrapped, until=now + seconds, opened=opened
                )
            while len(self._entries) > max(most, 0):
                self._entries.popitem(last=False)

    def forget(self, team: int) -> None:
        """Drop one team's key."""
        with self._lock:
            self._entries.pop(team, None)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _expire(self, now: float) -> None:
        """Entries stand in the order in which they end, so the first that lasts ends the search."""
        while self._entries:
            team, entry = next(iter(self._entries.items()))
            if entry.until > now:
                return
            del self._entries[team]


cache: Final = Cache()
