"""Open looks: their number, their pace, and what is not begun in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from debugger.client.looks import Glance, Looker
from debugger.client.transport import live_upstream
from debugger.generations.engine.looking import Looking, Pace, Ready
from debugger.generations.looks import Due
from tests.generations.jobs import NOON

FREE = Pace(at_once=0, per_second=0)
LATE = float("inf")


class Scripted(Looker):
    """Looks without a network. Notes how many are open at once."""

    def __init__(self, *, turns: int = 1, trouble: Exception | None = None) -> None:
        super().__init__(live_upstream("http://one.test"))
        self.open = self.most = 0
        self._turns = turns
        self._trouble = trouble

    async def look(self, task_id: str, *, digest: str = "") -> Glance:  # noqa: ARG002 -- Its own name.
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            for _ in range(self._turns):
                await asyncio.sleep(0)
            if self._trouble is not None:
                raise self._trouble
        finally:
            self.open -= 1
        return Glance(took_ms=1.0, status=200, same=True, digest=digest)


def due(number: int, *, base_url: str = "http://one.test") -> Due:
    return Due(
        id=number,
        team_id=1,
        mode="live",
        base_url=base_url,
        account="",
        key_id=1,
        task_id=f"task_{number}",
        state="active",
        status="queued",
        category="image",
        submitted_at=NOON,
        due_at=NOON,
        polls=1,
        failures=0,
        digest="d",
        lease="mine",
    )


def ready(looker: Looker, numbers: Sequence[int], *, begin_by: float = LATE) -> list[Ready]:
    return [Ready(due=due(number), looker=looker, begin_by=begin_by) for number in numbers]


def test_no_more_are_open_at_a_place_than_allowed() -> None:
    looker = Scripted(turns=3)

    async def run() -> int:
        looking = Looking(pace=replace(FREE, at_once=4), clock=lambda: NOON)
        looking.start(ready(looker, range(40)))
        await looking.finished()
        return len(looking.taken()[0])

    assert asyncio.run(run()) == 40
    assert looker.most == 4


def test_places_do_not_wait_for_each_other() -> None:
    slow, quick = Scripted(turns=10**9), Scripted()

    async def run() -> list[int]:
        looking = Looking(pace=replace(FREE, at_once=1), clock=lambda: NOON)
        looking.start(ready(slow, [1, 2]))
        other = due(3, base_url="http://two.test")
        looking.start([Ready(due=other, looker=quick, begin_by=LATE)])
        seen: list[int] = []
        while not seen:
            await asyncio.sleep(0)
            seen = [each.due.id for each in looking.taken()[0]]
        await looking.abandon()
        assert sorted(each.id for each in looking.taken()[1]) == [1, 2]
        return seen

    assert asyncio.run(run()) == [3]


def test_a_look_whose_lease_would_not_last_is_not_begun() -> None:
    looker = Scripted()

    async def run() -> tuple[int, list[int]]:
        looking = Looking(pace=FREE, clock=lambda: NOON)
        looking.start(ready(looker, [1], begin_by=time.monotonic() - 1))
        looking.start(ready(looker, [2]))
        await looking.finished()
        seen, unlooked = looking.taken()
        return len(seen), [each.id for each in unlooked]

    assert asyncio.run(run()) == (1, [1])
    assert looker.most == 1


def test_a_mistake_in_one_look_is_noted_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> list[int | None]:
        looking = Looking(pace=replace(FREE, at_once=1), clock=lambda: NOON)
        looking.start(ready(Scripted(trouble=ValueError("Broken.")), [1]))
        looking.start(ready(Scripted(), [2]))
        await looking.finished()
        return [each.look.status for each in looking.taken()[0]]

    assert asyncio.run(run()) == [None, 200]
    assert "broke off" in caplog.text


def test_a_place_with_enough_waiting_is_full_until_it_has_done_its_work() -> None:
    looker = Scripted(turns=2)

    async def run() -> tuple[frozenset[str], frozenset[str]]:
        looking = Looking(pace=replace(FREE, at_once=5), clock=lambda: NOON)
        looking.start(ready(looker, range(100)))
        before = looking.full()
        await looking.finished()
        return before, looking.full()

    assert asyncio.run(run()) == (frozenset({"livehttp://one.test"}), frozenset())
