from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import connection, connections

from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend, SpendDay
from debugger.teams.models import Team
from tests.cast import person
from tests.keys import answers
from tests.keys.purses import a_key, team
from tests.running import ROOT, clean_environment

NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, work: Callable[[int], bool]) -> list[bool]:
    """The results of as many threads, all let go at the same moment."""
    results: list[bool | BaseException] = [False] * count
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            gate.wait(30)
            results[number] = work(number)
        except BaseException as trouble:
            results[number] = trouble
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    troubles = [each for each in results if isinstance(each, BaseException)]
    assert not troubles, troubles
    return [bool(each) for each in results]


def passes(
    owner: Team, key: ApiKey | None, user: int, credits: Decimal | int, idempotency: str = ""
) -> bool:
    held = spend.hold(
        team=owner,
        key=key,
        user_id=user,
        operation="generations.create",
        estimated=credits,
        idempotency=idempotency,
        body="b",
        now=NOON,
    )
    return isinstance(held, Spend)


def counted(owner: Team, key: ApiKey | None = None) -> Decimal:
    return SpendDay.objects.get(team=owner, key=key, day=NOON.date()).credits


@pytest.mark.parametrize(
    ("ceiling", "credits", "expected"), [(100, 20, 5), (90, 20, 4), (7, Decimal("0.7"), 10)]
)
def test_of_many_runs_at_once_exactly_those_pass_that_fit(
    ceiling: int, credits: Decimal | int, expected: int
) -> None:
    owner, user = team(day=ceiling), person("Bob").pk
    results = at_once(16, lambda _number: passes(owner, None, user, credits))
    assert sum(results) == expected
    assert counted(owner) == expected * Decimal(credits)
    assert Spend.objects.count() == expected


def test_the_ceilings_of_team_and_key_hold_together_under_parallel_runs() -> None:
    owner, user = team(day=130), person("Bob").pk
    keys = [a_key(owner, label="One", day=60), a_key(owner, label="Two", day=100)]
    results = at_once(16, lambda number: passes(owner, keys[number % 2], user, 20))
    assert sum(results) == 6
    assert counted(owner) == 120 == counted(owner, keys[0]) + counted(owner, keys[1])
    assert counted(owner, keys[0]) <= 60


def test_one_request_sent_from_many_tabs_at_once_is_held_once() -> None:
    owner, user = team(day=100), person("Bob").pk
    assert all(at_once(8, lambda _number: passes(owner, None, user, 20, idempotency="once")))
    assert Spend.objects.count() == 1
    assert counted(owner) == 20


def test_holding_and_settling_at_once_loses_no_credit() -> None:
    owner, user = team(), person("Bob").pk
    key = a_key(owner)
    started = [
        spend.hold(
            team=owner,
            key=key,
            user_id=user,
            operation="generations.create",
            estimated=20,
            now=NOON,
        )
        for _ in range(8)
    ]

    def work(number: int) -> bool:
        if number % 2:
            return passes(owner, key, user, 3)
        done = answers.job(f"t{number}", status="succeeded", reserved=20, final=number)
        return spend.settle(started[number // 2], outcome=done, now=NOON) is not None  # type: ignore[arg-type]

    assert all(at_once(16, work))
    expected = sum(range(0, 16, 2)) + 8 * 3
    assert counted(owner) == counted(owner, key) == expected
    assert sum(Spend.objects.values_list("credits", flat=True)) == expected


WORKER = """
import json, sys
import django
django.setup()
from datetime import UTC, datetime
from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team
team, key, user = Team.objects.get(pk=sys.argv[1]), ApiKey.objects.get(pk=sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
held = [
    spend.hold(team=team, key=key, user_id=int(user), operation="generations.create", estimated=3,
               now=datetime(2026, 5, 11, 12, tzinfo=UTC))
    for _ in range(12)
]
print(json.dumps(sum(isinstance(each, Spend) for each in held)), flush=True)
"""


def address_of_the_database() -> str:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(found['NAME']))}"
    who = quote(found["USER"], safe="")
    if found["PASSWORD"]:
        who += ":" + quote(found["PASSWORD"], safe="")
    port = f":{found['PORT']}" if found["PORT"] else ""
    return f"postgresql://{who}@{found['HOST']}{port}/{found['NAME']}"


def test_processes_of_their_own_keep_one_ceiling() -> None:
    owner = team(day=100)
    key = a_key(owner, day=62)
    arguments = [str(owner.pk), str(key.pk), str(person("Bob").pk)]
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
        DATABASE_URL=address_of_the_database(),
        RIVYA_DASH_DATA=os.environ["RIVYA_DASH_DATA"],
    )
    processes = [
        subprocess.Popen(  # noqa: S603 - Our own interpreter and our own source.
            [sys.executable, "-c", WORKER, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        passed = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert sum(passed) == 20
    assert counted(owner, key) == counted(owner) == 60
