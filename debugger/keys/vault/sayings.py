"""One line an hour for each thing that does not open, however often somebody looks at it."""

from __future__ import annotations

import threading
import time
from typing import Final

EVERY: Final = 3600.0
MOST: Final = 1000


class Sayings:
    """What this process has put into its log lately. Safe for threads; the oldest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}

    def is_new(self, line: str) -> bool:
        """Whether this has not been said for an hour; from now on it has."""
        now = time.monotonic()
        with self._lock:
            last = self._said.get(line)
            if last is not None and now - last < EVERY:
                return False
            self._said.pop(line, None)  # The order is that in which things were said.
            self._said[line] = now
            if len(self._said) > MOST:
                del self._said[next(iter(self._said))]
            return True

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._said.clear()


sayings: Final = Sayings()
