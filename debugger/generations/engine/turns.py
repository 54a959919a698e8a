"""One turn at the database: write what was seen, claim what is due, make it ready for its look.

Everything here runs in one thread: the runner's own, or the caller's for a single round.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from debugger.client.outcome import FailureKind, Mode
from debugger.generations import brakes
from debugger.generations.engine import claims, writing
from debugger.generations.engine.looking import Ready, Seen
from debugger.generations.engine.readying import made_ready
from debugger.generations.looks import Due
from debugger.generations.models import Brake

_TIDY_EVERY: Final = timedelta(minutes=10)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a turn found: looks to begin, how many rows were claimed, and when the next is due."""

    ready: Sequence[Ready] = ()
    claimed: int = 0
    soonest: datetime | None = None


class Turns:
    """The turns of one runner."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._streaks = brakes.Streaks()
        self._braking: dict[str, Brake] = {}
        self._tidied: datetime | None = None

    def turn(
        self,
        seen: Sequence[Seen] = (),
        unlooked: Sequence[Due] = (),
        *,
        without: Collection[str] = (),
        most: int = claims.BATCH,
    ) -> Turn:
        """Write, then claim up to ``most`` rows of other places than ``without``."""
        now = self._clock()
        if seen:
            writing.write(seen, now=now)
            self._judge(seen, now=now)
        claims.give_back(unlooked)
        soonest = claims.soonest(without=without)
        if most <= 0 or soonest is None or soonest > now:
            return Turn(soonest=soonest)
        due = claims.claim(now=now, most=min(most, claims.BATCH), without=without)
        if not due:
            return Turn(soonest=soonest)
        self._look_at_brakes(now=now)
        ready = made_ready(due, braking=self._braking, now=now)
        return Turn(ready=ready, claimed=len(due), soonest=soonest)

    def _look_at_brakes(self, *, now: datetime) -> None:
        if self._tidied is None or now - self._tidied > _TIDY_EVERY:
            self._tidied = now
            brakes.tidy(now=now)
        self._braking = brakes.all_brakes()

    def _judge(self, seen: Sequence[Seen], *, now: datetime) -> None:
        """Put brakes on and take them off, by what came of looks over the network."""
        for each in seen:
            if each.due.mode != Mode.LIVE:
                continue
            try:
                self._judge_host(each, now=now)
                _judge_key(each, now=now)
            except Exception:
                # A notice that could not be written must not stop the looks themselves.
                logger.exception("A brake could not be written")

    def _judge_host(self, seen: Seen, *, now: datetime) -> None:
        url, look = seen.due.base_url, seen.look
        scope = brakes.host_scope(url)
        if look.outcome is None and not look.same:
            return  # The look broke off by a mistake of ours.
        failed = not look.same and writing.is_missed(look) and look.status != 429
        streak = self._streaks.count(url, failed=failed)
        if failed and (streak or seen.ready.probe):
            brakes.host_failed(url, reason=_reason(seen), now=now, probed=seen.ready.probe)
            self._streaks.forget([url])
        elif look.status is not None and self._braking.pop(scope, None) is not None:
            brakes.host_answered(url)


def _judge_key(seen: Seen, *, now: datetime) -> None:
    failure = seen.look.outcome.failure if seen.look.outcome else None
    if seen.ready.key and failure is not None and failure.kind is FailureKind.RATE_LIMITED:
        brakes.key_told(seen.ready.key, seconds=failure.retry_after, now=now)


def _reason(seen: Seen) -> str:
    """Why a host counts as down, in words that tell nothing of any team's job."""
    if seen.look.status is not None:
        return f"HTTP {seen.look.status}"
    failure = seen.look.outcome.failure if seen.look.outcome else None
    return failure.detail if failure is not None else ""
