"""What answers of live calls teach about a key."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.contract import operations
from debugger.keys import services
from debugger.keys.models import ApiKey, KeyUse
from debugger.teams.models import Milestone
from tests.cast import person
from tests.keys.answers import answered, job, lost, refused
from tests.keys.deeds import NOON, added, fresh


def learn(
    key: ApiKey, operation: str, outcome: Outcome, who: str = "Bob", *, now: datetime = NOON
) -> ApiKey:
    user_id = person(who).pk
    found = operations.get(operation)
    services.learned(key, operation=found, outcome=outcome, user_id=user_id, now=now)
    return fresh(key)


@pytest.mark.django_db
def test_a_good_answer_grants_the_scope_and_says_who_used_the_key() -> None:
    key = learn(added(scopes=None), "generations.create", job())
    assert key.seen == {"generations:create": "granted"}
    assert (key.health, key.last_used_for, key.last_used_at) == ("ok", "generations.create", NOON)
    assert key.last_used_by == person("Bob")


@pytest.mark.django_db
def test_a_denied_scope_is_marked_and_the_key_still_works() -> None:
    key = learn(added(), "files.create", refused(403, code="api_scope_denied"))
    assert key.seen == {"files:create": "denied"}
    assert key.health == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["api_key_revoked", "api_key_expired", "api_key_invalid"])
def test_a_refused_key_is_failing_with_the_code(code: str) -> None:
    key = learn(added(), "credits.retrieve", refused(401, code=code))
    assert (key.health, key.health_code, key.health_at) == ("failing", code, NOON)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "outcome",
    [lost(), lost(FailureKind.UNREACHABLE), refused(503), refused(429), refused(400)],
)
def test_trouble_on_the_way_says_nothing_of_the_key(outcome: Outcome) -> None:
    key = learn(added(), "credits.retrieve", outcome)
    assert (key.health, key.seen) == ("unknown", {})
    assert key.last_used_at == NOON


@pytest.mark.django_db
def test_what_carried_no_key_teaches_nothing() -> None:
    key = added()
    learn(key, "models.list", answered({}))
    learn(key, "credits.retrieve", lost(FailureKind.NOT_SENT))
    learn(key, "credits.retrieve", answered({"current_credits": 5}, mode=Mode.MOCK))
    assert fresh(key).last_used_at is None
    assert not KeyUse.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (123, Decimal(123)),
        (0, Decimal(0)),
        (-3, Decimal(-3)),
        (12.345, Decimal("12.34")),
        (True, None),
        ("123", None),
        (None, None),
        (10**40, None),
        (1e308, None),
    ],
)
def test_the_balance_is_kept_where_it_is_a_number(said: Any, kept: Decimal | None) -> None:
    key = learn(added(), "credits.retrieve", answered({"current_credits": said}))
    assert key.balance == kept


@pytest.mark.django_db
def test_an_older_answer_does_not_overwrite_a_newer_one() -> None:
    key = added()
    learn(key, "credits.retrieve", answered({"current_credits": 7}))
    before = NOON - timedelta(minutes=1)
    old = learn(key, "credits.retrieve", answered({"current_credits": 9}), now=before)
    assert old.balance == 7
    old = learn(key, "credits.retrieve", refused(401, code="api_key_revoked"), now=before)
    assert (old.health, old.last_used_at) == ("ok", NOON)


@pytest.mark.django_db
def test_runs_tick_the_quickstart() -> None:
    key = added()
    learn(key, "generations.create", job())
    learn(key, "generations.retrieve", job(status="processing"))
    steps = set(Milestone.objects.values_list("step", flat=True))
    assert steps == {"key stored", "live run"}
    learn(key, "generations.retrieve", job(status="succeeded"))
    learn(key, "credits.retrieve", answered({"current_credits": 1}))
    steps = set(Milestone.objects.values_list("step", flat=True))
    assert {"polled to end", "credits checked"} <= steps


@pytest.mark.django_db
def test_an_answer_that_comes_after_its_key_or_person_is_gone_breaks_nothing() -> None:
    key, wanted = added(), operations.get("credits.retrieve")
    outcome = answered({"current_credits": 5})
    services.learned(key, operation=wanted, outcome=outcome, user_id=987654, now=NOON)
    ApiKey.objects.filter(pk=key.pk).delete()
    services.learned(key, operation=wanted, outcome=outcome, user_id=person("Bob").pk, now=NOON)
    assert not KeyUse.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_parallel_calls_are_each_counted() -> None:
    key, user = added(), person("Bob")
    wanted = [operations.get("credits.retrieve"), operations.get("generations.create")]
    start = threading.Barrier(6)
    trouble: list[BaseException] = []

    def call(number: int) -> None:
        try:
            start.wait(10)
            for _ in range(4):
                services.learned(
                    key,
                    operation=wanted[number % 2],
                    outcome=answered({"current_credits": 5}),
                    user_id=user.pk,
                    now=NOON,
                )
        except BaseException as error:
            trouble.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert trouble == []
    assert sorted(KeyUse.objects.values_list("count", flat=True)) == [12, 12]
    assert fresh(key).seen == {"credits:read": "granted", "generations:create": "granted"}
