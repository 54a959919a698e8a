"""The life of a generation: its states, which are final, and when to look again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from debugger.contract.assumptions import DEFAULTS, Assumptions


class JobStatus(StrEnum):
    """The four documented states, in the order in which a job passes through them."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


FINAL: Final = frozenset((JobStatus.SUCCEEDED, JobStatus.FAILED))
_SLOW: Final = frozenset(("video", "audio"))


def is_final(status: object) -> bool:
    """True when a job changes no more. A state that is not documented is not final."""
    return isinstance(status, str) and status in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When to poll, in seconds: first after ``first``, then ever wider waits up to ``longest``.

    ``slow`` takes the place of ``base`` for video and audio. After ``give_up`` a job is polled on
    request only.
    """

    first: float
    base: float
    slow: float
    growth: float
    longest: float
    give_up: float

    @classmethod
    def of(cls, assumptions: Assumptions) -> Schedule:
        """The schedule that the assumptions describe."""
        return cls(
            first=assumptions.poll_first_seconds,
            base=assumptions.poll_seconds,
            slow=assumptions.poll_slow_seconds,
            growth=assumptions.poll_growth,
            longest=assumptions.poll_longest_seconds,
            give_up=assumptions.poll_give_up_seconds,
        )

    def given_up(self, elapsed: float) -> bool:
        """True when a job of this age, in seconds, is no longer polled by itself."""
        return elapsed >= self.give_up

    def wait(
        self,
        polls: int,
        *,
        elapsed: float = 0.0,
        category: str | None = None,
        retry_after: float | None = None,
    ) -> float:
        """Seconds until the next poll, after ``polls`` polls and ``elapsed`` seconds of the job.

        The last poll falls on the moment of giving up. A Retry-After that asks for more time wins
        over everything, up to the time of giving up.
        """
        wait = self._widening(polls, category)
        left = self.give_up - elapsed
        if 0 < left < wait:
            wait = left
        if retry_after is not None and retry_after > wait:
            wait = min(retry_after, self.give_up)
        return wait

    def _widening(self, polls: int, category: str | None) -> float:
        if polls <= 0:
            return self.first
        start = self.slow if category in _SLOW else self.base
        if self.growth <= 1 or start <= 0:
            return min(start, self.longest)
        # Past this number of steps the longest wait is reached, and the power may overflow.
        steps = math.log(max(self.longest / start, 1)) / math.log(self.growth)
        return min(start * self.growth ** min(polls - 1, math.ceil(steps)), self.longest)


DEFAULT_SCHEDULE: Final = Schedule.of(DEFAULTS)


def next_poll(
    *,
    polls: int,
    elapsed: float,
    category: str | None,
    retry_after: float | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
) -> float:
    """Seconds until the next poll; see ``Schedule.wait``."""
    return schedule.wait(polls, elapsed=elapsed, category=category, retry_after=retry_after)
