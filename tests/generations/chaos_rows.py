"""The rows of a run of chaos: submitted as a panel does, and compared with what the API counted."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from decimal import Decimal
from types import TracebackType
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from debugger.client import api
from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.exchanges import services as exchanges
from debugger.exchanges.models import Exchange
from debugger.exchanges.recording import Run
from debugger.generations import services
from debugger.generations.models import Generation, Moment
from debugger.generations.services import Started
from debugger.keys.live import spend
from debugger.keys.models import Spend, SpendDay
from tests.cast import new_key, person
from tests.keys import purses
from tests.keys.deeds import added

AT_ONCE = 20
LOST_SHARE = 0.1
FAILED_SHARE = 0.2
RESERVED = Decimal(5)
CHARGED = {"succeeded": Decimal(4), "failed": Decimal(0)}
CREATE = operations.get("generations.create")
State = Generation.State


class Submitting:
    """Submits jobs over real connections, with a stored key, and follows them."""

    def __init__(self, base_url: str, *, seed: int, longest: float) -> None:
        self._base_url = base_url
        self._chance = random.Random(seed)
        self._longest = longest
        self._runner = asyncio.Runner()
        # Ceilings are another matter, and a thousand jobs would break them.
        self._team, self._user = purses.team(), person("Bob")
        self._key = added("c", base_url=base_url, now=timezone.now())

    def __enter__(self) -> Submitting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runner.run(api.close_network())
        self._runner.close()

    def submit(self, jobs: int) -> None:
        """Submit so many jobs, some at once."""
        for start in range(0, jobs, AT_ONCE):
            numbers = range(start, min(jobs, start + AT_ONCE))
            held = {number: self._hold(number) for number in numbers}
            outcomes = self._runner.run(self._sent(numbers))
            for number, outcome in zip(numbers, outcomes, strict=True):
                self._track(number, held[number], outcome)

    def _hold(self, number: int) -> Spend:
        held = spend.hold(
            team=self._team,
            key=self._key,
            user_id=self._user.pk,
            operation=CREATE.id,
            estimated=5,
            model="z-image",
            idempotency=f"chaos-{number}",
            body=str(number),
            now=timezone.now(),
        )
        assert isinstance(held, Spend)
        return held

    async def _sent(self, numbers: range) -> list[Outcome]:
        upstream = api.live_upstream(self._base_url)
        return await asyncio.gather(*(api.call(upstream, self._call(each)) for each in numbers))

    def _call(self, number: int) -> api.Call:
        seconds = self._chance.uniform(0.5, self._longest)
        end = "failed" if self._chance.random() < FAILED_SHARE else "succeeded"
        lost = " lost" if self._chance.random() < LOST_SHARE else ""
        return api.Call(
            operation=CREATE,
            headers={"Idempotency-Key": f"chaos-{number}"},
            body={"model": "z-image", "prompt": f"{seconds:.2f} {end}{lost}"},
            key=new_key("c"),
        )

    def _track(self, number: int, held: Spend, outcome: Outcome) -> None:
        now = timezone.now()
        settled = spend.settle(held, outcome=outcome, now=now)
        run = exchanges.record(
            Run(
                team=self._team,
                user_id=self._user.pk,
                user_name="Bob",
                outcome=outcome,
                idempotency_key=f"chaos-{number}",
                model="z-image",
                key=self._key,
                base_url=self._base_url,
                fingerprint=str(number),
                now=now,
            )
        )
        services.track(
            Started(
                outcome=outcome,
                team=self._team,
                user_id=self._user.pk,
                user_name="Bob",
                exchange=run,
                key=self._key,
                base_url=self._base_url,
                spend=settled,
                model="z-image",
                estimated=5,
                now=now,
            )
        )


def unfinished() -> int:
    """How many jobs have not ended."""
    return Generation.objects.exclude(state__in=Generation.FINAL).count()


def claimed() -> bool:
    """Whether some worker looks at this moment."""
    try:
        looked_at = Generation.objects.filter(next_poll_at__isnull=False).exclude(lease="")
        return looked_at.exists()
    finally:
        connection.close()


def amiss(report: dict[str, Any], *, jobs: int) -> tuple[list[str], list[str]]:
    """What is not as it has to be, and some numbers about the run."""
    rows = list(Generation.objects.all())
    tasks: dict[str, dict[str, Any]] = report["tasks"]
    found = [
        *_counted("rows", len(rows), jobs),
        *_counted("jobs upstream", len(tasks), jobs),
        *_counted("different jobs in rows", len({row.task_id for row in rows}), jobs),
        *(_of_row(row, tasks.get(row.task_id)) for row in rows),
        *_made_once(report),
        *_told_once(rows),
        *_money(rows),
    ]
    return [each for each in found if each], _facts(rows, report)


def _counted(what: str, number: int, wanted: int) -> list[str]:
    return [] if number == wanted else [f"{number} {what} instead of {wanted}"]


def _of_row(row: Generation, task: dict[str, Any] | None) -> str:
    if task is None:
        return f"{row.name} ({row.state}) has no job upstream: {row.reason}"
    if (row.state, row.status) != (task["end"], task["end"]):
        return f"{row.name} is {row.state}, its job {task['end']}: {row.reason}"
    if (row.reserved, row.final) != (RESERVED, CHARGED[task["end"]]):
        return f"{row.name} says {row.reserved} and {row.final} credits"
    if row.next_poll_at is not None or row.request_text:
        return f"{row.name} has ended and is still waited for"
    return ""


def _made_once(report: dict[str, Any]) -> list[str]:
    twice = [key for key, number in report["made"].items() if number != 1]
    both = [name for name, task in report["tasks"].items() if task["most_at_once"] > 1]
    return [
        *(f"{key} made {report['made'][key]} jobs" for key in twice),
        *(
            f"{name} was looked at by {report['tasks'][name]['most_at_once']} at once"
            for name in both
        ),
    ]


def _told_once(rows: list[Generation]) -> list[str]:
    """Each row has one end and one settlement, in a gapless row of moments."""
    found = []
    told: dict[int, Counter[str]] = {row.pk: Counter() for row in rows}
    numbers: dict[int, list[int]] = {row.pk: [] for row in rows}
    for moment in Moment.objects.order_by("generation_id", "number"):
        told[moment.generation_id][moment.kind] += 1
        numbers[moment.generation_id].append(moment.number)
    for row in rows:
        kinds = told[row.pk]
        found += [
            f"{row.name} was {kind} {kinds[kind]} times"
            for kind in ("ended", "settled", "sent", "answered")
            if kinds[kind] != 1
        ]
        if numbers[row.pk] != list(range(1, len(numbers[row.pk]) + 1)):
            found.append(f"{row.name} lacks moments")
    return found


def _money(rows: list[Generation]) -> list[str]:
    charged = sum((CHARGED.get(row.state, RESERVED) for row in rows), Decimal(0))
    held = Spend.objects.exclude(state=Spend.State.FINAL).count()
    by_run = Spend.objects.aggregate(sum=Sum("credits"))["sum"] or Decimal(0)
    by_history = Exchange.objects.aggregate(sum=Sum("final"))["sum"] or Decimal(0)
    team = SpendDay.objects.filter(key=None).aggregate(sum=Sum("credits"))["sum"]
    key = SpendDay.objects.exclude(key=None).aggregate(sum=Sum("credits"))["sum"]
    amounts = {"runs": by_run, "history": by_history, "the team": team, "the key": key}
    return [
        *_counted("spends", Spend.objects.count(), len(rows)),
        *([f"{held} spends are not settled"] if held else []),
        *(f"{what}: {it} credits, not {charged}" for what, it in amounts.items() if it != charged),
    ]


def _facts(rows: list[Generation], report: dict[str, Any]) -> list[str]:
    tasks = report["tasks"].values()
    ends = Counter(row.state for row in rows)
    looks = sum(task["looks"] for task in tasks)
    again = sum(1 for number in report["sent"].values() if number > 1)
    written = sum(row.polls for row in rows)
    most = max((task["most_at_once"] for task in tasks), default=0)
    return [
        f"ends: {', '.join(f'{number} {state}' for state, number in sorted(ends.items()))}",
        f"{looks} looks, {looks - written} of them lost with a worker before they were written",
        f"{sum(task['after_end'] for task in tasks)} looks after an end whose worker died",
        f"{again} lost answers sent again, {max(report['made'].values(), default=0)} job for a key",
        f"{most} look at one job at once at most",
    ]
