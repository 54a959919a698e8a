"""The balance before and after a job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from debugger.generations import balances
from debugger.generations.balances import Reading
from debugger.generations.models import Generation, Moment
from debugger.keys.models import ApiKey, Spend
from debugger.sandbox import services as sandbox
from tests.canary import canary
from tests.cast import acme, new_key, person
from tests.generations.jobs import NOON, failed, job, succeeded
from tests.panels.live import Recorder, recording, stored

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(seconds=20)


@pytest.fixture
def upstream(settings: Any) -> Iterator[Recorder]:
    """An API that holds 77 credits and remembers who asked."""
    with recording() as recorder:
        settings.RIVYA_DASH_MORE_BASE_URLS = [recorder.base_url]
        yield recorder


def live(key: ApiKey, **facts: Any) -> Generation:
    """A live job of this key that ended twelve seconds past noon."""
    plain: dict[str, Any] = {"mode": "live", "account": "", "base_url": key.base_url, "key": key}
    return succeeded(acme(), **plain | facts)


def mock(**facts: Any) -> Generation:
    """A job of the sandbox whose balance was read before."""
    plain: dict[str, Any] = {"account": sandbox.open_account(), "balance_before": Decimal(50)}
    return succeeded(acme(), **plain | facts)


def held(key: ApiKey, at: datetime, **facts: Any) -> Spend:
    plain = {"team": acme(), "key": key, "user_id": 1, "operation": "generations.create"}
    plain |= {"day": at.date(), "held_at": at, "estimated": Decimal(1), "credits": Decimal(1)}
    return Spend.objects.create(**plain | facts)


def before(key: ApiKey | None = None, *, now: datetime = NOON, **facts: Any) -> Reading | None:
    user_id = person("Bob").pk
    return async_to_sync(balances.before)(key=key, user_id=user_id, now=now, **facts)


# -- After -----------------------------------------------------------------------------------------


def test_the_balance_after_a_live_job_is_read_once_with_its_key(upstream: Recorder) -> None:
    secret = new_key()
    mine = live(stored(acme(), secret, base_url=upstream.base_url))
    assert balances.read_due(SOON) == 1
    assert balances.read_due(SOON + timedelta(seconds=2)) == 0
    assert upstream.keys == [f"Bearer {secret}"]
    mine.refresh_from_db()
    assert (mine.balance_after, mine.balance_after_at) == (Decimal(77), SOON)
    assert (mine.lease, mine.version, mine.changed_at) == ("", 4, SOON)
    told = mine.moments.get()
    assert (told.kind, told.facts) == ("balance", {"credits": "77.00", "when": "after"})


def test_the_key_learns_the_balance_too(upstream: Recorder) -> None:
    key = stored(acme(), new_key(), base_url=upstream.base_url)
    live(key)
    balances.read_due(SOON)
    key.refresh_from_db()
    assert (key.balance, key.balance_at) == (Decimal(77), SOON)


def test_one_question_serves_all_jobs_of_a_key(upstream: Recorder) -> None:
    key = stored(acme(), new_key(), base_url=upstream.base_url)
    for number in range(5):
        live(key, at=NOON + timedelta(milliseconds=number))
    assert balances.read_due(SOON) == 5
    assert len(upstream.asked) == 1


def test_a_job_whose_key_was_replaced_is_asked_for_with_the_new_one(upstream: Recorder) -> None:
    secret = new_key("n")
    new = stored(acme(), secret, base_url=upstream.base_url)
    over = {"retire_at": NOON, "replaced_by": new}
    live(stored(acme(), new_key("o"), base_url=upstream.base_url, **over))
    assert balances.read_due(SOON) == 1
    assert upstream.keys == [f"Bearer {secret}"]


def test_a_key_is_not_sent_to_another_address_than_its_job_s(upstream: Recorder) -> None:
    key = stored(acme(), new_key(), base_url=upstream.base_url)
    live(key, base_url="https://rivya.ai")
    assert balances.read_due(SOON) == 0
    assert upstream.asked == []


def test_the_balance_after_a_mock_job_is_its_sandbox_s() -> None:
    mine = mock()
    assert balances.read_due(SOON) == 1
    mine.refresh_from_db()
    assert mine.balance_after is not None
    assert mine.balance_after > 0


@pytest.mark.parametrize(
    "facts",
    [
        {"balance_before": None},
        {"account": "swept away"},
        {"ended_at": SOON - timedelta(minutes=11)},
        {"ended_at": SOON + timedelta(seconds=1)},
        {"balance_after": Decimal(3), "balance_after_at": NOON},
        {"mode": "live", "account": "", "key": None},
        {"state": "active", "ended_at": None},
    ],
)
def test_no_balance_is_read_where_it_would_tell_nothing(facts: dict[str, Any]) -> None:
    mine = mock(**facts)
    kept = mine.balance_after
    assert balances.read_due(SOON) == 0
    mine.refresh_from_db()
    assert mine.balance_after == kept
    assert not mine.moments.exists()


def test_a_row_that_somebody_asks_for_is_left_alone_for_a_minute() -> None:
    mine = mock(lease=f"balance:{int(SOON.timestamp())}")
    assert balances.read_due(SOON + timedelta(seconds=50)) == 0
    assert balances.read_due(SOON + timedelta(seconds=61)) == 1
    mine.refresh_from_db()
    assert mine.lease == ""


def test_a_mark_of_whoever_polled_last_stops_nobody() -> None:
    mock(lease="4f1c0de2a9")
    assert balances.read_due(SOON) == 1


def test_two_workers_that_meet_write_one_balance_and_one_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = mock()
    real = balances._stored

    def late(*arguments: Any) -> int:
        # Another worker was faster: it took the row a minute later, as if this one were dead.
        Generation.objects.filter(pk=mine.pk).update(
            balance_after=Decimal(9), balance_after_at=SOON
        )
        return real(*arguments)

    monkeypatch.setattr(balances, "_stored", late)
    assert balances.read_due(SOON) == 0
    mine.refresh_from_db()
    assert mine.balance_after == Decimal(9)
    assert not Moment.objects.filter(generation=mine).exists()


def test_an_api_that_does_not_answer_is_asked_again_a_minute_later(settings: Any) -> None:
    with recording() as gone:
        settings.RIVYA_DASH_MORE_BASE_URLS = [gone.base_url]
        key = stored(acme(), new_key(), base_url=gone.base_url)
    mine = live(key)
    assert balances.read_due(SOON) == 0
    mine.refresh_from_db()
    assert mine.balance_after is None
    assert balances.read_due(SOON + timedelta(seconds=10)) == 0
    assert mine.lease.startswith("balance:")


def test_a_failed_job_s_balance_is_read_too() -> None:
    failed(acme(), account=sandbox.open_account(), balance_before=Decimal(50))
    assert balances.read_due(SOON) == 1


def test_nothing_to_read_costs_one_statement(django_assert_num_queries: Any) -> None:
    job(acme())
    with django_assert_num_queries(1):
        assert balances.read_due(SOON) == 0


def test_no_key_reaches_a_row(upstream: Recorder) -> None:
    secret = canary("balances")
    mine = live(stored(acme(), secret, base_url=upstream.base_url))
    balances.read_due(SOON)
    rows = [*Generation.objects.values(), *mine.moments.values(), *ApiKey.objects.values()]
    assert not any(secret[8:30] in str(row) for row in rows)


# -- Before ----------------------------------------------------------------------------------------


def test_a_fresh_balance_is_taken_from_the_key_s_row(upstream: Recorder) -> None:
    secret = new_key()
    at = NOON - timedelta(seconds=59)
    key = stored(acme(), secret, base_url=upstream.base_url, balance=Decimal(40), balance_at=at)
    held(key, NOON - timedelta(hours=2), state="final", settled_at=NOON - timedelta(hours=1))
    assert before(key, secret=secret) == Reading(credits=Decimal(40), at=at)
    assert upstream.asked == []


def test_an_old_balance_is_read_anew_and_learned(upstream: Recorder) -> None:
    secret = new_key()
    old = {"balance": Decimal(40), "balance_at": NOON - timedelta(seconds=61)}
    key = stored(acme(), secret, base_url=upstream.base_url, **old)
    assert before(key, secret=secret) == Reading(credits=Decimal(77), at=NOON)
    key.refresh_from_db()
    assert key.balance == Decimal(77)


@pytest.mark.parametrize(
    "facts",
    [
        {"at": NOON - timedelta(seconds=3)},
        {"at": NOON - timedelta(minutes=9), "settled_at": NOON, "state": "final"},
        {"at": NOON - timedelta(minutes=9), "state": "reserved"},
    ],
)
def test_a_balance_is_read_anew_when_something_was_spent_since(
    upstream: Recorder, facts: dict[str, Any]
) -> None:
    secret = new_key()
    fresh = {"balance": Decimal(40), "balance_at": NOON - timedelta(seconds=30)}
    key = stored(acme(), secret, base_url=upstream.base_url, **fresh)
    held(key, facts.pop("at"), **facts)
    assert before(key, secret=secret) == Reading(credits=Decimal(77), at=NOON)


def test_a_sandbox_account_tells_its_balance() -> None:
    found = before(account=sandbox.open_account())
    assert found is not None
    assert found.credits > 0


def test_a_balance_that_nobody_tells_is_unknown(settings: Any) -> None:
    with recording() as gone:
        settings.RIVYA_DASH_MORE_BASE_URLS = [gone.base_url]
    secret = new_key()
    assert before(stored(acme(), secret, base_url=gone.base_url), secret=secret) is None
    assert before(account="never opened") is None


def test_of_a_pasted_key_no_balance_is_read() -> None:
    assert before(None, secret=new_key()) is None
