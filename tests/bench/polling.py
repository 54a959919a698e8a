"""What following jobs costs: ``python -m tests.bench.polling [--rows 10000]``.

The engine polls a stub with everything that belongs to it: rows claimed and written, timeline kept,
2 % of the looks changing a state. Beside it, in the same run, loops without any database: a plain
httpx client, httpx over aiohttp's connections, bare aiohttp. Engine and stub have a core each. On
SQLite, or where DATABASE_URL points. Rows are always due for the pace, and due at an even rate for
the lag between due and polled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

# What follows imports models, which need the settings: hence E402.
django.setup()

import aiohttp  # noqa: E402
import httpx  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.db.backends.utils import CursorWrapper  # noqa: E402
from django.utils import timezone  # noqa: E402

from debugger.client.connections import ManyConnections  # noqa: E402
from debugger.client.looks import digest_of  # noqa: E402
from debugger.generations import engine, schedule  # noqa: E402
from debugger.generations.engine import writing  # noqa: E402
from debugger.generations.engine.looking import Seen  # noqa: E402
from debugger.generations.models import Generation, Moment  # noqa: E402
from debugger.keys import vault  # noqa: E402
from debugger.keys.models import ApiKey  # noqa: E402
from debugger.web import moments  # noqa: E402
from tests.bench.upstream import STATUSES, body_of  # noqa: E402
from tests.cast import acme, new_key  # noqa: E402

CONNECTIONS = 50
OFFERED = 2_000
CHANGES = 0.02
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Authorization": f"Bearer {new_key()}",
    "User-Agent": "rivya-dash/0.1.0",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Polls, and what they took: seconds of the clock and of the processor."""

    polls: int
    wall: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.polls / self.wall

    @property
    def per_core_second(self) -> float:
        return self.polls / self.cpu


@contextmanager
def stub(*, changes: float) -> Iterator[str]:
    """The stub in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.bench.upstream", "--changes", str(changes)]
    command += ["--core", "1"] if (os.cpu_count() or 1) > 1 else []
    with subprocess.Popen(  # noqa: S603 -- Our own module.
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def stats(base_url: str) -> dict[str, int]:
    """What the stub counted."""
    with urllib.request.urlopen(f"{base_url}/stats") as answer:  # noqa: S310 -- The stub's own address.
        found: dict[str, int] = json.load(answer)
    return found


@contextmanager
def measured(polls: Callable[[], int]) -> Iterator[list[Cost]]:
    """Clock and processor time of this whole process around some work."""
    found: list[Cost] = []
    before, began = cpu(), time.perf_counter()
    yield found
    found.append(Cost(polls(), time.perf_counter() - began, cpu() - before))


def cpu() -> float:
    """Seconds of the processor that this process has used, all threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# -- Loops without a database ----------------------------------------------------------------------


async def loop_of(ask: Callable[[str], Awaitable[Any]], base_url: str, polls: int) -> Cost:
    """So many polls by as many tasks as there are connections."""
    numbers = iter(range(polls))

    async def work() -> None:
        for number in numbers:
            await ask(f"{base_url}/api/v1/generations/task_{number}")

    with measured(lambda: polls) as cost:
        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return cost[0]


async def plain(base_url: str, polls: int) -> Cost:
    """The httpx client as it is."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await loop_of(lambda url: client.get(url, headers=HEADERS), base_url, polls)


async def over_aiohttp(base_url: str, polls: int) -> Cost:
    """The httpx client over aiohttp's connections."""
    transport = ManyConnections(context=httpx.create_ssl_context())
    async with httpx.AsyncClient(transport=transport) as client:
        return await loop_of(lambda url: client.get(url, headers=HEADERS), base_url, polls)


async def bare(base_url: str, polls: int) -> Cost:
    """Aiohttp and nothing else."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(url: str) -> None:
            async with session.get(url, headers=HEADERS) as answer:
                await answer.read()

        return await loop_of(ask, base_url, polls)


# -- The engine ------------------------------------------------------------------------------------


def prepare(base_url: str, rows: int, *, spread: float = 0.0) -> None:
    """Jobs that have been looked at once, due from now on over so many seconds."""
    settings.RIVYA_BASE_URL = base_url
    team = acme()
    Generation.objects.all().delete()
    key = ApiKey.objects.filter(base_url=base_url).first() or _key(base_url)
    now = timezone.now()
    fields = {
        "team": team,
        "key": key,
        "mode": "live",
        "base_url": base_url,
        "category": "image",
        "model": "gpt-image-2",
        "status": STATUSES[0],
        "submitted_at": now,
        "polls": 1,
    }
    first = moments.first_id(now)
    Generation.objects.bulk_create(
        (
            Generation(
                id=first + number,
                task_id=f"task_{number}",
                digest=digest_of(body_of(f"task_{number}", STATUSES[0])),
                next_poll_at=now + timedelta(seconds=1 + spread * number / rows),
                **fields,
            )
            for number in range(rows)
        ),
        batch_size=1_000,
    )


def _key(base_url: str) -> ApiKey:
    team = acme()
    key = ApiKey(team=team, label="Bench", base_url=base_url, last_four="kkkk")
    key.fingerprint = vault.fingerprint(team, new_key())
    key.sealed = vault.seal(team, row=key.sealed_as, value=new_key())
    key.save()
    return key


@dataclass(slots=True)
class Counted:
    """Round trips to the database, and the statements in them."""

    trips: int = 0
    statements: int = 0


@contextmanager
def counting() -> Iterator[Counted]:
    """Count statements in every thread."""
    counted = Counted()
    execute, many = CursorWrapper.execute, CursorWrapper.executemany

    def one(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        counted.trips += 1
        counted.statements += 1
        return execute(self, sql, params)

    def all_of(self: CursorWrapper, sql: str, param_list: Any) -> Any:
        counted.trips += 1
        counted.statements += len(param_list)
        return many(self, sql, param_list)

    with (
        patch.object(CursorWrapper, "execute", one),
        patch.object(CursorWrapper, "executemany", all_of),
    ):
        yield counted


@contextmanager
def lags() -> Iterator[list[float]]:
    """Seconds between due and polled of every look that came due once the engine was running."""
    found: list[float] = []
    warm = timezone.now() + timedelta(seconds=1)
    write = writing.write

    def noting(seen: list[Seen], *, now: datetime) -> None:
        found.extend(
            (each.look.at - each.due.due_at).total_seconds()
            for each in seen
            if each.due.due_at >= warm
        )
        write(seen, now=now)

    with patch.object(writing, "write", noting):
        yield found


@contextmanager
def fixed_wait(seconds: float) -> Iterator[None]:
    """The schedule with all its cost, and this for a result."""
    wait = schedule.wait

    def fixed(*arguments: Any, **more: Any) -> float:
        wait(*arguments, **more)
        return seconds

    with patch.object(schedule, "wait", fixed):
        yield


def engine_pace(base_url: str, rows: int, seconds: float) -> tuple[Cost, Counted]:
    """The engine while every row is due again at once."""
    prepare(base_url, rows)
    time.sleep(1)
    looks: list[int] = []
    with (
        fixed_wait(0.0),
        counting() as counted,
        measured(lambda: looks[0]) as cost,
    ):
        looks.append(engine.follow(seconds=seconds))
    return cost[0], counted


def engine_lag(base_url: str, rows: int, seconds: float) -> tuple[Cost, list[float]]:
    """The engine while rows come due at an even rate."""
    period = rows / OFFERED
    prepare(base_url, rows, spread=period)
    looks: list[int] = []
    with (
        fixed_wait(period),
        lags() as found,
        measured(lambda: looks[0]) as cost,
    ):
        looks.append(engine.follow(seconds=seconds + 1))
    return cost[0], found


# -- The table -------------------------------------------------------------------------------------


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def line(name: str, cost: Cost, least: float) -> None:
    say(
        f"{name:34} {cost.per_second:>10,.0f} {cost.per_core_second:>12,.0f} "
        f"{cost.cpu / cost.polls * 1e6:>10.0f} {cost.per_core_second / least:>9.2f}"
    )


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def compare(rows: int, seconds: float) -> None:
    """The paces side by side."""
    say(f"{'':34} {'polls/s':>10} {'/core-second':>12} {'µs each':>10} {'of bare':>9}")
    with stub(changes=0.0) as base_url:
        floor = asyncio.run(bare(base_url, 20_000))
        line("aiohttp, no rows", floor, floor.per_core_second)
        line(
            "httpx over aiohttp, no rows",
            asyncio.run(over_aiohttp(base_url, 10_000)),
            floor.per_core_second,
        )
        line("httpx, no rows", asyncio.run(plain(base_url, 1_000)), floor.per_core_second)
        quiet, _ = engine_pace(base_url, rows, seconds)
        line("engine, nothing changes", quiet, floor.per_core_second)
    with stub(changes=CHANGES) as base_url:
        cost, counted = engine_pace(base_url, rows, seconds)
        line(f"engine, {CHANGES:.0%} of looks change", cost, floor.per_core_second)
        told = stats(base_url)
    say()
    say(
        f"Changes: {CHANGES * cost.per_second:,.0f} a second, "
        f"{Moment.objects.filter(kind='changed').count():,} moments. "
        f"Jobs asked for twice at once: {told['twice']}."
    )
    say(
        f"Database: {counted.trips / cost.polls:.3f} round trips and "
        f"{counted.statements / cost.polls:.2f} statements for each poll."
    )
    over = (quiet.cpu / quiet.polls - floor.cpu / floor.polls) * 1e6
    change = (cost.cpu / cost.polls - quiet.cpu / quiet.polls) / CHANGES * 1e3
    say(
        f"What limits it is Python: {floor.cpu / floor.polls * 1e6:.0f} µs of a poll are aiohttp, "
        f"{over:.0f} µs comparing, scheduling and rows; a change costs {change:.1f} ms."
    )


def lag(rows: int, seconds: float) -> None:
    """How late looks are at an even load."""
    with stub(changes=CHANGES) as base_url:
        cost, found = engine_lag(base_url, rows, seconds)
    say(
        f"At {OFFERED:,} due a second for {seconds:.0f} s: {cost.polls:,} polls, "
        f"{cost.cpu / cost.wall:.0%} of a core; due to polled p50 "
        f"{percentile(found, 0.5) * 1000:.0f} ms, p99 {percentile(found, 0.99) * 1000:.0f} ms, "
        f"at most {max(found) * 1000:.0f} ms."
    )


def main() -> None:
    """Read the command line, and measure on an empty database that is dropped afterwards."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--lag-seconds", type=float, default=20.0)
    options = parser.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {0})
    settings.RIVYA_DASH_POLLS_AT_ONCE, settings.RIVYA_DASH_POLLS_PER_SECOND = CONNECTIONS, 0
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        say(f"{options.rows:,} rows on {connection.vendor}, {CONNECTIONS} connections")
        compare(options.rows, options.seconds)
        lag(options.rows, options.lag_seconds)
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    main()
