"""When to look at a job again, and when no longer. Pure: time and chance come as arguments.

The contract's schedule holds until a job is given up; then its state is "unknown" and it is still
looked at, ever more rarely, until watching stops. A wait strays by up to 15 percent, so that jobs
that were submitted together are not asked for together for ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from debugger.client.outcome import Mode
from debugger.contract.jobs import DEFAULT_SCHEDULE, Schedule
from debugger.generations.models import Generation

Chance = Callable[[], float]

STRAY: Final = 0.15
# In mock mode nobody waits for a real model, and no account has a rate limit to spare.
MOCK_PACE: Final = 0.4
MOCK_LONGEST: Final = 2.0
SHORTEST: Final = 0.7
# After the schedule has given a job up: every five minutes for a day, then hourly for a week.
UNKNOWN_EVERY: Final = 300.0
UNKNOWN_FOR: Final = 24 * 3600.0
RARELY_EVERY: Final = 3600.0
RARELY_FOR: Final = 7 * 24 * 3600.0
# Looks that nothing answers: 2, 4, 8 … seconds.
BACKOFF_FIRST: Final = 2.0
BACKOFF_LONGEST: Final = 60.0
# A submission whose answer was lost is sent again with its idempotency key, which the API is
# assumed to remember for a day. This ends long before, so no second job can be made.
RESEND_FOR: Final = 30 * 60.0


def state_at(elapsed: float, *, schedule: Schedule = DEFAULT_SCHEDULE) -> Generation.State:
    """What a job that has not ended is by its age: followed, unknown, or not watched any more.

    ``elapsed`` is in seconds since the submission.
    """
    if not schedule.given_up(elapsed):
        return Generation.State.ACTIVE
    if elapsed < schedule.give_up + UNKNOWN_FOR + RARELY_FOR:
        return Generation.State.UNKNOWN
    return Generation.State.STOPPED


def wait(
    polls: int,
    *,
    elapsed: float,
    category: str = "",
    mode: str = Mode.LIVE,
    retry_after: float | None = None,
    failures: int = 0,
    chance: Chance = random.random,
    schedule: Schedule = DEFAULT_SCHEDULE,
) -> float | None:
    """Seconds until the next look, after ``polls`` looks; None when there is none by itself.

    ``failures`` counts the looks in a row that nothing readable answered. ``retry_after`` is never
    undercut. The last look of the schedule falls on the moment at which the job is given up.
    """
    state = state_at(elapsed, schedule=schedule)
    if state is Generation.State.STOPPED:
        return None
    seconds = max(_pace(polls, elapsed, category, mode, schedule), _backoff(failures))
    seconds *= 1 + STRAY * (2 * chance() - 1)
    left = schedule.give_up - elapsed
    if 0 < left < seconds:
        seconds = left
    if retry_after is not None and retry_after > 0:
        least = min(retry_after, UNKNOWN_FOR)
        seconds = max(seconds, least * (1 + STRAY * chance()))
    return seconds


def _pace(polls: int, elapsed: float, category: str, mode: str, schedule: Schedule) -> float:
    over = elapsed - schedule.give_up
    if over >= UNKNOWN_FOR:
        return RARELY_EVERY
    if over >= 0:
        return UNKNOWN_EVERY
    seconds = schedule.wait(polls, category=category)
    if mode == Mode.MOCK:
        seconds = min(seconds * MOCK_PACE, MOCK_LONGEST)
    return max(SHORTEST, seconds)


def _backoff(failures: int) -> float:
    if failures <= 0:
        return 0.0
    # Past this number of doublings the longest wait is reached.
    return min(BACKOFF_FIRST * 2.0 ** min(failures - 1, 16), BACKOFF_LONGEST)


def resend(
    failures: int,
    *,
    elapsed: float,
    retry_after: float | None = None,
    chance: Chance = random.random,
) -> float | None:
    """Seconds until a submission without an answer is sent again; None when it is lost.

    ``failures`` counts the sendings that nothing readable answered, ``elapsed`` the seconds since
    the first.
    """
    if elapsed >= RESEND_FOR:
        return None
    seconds = _backoff(max(failures, 1)) * (1 + STRAY * (2 * chance() - 1))
    if retry_after is not None and retry_after > 0:
        seconds = max(seconds, min(retry_after, RESEND_FOR) * (1 + STRAY * chance()))
    return seconds


def next_poll_at(
    polls: int,
    *,
    submitted_at: datetime,
    now: datetime,
    category: str = "",
    mode: str = Mode.LIVE,
    retry_after: float | None = None,
    failures: int = 0,
) -> datetime | None:
    """``wait`` as a moment. A clock that ran backwards counts as no time at all."""
    seconds = wait(
        polls,
        elapsed=max(0.0, (now - submitted_at).total_seconds()),
        category=category,
        mode=mode,
        retry_after=retry_after,
        failures=failures,
    )
    return None if seconds is None else now + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The schedule of one kind of job as values for a page; all in seconds, waits without stray.

    ``waits`` are the first few, ``longest`` what they grow to. ``given_up`` is the age at which the
    state becomes unknown, ``stopped`` the one at which nobody looks any more.
    """

    waits: tuple[float, ...]
    longest: float
    given_up: float
    unknown_every: float
    unknown_for: float
    rarely_every: float
    stopped: float
    stray: float


def policy(
    category: str = "", *, mode: str = Mode.LIVE, schedule: Schedule = DEFAULT_SCHEDULE
) -> Policy:
    """How jobs of this category are followed."""
    paces = [_pace(polls, 0.0, category, mode, schedule) for polls in range(40)]
    longest = max(paces)
    return Policy(
        waits=tuple(paces[: paces.index(longest) + 1]),
        longest=longest,
        given_up=schedule.give_up,
        unknown_every=UNKNOWN_EVERY,
        unknown_for=UNKNOWN_FOR,
        rarely_every=RARELY_EVERY,
        stopped=schedule.give_up + UNKNOWN_FOR + RARELY_FOR,
        stray=STRAY,
    )
