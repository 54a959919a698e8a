"""A guard against work that would go on for minutes; not a measure of speed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Far beyond what the slowest machine needs, far below what a quadratic search takes.
PATIENCE = 60.0


@contextmanager
def no_hang() -> Iterator[None]:
    """Give the work up once it has used a minute of the processor."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("It was still at work after a minute of the processor's time.")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
