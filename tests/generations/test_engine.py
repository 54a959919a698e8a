"""The engine over real connections: what is due is looked at once, and written as it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from debugger.generations import advance, engine
from debugger.generations.engine import claims
from debugger.generations.looks import Due, Look
from debugger.generations.models import Brake, Generation
from debugger.generations.pages import notices
from debugger.keys import vault
from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from tests.cast import acme, new_key
from tests.generations.jobs import NOON
from tests.generations.jobs import job as row_of
from tests.generations.teller import Tell, Teller, Told, error, job, telling

State = Generation.State
pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(seconds=10)


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    found = Site(settings)
    yield found
    found.close()


class Site:
    """An upstream that the site is configured for, and a stored key for it."""

    def __init__(self, settings: LazySettings) -> None:
        self._settings = settings
        self._open: list[Any] = []
        self.teller: Teller
        self.key: ApiKey

    def tells(self, tell: Tell) -> Teller:
        manager = telling(tell)
        self.teller = manager.__enter__()
        self._open.append(manager)
        self._settings.RIVYA_BASE_URL = self.teller.base_url
        self.key = sealed_key(acme(), self.teller.base_url)
        return self.teller

    def job(self, task: str = "task_1", **facts: Any) -> Generation:
        plain: dict[str, Any] = {
            "mode": "live",
            "account": "",
            "base_url": self.teller.base_url,
            "key_id": self.key.pk,
            "task_id": task,
        }
        return row_of(acme(), **plain | facts)

    def close(self) -> None:
        for manager in self._open:
            manager.__exit__(None, None, None)


def sealed_key(team: Team, base_url: str) -> ApiKey:
    key = ApiKey(team=team, label="Production", base_url=base_url, last_four="kkkk")
    value = new_key("k")
    key.fingerprint = vault.fingerprint(team, value)
    key.sealed = vault.seal(team, row=key.sealed_as, value=value)
    key.save()
    return key


def fresh(row: Generation) -> Generation:
    return Generation.objects.get(pk=row.pk)


def always(told: Told) -> Tell:
    return lambda _task, _number: told


def due_in(row: Generation, now: datetime) -> float:
    found = fresh(row).next_poll_at
    assert found is not None
    return (found - now).total_seconds()


def test_a_job_that_is_due_is_looked_at_with_its_own_key(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task))
    row = site.job()
    assert engine.round(SOON) == 1
    assert teller.keys == {new_key("k")}
    found = fresh(row)
    assert (found.state, found.status, found.polls, found.lease) == (
        State.ACTIVE,
        "processing",
        2,
        "",
    )
    assert found.digest
    assert 1 < due_in(row, SOON) < 40


def test_a_job_that_is_not_due_is_left_alone(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task))
    site.job(next_poll_at=SOON + timedelta(seconds=1))
    assert engine.round(SOON) == 0
    assert not teller.asked


def test_an_end_is_written_and_nobody_looks_again(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task, "succeeded", final_credits=4))
    row = site.job()
    engine.round(SOON)
    engine.round(SOON + timedelta(hours=1))
    found = fresh(row)
    assert found.state == State.SUCCEEDED
    assert found.next_poll_at is None
    assert found.final == 4
    assert teller.asked["task_1"] == 1


def test_the_same_answer_is_written_without_being_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.tells(lambda task, _number: job(task))
    row = site.job()
    engine.round(SOON)
    before = fresh(row)

    def read(*_: object, **__: object) -> None:
        raise AssertionError("It was read.")

    monkeypatch.setattr(advance, "advanced", read)
    later = SOON + timedelta(minutes=1)
    engine.round(later)
    found = fresh(row)
    assert (found.polls, found.polled_at, found.failures) == (3, later, 0)
    assert found.looks.startswith(before.looks)
    assert found.looks.count(";") == before.looks.count(";") + 1
    assert (found.version, found.digest, found.lease) == (before.version, before.digest, "")


def test_a_job_that_takes_too_long_becomes_unknown_though_its_answer_is_the_same(
    site: Site,
) -> None:
    site.tells(lambda task, _number: job(task))
    row = site.job()
    engine.round(SOON)
    late = NOON + timedelta(minutes=31)
    engine.round(late)
    assert fresh(row).state == State.UNKNOWN
    assert 240 < due_in(row, late) < 360


def test_an_unknown_status_is_shown_and_followed(site: Site) -> None:
    site.tells(lambda task, _number: job(task, "dreaming"))
    row = site.job()
    engine.round(SOON)
    found = fresh(row)
    assert (found.state, found.status) == (State.ACTIVE, "dreaming")
    assert found.next_poll_at is not None


def test_http_500_is_noted_and_the_next_look_may_be_well(site: Site) -> None:
    site.tells(lambda task, number: error(500, "oops") if number == 1 else job(task, "succeeded"))
    row = site.job()
    engine.round(SOON)
    found = fresh(row)
    assert (found.failures, found.state, found.status) == (1, State.ACTIVE, "processing")
    assert found.looks.endswith(":500;")
    engine.round(SOON + timedelta(minutes=1))
    assert fresh(row).state == State.SUCCEEDED


def test_a_hung_up_connection_is_noted_as_no_answer(site: Site) -> None:
    site.tells(always(Told(status=0)))
    row = site.job()
    engine.round(SOON)
    found = fresh(row)
    assert (found.failures, found.polls) == (1, 2)
    assert found.looks.endswith(":0;")


def test_retry_after_is_honoured_for_all_jobs_of_the_key(site: Site) -> None:
    teller = site.tells(always(error(429, "rate_limited", "Retry-After: 40")))
    first, second = site.job("task_1"), site.job("task_2", next_poll_at=SOON + timedelta(seconds=5))
    engine.round(SOON)
    assert 40 <= due_in(first, SOON) <= 47
    engine.round(SOON + timedelta(seconds=6))
    assert due_in(second, SOON + timedelta(seconds=6)) >= 34
    assert teller.asked == {"task_1": 1}
    assert [brake.scope for brake in Brake.objects.all()] == [f"key:{site.key.public_id}"]


def test_a_key_is_asked_again_once_its_wait_is_over(site: Site) -> None:
    limited = error(429, "rate_limited", "Retry-After: 5")
    teller = site.tells(lambda task, number: limited if number == 1 else job(task))
    row = site.job()
    engine.round(SOON)
    engine.round(SOON + timedelta(seconds=20))
    assert teller.asked["task_1"] == 2
    assert fresh(row).failures == 0


def test_a_poisoned_row_does_not_stop_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.tells(lambda task, _number: job(task, "succeeded"))
    rows = [site.job(f"task_{number}") for number in range(5)]
    write = advance.advanced

    def poisoned(due: Due, look: Look, *, now: datetime) -> None:
        if due.id == rows[2].pk:
            Generation.objects.filter(pk=due.id).update(status="half written")
            raise ValueError(f"Poison {new_key('k')}")
        write(due, look, now=now)

    monkeypatch.setattr(advance, "advanced", poisoned)
    engine.round(SOON)
    states = [fresh(row).state for row in rows]
    assert states == [State.SUCCEEDED] * 2 + [State.ACTIVE] + [State.SUCCEEDED] * 2
    bad = fresh(rows[2])
    assert (bad.failures, bad.status, bad.lease) == (1, "processing", "")
    assert due_in(rows[2], SOON) >= 60
    assert "could not be written" in caplog.text


def test_a_thousand_jobs_of_a_host_that_is_down_make_one_notice(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    teller = site.tells(always(error(503, "public_api_disabled")))
    model = site.job("task_0")
    many(model, 1_000)
    engine.round(SOON)
    asked = teller.asked.total()
    assert Brake.objects.count() == 1
    assert caplog.text.count("is not asked for a while") == 1
    assert asked <= 500
    (notice,) = notices.top(acme(), now=SOON).downs
    assert notice.jobs == 1_000
    # Until the pause is over nobody asks; then one look does, for all of them.
    engine.round(SOON + timedelta(seconds=1))
    assert teller.asked.total() == asked
    later = SOON + timedelta(seconds=6)
    Generation.objects.filter(next_poll_at__isnull=False).update(next_poll_at=later)
    engine.round(later)
    assert teller.asked.total() == asked + 1
    assert Brake.objects.get().failures == 2


def test_a_host_is_released_at_its_first_answer(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    down = [True]
    teller = site.tells(
        lambda task, _number: error(503, "public_api_disabled") if down[0] else job(task)
    )
    many(site.job("task_0"), 50)
    engine.round(SOON)
    down.clear()
    down.append(False)
    before = teller.asked.total()
    later = SOON + timedelta(minutes=2)
    engine.round(later)
    assert teller.asked.total() == before + 1
    assert not Brake.objects.exists()
    assert caplog.text.count("answers again") == 1
    engine.round(later + timedelta(seconds=10))
    assert {number >= 2 for number in teller.asked.values()} == {True}


def test_a_few_failures_among_answers_are_no_reason_to_pause(site: Site) -> None:
    site.tells(lambda task, _number: error(500, "oops") if task.endswith("0") else job(task))
    many(site.job("task_0"), 50)
    engine.round(SOON)
    assert not Brake.objects.exists()


def test_a_host_that_asks_to_be_asked_later_does_not_count_as_down(site: Site) -> None:
    site.tells(always(error(429, "rate_limited", "Retry-After: 5")))
    many(site.job("task_0"), 20)
    engine.round(SOON)
    assert list(Brake.objects.values_list("reason", flat=True)) == ["rate_limited"]
    assert not notices.top(acme(), now=SOON).downs


def test_a_refused_key_pauses_all_of_its_jobs_with_a_sentence(site: Site) -> None:
    site.tells(always(error(401, "invalid_api_key")))
    rows = [site.job("task_1"), site.job("task_2", next_poll_at=SOON + timedelta(hours=1))]
    engine.round(SOON)
    for row in rows:
        found = fresh(row)
        assert (found.state, found.next_poll_at, found.lease) == (State.PAUSED, None, "")
        assert "invalid_api_key" in found.reason


def test_a_revoked_key_is_not_sent_and_its_jobs_pause(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task))
    row = site.job()
    ApiKey.objects.filter(pk=site.key.pk).update(revoked_at=NOON)
    engine.round(SOON)
    assert not teller.asked
    found = fresh(row)
    assert (found.state, found.lease, found.next_poll_at) == (State.PAUSED, "", None)
    assert "revoked" in found.reason


def test_a_key_is_never_sent_to_another_address(site: Site) -> None:
    teller = site.tells(lambda task, _number: job(task))
    row = site.job(base_url="https://elsewhere.example")
    engine.round(SOON)
    assert not teller.asked
    assert fresh(row).state == State.PAUSED


def test_a_job_without_a_key_waits_for_a_person(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    row = site.job(key_id=None)
    engine.round(SOON)
    found = fresh(row)
    assert (found.state, found.next_poll_at) == (State.PAUSED, None)
    assert found.reason


def test_a_write_with_a_lost_lease_changes_nothing(site: Site) -> None:
    taken = "somebody else"

    def tell(task: str, _number: int) -> Told:
        return job(task, "succeeded" if task == "task_2" else "processing")

    site.tells(tell)
    rows = [site.job("task_1"), site.job("task_2")]
    engine.round(SOON)  # Learns the digest of the first.
    Generation.objects.filter(pk=rows[1].pk).update(state="active", ended_at=None, final=None)
    later = SOON + timedelta(minutes=1)
    Generation.objects.filter(pk__in=[row.pk for row in rows]).update(next_poll_at=later)
    stolen = steal(later, taken)
    for before in stolen:
        found = fresh(before)
        assert (found.lease, found.polls, found.looks) == (taken, before.polls, before.looks)
        assert found.next_poll_at == before.next_poll_at
        assert found.state == before.state


def steal(now: datetime, taken: str) -> list[Generation]:
    """A round whose leases are lost between the looks and the writing."""
    from debugger.generations.engine import writing

    found: list[Generation] = []
    write = writing.write

    def late(seen: Any, *, now: datetime) -> None:
        pks = [each.due.id for each in seen]
        Generation.objects.filter(pk__in=pks).update(lease=taken)
        found.extend(Generation.objects.filter(pk__in=pks))
        write(seen, now=now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write", late)
        engine.round(now)
    assert found
    return found


def test_a_job_that_a_person_stopped_meanwhile_stays_stopped(site: Site) -> None:
    stopped: list[int] = []

    def tell(task: str, _number: int) -> Told:
        return job(task)

    site.tells(tell)
    row = site.job()
    claimed = claims.claim(now=SOON)
    stopped += [each.id for each in claimed]
    Generation.objects.filter(pk=row.pk).update(state="stopped", next_poll_at=None, lease="")
    claims.give_back(claimed)
    found = fresh(row)
    assert (stopped, found.state, found.next_poll_at) == ([row.pk], State.STOPPED, None)


def test_a_claim_hides_rows_until_its_lease_ends(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    row = site.job()
    (claimed,) = claims.claim(now=SOON)
    assert (claimed.id, claimed.due_at, claimed.task_id) == (
        row.pk,
        NOON + timedelta(seconds=5),
        "task_1",
    )
    assert claims.claim(now=SOON + timedelta(seconds=claims.LOOK_LEASE - 1)) == []
    (again,) = claims.claim(now=SOON + timedelta(seconds=claims.LOOK_LEASE))
    assert again.lease != claimed.lease


def test_the_longest_look_ends_before_its_lease() -> None:
    from debugger.client.looks import LOOK_LIMITS

    assert LOOK_LIMITS.total + claims.WAITING < claims.LOOK_LEASE
    assert claims.SEND_LIMITS.total + claims.WAITING < claims.SEND_LEASE


def test_rows_are_claimed_in_the_order_in_which_they_are_due(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    seconds = [4, 1, 3, 2]
    for each in seconds:
        site.job(f"task_{each}", next_poll_at=NOON + timedelta(seconds=each))
    claimed = claims.claim(now=SOON, most=3)
    assert sorted(each.task_id for each in claimed) == ["task_1", "task_2", "task_3"]


def test_places_with_enough_to_do_are_passed_over(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    site.job("task_1")
    other = site.job("task_2", base_url="https://other.example")
    place = "live" + site.teller.base_url
    assert [each.id for each in claims.claim(now=SOON, without=[place])] == [other.pk]
    assert claims.soonest(without=[place, "livehttps://other.example"]) is None


def test_no_more_looks_are_open_at_a_host_than_allowed(site: Site, settings: LazySettings) -> None:
    settings.RIVYA_DASH_POLLS_AT_ONCE = 7
    teller = site.tells(lambda task, _number: job(task, delay=0.02))
    many(site.job("task_0"), 60)
    assert engine.round(SOON) == 60
    assert teller.most <= 7


def test_looks_at_a_host_are_begun_at_the_allowed_pace(
    site: Site, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    settings.RIVYA_DASH_POLLS_PER_SECOND = 200
    site.tells(lambda task, _number: job(task))
    many(site.job("task_0"), 20)
    waited: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float, *more: Any) -> None:
        waited.append(seconds)
        await sleep(seconds, *more)

    monkeypatch.setattr("debugger.generations.engine.looking.asyncio.sleep", noted)
    engine.round(SOON)
    assert max(waited) > 15 / 200


def test_looks_that_a_row_has_no_room_for_are_counted_only(site: Site) -> None:
    site.tells(lambda task, _number: job(task))
    row = site.job()
    engine.round(SOON)
    Generation.objects.filter(pk=row.pk).update(looks="1:2:200;" * 2_000)
    engine.round(SOON + timedelta(minutes=1))
    found = fresh(row)
    assert (found.polls, len(found.looks)) == (3, 16_000)


def test_no_key_is_in_any_row_or_line_of_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    secret = new_key("k")
    site.tells(lambda task, _number: job(task, f"odd {secret}", error=secret))
    row = site.job()
    engine.round(SOON)
    found = fresh(row)
    values = str({name: getattr(found, name) for name in ("answer", "status", "reason", "looks")})
    assert secret not in values + caplog.text


def many(model: Generation, count: int) -> None:
    """Rows like this one, which is the first of them."""
    fields = {
        field.attname: getattr(model, field.attname)
        for field in Generation._meta.concrete_fields
        if field.attname not in ("id", "task_id")
    }
    Generation.objects.bulk_create(
        Generation(**fields, id=model.pk + number, task_id=f"task_{number}")
        for number in range(1, count)
    )
