"""Whatever happens in whatever order, a day's rows say what its runs say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from debugger.client.outcome import Outcome
from debugger.keys.live import spend
from debugger.keys.models import ApiKey, Spend, SpendDay
from debugger.teams.models import Team
from tests.cast import person
from tests.keys import answers
from tests.keys.purses import a_key, team

NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
CEILING, KEY_CEILING = 50, 30
AMOUNTS = st.one_of(
    st.integers(0, 60), st.decimals(0, 60, places=2), st.decimals(0, 1, places=3), st.none()
)
STATED = st.one_of(st.none(), st.integers(0, 80), st.floats(-5, 80), st.just("20"))


@dataclass(frozen=True, slots=True)
class Hold:
    credits: Any
    with_key: bool
    idempotency: str
    override: bool
    day: int


@dataclass(frozen=True, slots=True)
class Settle:
    which: int
    how: str
    reserved: Any
    final: Any
    made: int


STEPS = st.one_of(
    st.builds(
        Hold,
        AMOUNTS,
        st.booleans(),
        st.sampled_from(["", "", "a", "b"]),
        st.sampled_from([False, False, False, True]),
        st.integers(0, 1),
    ),
    st.builds(
        Settle,
        st.integers(0, 20),
        st.sampled_from(["job", "ended", "turn", "refused", "lost", "release", "look"]),
        STATED,
        STATED,
        st.integers(0, 3),
    ),
)


def outcome_of(step: Settle) -> Outcome:
    made = f"task_{step.made}"
    if step.how == "turn":
        return answers.turn(made, reserved=step.reserved, final=step.final)
    if step.how == "refused":
        return answers.refused(400 + step.made)
    if step.how == "lost":
        return answers.lost()
    status = "queued" if step.how == "job" else "succeeded"
    return answers.job(made, status=status, reserved=step.reserved, final=step.final)


def take(step: Hold | Settle, owner: Team, key: ApiKey, held: list[Spend]) -> None:
    now = NOON + timedelta(days=step.day) if isinstance(step, Hold) else NOON + timedelta(days=1)
    if isinstance(step, Hold):
        found = spend.hold(
            team=owner,
            key=key if step.with_key else None,
            user_id=person("Ada").pk,
            operation="generations.create",
            estimated=step.credits,
            idempotency=step.idempotency,
            body="b",
            override=step.override,
            now=now,
        )
        if isinstance(found, Spend):
            held.append(found)
            if not found.again and found.overridden_by is None:
                below_the_ceilings(owner, key if step.with_key else None, now)
    elif held and step.how == "release":
        spend.release(held[step.which % len(held)], now=now)
    elif held and step.how == "look":
        spend.settle_made(owner, made=f"task_{step.made}", outcome=outcome_of(step), now=now)
    elif held:
        spend.settle(held[step.which % len(held)], outcome=outcome_of(step), now=now)


def below_the_ceilings(owner: Team, key: ApiKey | None, now: datetime) -> None:
    day = SpendDay.objects.filter(team=owner, day=now.date())
    assert day.get(key=None).credits <= CEILING
    if key is not None:
        assert day.get(key=key).credits <= KEY_CEILING


def sums_are_right(owner: Team, key: ApiKey) -> None:
    for row in SpendDay.objects.filter(team=owner):
        runs = Spend.objects.filter(team=owner, day=row.day)
        runs = runs if row.key_id is None else runs.filter(key=key)
        assert row.credits == (runs.aggregate(all=Sum("credits"))["all"] or Decimal(0))
        assert row.credits >= 0
    assert not Spend.objects.filter(credits__lt=0).exists()
    assert not Spend.objects.filter(state=Spend.State.RELEASED).exclude(credits=0).exists()


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=2, max_size=14))
def test_a_day_is_the_sum_of_its_runs_and_never_negative(steps: list[Hold | Settle]) -> None:
    with transaction.atomic():
        owner = team(run=None, day=CEILING)
        key = a_key(owner, day=KEY_CEILING)
        held: list[Spend] = []
        for step in steps:
            take(step, owner, key, held)
            sums_are_right(owner, key)
        transaction.set_rollback(True)
