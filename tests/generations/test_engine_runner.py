"""The runner: several share the rows, it stops when told to, and gives back what it leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import worker_shutting_down
from django.conf import LazySettings
from django.db import connections
from django.utils import timezone

from debugger.client.api import Call
from debugger.contract import operations
from debugger.generations import engine, schedule, tasks
from debugger.generations.engine import claims, runner
from debugger.generations.models import Generation
from debugger.sandbox import services as sandbox
from tests.cast import acme
from tests.generations.jobs import job as row_of
from tests.generations.teller import job
from tests.generations.test_engine import Site, many

State = Generation.State
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    found = Site(settings)
    yield found
    found.close()


def submitted_now(site: Site, task: str = "task_0", **facts: Any) -> Generation:
    now = timezone.now()
    return site.job(task, at=now, **{"next_poll_at": now} | facts)


def test_three_claimers_never_look_at_one_job_at_once(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task, delay=0.005))
    now = timezone.now()
    many(submitted_now(site, next_poll_at=now), 120)

    def rounds() -> int:
        try:
            return engine.round(now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        made = [each.result() for each in [pool.submit(rounds) for _ in range(3)]]
    assert sum(made) == 120
    assert teller.most_of_one == 1
    assert set(teller.asked.values()) == {1}


def test_a_runner_follows_a_job_to_its_end_and_then_leaves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "wait", lambda *_, **__: 0.01)
    site.tells(lambda task, number: job(task, "succeeded" if number == 2 else "processing"))
    row = submitted_now(site)
    assert engine.follow(seconds=30) == 2
    assert Generation.objects.get(pk=row.pk).state == State.SUCCEEDED


def test_a_runner_with_nothing_to_do_leaves_at_once(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    submitted_now(site, next_poll_at=timezone.now() + timedelta(hours=1))
    assert engine.follow(seconds=30) == 0


def test_a_process_has_one_runner(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    submitted_now(site)
    with runner._running:
        assert engine.follow(seconds=30) == 0


def test_a_runner_that_is_told_to_stop_leaves_and_gives_its_rows_back(site: Site) -> None:
    stop = threading.Event()

    def tell(task: str, _number: int) -> Any:
        stop.set()
        return job(task, delay=30)

    site.tells(tell)
    now = timezone.now()
    row = submitted_now(site, next_poll_at=now)
    assert engine.follow(seconds=60, stop=stop) == 0
    found = Generation.objects.get(pk=row.pk)
    assert (found.lease, found.next_poll_at, found.polls) == ("", now, 1)


def test_a_worker_that_shuts_down_tells_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr(tasks, "_stop", stop)
    worker_shutting_down.send(sender=None, sig="SIGTERM", how="Warm", exitcode=0)
    assert stop.is_set()


def test_a_slow_host_does_not_hold_up_others(site: Site, settings: LazySettings) -> None:
    settings.RIVYA_DASH_POLLS_AT_ONCE = 2
    site.tells(lambda task, _number: job(task, delay=30))
    now = timezone.now()
    # More than one claim takes, and due for longer.
    many(submitted_now(site, next_poll_at=now - timedelta(minutes=1)), claims.BATCH + 50)
    account = sandbox.open_account()
    other = row_of(acme(), at=now, task_id=created_in(account), account=account, next_poll_at=now)
    stop = threading.Event()
    stop_when_seen(other, stop)
    engine.follow(seconds=60, stop=stop)
    assert Generation.objects.get(pk=other.pk).polls == 2


def stop_when_seen(row: Generation, stop: threading.Event) -> None:
    """Stop as soon as this row was looked at."""

    def watch() -> None:
        try:
            while not stop.wait(0.05):
                if Generation.objects.get(pk=row.pk).polls > 1:
                    stop.set()
        finally:
            connections.close_all()

    threading.Thread(target=watch, daemon=True).start()


def test_a_job_of_the_sandbox_is_followed_in_process(settings: LazySettings) -> None:
    account = sandbox.open_account()
    task = created_in(account)
    now = timezone.now()
    row = row_of(acme(), at=now, task_id=task, account=account, next_poll_at=now)
    Generation.objects.filter(pk=row.pk).update(base_url="http://testserver/mock", status="queued")
    assert engine.round(now) == 1
    found = Generation.objects.get(pk=row.pk)
    assert (found.state, found.polls, found.lease) == (State.ACTIVE, 2, "")
    assert found.digest
    engine.round(now + timedelta(minutes=1))
    assert Generation.objects.get(pk=row.pk).polls == 3


def created_in(account: str) -> str:
    """A job in the sandbox, by its task id."""
    from asgiref.sync import async_to_sync

    from debugger.client import api

    upstream = sandbox.upstream_for(account, base_url="http://testserver/mock")
    call = Call(
        operation=operations.get("generations.create"),
        headers={"Idempotency-Key": "engine-1"},
        body={"model": "z-image", "prompt": "A bottle", "params": {}},
    )
    outcome = async_to_sync(api.call)(upstream, call)
    assert outcome.response is not None
    assert outcome.ok, outcome.response.text
    return str(outcome.response.value["id"])


def test_a_submission_without_an_answer_is_sent_again_with_its_key(site: Site) -> None:
    teller = site.tells(lambda _task, _number: job("task_new", "queued"))
    now = timezone.now()
    row = submitted_now(site, "", state="submitting", status="", next_poll_at=now)
    assert engine.round(now) == 1
    found = Generation.objects.get(pk=row.pk)
    assert (found.state, found.task_id) == (State.ACTIVE, "task_new")
    assert teller.asked == {"generations": 1}


def test_a_submission_is_claimed_for_as_long_as_it_may_take(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    now = timezone.now()
    submitted_now(site, "", state="submitting", next_poll_at=now)
    claims.claim(now=now)
    assert claims.claim(now=now + timedelta(seconds=claims.SEND_LEASE - 1)) == []
    assert len(claims.claim(now=now + timedelta(seconds=claims.SEND_LEASE))) == 1
