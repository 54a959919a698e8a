"""The looks that are open: at each place only so many at once, and so many begun in a second.

Everything here runs in one event loop and reads no row. What waits here is claimed already, so no
more is taken than can be begun in time; a look whose lease would not last is given back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from debugger.client.api import Call
from debugger.client.looks import Glance, Looker
from debugger.generations.engine.claims import WAITING, place_of
from debugger.generations.looks import Due, Look

MOST_OPEN: Final = 1_000
# So much may wait at a place beyond what is open there: what it does in this many seconds. How much
# that is was counted in the last such time.
_AHEAD: Final = 0.25
_LEAST_AHEAD: Final = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed row with everything that its look needs. ``key`` is the key's public id.

    ``call`` is given for a submission that is sent again. ``probe`` says that this look decides
    whether the others of its host wait on. ``begin_by`` is a moment of the monotonic clock.
    """

    due: Due
    looker: Looker
    begin_by: float
    call: Call | None = None
    key: str = ""
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A look that has ended."""

    ready: Ready
    look: Look

    @property
    def due(self) -> Due:
        """The row that it was for."""
        return self.ready.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Limits for each place: looks at once, and looks begun in a second. 0 stands for none."""

    at_once: int
    per_second: int


@dataclass(slots=True)
class _Place:
    waiting: deque[Ready] = field(default_factory=deque)
    workers: int = 0
    ended: int = 0
    ahead: int = 0
    next_begin: float = 0.0


class Looking:
    """Open looks and what came of them."""

    def __init__(self, *, pace: Pace, clock: Callable[[], datetime]) -> None:
        self._at_once = min(pace.at_once or MOST_OPEN, MOST_OPEN)
        self._gap = 1 / pace.per_second if pace.per_second else 0.0
        self._clock = clock
        self._places: dict[str, _Place] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._seen: list[Seen] = []
        self._unlooked: list[Due] = []
        self._counted = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether a look is open or waits."""
        return bool(self._workers)

    @property
    def room(self) -> int:
        """How many more may be claimed, wherever they belong."""
        return max(0, 2 * MOST_OPEN - sum(len(each.waiting) for each in self._places.values()))

    def full(self) -> frozenset[str]:
        """The places where enough waits already."""
        now = time.monotonic()
        span = now - self._counted
        if span >= _AHEAD:
            self._counted = now
            self._count(span)
        return frozenset(
            name for name, place in self._places.items() if len(place.waiting) >= place.ahead
        )

    def _count(self, span: float) -> None:
        """Let each place have as much waiting as it has shown to do, and forget the quiet ones."""
        for name, place in list(self._places.items()):
            if not (place.ended or place.workers):
                del self._places[name]
            place.ahead = max(_LEAST_AHEAD, round(place.ended * _AHEAD / span))
            place.ended = 0

    def start(self, ready: Iterable[Ready]) -> None:
        """Begin these looks, or let them wait for their turn."""
        for each in ready:
            name = place_of(each.due)
            place = self._places.setdefault(name, _Place(ahead=self._at_once))
            place.waiting.append(each)
            if place.workers < self._at_once and len(self._workers) < MOST_OPEN:
                place.workers += 1
                worker = asyncio.create_task(self._work(place))
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)

    def taken(self) -> tuple[list[Seen], list[Due]]:
        """What has ended since the last time, and the rows that were not looked at."""
        seen, unlooked = self._seen, self._unlooked
        self._seen, self._unlooked = [], []
        return seen, unlooked

    async def finished(self) -> None:
        """Wait for everything that was started."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def abandon(self) -> None:
        """Break off what is open; those rows count as not looked at."""
        for place in self._places.values():
            self._unlooked += [each.due for each in place.waiting]
            place.waiting.clear()
        for worker in list(self._workers):
            worker.cancel()
        await self.finished()

    async def _work(self, place: _Place) -> None:
        """Look at what waits at one place, one after the other."""
        try:
            while place.waiting:
                await self._one(place, place.waiting.popleft())
        finally:
            place.workers -= 1

    async def _one(self, place: _Place, ready: Ready) -> None:
        try:
            if self._gap:
                await self._turn(place)
            if time.monotonic() > ready.begin_by:
                self._unlooked.append(ready.due)
                return
            at = self._clock()
            glance = await _looked(ready)
        except asyncio.CancelledError:
            self._unlooked.append(ready.due)
            raise
        self._seen.append(Seen(ready, _look(at, glance)))
        place.ended += 1

    async def _turn(self, place: _Place) -> None:
        now = time.monotonic()
        begin = max(now, place.next_begin)
        place.next_begin = begin + self._gap
        if begin > now:
            await asyncio.sleep(begin - now)


async def _looked(ready: Ready) -> Glance:
    try:
        if ready.call is not None:
            return await ready.looker.send(ready.call)
        return await ready.looker.look(ready.due.task_id, digest=ready.due.digest)
    except Exception:
        # A mistake of ours, at this job: the others go on, and it is looked at again later.
        logger.exception("A look at job %s broke off", ready.due.id)
        return Glance(took_ms=0.0, status=None)


def _look(at: datetime, glance: Glance) -> Look:
    return Look(
        at=at,
        took_ms=glance.took_ms,
        status=glance.status,
        same=glance.same,
        digest=glance.digest,
        outcome=glance.outcome,
    )


def begin_by() -> float:
    """Until when a look that is claimed now may be begun, by the monotonic clock."""
    return time.monotonic() + WAITING
