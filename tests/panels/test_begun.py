"""A job of a team is written down before it is sent: a process that dies loses none."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone

from debugger.client import api
from debugger.exchanges import services as exchanges
from debugger.exchanges.models import Exchange
from debugger.generations import engine
from debugger.generations import services as generations
from debugger.generations.models import Generation
from debugger.panels import keeping
from tests.canary import canary
from tests.cast import acme, new_key
from tests.generations.upstream import upstream
from tests.panels.live import BOTTLE, Person, stored

pytestmark = pytest.mark.django_db
State = Generation.State
FORM = {"mode": "mock", "editor": "form", "nonce": "n" * 16, **BOTTLE}
RUN = "/t/acme/panels/generations.create/run"


class KilledError(BaseException):
    """The process ends here, as far as the run is concerned."""


def killed(*_given: object, **_more: object) -> None:
    raise KilledError


def seen_when_sent(monkeypatch: pytest.MonkeyPatch) -> list[list[Generation]]:
    """The rows that are there at the moment at which each run goes out."""
    found: list[list[Generation]] = []
    call = api.call

    async def sent(*given: Any, **more: Any) -> Any:
        if not more:  # The balance is asked for in less time than a run has.
            found.append([row async for row in Generation.objects.all()])
        return await call(*given, **more)

    monkeypatch.setattr(api, "call", sent)
    return found


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_dies_ends_as_one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    acme()
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "remember", killed)
        with pytest.raises(KilledError):
            Person("Bob").run("generations.create", **BOTTLE)
    job = Generation.objects.get()
    assert (job.state, job.task_id, job.title) == (State.SUBMITTING, "", "A bottle")
    assert job.balance_before is not None
    assert job.estimated is not None
    assert engine.round(now=timezone.now() + timedelta(seconds=30)) == 0
    assert engine.round(now=timezone.now() + timedelta(minutes=2)) == 1
    job.refresh_from_db()
    assert (job.state, bool(job.task_id), job.exchange) == (State.ACTIVE, True, None)
    assert "Replayed" not in Person("Bob").run("generations.create", **BOTTLE)
    again = Generation.objects.get()
    assert (again.pk, again.task_id) == (job.pk, job.task_id)


@pytest.mark.django_db(transaction=True)
def test_a_live_run_whose_process_dies_ends_as_one_job(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with upstream() as there:
        settings.RIVYA_BASE_URL = there.base_url
        key = stored(acme(), new_key(), base_url=there.base_url)
        with monkeypatch.context() as patched:
            patched.setattr(keeping, "remember", killed)
            bottle = BOTTLE | {"body/prompt": "60 succeeded"}
            with pytest.raises(KilledError):
                Person("Bob").run("generations.create", key, **bottle, anyway="1")
        job = Generation.objects.get()
        assert job.spend is not None
        assert engine.round(now=timezone.now() + timedelta(minutes=2)) == 1
        assert list(there.made.values()) == [1]
    job.refresh_from_db()
    assert (job.state, job.task_id, job.key) == (State.ACTIVE, "task_1", key)
    assert job.spend is not None
    assert (job.spend.state, job.spend.made) == ("reserved", "task_1")


@pytest.mark.django_db(transaction=True)
def test_a_job_is_there_when_its_request_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    acme()
    there = seen_when_sent(monkeypatch)
    Person("Bob").run("generations.create", **BOTTLE)
    job = Generation.objects.get()
    ((row,),) = there
    assert (row.pk, row.lease, row.idempotency_key) == (job.pk, "under way", job.idempotency_key)
    assert '"prompt":"A bottle"' in row.request_text
    assert (job.exchange, job.state) == (Exchange.objects.get(), State.ACTIVE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fields",
    [
        {"body/prompt": canary("prompt")},
        {"idempotency_key": canary("key")},
        {"editor": "json", "json": '{"prompt": "' + canary("text")},
    ],
    ids=["prompt", "key", "text"],
)
def test_what_holds_a_secret_is_not_written_down_before(
    fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme()
    there = seen_when_sent(monkeypatch)
    Person("Bob").run("generations.create", **BOTTLE | fields, anyway="1")
    assert there == [[]]


@pytest.mark.django_db(transaction=True)
def test_what_a_visitor_or_another_operation_sends_is_not_written_down_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme()
    there = seen_when_sent(monkeypatch)
    Client(headers={"hx-request": "true"}).post("/panels/generations.create/run", FORM)
    Person("Vera").run("credits.retrieve")
    assert there == [[], []]


def test_a_refused_run_leaves_no_job() -> None:
    acme()
    Person("Bob").run("generations.create", **BOTTLE, scenario="rate-limited")
    assert Exchange.objects.get().status == 429
    assert not Generation.objects.exists()


@pytest.mark.parametrize("scenario", ["happy", "rate-limited"])
def test_a_job_has_its_answer_although_its_run_could_not_be_stored(
    scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme()

    def fails(_run: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(exchanges, "record", fails)
    Person("Bob").run("generations.create", **BOTTLE, scenario=scenario)
    states = list(Generation.objects.values_list("state", flat=True))
    assert states == ([State.ACTIVE] if scenario == "happy" else [])


def test_a_run_is_sent_although_its_job_could_not_be_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme()

    def fails(_started: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(generations, "begin", fails)
    assert "HTTP 202" in Person("Bob").run("generations.create", **BOTTLE)
    assert Generation.objects.get().state == State.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_a_browser_that_goes_away_between_the_row_and_the_request_loses_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme()
    bob, begun, gone, begin = Person("Bob"), threading.Event(), threading.Event(), keeping.begin

    def slowly(*given: Any, **more: Any) -> Any:
        row = begin(*given, **more)
        begun.set()
        gone.wait(20)
        return row

    monkeypatch.setattr(keeping, "begin", slowly)

    async def scene() -> None:
        client = AsyncClient(headers={"hx-request": "true"})
        client.cookies = bob.browser.cookies
        run = asyncio.create_task(client.post(RUN, FORM))
        await asyncio.to_thread(begun.wait, 20)
        run.cancel()
        gone.set()
        with pytest.raises(asyncio.CancelledError):
            await run

    async_to_sync(scene)()
    job = Generation.objects.get()
    assert (job.state, job.exchange) == (State.ACTIVE, Exchange.objects.get())
