"""A job is written down before its submission goes out, so that no dead process can lose it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from debugger.client import api
from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.generations import engine, services, tracking
from debugger.generations.models import Generation
from debugger.generations.services import Started
from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend
from tests.canary import canary, find
from tests.cast import acme, browser_of, person, place
from tests.exchanges.rows import run_row
from tests.generations.jobs import NOON
from tests.generations.said import created, refused, silent
from tests.generations.upstream import Upstream, upstream
from tests.keys.deeds import added
from tests.keys.rowbytes import stored_bytes

pytestmark = pytest.mark.django_db
State = Generation.State
CREATE = operations.get("generations.create")
SECOND = timedelta(seconds=1)


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    with upstream() as found:
        settings.RIVYA_BASE_URL = found.base_url
        yield found


@pytest.fixture
def key(there: Upstream) -> ApiKey:
    return added("k", base_url=there.base_url)


def wanted(prompt: str = "60 succeeded") -> api.Call:
    body = {"model": "z-image", "prompt": prompt}
    headers = {"Idempotency-Key": "dash-1"}
    return api.Call(operation=CREATE, headers=headers, body=body, key="k" * 40)


@async_to_sync
async def send(base_url: str, call: api.Call) -> Outcome:
    try:
        return await api.call(api.live_upstream(base_url), call)
    finally:
        await api.close_network()


def hold(key: ApiKey) -> Spend:
    found = spend.hold(
        team=key.team,
        key=key,
        user_id=person("Bob").pk,
        operation=CREATE.id,
        estimated=7,
        idempotency="dash-1",
        body="x",
        now=NOON,
    )
    assert isinstance(found, Spend)
    return found


def started(outcome: Outcome, key: ApiKey, **more: Any) -> Started:
    plain: dict[str, Any] = {"team": key.team, "now": NOON, "key": key, "base_url": key.base_url}
    return Started(outcome=outcome, **plain | more)


def begin(key: ApiKey, call: api.Call | None = None, **more: Any) -> Generation | None:
    unsent = api.unsent(api.live_upstream(key.base_url), call or wanted())
    assert unsent is not None
    return services.begin(started(unsent, key, **more))


def begun(key: ApiKey, **more: Any) -> Generation:
    row = begin(key, **more)
    assert row is not None
    return row


def track(outcome: Outcome, key: ApiKey, row: Generation, **more: Any) -> Generation | None:
    found = services.track(started(outcome, key, begun=row, **more))
    return None if found is None else Generation.objects.get(pk=found.pk)


def rows() -> list[tuple[str, str]]:
    return list(Generation.objects.order_by("id").values_list("state", "task_id"))


def kinds(row: Generation) -> list[str]:
    return list(row.moments.order_by("number").values_list("kind", flat=True))


def test_a_process_that_dies_after_sending_leaves_a_job_that_is_followed(
    there: Upstream, key: ApiKey
) -> None:
    held = hold(key)
    row = begun(key, spend=held)
    assert send(there.base_url, wanted()).ok
    assert engine.round(NOON + 80 * SECOND) == 0, "the request may still be open"
    assert engine.round(NOON + 120 * SECOND) == 1
    row.refresh_from_db()
    held.refresh_from_db()
    assert (row.state, row.task_id, row.exchange) == (State.ACTIVE, "task_1", None)
    assert (there.sent["dash-1"], there.made["dash-1"], len(there.tasks)) == (2, 1, 1)
    assert kinds(row) == ["sent", "resent", "answered"]
    assert Spend.objects.count() == 1
    assert (held.state, held.made, held.credits) == ("reserved", "task_1", Decimal(5))


def test_a_process_that_dies_before_sending_has_its_request_sent(
    there: Upstream, key: ApiKey
) -> None:
    row = begun(key)
    assert engine.round(NOON + 120 * SECOND) == 1
    row.refresh_from_db()
    assert (row.state, row.task_id) == (State.ACTIVE, "task_1")
    assert there.made["dash-1"] == 1


def test_the_answer_gives_the_row_its_job(there: Upstream, key: ApiKey) -> None:
    run, row = run_row(acme()), begun(key, title="A bottle")
    assert (row.state, row.lease, row.submitted_at <= NOON) == ("submitting", "under way", True)
    found = track(send(there.base_url, wanted()), key, row, exchange=run)
    assert found is not None
    assert (found.pk, found.state, found.task_id) == (row.pk, State.ACTIVE, "task_1")
    assert (found.exchange, found.title, found.reserved) == (run, "A bottle", Decimal(5))
    assert (found.request_text, found.lease) == ("", "")
    assert kinds(found) == ["sent", "answered"]
    assert found.moments.get(kind="sent").payload == '{"model":"z-image","prompt":"60 succeeded"}'


def test_a_job_that_has_ended_with_its_first_answer_ends_its_row(key: ApiKey) -> None:
    row = track(created(status="succeeded", mode=Mode.LIVE), key, begun(key))
    assert row is not None
    assert (row.state, row.next_poll_at) == (State.SUCCEEDED, None)
    assert kinds(row) == ["sent", "answered", "ended", "settled"]


def test_a_refusal_takes_the_row_away(key: ApiKey) -> None:
    refusal = refused(402, "insufficient_credits", operation=CREATE.id, mode=Mode.LIVE)
    assert track(refusal, key, begun(key)) is None
    assert rows() == []


def test_a_refusal_leaves_an_earlier_try_to_its_own_schedule(key: ApiKey) -> None:
    earlier = track(silent(mode=Mode.LIVE), key, begun(key))
    assert earlier is not None
    refusal = refused(402, "insufficient_credits", operation=CREATE.id, mode=Mode.LIVE)
    assert track(refusal, key, begun(key)) is None
    assert Generation.objects.get() == earlier


def test_a_lost_answer_is_asked_for_again_soon(there: Upstream, key: ApiKey) -> None:
    call = wanted("60 succeeded lost")
    row = begun(key, call=call)
    found = track(send(there.base_url, call), key, row, exchange=run_row(acme()))
    assert found is not None
    assert (found.pk, found.state, found.lease) == (row.pk, State.SUBMITTING, "")
    assert found.exchange is not None
    assert engine.round(NOON + 5 * SECOND) == 1
    found.refresh_from_db()
    assert (found.state, found.task_id) == (State.ACTIVE, "task_1")
    assert len(there.tasks) == 1


def test_a_persons_retry_gives_its_job_to_the_row_that_waited(key: ApiKey) -> None:
    waiting = track(silent(mode=Mode.LIVE), key, begun(key))
    row = track(created(mode=Mode.LIVE), key, begun(key))
    assert row == waiting
    assert rows() == [(State.ACTIVE, "task_1")]


def test_two_tries_that_both_get_lost_are_one_row(key: ApiKey) -> None:
    first = track(silent(mode=Mode.LIVE), key, begun(key))
    assert track(silent(mode=Mode.LIVE), key, begun(key)) == first
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_double_click_ends_as_one_row_and_one_job(
    order: tuple[int, int], there: Upstream, key: ApiKey
) -> None:
    both = [begun(key), begun(key)]
    outcomes = [send(there.base_url, wanted()) for _ in both]
    found = {track(outcomes[each], key, both[each]) for each in order}
    assert len(found) == 1
    assert rows() == [(State.ACTIVE, "task_1")]
    assert len(there.tasks) == 1


def test_a_refused_click_takes_nothing_from_the_one_that_is_open(key: ApiKey) -> None:
    first, second = begun(key), begun(key)
    conflict = refused(409, "idempotency_conflict", operation=CREATE.id, mode=Mode.LIVE)
    assert track(conflict, key, second) is None
    assert Generation.objects.get() == first
    assert track(created(mode=Mode.LIVE), key, first) == first


def test_a_replayed_answer_ends_in_the_row_that_has_the_job(key: ApiKey) -> None:
    first = track(created(mode=Mode.LIVE), key, begun(key))
    assert track(created(mode=Mode.LIVE), key, begun(key)) == first
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("waits", [False, True])
def test_an_answer_that_was_quicker_has_the_row(
    waits: bool, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = track(created(mode=Mode.LIVE), key, begun(key))
    if waits:
        track(silent(mode=Mode.LIVE), key, begun(key))
    known, asked = tracking._known, iter([None])

    def late(run: Started, task_id: str) -> Generation | None:
        return next(asked, known(run, task_id))

    monkeypatch.setattr(tracking, "_known", late)
    assert track(created(mode=Mode.LIVE), key, begun(key)) == first
    assert sorted(rows()) == [(State.ACTIVE, "task_1")] + [(State.SUBMITTING, "")] * waits


def test_an_answer_that_comes_after_the_engines_own_brings_the_run_along(
    there: Upstream, key: ApiKey
) -> None:
    row, run = begun(key), run_row(acme())
    outcome = send(there.base_url, wanted())
    assert engine.round(NOON + 120 * SECOND) == 1
    found = track(outcome, key, row, exchange=run)
    assert found is not None
    assert (found.pk, found.task_id, found.exchange) == (row.pk, "task_1", run)
    assert Generation.objects.count() == 1


def test_a_late_refusal_leaves_what_the_engine_has_sent_again(key: ApiKey) -> None:
    row = begun(key)
    Generation.objects.filter(pk=row.pk).update(lease="0123456789abcdef")
    refusal = refused(402, "insufficient_credits", operation=CREATE.id, mode=Mode.LIVE)
    assert track(refusal, key, row) is None
    assert Generation.objects.filter(pk=row.pk).exists()


def test_nobody_hurries_a_request_that_is_open(key: ApiKey) -> None:
    row = begun(key)
    services.look_now(place("Bob", acme()), row, now=NOON)
    services.follow(place("Bob", acme()), row, now=NOON)
    assert Generation.objects.get().next_poll_at == row.next_poll_at


@pytest.mark.django_db(transaction=True)
def test_a_request_that_holds_a_secret_has_no_row_before_it_is_sent(key: ApiKey) -> None:
    typed = canary("begun")
    assert begin(key, wanted(f"60 succeeded {typed}")) is None
    assert begin(key, wanted(f"60 succeeded {'k' * 40}")) is None
    keyed = replace(wanted(), headers={"Idempotency-Key": typed})
    assert begin(key, keyed) is None
    assert rows() == []
    assert find(stored_bytes(), typed) == []


@pytest.mark.parametrize(
    "call",
    [
        replace(wanted(), headers={}),
        replace(wanted(), operation=operations.get("chat.create")),
    ],
    ids=["no idempotency key", "no job"],
)
def test_what_could_not_be_sent_again_has_no_row_before(call: api.Call, key: ApiKey) -> None:
    assert begin(key, call) is None


def test_a_pasted_key_has_no_row_before(key: ApiKey) -> None:
    unsent = api.unsent(api.live_upstream(key.base_url), wanted())
    assert unsent is not None
    assert services.begin(replace(started(unsent, key, pasted=True), key=None)) is None


def test_what_cannot_be_sent_at_all_is_no_request() -> None:
    call = replace(wanted(), headers={"Idempotency-Key": "a\nb"})
    assert api.unsent(api.live_upstream("https://rivya.ai"), call) is None


def test_the_pages_show_a_job_without_a_run_as_one_that_is_being_sent(key: ApiKey) -> None:
    row = begun(key, title="A bottle")
    board = browser_of("Vera").get("/t/acme/generations/")
    page = browser_of("Vera").get(f"/t/acme/generations/{row.name}/")
    for answer in (board, page):
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "Sending" in text
        assert "Sending again" not in text
