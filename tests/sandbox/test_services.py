"""Visitors get an account at their first mock run, keep it by a signed cookie, and are swept."""

from __future__ import annotations

import io
import time
from contextlib import aclosing

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.http import HttpResponse

from debugger.client.api import Call, FrameArrived, Upload, call, stream
from debugger.client.emulation import Request
from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.sandbox import services, tasks
from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxRecord

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "http://dash.example/mock"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
HOUR = 3600.0


def run(account: str, operation: str, scenario: str | None = None, **parts: object) -> Outcome:
    upstream = services.upstream_for(account, base_url=BASE, scenario=scenario)
    request = Call(operation=operations.get(operation), **parts)  # type: ignore[arg-type]
    return async_to_sync(call)(upstream, request)


def test_looking_around_opens_no_account() -> None:
    assert services.known_account(None) is None
    assert SandboxAccount.objects.count() == 0


def test_the_first_run_opens_an_account_and_asks_for_a_cookie() -> None:
    visit = services.account_for(None)
    assert visit.cookie is not None
    assert SandboxAccount.objects.get().pk == visit.account
    response = HttpResponse()
    response.set_cookie(**visit.cookie.arguments(secure=True))
    morsel = response.cookies[services.COOKIE_NAME]
    assert (morsel["httponly"], morsel["secure"], morsel["samesite"]) == (True, True, "Lax")
    again = services.account_for(morsel.value)
    assert (again.account, again.cookie) == (visit.account, None)


@pytest.mark.parametrize("token", ["", "acct_forged", "acct_forged:x", "a\0b:c", "x" * 5000])
def test_a_forged_cookie_is_nobodys(token: str) -> None:
    services.account_for(None)
    assert services.known_account(token) is None


def test_an_unsigned_id_of_a_real_account_opens_nothing() -> None:
    visit = services.account_for(None)
    assert services.known_account(visit.account) is None
    other = services.account_for(visit.account)
    assert other.account != visit.account


def test_a_swept_visitor_gets_a_new_account() -> None:
    token = services.token_of("acct_swept_long_ago")
    visit = services.account_for(token)
    assert visit.account != "acct_swept_long_ago"
    assert visit.cookie is not None


def test_a_run_is_kept_in_rows_and_seen_by_the_next() -> None:
    account = services.account_for(None).account
    made = run(account, "generations.create", body={"model": "z-image", "prompt": "A lamp"})
    assert made.ok, made.failure
    assert made.mode is Mode.MOCK
    assert made.response is not None
    found = run(account, "generations.retrieve", path={"taskId": made.response.value["id"]})
    assert found.ok
    credits = run(account, "credits.retrieve")
    assert credits.response is not None
    assert credits.response.value == {"current_credits": 999}


def test_two_visitors_do_not_see_each_other() -> None:
    alice, bob = services.account_for(None).account, services.account_for(None).account
    made = run(alice, "generations.create", body={"model": "z-image", "prompt": "A lamp"})
    assert made.response is not None
    path = {"taskId": made.response.value["id"]}
    refused = run(bob, "generations.retrieve", path=path)
    assert refused.failure is not None
    assert refused.failure.code == "not_found"


def test_a_scenario_is_played() -> None:
    account = services.account_for(None).account
    refused = run(account, "credits.retrieve", scenario="key-revoked")
    assert refused.failure is not None
    assert refused.failure.code == "api_key_revoked"


def test_an_uploaded_file_is_served_under_the_base_address() -> None:
    account = services.account_for(None).account
    upload = Upload(
        filename="a.png",
        content_type="image/png",
        file=io.BytesIO(PNG),
        size=len(PNG),
        fields={"kind": "image"},
    )
    made = run(account, "files.create", upload=upload)
    assert made.ok, made.failure
    assert made.response is not None
    url = made.response.value["url"]
    assert url.startswith(f"{BASE}/media/")
    path = url.removeprefix(BASE)
    served = async_to_sync(services.handle)(Request(method="GET", path=path, base_url=BASE))
    assert served.status == 200
    assert b"".join(chunk.data for chunk in served.chunks) == PNG


@pytest.mark.parametrize("text", ["nul \0 byte", "half \ud800 pair"])
def test_hostile_text_reaches_the_rows_and_comes_back(text: str) -> None:
    account = services.account_for(None).account
    made = run(account, "generations.create", body={"model": "z-image", "prompt": text})
    assert made.failure is None or made.failure.code == "validation_failed"
    absent = run(account, "files.retrieve", path={"fileId": text.replace("\ud800", "\0")})
    assert absent.failure is not None
    assert absent.failure.code == "not_found"


def test_the_sweep_takes_what_was_left_for_two_days_with_all_its_rows() -> None:
    old, young = services.account_for(None).account, services.account_for(None).account
    run(old, "generations.create", body={"model": "z-image", "prompt": "A lamp"})
    now = time.time()
    SandboxAccount.objects.filter(pk=old).update(touched_at=now - 49 * HOUR)
    SandboxAccount.objects.filter(pk=young).update(touched_at=now - 47 * HOUR)
    SandboxBlob.objects.create(account_id=old, key="k", data=b"x")
    assert services.sweep(now=now) == 1
    assert list(SandboxAccount.objects.values_list("pk", flat=True)) == [young]
    assert not SandboxRecord.objects.filter(account_id=old).exists()
    assert not SandboxBlob.objects.exists()
    assert services.sweep(now=now) == 0


def test_the_sweep_goes_in_batches_oldest_first() -> None:
    now = 1_000_000.0
    for age in (50, 52, 51):
        SandboxAccount.objects.create(
            pk=f"a{age}", created_at=now, touched_at=now - age * HOUR, wake_at=None
        )
    assert services.sweep(now=now, limit=2) == 2
    assert list(SandboxAccount.objects.values_list("pk", flat=True)) == ["a50"]
    assert services.sweep_all(now=now) == 1


def test_the_task_sweeps() -> None:
    SandboxAccount.objects.create(pk="old", created_at=0, touched_at=0)
    assert tasks.sweep() == 1


def test_a_stream_that_is_still_being_read_holds_no_database_connection() -> None:
    opened: list[bool] = []

    async def turn() -> None:
        visit = await services.visit(None)
        upstream = services.upstream_for(visit.account, base_url=BASE)
        body = {"model": "gpt-5-2-chat", "message": "Hello"}
        request = Call(operation=operations.get("chat.stream"), body=body)
        async with aclosing(stream(upstream, request)) as items:
            async for item in items:
                if isinstance(item, FrameArrived):
                    opened.append(await sync_to_async(_is_open)())
                    return

    async_to_sync(turn)()
    assert opened == [False]


def _is_open() -> bool:
    return connection.connection is not None


def test_a_key_that_was_typed_into_a_prompt_is_in_no_row() -> None:
    key = "rvya_sk_" + "q" * 32
    account = services.account_for(None).account
    body = {"model": "z-image", "prompt": f"A lamp {key}", "client_request_id": key}
    made = run(account, "generations.create", body=body, headers={"Idempotency-Key": key})
    assert made.ok, made.failure
    kept = SandboxRecord.objects.values_list("kind", "key", "value")
    assert kept
    assert key not in str(list(kept))
