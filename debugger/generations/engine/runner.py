"""The engine: claim what is due, look at it, write what was seen, and sleep until more is due.

    follow(seconds=240)    what the worker does all the time
    round(now=now)         once through everything that is due

Rows are the truth. A runner that dies at any point loses nothing: its claims end by themselves, and
whoever comes next goes on. Several runners, in several processes, share the rows by claiming them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connections
from django.utils import timezone

from debugger.generations.engine import claims
from debugger.generations.engine.looking import Looking, Pace, Seen
from debugger.generations.engine.turns import Turn, Turns
from debugger.generations.looks import Due
from debugger.web.connections import giving_back

# While something is open or due, results are written and rows are claimed this often.
BEAT: Final = 0.05
# The longest sleep of a runner that has nothing to do: a row may be submitted meanwhile.
NAP: Final = 0.25
# A runner ends when nothing is due within this time; the next hint begins another one.
IDLE: Final = timedelta(seconds=30)
# What is open when a runner's time is over gets so long to end by itself.
LAST_LOOKS: Final = 1.0
# A database that does not answer is asked again so many times, a nap apart.
_PATIENCE: Final = 40

_running = threading.Lock()
logger = logging.getLogger(__name__)


def follow(*, seconds: float, stop: threading.Event | None = None) -> int:
    """Follow jobs for so long; how many looks were made. One runner in each process is enough.

    It ends early when ``stop`` is set, and when nothing is due for a while.
    """
    if not _running.acquire(blocking=False):
        return 0
    try:
        if not _worth_while():
            return 0
        return asyncio.run(_Runner(seconds=seconds, stop=stop or threading.Event()).run())
    finally:
        _running.release()


@giving_back
def _worth_while() -> bool:
    soonest = claims.soonest()
    return soonest is not None and soonest <= timezone.now() + IDLE


def round(now: datetime | None = None) -> int:
    """Look once at everything that is due at ``now``; how many looks were made."""
    moment = now or timezone.now()
    turns = Turns(clock=lambda: moment)
    total = 0
    while (turn := turns.turn()).claimed:
        seen, unlooked = async_to_sync(_all)(turn, clock=lambda: moment)
        turns.turn(seen, unlooked, most=0)
        total += len(seen)
    return total


async def _all(turn: Turn, *, clock: Callable[[], datetime]) -> tuple[list[Seen], list[Due]]:
    looking = Looking(pace=_pace(), clock=clock)
    looking.start(turn.ready)
    await looking.finished()
    return looking.taken()


def _pace() -> Pace:
    return Pace(
        at_once=settings.RIVYA_DASH_POLLS_AT_ONCE,
        per_second=settings.RIVYA_DASH_POLLS_PER_SECOND,
    )


class _Runner:
    """One run of ``follow``: looks in this thread's loop, rows in a thread of their own."""

    def __init__(self, *, seconds: float, stop: threading.Event) -> None:
        self._until = time.monotonic() + seconds
        self._stop = stop
        self._turns = Turns(clock=timezone.now)
        self._looking = Looking(pace=_pace(), clock=timezone.now)
        self._rows = ThreadPoolExecutor(1, thread_name_prefix="generations")
        self._troubles = 0
        self._looks = 0

    async def run(self) -> int:
        """Turn after turn until the end."""
        try:
            while not self._over():
                turn = await self._turn()
                self._looking.start(turn.ready)
                if self._is_idle(turn):
                    break
                await self._sleep(turn)
            await self._end()
        finally:
            await self._in_thread(connections.close_all)
            self._rows.shutdown()
        return self._looks

    def _over(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._until

    async def _turn(self, *, claiming: bool = True) -> Turn:
        """Write what has ended and claim more, while other looks go on."""
        seen, unlooked = self._looking.taken()
        self._looks += len(seen)
        most = self._looking.room if claiming else 0
        full = self._looking.full()
        work = partial(self._turns.turn, seen, unlooked, without=full, most=most)
        try:
            turn = await self._in_thread(work)
        except Exception:
            # What was seen is lost, and seen again when the leases end. Rows are the truth.
            self._troubles += 1
            if self._troubles > _PATIENCE:
                raise
            logger.exception("The rows of jobs could not be read or written")
            await self._in_thread(connections.close_all)
            await asyncio.sleep(NAP)
            return Turn(soonest=timezone.now())
        self._troubles = 0
        # Of places that were passed over nobody knows what is due there: act as if something was.
        return replace(turn, soonest=timezone.now()) if full else turn

    async def _in_thread(self, work: Callable[[], Turn | None]) -> Turn:
        done = await asyncio.get_running_loop().run_in_executor(self._rows, work)
        return done or Turn()

    def _is_idle(self, turn: Turn) -> bool:
        if self._looking.busy or turn.claimed:
            return False
        return turn.soonest is None or turn.soonest > timezone.now() + IDLE

    async def _sleep(self, turn: Turn) -> None:
        """Until the next turn is worth its while."""
        if turn.claimed == claims.BATCH:
            # More may be due at once: begin what was claimed, and come back without a pause.
            await asyncio.sleep(0)
            return
        seconds = BEAT
        if not self._looking.busy and turn.soonest is not None:
            left = (turn.soonest - timezone.now()).total_seconds()
            seconds = min(max(left, BEAT), NAP)
        await asyncio.sleep(seconds)

    async def _end(self) -> None:
        """Let open looks end, break off those that do not, and write what came of them."""
        patience = 0.0 if self._stop.is_set() else LAST_LOOKS
        try:
            async with asyncio.timeout(patience):
                await self._looking.finished()
        except TimeoutError:
            await self._looking.abandon()
        await self._turn(claiming=False)
