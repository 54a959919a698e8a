"""What looks make of a job, and that its end happens once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.exchanges import services as history
from debugger.exchanges import states, troubles
from debugger.generations import services
from debugger.generations.advance import REFUSALS, TRIES, advanced
from debugger.generations.models import Generation, SavedFile
from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend, SpendDay
from debugger.teams.models import Milestone
from tests.cast import acme, person
from tests.exchanges.rows import run_row
from tests.generations.jobs import NOON, job
from tests.generations.said import answer, due, look, refused, retrieved, silent
from tests.keys.answers import job as spent_job
from tests.keys.purses import a_key

State = Generation.State
SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND


def row_of(**facts: Any) -> Generation:
    return job(acme(), **{"task_id": "task_1", "status": "queued", "lease": "mine"} | facts)


def advance(
    row: Generation, outcome: Outcome | None, *, after: float = 5, same: bool = False, **more: Any
) -> Generation:
    """One claimed look, so many seconds after the submission."""
    fresh = Generation.objects.get(pk=row.pk)
    at = row.submitted_at + after * SECOND
    if "lease" not in more and not fresh.is_final:
        Generation.objects.filter(pk=row.pk).update(lease="mine")
    advanced(due(fresh, **more), look(outcome, at=at, same=same), now=at)
    return Generation.objects.get(pk=row.pk)


def kinds(row: Generation) -> list[str]:
    return list(row.moments.order_by("number").values_list("kind", flat=True))


@pytest.mark.django_db
class TestLooks:
    def test_a_new_status_is_a_moment_behind_the_looks_that_led_to_it(self) -> None:
        row = row_of(polls=0, looks="")
        row = advance(row, None, same=True, after=3)
        row = advance(row, retrieved(), after=8)
        assert (row.state, row.status, row.polls, row.looks) == (State.ACTIVE, "processing", 2, "")
        looked, changed = row.moments.order_by("number")
        assert (looked.count, looked.facts["offsets"]) == (2, [3000, 8000])
        assert changed.facts == {"before": "queued", "after": "processing"}
        assert row.started_at == NOON + 8 * SECOND

    def test_a_look_lets_go_of_the_lease_and_sets_the_next_time(self) -> None:
        row = advance(row_of(), retrieved())
        assert row.lease == ""
        assert row.next_poll_at is not None
        assert row.next_poll_at > NOON + 5 * SECOND

    def test_what_another_worker_claimed_meanwhile_is_left_alone(self) -> None:
        row = row_of(lease="another")
        row = advance(row, retrieved(status="succeeded"), lease="mine")
        assert (row.state, row.lease, row.status) == (State.ACTIVE, "another", "queued")

    def test_success_ends_the_job_with_everything_that_hangs_on_it(self) -> None:
        run = run_row(acme())
        row = row_of(exchange=run, user_id=person("Bob").pk, polls=0, request_text="{}")
        row = advance(row, retrieved(status="succeeded"), after=12)
        run.refresh_from_db()
        assert (row.state, row.final, row.next_poll_at, row.request_text) == (
            State.SUCCEEDED,
            Decimal(4),
            None,
            "",
        )
        assert row.ended_at == NOON + 12 * SECOND
        assert kinds(row) == ["looked", "changed", "ended", "settled"]
        assert (run.reserved, run.final) == (Decimal(5), Decimal(4))
        assert SavedFile.objects.get(generation=row).url.endswith("result.png")
        assert Milestone.objects.filter(team=row.team, step="polled to end").exists()

    def test_http_200_with_status_failed_is_a_failed_job(self) -> None:
        row = advance(row_of(), retrieved(status="failed"))
        assert (row.state, row.status) == (State.FAILED, "failed")
        assert (row.error_code, row.error_message) == (
            "generation_failed",
            "The generation failed.",
        )
        assert row.final == Decimal(0)

    def test_a_failed_job_is_a_failed_run_wherever_runs_are_shown(self) -> None:
        run = run_row(acme(), job_status="queued", made="task_1")
        advance(row_of(exchange=run), retrieved(status="failed"))
        run.refresh_from_db()
        assert (run.status, states.state_of(run).word, run.error_code) == (
            200,
            "Failed",
            "generation_failed",
        )
        hour = troubles.window_of("1h")
        (group,) = troubles.found(acme(), window=hour, now=NOON + MINUTE).groups
        assert (group.code, group.count) == ("generation_failed", 1)
        for query in ({"result": "job_failed"}, {"q": "generation_failed"}):
            wanted = history.narrowed(query)
            assert list(history.page(acme(), wanted, cursor={}).rows) == [run]

    def test_a_run_whose_job_succeeded_is_no_longer_queued(self) -> None:
        run = run_row(acme(), job_status="queued", made="task_1")
        advance(row_of(exchange=run), retrieved(status="succeeded"))
        run.refresh_from_db()
        assert (states.state_of(run).word, run.failed) == ("Succeeded", False)

    def test_a_replayed_run_says_what_became_of_the_one_job(self) -> None:
        same: dict[str, Any] = {"job_status": "queued", "idempotency_key": "dash-1"}
        run, replay = (run_row(acme(), made="task_1", **same) for _run in range(2))
        another = run_row(acme(), made="task_2", **same)
        row = row_of(exchange=run, idempotency_key="dash-1")
        advance(row, retrieved(status="succeeded"))
        replay.refresh_from_db()
        another.refresh_from_db()
        assert (replay.job_status, replay.final, another.job_status) == (
            "succeeded",
            None,
            "queued",
        )

    def test_an_unknown_status_is_kept_as_it_is_and_looking_goes_on(self) -> None:
        row = advance(row_of(), retrieved(status="upscaling"))
        assert (row.state, row.status) == (State.ACTIVE, "upscaling")
        assert row.next_poll_at is not None
        assert advance(row, retrieved(status="succeeded"), after=9).state == State.SUCCEEDED

    def test_a_status_that_goes_back_is_noted(self) -> None:
        row = advance(row_of(status="processing"), retrieved(status="queued"))
        assert (row.state, row.status) == (State.ACTIVE, "queued")
        assert row.moments.get(kind="changed").facts == {"before": "processing", "after": "queued"}

    def test_nothing_comes_after_the_end(self) -> None:
        row = advance(row_of(), retrieved(status="succeeded"))
        before = kinds(row)
        for outcome in (retrieved(), retrieved(status="failed"), refused(404, "not_found")):
            after = advance(row, outcome, after=60, lease="")
            assert (after.state, after.version) == (State.SUCCEEDED, row.version)
        assert kinds(row) == before

    def test_another_jobs_answer_ends_nothing(self) -> None:
        row = advance(row_of(), retrieved("task_2", "succeeded"))
        assert (row.state, row.status, row.failures) == (State.ACTIVE, "queued", 1)

    def test_a_job_that_is_not_found_may_have_just_been_made(self) -> None:
        row = row_of()
        for number in range(1, TRIES):
            row = advance(row, refused(404, "not_found"), after=number * 3)
            assert (row.state, row.failures) == (State.ACTIVE, number)
        row = advance(row, refused(404, "not_found"), after=20)
        assert (row.state, row.error_code, row.next_poll_at) == (State.LOST, "not_found", None)
        assert "does not know this job" in row.reason
        assert kinds(row) == ["looked", "ended"]

    def test_silence_does_not_count_as_a_job_that_is_not_found(self) -> None:
        row = row_of()
        for number in range(2 * TRIES):
            row = advance(row, silent(FailureKind.UNREACHABLE), after=number)
        row = advance(row, refused(404, "not_found"), after=20)
        assert row.state == State.ACTIVE

    def test_silence_does_not_count_as_a_refusal(self) -> None:
        row = row_of()
        for number in range(2 * REFUSALS):
            row = advance(row, silent(FailureKind.UNREACHABLE), after=number)
        row = advance(row, refused(400, "validation_failed"), after=20)
        assert row.state == State.ACTIVE

    def test_a_job_that_is_found_again_begins_to_count_anew(self) -> None:
        row = advance(row_of(), refused(404, "not_found"))
        assert advance(row, retrieved(), after=9).failures == 0

    def test_a_refusal_that_stays_stops_the_looking_with_a_sentence(self) -> None:
        row = row_of()
        for number in range(REFUSALS):
            assert row.state == State.ACTIVE
            row = advance(row, refused(400, "validation_failed"), after=3 * number)
        assert (row.state, row.next_poll_at) == (State.STOPPED, None)
        assert "validation_failed" in row.reason
        assert kinds(row)[-1] == "stopped"

    def test_too_many_requests_never_stop_the_looking(self) -> None:
        row = row_of()
        for number in range(2 * REFUSALS):
            row = advance(row, refused(429, "rate_limited", retry_after=40.0), after=3 * number)
        assert row.state == State.ACTIVE
        assert row.next_poll_at is not None
        assert row.next_poll_at >= NOON + (3 * (2 * REFUSALS - 1) + 40) * SECOND

    def test_an_upstream_that_is_down_is_asked_ever_more_rarely(self) -> None:
        row = row_of()
        for number in range(6):
            row = advance(row, silent(FailureKind.UNREACHABLE), after=number)
        assert (row.state, row.failures) == (State.ACTIVE, 6)
        assert row.next_poll_at is not None
        assert row.next_poll_at > NOON + 40 * SECOND

    def test_a_job_that_takes_too_long_is_unknown_and_looked_at_rarely(self) -> None:
        row = row_of(status="processing")
        row = advance(row, None, same=True, after=1801)
        assert row.state == State.UNKNOWN
        assert "Last seen processing at 2026-11-21 12:30 UTC" in row.reason
        assert row.next_poll_at is not None
        assert row.next_poll_at > NOON + 2000 * SECOND
        assert kinds(row) == ["looked", "unknown"]
        row = advance(row, None, same=True, after=2200)
        assert kinds(row) == ["looked", "unknown"]
        assert advance(row, retrieved(status="succeeded"), after=2500).state == State.SUCCEEDED

    def test_after_days_nobody_looks_at_it_any_more(self) -> None:
        row = row_of(state=State.UNKNOWN, status="processing")
        row = advance(row, None, same=True, after=9 * 24 * 3600)
        assert (row.state, row.next_poll_at) == (State.STOPPED, None)
        assert "Nobody looks at it any more" in row.reason

    def test_a_deleted_team_reaches_no_steps_any_more(self) -> None:
        row = row_of()
        row.team.deleted_at = NOON
        row.team.save()
        advance(row, retrieved(status="succeeded"))
        assert not Milestone.objects.exists()

    def test_an_end_is_written_though_its_person_is_gone(self) -> None:
        row = row_of(user_id=10**9)
        assert advance(row, retrieved(status="succeeded")).state == State.SUCCEEDED
        assert Milestone.objects.get().reached_by_id is None

    @pytest.mark.parametrize("value", [[], "text", 5, None, {}, {"status": 5, "id": 7}])
    def test_an_answer_that_is_no_job_changes_nothing_but_the_count(self, value: Any) -> None:
        row = advance(row_of(), answer(value))
        assert (row.state, row.status, row.polls) == (State.ACTIVE, "queued", 2)

    def test_the_run_that_held_credits_is_settled_by_the_end(self) -> None:
        key = a_key(acme())
        held = spend.hold(
            team=acme(),
            key=key,
            user_id=person("Bob").pk,
            operation="generations.create",
            estimated=5,
            now=NOON,
        )
        assert isinstance(held, Spend)
        spend.settle(held, outcome=spent_job("task_1", reserved=5), now=NOON)
        row = row_of(mode="live", account="", base_url=key.base_url, key=key, spend=held)
        advance(row, retrieved(status="succeeded", mode=Mode.LIVE))
        held.refresh_from_db()
        assert (held.state, held.credits) == (Spend.State.FINAL, Decimal(4))
        assert {each.credits for each in SpendDay.objects.all()} == {Decimal(4)}


STATUSES = ("queued", "processing", "upscaling", "", "succeeded", "failed")
LOOKS = st.lists(
    st.one_of(
        st.sampled_from(STATUSES),
        st.sampled_from(["404", "400", "429", "500", "silent", "same", "another", "seen"]),
    ),
    max_size=14,
)


class TestAnyOrder(TestCase):
    """Whatever is seen, in whatever order and however often."""

    @hypothesis_settings(max_examples=60)
    @given(seen=LOOKS, stale=st.sets(st.integers(0, 13)))
    def test_a_job_ends_at_most_once_and_its_money_settles_once(
        self, seen: list[str], stale: set[int]
    ) -> None:
        key = a_key(acme())
        row, held = _live_row(key)
        final: Generation | None = None
        for number, word in enumerate(seen):
            lease = "theirs" if number in stale else "mine"
            row = _see(row, word, after=number * 3.0, lease=lease)
            if final is not None:
                assert (row.state, row.final, row.version) == (
                    final.state,
                    final.final,
                    final.version,
                )
            elif row.is_final:
                final = row
        _check(row, held)


def _live_row(key: ApiKey) -> tuple[Generation, Spend]:
    held = spend.hold(
        team=key.team,
        key=key,
        user_id=person("Bob").pk,
        operation="generations.create",
        estimated=5,
        now=NOON,
    )
    assert isinstance(held, Spend)
    spend.settle(held, outcome=spent_job("task_1", reserved=5), now=NOON)
    row = row_of(mode="live", account="", base_url=key.base_url, key=key, spend=held, polls=0)
    return row, held


def _see(row: Generation, word: str, *, after: float, lease: str) -> Generation:
    if word == "seen":
        outcome = retrieved(status="succeeded", mode=Mode.LIVE)
        place = {"mode": "live", "base_url": row.base_url, "account": ""}
        services.seen(row.team, outcome, now=NOON + after * SECOND, **place)
        return Generation.objects.get(pk=row.pk)
    outcomes = {
        "404": refused(404, "not_found", mode=Mode.LIVE),
        "400": refused(400, "validation_failed", mode=Mode.LIVE),
        "429": refused(429, "rate_limited", mode=Mode.LIVE),
        "500": refused(500, "internal_error", mode=Mode.LIVE),
        "silent": silent(operation="generations.retrieve", mode=Mode.LIVE),
        "another": retrieved("task_2", "succeeded", mode=Mode.LIVE),
        "same": None,
    }
    found = outcomes.get(word) if word in outcomes else retrieved(status=word, mode=Mode.LIVE)
    Generation.objects.filter(pk=row.pk).exclude(state__in=Generation.FINAL).update(lease="mine")
    fresh = Generation.objects.get(pk=row.pk)
    at = NOON + after * SECOND
    advanced(due(fresh, lease=lease), look(found, at=at, same=word == "same"), now=at)
    return Generation.objects.get(pk=row.pk)


def _check(row: Generation, held: Spend) -> None:
    held.refresh_from_db()
    told = kinds(row)
    ended = row.state in (State.SUCCEEDED, State.FAILED)
    assert told.count("ended") == int(row.is_final)
    assert told.count("settled") == int(ended)
    assert (row.next_poll_at is None) or not row.is_final
    numbers = list(row.moments.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert held.state == (Spend.State.FINAL if ended else Spend.State.RESERVED)
    amount = {"succeeded": Decimal(4), "failed": Decimal(0)}.get(row.state, Decimal(5))
    assert held.credits == amount
    assert {each.credits for each in SpendDay.objects.all()} == {amount}
    looked = sum(row.moments.filter(kind="looked").values_list("count", flat=True))
    assert looked + row.looks.count(";") == row.polls
