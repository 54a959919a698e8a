"""What becomes of a run's first answer."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.exchanges import services as history
from debugger.generations import services, tracking
from debugger.generations.models import Generation, Moment, SavedFile
from debugger.generations.services import Started
from debugger.teams.models import Milestone
from tests.cast import acme, person, zenith
from tests.exchanges.rows import run_row
from tests.generations.jobs import NOON
from tests.generations.said import BODY, created, refused, retrieved, silent
from tests.keys.purses import a_key

pytestmark = pytest.mark.django_db
State = Generation.State


def started(outcome: Outcome, **more: Any) -> Started:
    plain: dict[str, Any] = {"team": acme(), "now": NOON, "account": "acct_1"}
    if outcome.mode is Mode.LIVE:
        plain |= {"account": "", "base_url": "https://rivya.ai"}
    return Started(outcome=outcome, **plain | more)


def track(outcome: Outcome, **more: Any) -> Generation:
    found = services.track(started(outcome, **more))
    assert found is not None
    return Generation.objects.get(pk=found.pk)


def kinds(row: Generation) -> list[str]:
    return list(row.moments.order_by("number").values_list("kind", flat=True))


def test_a_job_of_the_sandbox_is_followed_from_its_first_answer() -> None:
    row = track(created(), model="z-image", title="A bottle", estimated=5)
    assert (row.state, row.status, row.task_id) == (State.ACTIVE, "queued", "task_1")
    assert (row.reserved, row.final, row.estimated) == (Decimal(5), None, Decimal(5))
    assert row.category == "image"
    assert row.next_poll_at is not None
    assert NOON < row.next_poll_at < NOON + timedelta(seconds=10)
    assert kinds(row) == ["sent", "answered"]


def test_a_live_job_with_a_stored_key_is_followed_with_it() -> None:
    key = a_key(acme())
    row = track(created(mode=Mode.LIVE), key=key)
    assert (row.state, row.key_id, row.key_label) == (State.ACTIVE, key.pk, "Production")


def test_a_job_of_a_pasted_key_is_looked_at_by_hand_only() -> None:
    row = track(created(mode=Mode.LIVE), pasted=True)
    assert (row.state, row.next_poll_at, row.key) == (State.BY_HAND, None, None)


def test_the_same_job_answered_again_stays_one_row() -> None:
    first = track(created())
    again = track(created())
    assert again.pk == first.pk
    assert Generation.objects.count() == 1
    assert kinds(again) == ["sent", "answered"]


def test_a_replayed_answer_takes_nothing_back() -> None:
    row = track(created())
    Generation.objects.filter(pk=row.pk).update(status="processing")
    assert track(created()).status == "processing"


def test_a_replayed_answer_that_shows_the_end_ends_the_job() -> None:
    track(created())
    row = track(created(status="succeeded"))
    assert (row.state, row.final) == (State.SUCCEEDED, Decimal(4))


def test_the_same_id_in_another_team_is_another_job() -> None:
    first = track(created())
    other = track(created(), team=zenith())
    assert first.pk != other.pk


def test_one_sandbox_is_the_same_place_under_every_address_of_this_site() -> None:
    first = track(created(), base_url="http://127.0.0.1:8000/mock")
    assert track(created(), base_url="http://localhost:8000/mock").pk == first.pk


def test_an_answer_that_is_final_already_ends_at_once() -> None:
    run = run_row(acme())
    row = track(created(status="succeeded"), exchange=run, user_id=person("Bob").pk)
    run.refresh_from_db()
    assert (row.state, row.ended_at, row.next_poll_at) == (State.SUCCEEDED, NOON, None)
    assert kinds(row) == ["sent", "answered", "ended", "settled"]
    assert (run.reserved, run.final) == (Decimal(5), Decimal(4))
    assert SavedFile.objects.filter(generation=row).count() == 1
    assert Milestone.objects.get(step="polled to end").reached_by_id == person("Bob").pk


def test_an_answer_without_a_status_still_names_a_job() -> None:
    outcome = created()
    assert outcome.response is not None
    outcome.response.value.pop("status")
    row = track(outcome)
    assert (row.task_id, row.status, row.state) == ("task_1", "", State.ACTIVE)


@pytest.mark.parametrize(
    "outcome",
    [
        refused(400, "validation_failed", operation="generations.create"),
        refused(402, "insufficient_credits", operation="generations.create"),
        silent(FailureKind.UNREACHABLE),
        silent(FailureKind.NOT_SENT),
        retrieved(),
    ],
    ids=["refused", "no credits", "unreachable", "not sent", "no submission"],
)
def test_what_made_nothing_leaves_no_row(outcome: Outcome) -> None:
    assert services.track(started(outcome)) is None
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "outcome",
    [
        silent(FailureKind.TIMED_OUT),
        silent(FailureKind.BROKEN),
        refused(500, "internal_error", operation="generations.create"),
    ],
    ids=["timed out", "broken", "server error"],
)
def test_a_lost_answer_is_asked_for_again(outcome: Outcome) -> None:
    row = track(outcome)
    assert (row.state, row.task_id, row.request_text) == (State.SUBMITTING, "", BODY)
    assert row.next_poll_at is not None
    assert row.next_poll_at > NOON
    assert kinds(row) == ["sent"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sent": ""}, "No idempotency key"),
        ({"sent": "[redacted]"}, "No idempotency key"),
        ({"sent": "k" * 256}, "No idempotency key"),
        ({"pasted": True}, "pasted"),
        ({"whole": False}, "not kept whole"),
    ],
)
def test_what_cannot_be_sent_again_safely_is_lost_with_its_reason(
    more: dict[str, Any], words: str
) -> None:
    outcome = silent(mode=Mode.LIVE, key=more.pop("sent", "dash-1"))
    if not more.pop("whole", True):
        object.__setattr__(outcome.request, "intact", False)
    row = track(outcome, **{"key": None if "pasted" in more else a_key(acme())} | more)
    assert (row.state, row.next_poll_at, row.request_text) == (State.LOST, None, "")
    assert words in row.reason
    assert kinds(row) == ["sent", "ended"]


def test_a_double_click_whose_answers_are_both_lost_is_one_row() -> None:
    assert track(silent()).pk == track(silent()).pk


def test_a_persons_retry_finds_the_job_whose_answer_was_lost() -> None:
    lost = track(silent())
    row = track(created())
    assert (row.pk, row.task_id, row.state) == (lost.pk, "task_1", State.ACTIVE)
    assert kinds(row) == ["sent", "answered"]


def test_a_run_whose_answer_was_lost_is_found_by_its_job_afterwards() -> None:
    run = run_row(acme(), idempotency_key="dash-1")
    track(silent(), exchange=run)
    track(created())
    run.refresh_from_db()
    assert (run.made, run.job_status) == ("task_1", "queued")
    wanted = history.narrowed({"q": "task_1"})
    assert list(history.page(acme(), wanted, cursor={}).rows) == [run]


def test_an_answer_that_was_quicker_has_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    first = track(created())
    known = tracking._known
    asked: list[str] = []

    def late(run: Started, task_id: str) -> Generation | None:
        asked.append(task_id)
        return known(run, task_id) if len(asked) > 1 else None

    monkeypatch.setattr(tracking, "_known", late)
    assert track(created()).pk == first.pk
    assert Generation.objects.count() == 1


def test_a_retry_that_gets_lost_adds_no_row_to_the_job_that_is_known() -> None:
    first = track(created(), exchange=run_row(acme(), prompt="x", idempotency_key="dash-1"))
    again = run_row(acme(), prompt="x", idempotency_key="dash-1")
    assert track(silent(), exchange=again).pk == first.pk


def test_a_persons_look_advances_the_row_of_a_pasted_key() -> None:
    row = track(created(mode=Mode.LIVE), pasted=True)
    look = {"mode": "live", "base_url": "https://rivya.ai", "account": ""}
    services.seen(acme(), retrieved(mode=Mode.LIVE), now=NOON + timedelta(seconds=5), **look)
    row.refresh_from_db()
    assert (row.state, row.status, row.polls) == (State.BY_HAND, "processing", 1)
    found = services.seen(
        acme(), retrieved(status="failed", mode=Mode.LIVE), now=NOON + timedelta(9), **look
    )
    assert found is not None
    row.refresh_from_db()
    assert (row.state, row.error_code) == (State.FAILED, "generation_failed")
    looks = ["looked", "changed", "looked", "changed"]
    assert kinds(row) == ["sent", "answered", *looks, "ended", "settled"]


def test_a_look_at_a_job_that_the_team_never_made_leaves_no_row() -> None:
    look = {"mode": "mock", "base_url": "", "account": "acct_1"}
    assert services.seen(acme(), retrieved(), now=NOON, **look) is None
    assert not Generation.objects.exists()


def test_a_persons_look_leaves_the_workers_next_look_alone() -> None:
    row = track(created())
    Generation.objects.filter(pk=row.pk).update(lease="worker", next_poll_at=NOON)
    services.seen(acme(), retrieved(), mode="mock", base_url="", account="acct_1", now=NOON)
    row.refresh_from_db()
    assert (row.lease, row.next_poll_at, row.status) == ("worker", NOON, "processing")


def test_a_stored_key_takes_over_what_a_pasted_one_began() -> None:
    row = track(created(mode=Mode.LIVE), pasted=True)
    key = a_key(acme())
    row = track(created(mode=Mode.LIVE), key=key)
    assert (row.state, row.key_id) == (State.ACTIVE, key.pk)


def test_the_answer_is_kept_as_json_however_long_it_is() -> None:
    row = track(created(note="x" * 100_000))
    assert json.loads(row.answer)["id"] == "task_1"
    assert len(row.answer) < 2000


def test_the_first_moments_hold_what_was_sent_and_what_came() -> None:
    run = run_row(acme(), path="/api/v1/generations")
    row = track(created(), exchange=run)
    sent, answered = row.moments.order_by("number")
    assert sent.facts == {
        "method": "POST",
        "path": "/api/v1/generations",
        "idempotency": "dash-1",
    }
    assert sent.payload == BODY
    assert answered.facts == {"http": 202, "took_ms": 80.0}
    assert (answered.at - sent.at) == timedelta(milliseconds=80)
    assert Moment.objects.filter(generation=row).count() == 2


def test_two_jobs_of_one_microsecond_get_rows_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([7, 7, 8])
    monkeypatch.setattr(tracking, "new_id", lambda _moment: next(numbers))
    assert track(created("task_1")).pk == 7
    assert track(created("task_2")).pk == 8
