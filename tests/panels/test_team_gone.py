"""A browser that goes away in the middle of a live run, and what is not held meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings as site_settings
from django.db import connection
from django.test import AsyncClient

from debugger.client.api import Finished
from debugger.client.outcome import Failure, FailureKind, Mode, Outcome, RequestSnapshot, Timings
from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation
from debugger.keys.models import KeyUse, Spend
from debugger.panels.patience import unbroken
from tests.cast import acme, new_key
from tests.panels.live import BOTTLE, Person, stored, token

CHAT = {"body/model": "gpt-5-2-chat", "body/message": "Say hello"}


def test_work_that_was_begun_is_finished_before_the_cancellation_goes_on() -> None:
    done: list[str] = []

    async def scene() -> None:
        may_end = asyncio.Event()

        async def work() -> None:
            await may_end.wait()
            done.append("written")

        waiting = asyncio.create_task(unbroken(work()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scene())
    assert done == ["written"]


@pytest.mark.django_db(transaction=True)
def test_no_connection_to_the_database_is_held_while_a_stream_flows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_ones: list[bool] = []

    async def flowing(*_arguments: Any) -> AsyncIterator[Finished]:
        open_ones.append(await sync_to_async(lambda: connection.connection is not None)())
        yield Finished(
            outcome=Outcome(
                operation_id="chat.stream",
                mode=Mode.LIVE,
                request=RequestSnapshot(method="POST", url="https://rivya.ai/", headers=()),
                response=None,
                timings=Timings(),
                failure=Failure(kind=FailureKind.UNREACHABLE),
            )
        )

    monkeypatch.setattr("debugger.panels.stream.api.stream", flowing)
    key = stored(acme(), new_key(), base_url=site_settings.RIVYA_BASE_URL)
    bob = Person("Bob")
    armed = token(bob.browser, "Bob", key.public_id)
    live = {"mode": "live", "key_choice": key.public_id, "armed": armed, "nonce": "n" * 16}
    for how in (live, {"mode": "mock"}):
        status, events = bob.post("chat.stream/stream", how | CHAT)
        assert (status, "event: done" in events) == (200, True)
    assert open_ones == [False, False]
    assert Spend.objects.get().state == Spend.State.RELEASED, "nothing was reached"


@pytest.fixture
def silent() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """An upstream that is asked and says nothing: its address, asked, and may end."""
    asked, may_end = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            may_end.wait(20)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked, may_end
    may_end.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.django_db(transaction=True)
def test_what_may_have_been_charged_stays_held_when_the_browser_goes_away(
    silent: tuple[str, threading.Event, threading.Event], settings: Any
) -> None:
    settings.RIVYA_BASE_URL, asked, may_end = silent
    key = stored(acme(), new_key(), base_url=settings.RIVYA_BASE_URL)
    bob = Person("Bob")
    data = {"mode": "live", "editor": "form", "nonce": "n" * 16, "key_choice": key.public_id}
    data |= {"armed": token(bob.browser, "Bob", key.public_id), **BOTTLE}

    async def scene() -> None:
        client = AsyncClient(headers={"hx-request": "true"})
        client.cookies = bob.browser.cookies
        run = asyncio.create_task(client.post("/t/acme/panels/generations.create/run", data))
        await asyncio.to_thread(asked.wait, 20)
        run.cancel()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await run

    async_to_sync(scene)()
    assert Spend.objects.get().state == Spend.State.HELD
    assert KeyUse.objects.get().operation == "generations.create"
    assert Exchange.objects.get().failed
    assert Generation.objects.get().state == Generation.State.SUBMITTING, "asked for once more"
