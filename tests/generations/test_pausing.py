"""Jobs whose key does not work, and what people decide about the following."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.generations import pausing, services
from debugger.generations.advance import advanced
from debugger.generations.models import Generation
from debugger.keys.learning import learned
from debugger.keys.models import ApiKey
from debugger.teams import services as teams
from debugger.web.errors import Invalid, NotFound
from tests.cast import acme, place, zenith
from tests.generations.jobs import NOON, failed, job
from tests.generations.said import answer, created, due, look, refused, retrieved
from tests.keys.deeds import added, by, fresh, revoked, rotated

pytestmark = pytest.mark.django_db
State = Generation.State
MINUTE = timedelta(minutes=1)
REVOKED = refused(401, "api_key_revoked", mode=Mode.LIVE)
NO_SCOPE = refused(403, "api_scope_denied", mode=Mode.LIVE)


def live(key: ApiKey, **facts: Any) -> Generation:
    plain: dict[str, Any] = {"mode": "live", "account": "", "base_url": key.base_url, "key": key}
    return job(key.team, **plain | facts)


def see(row: Generation, outcome: Outcome, *, now: datetime = NOON) -> Generation:
    row.refresh_from_db()
    Generation.objects.filter(pk=row.pk).update(lease="mine")
    advanced(due(row), look(outcome, at=now), now=now)
    row.refresh_from_db()
    return row


def states(*rows: Generation) -> list[str]:
    found = Generation.objects.in_bulk([row.pk for row in rows])
    return [found[row.pk].state for row in rows]


def learn(key: ApiKey, outcome: Outcome, *, now: datetime) -> None:
    learned(
        key,
        operation=operations.get("generations.retrieve"),
        outcome=outcome,
        user_id=None,
        now=now,
    )


def test_a_revoked_key_pauses_all_of_its_jobs_with_one_sentence() -> None:
    key, other = added("k"), added("o", label="Other")
    rows = [live(key), live(key, state=State.UNKNOWN), live(key, lease="in flight")]
    apart = [live(other), failed(acme(), key=key), live(key, state=State.BY_HAND)]
    see(rows[0], REVOKED)
    assert states(*rows) == [State.PAUSED] * 3
    assert states(*apart) == [State.ACTIVE, State.FAILED, State.BY_HAND]
    for row in rows:
        row.refresh_from_db()
        assert row.reason == "The API refuses “Production”: api_key_revoked."
        assert (row.next_poll_at, row.lease) == (None, "")
        assert row.moments.filter(kind="paused").count() == 1
    assert fresh(key).health == ApiKey.Health.FAILING


def test_a_look_that_was_under_way_when_its_job_paused_is_not_heard() -> None:
    row = live(added())
    claimed = due(row, lease="in flight")
    Generation.objects.filter(pk=row.pk).update(lease="in flight")
    pausing.pause(row.key_id or 0, "Gone.", NOON)
    advanced(claimed, look(REVOKED), now=NOON)
    row.refresh_from_db()
    assert (row.state, row.polls) == (State.PAUSED, 1)


def test_the_looks_before_a_pause_come_before_it() -> None:
    row = live(added(), looks="3000:80:200;8000:80:200;")
    pausing.pause(row.key_id or 0, "Gone.", NOON)
    assert list(row.moments.order_by("number").values_list("kind", "count")) == [
        ("looked", 2),
        ("paused", 1),
    ]


def test_a_missing_scope_is_said_by_its_name() -> None:
    key = added()
    row = see(live(key), NO_SCOPE)
    assert row.reason == "“Production” lacks the scope generations:read."
    assert fresh(key).seen == {"generations:read": "denied"}
    assert pausing.take_up(now=NOON + MINUTE) == 0


def test_a_restored_key_takes_its_jobs_up_again() -> None:
    key = added()
    row = live(key)
    revoked(key)
    pausing.pause(key.pk, "“Production” was revoked.", NOON)
    assert pausing.take_up(now=NOON + MINUTE) == 0
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=None, shred_at=None)
    assert pausing.take_up(now=NOON + MINUTE) == 1
    row.refresh_from_db()
    assert (row.state, row.reason, row.next_poll_at) == (State.ACTIVE, "", NOON + MINUTE)
    assert row.moments.get(kind="resumed").facts == {"key": "Production"}


def test_a_job_at_an_address_that_the_key_is_not_for_waits_on() -> None:
    key = added("k")
    row = live(key, task_id="t1", state=State.PAUSED, base_url="http://elsewhere.example")
    assert pausing.take_up(now=NOON) == 0
    assert states(row) == [State.PAUSED]


def test_the_key_that_took_its_place_takes_the_jobs_up() -> None:
    key = added()
    rows = [live(key), live(key, task_id="", state=State.SUBMITTING)]
    see(rows[0], REVOKED)
    rotated(key)
    revoked(key)
    assert pausing.take_up(now=NOON + MINUTE) == 2
    assert states(*rows) == [State.ACTIVE, State.SUBMITTING]


def test_a_refused_key_is_taken_up_after_a_test_of_it_went_well() -> None:
    key = added()
    row = see(live(key), REVOKED)
    assert pausing.take_up(now=NOON + MINUTE) == 0
    learn(key, retrieved(mode=Mode.LIVE), now=NOON + 2 * MINUTE)
    assert pausing.take_up(now=NOON + 3 * MINUTE) == 1
    assert states(row) == [State.ACTIVE]


def test_jobs_go_on_in_waves() -> None:
    key = added()
    rows = [live(key) for _ in range(25)]
    pausing.pause(key.pk, "Gone.", NOON)
    pausing.take_up(now=NOON)
    times = {Generation.objects.get(pk=row.pk).next_poll_at for row in rows}
    assert len(times) == 10


def test_one_job_asks_every_five_minutes_and_heals_the_others() -> None:
    key = added()
    rows = [live(key), live(key)]
    see(rows[0], REVOKED)
    pausing.take_up(now=NOON + 4 * MINUTE)
    assert not Generation.objects.filter(next_poll_at__isnull=False).exists()
    pausing.take_up(now=NOON + 5 * MINUTE)
    pausing.take_up(now=NOON + 6 * MINUTE)
    probe = Generation.objects.get(next_poll_at__isnull=False)
    assert (probe.pk, probe.state) == (rows[0].pk, State.PAUSED)
    see(probe, REVOKED, now=NOON + 6 * MINUTE)
    assert (probe.state, probe.next_poll_at) == (State.PAUSED, None)
    assert probe.moments.filter(kind="paused").count() == 1
    pausing.take_up(now=NOON + 10 * MINUTE)
    assert not Generation.objects.filter(next_poll_at__isnull=False).exists()
    pausing.take_up(now=NOON + 11 * MINUTE)
    see(probe, retrieved(probe.task_id, mode=Mode.LIVE), now=NOON + 11 * MINUTE)
    assert states(*rows) == [State.ACTIVE, State.PAUSED]
    assert pausing.take_up(now=NOON + 12 * MINUTE) == 1
    assert states(*rows) == [State.ACTIVE, State.ACTIVE]


def test_a_paused_job_that_turns_out_to_have_ended_ends() -> None:
    row = see(live(added()), REVOKED)
    Generation.objects.filter(pk=row.pk).update(next_poll_at=NOON)
    see(row, retrieved(row.task_id, "succeeded", mode=Mode.LIVE))
    assert row.state == State.SUCCEEDED


def test_a_submission_that_paused_too_long_is_lost_and_never_sent_again() -> None:
    key = added()
    row = live(key, task_id="", state=State.SUBMITTING)
    pausing.pause(key.pk, "Gone.", NOON)
    pausing.take_up(now=NOON + timedelta(hours=13))
    assert states(row) == [State.LOST]


def test_a_submission_that_goes_through_after_all_heals_the_key_too() -> None:
    key = added()
    rows = [live(key, task_id="", state=State.SUBMITTING), live(key)]
    see(rows[0], REVOKED)
    Generation.objects.filter(pk=rows[0].pk).update(next_poll_at=NOON)
    see(rows[0], created("task_9", mode=Mode.LIVE), now=NOON + MINUTE)
    assert states(*rows) == [State.ACTIVE, State.PAUSED]
    assert pausing.take_up(now=NOON + 2 * MINUTE) == 1


def test_a_deleted_teams_jobs_are_not_looked_at() -> None:
    row, over = live(added()), failed(acme())
    alice = place("Alice", acme())
    teams.delete(alice, typed="Acme", by=by(alice), now=NOON)
    row.refresh_from_db()
    assert (row.state, row.next_poll_at, row.request_text) == (State.STOPPED, None, "")
    assert states(over) == [State.FAILED]


def test_stopping_and_following_again() -> None:
    bob, row = place("Bob", acme()), job(acme(), lease="mine")
    services.stop(bob, row, now=NOON)
    row.refresh_from_db()
    assert (row.state, row.next_poll_at, row.lease) == (State.STOPPED, None, "")
    assert row.moments.get().facts == {"by": "Bob"}
    services.follow(bob, row, now=NOON + MINUTE)
    row.refresh_from_db()
    assert (row.state, row.next_poll_at) == (State.ACTIVE, NOON + MINUTE)


def test_looking_now_does_not_double_a_look_that_is_under_way() -> None:
    bob, at_rest, claimed = place("Bob", acme()), job(acme()), job(acme(), lease="mine")
    for row in (at_rest, claimed):
        services.look_now(bob, row, now=NOON)
        row.refresh_from_db()
    assert (at_rest.next_poll_at, claimed.lease) == (NOON, "mine")
    assert claimed.next_poll_at != NOON


def test_a_job_that_has_ended_is_steered_no_more() -> None:
    bob, row = place("Bob", acme()), failed(acme())
    for steer in (services.stop, services.follow, services.look_now):
        assert steer(bob, row, now=NOON).state == State.FAILED


def test_a_job_of_a_pasted_key_is_followed_once_a_key_is_chosen() -> None:
    bob, key = place("Bob", acme()), added()
    row = live(key, state=State.BY_HAND)
    Generation.objects.filter(pk=row.pk).update(key=None)
    with pytest.raises(Invalid, match="Choose one"):
        services.follow(bob, row, now=NOON)
    services.with_key(bob, row, key, now=NOON)
    row.refresh_from_db()
    assert (row.state, row.key_id, row.next_poll_at) == (State.ACTIVE, key.pk, NOON)


def test_a_key_for_another_address_or_of_another_team_is_not_taken(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["http://127.0.0.1:9"]
    bob, row = place("Bob", acme()), live(added())
    with pytest.raises(Invalid, match="only ever sent to"):
        services.with_key(bob, row, added("e", label="E", base_url="http://127.0.0.1:9"), now=NOON)
    theirs = added("z", who=place("Charlie", zenith()))
    with pytest.raises(NotFound):
        services.with_key(bob, row, theirs, now=NOON)


def test_another_teams_job_is_not_found() -> None:
    row = job(acme())
    charlie = place("Charlie", zenith())
    with pytest.raises(NotFound):
        services.find(charlie.team, row.name)
    with pytest.raises(NotFound):
        services.stop(charlie, row, now=NOON)
    assert services.find(acme(), row.name) == row


def test_a_refused_sandbox_pauses_nothing() -> None:
    row = job(acme(), task_id="task_1")
    see(row, refused(401, "api_key_invalid"))
    assert (row.state, row.failures) == (State.ACTIVE, 1)
    see(row, answer({"id": "task_1", "status": "processing"}))
    assert row.failures == 0


def test_looks_that_were_counted_and_not_listed_are_counted_in_the_end() -> None:
    row = live(added(), looks="3000:80:200;" * 1400, polls=5000)
    pausing.pause(row.key_id or 0, "Gone.", NOON)
    looked = row.moments.get(kind="looked")
    assert (looked.count, len(looked.facts["offsets"])) == (5000, 200)
