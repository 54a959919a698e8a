"""A submission whose answer is lost ends as one job, over real connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from debugger.client import api
from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.contract import operations
from debugger.generations import engine, services
from debugger.generations.advance import advanced
from debugger.generations.models import Generation
from debugger.generations.resending import resubmit
from debugger.generations.services import Started
from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend
from tests.canary import canary, find
from tests.cast import acme, person
from tests.generations.jobs import NOON
from tests.generations.said import created, due, look, refused, silent
from tests.generations.upstream import Upstream, upstream
from tests.keys.deeds import added
from tests.keys.purses import a_key
from tests.keys.rowbytes import stored_bytes

pytestmark = pytest.mark.django_db
State = Generation.State
SECOND = timedelta(seconds=1)
CREATE = operations.get("generations.create")


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    with upstream() as found:
        settings.RIVYA_BASE_URL = found.base_url
        yield found


@async_to_sync
async def call(base_url: str, wanted: api.Call) -> Outcome:
    try:
        return await api.call(api.live_upstream(base_url), wanted)
    finally:
        await api.close_network()


def submit(there: Upstream, prompt: str, key: ApiKey, *, idempotency: str = "dash-1") -> Outcome:
    body = {"model": "z-image", "prompt": prompt}
    headers = {"Idempotency-Key": idempotency}
    return call(
        there.base_url, api.Call(operation=CREATE, headers=headers, body=body, key="k" * 40)
    )


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


def track(outcome: Outcome, key: ApiKey, held: Spend | None = None) -> Generation:
    spend.settle(held, outcome=outcome, now=NOON)
    found = services.track(
        Started(
            outcome=outcome,
            team=key.team,
            now=NOON,
            key=key,
            base_url=key.base_url,
            spend=held,
        )
    )
    assert found is not None
    return found


def send_again(row: Generation, *, now: datetime = NOON + SECOND) -> Generation:
    """What the engine does with a row that waits for its answer."""
    row = Generation.objects.get(pk=row.pk)
    Generation.objects.filter(pk=row.pk).update(lease="mine")
    wanted = resubmit(due(row), key="k" * 40, now=now)
    assert wanted is not None
    advanced(due(row), look(call(row.base_url, wanted), at=now), now=now)
    return Generation.objects.get(pk=row.pk)


def answered(row: Generation, outcome: Outcome, *, now: datetime = NOON + SECOND) -> Generation:
    """The same, with an answer from nowhere."""
    row = Generation.objects.get(pk=row.pk)
    Generation.objects.filter(pk=row.pk).update(lease="mine")
    advanced(due(row), look(outcome, at=now), now=now)
    return Generation.objects.filter(pk=row.pk).first() or row


def kinds(row: Generation) -> list[str]:
    return list(row.moments.order_by("number").values_list("kind", flat=True))


def test_an_answer_that_was_swallowed_ends_as_one_job_upstream(there: Upstream) -> None:
    key = a_key(acme(), base_url=there.base_url)
    held = hold(key)
    outcome = submit(there, "60 succeeded lost", key)
    assert outcome.failure is not None
    row = track(outcome, key, held)
    assert row.state == State.SUBMITTING
    row = send_again(row)
    assert (row.state, row.task_id, row.request_text) == (State.ACTIVE, "task_1", "")
    assert kinds(row) == ["sent", "resent", "answered"]
    assert (there.made["dash-1"], there.sent["dash-1"], len(there.tasks)) == (1, 2, 1)
    held.refresh_from_db()
    assert (held.made, held.state, held.credits) == ("task_1", "reserved", Decimal(5))


def test_what_is_sent_again_is_byte_for_byte_the_same(there: Upstream) -> None:
    key = a_key(acme(), base_url=there.base_url)
    row = track(submit(there, "60 succeeded lost", key), key)
    wanted = resubmit(due(row), key="k" * 40, now=NOON)
    assert wanted is not None
    assert json.loads(wanted.raw_body or b"") == {"model": "z-image", "prompt": "60 succeeded lost"}
    assert dict(wanted.headers) == {"Idempotency-Key": "dash-1"}


def test_a_job_that_ended_meanwhile_ends_with_its_late_answer(there: Upstream) -> None:
    key = a_key(acme(), base_url=there.base_url)
    held = hold(key)
    row = send_again(track(submit(there, "0 succeeded lost", key), key, held))
    held.refresh_from_db()
    assert (row.state, row.final) == (State.SUCCEEDED, Decimal(4))
    assert kinds(row) == ["sent", "resent", "answered", "ended", "settled"]
    assert (held.state, held.credits) == (Spend.State.FINAL, Decimal(4))


def test_a_person_who_sends_it_again_at_the_same_time_makes_no_second_row(
    there: Upstream,
) -> None:
    key = a_key(acme(), base_url=there.base_url)
    waiting = track(submit(there, "60 succeeded lost", key), key)
    claimed = due(waiting)
    Generation.objects.filter(pk=waiting.pk).update(lease="mine")
    row = track(submit(there, "60 succeeded lost", key), key)
    assert (row.pk, row.task_id) == (waiting.pk, "task_1")
    advanced(claimed, look(created("task_1", mode=Mode.LIVE)), now=NOON)
    assert Generation.objects.count() == 1
    assert len(there.tasks) == 1


def test_two_rows_that_wait_for_one_job_become_one() -> None:
    key = a_key(acme())
    held = hold(key)
    waiting = track(silent(mode=Mode.LIVE), key, held)
    Generation.objects.filter(pk=waiting.pk).update(idempotency_key="dash-0")
    quicker = track(created(mode=Mode.LIVE), key)
    answered(waiting, created(mode=Mode.LIVE))
    held.refresh_from_db()
    assert list(Generation.objects.values_list("pk", flat=True)) == [quicker.pk]
    assert (held.made, held.state) == ("task_1", "reserved")


def test_a_refusal_of_the_second_try_means_that_the_first_made_nothing() -> None:
    key = a_key(acme())
    held = hold(key)
    row = track(silent(mode=Mode.LIVE), key, held)
    refusal = refused(402, "insufficient_credits", operation=CREATE.id, mode=Mode.LIVE)
    row = answered(row, refusal)
    held.refresh_from_db()
    assert (row.state, row.error_code) == (State.FAILED, "insufficient_credits")
    assert (held.state, held.credits) == (Spend.State.RELEASED, Decimal(0))
    assert "no job was made" in row.reason


@pytest.mark.parametrize(
    "outcome",
    [
        refused(409, "idempotency_conflict", operation=CREATE.id, mode=Mode.LIVE),
        refused(429, "rate_limited", operation=CREATE.id, mode=Mode.LIVE),
        refused(503, "public_api_disabled", operation=CREATE.id, mode=Mode.LIVE),
        silent(mode=Mode.LIVE),
        silent(FailureKind.UNREACHABLE, mode=Mode.LIVE),
        silent(FailureKind.TLS, mode=Mode.LIVE),
    ],
    ids=["conflict", "rate", "down", "timed out", "unreachable", "tls"],
)
def test_what_settles_nothing_is_tried_later_and_lost_at_last(outcome: Outcome) -> None:
    key = a_key(acme())
    held = hold(key)
    row = answered(track(silent(mode=Mode.LIVE), key, held), outcome)
    assert (row.state, row.failures) == (State.SUBMITTING, 1)
    assert row.next_poll_at is not None
    assert row.next_poll_at > NOON + 2 * SECOND
    row = answered(row, outcome, now=NOON + 1801 * SECOND)
    held.refresh_from_db()
    assert (row.state, row.next_poll_at) == (State.LOST, None)
    assert "Nobody knows whether a job was made" in row.reason
    assert held.state == Spend.State.HELD
    assert kinds(row) == ["sent", "resent", "resent", "ended"]


def test_the_number_of_the_last_call_is_said_where_a_submission_is_lost() -> None:
    key = a_key(acme())
    row = track(silent(mode=Mode.LIVE), key)
    late = refused(503, "public_api_disabled", operation=CREATE.id, mode=Mode.LIVE)
    row = answered(row, late, now=NOON + 1801 * SECOND)
    assert row.reason.endswith("Request id: req_1")


def test_a_refused_key_pauses_a_submission_too() -> None:
    key = a_key(acme())
    row = track(silent(mode=Mode.LIVE), key)
    row = answered(row, refused(401, "api_key_revoked", operation=CREATE.id, mode=Mode.LIVE))
    assert (row.state, row.task_id) == (State.PAUSED, "")


def test_nothing_is_sent_again_once_the_api_may_have_forgotten_it() -> None:
    key = a_key(acme())
    row = track(silent(mode=Mode.LIVE), key)
    assert resubmit(due(row), key="k", now=NOON + timedelta(hours=13)) is None
    row.refresh_from_db()
    assert row.state == State.LOST


def test_a_row_that_has_its_job_is_not_sent_again() -> None:
    row = track(created(mode=Mode.LIVE), a_key(acme()))
    assert resubmit(due(row), key="k", now=NOON) is None


def test_the_engine_sends_again_what_was_lost_and_follows_it_to_its_end(there: Upstream) -> None:
    key = added("k", base_url=there.base_url)
    row = track(submit(there, "60 failed lost", key), key)
    assert engine.round(NOON + 5 * SECOND) == 1
    row.refresh_from_db()
    assert (row.state, row.task_id) == (State.ACTIVE, "task_1")
    there.tasks["task_1"].seconds = 0
    assert engine.round(NOON + 15 * SECOND) == 1
    row.refresh_from_db()
    assert (row.state, row.error_code) == (State.FAILED, "generation_failed")
    assert len(there.tasks) == 1
    assert engine.round(NOON + 99 * SECOND) == 0


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_typed_into_a_prompt_is_in_no_row_and_nothing_is_sent_again(
    there: Upstream,
) -> None:
    key, typed = a_key(acme(), base_url=there.base_url), canary("in a prompt")
    row = track(submit(there, f"60 succeeded lost {typed}", key), key)
    assert row.state == State.LOST
    assert "not kept whole" in row.reason
    assert find(stored_bytes(), typed) == []


def test_the_call_that_sends_again_does_not_show_its_key() -> None:
    secret = canary("of the call")
    wanted = resubmit(due(track(silent(mode=Mode.LIVE), a_key(acme()))), key=secret, now=NOON)
    assert wanted is not None
    assert find(repr(wanted), secret) == []
