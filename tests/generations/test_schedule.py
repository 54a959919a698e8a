"""When a job is looked at again."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.jobs import DEFAULT_SCHEDULE
from debugger.generations import schedule
from debugger.generations.models import Generation

State = Generation.State
GIVE_UP = DEFAULT_SCHEDULE.give_up
chances = st.floats(0, 1, exclude_max=True)
ages = st.floats(0, 20 * 24 * 3600.0)
categories = st.sampled_from(["", "image", "video", "audio"])
modes = st.sampled_from(["live", "mock"])


def middle() -> float:
    return 0.5


@given(
    polls=st.integers(0, 10**6),
    elapsed=ages,
    category=categories,
    mode=modes,
    failures=st.integers(0, 10**6),
    retry_after=st.none() | st.floats(0, 24 * 3600.0),
    chance=chances,
)
def test_a_wait_is_finite_and_never_shorter_than_retry_after(
    polls: int,
    elapsed: float,
    category: str,
    mode: str,
    failures: int,
    retry_after: float | None,
    chance: float,
) -> None:
    seconds = schedule.wait(
        polls,
        elapsed=elapsed,
        category=category,
        mode=mode,
        failures=failures,
        retry_after=retry_after,
        chance=lambda: chance,
    )
    if schedule.state_at(elapsed) is State.STOPPED:
        assert seconds is None
        return
    assert seconds is not None
    assert seconds > 0
    assert math.isfinite(seconds)
    assert seconds >= (retry_after or 0)


@given(polls=st.integers(0, 200), category=categories, mode=modes, chance=chances)
def test_a_wait_strays_by_fifteen_percent_at_most(
    polls: int, category: str, mode: str, chance: float
) -> None:
    plain = schedule.wait(polls, elapsed=0, category=category, mode=mode, chance=middle)
    strayed = schedule.wait(polls, elapsed=0, category=category, mode=mode, chance=lambda: chance)
    assert plain is not None
    assert strayed is not None
    assert 0.85 * plain - 1e-9 <= strayed <= 1.15 * plain + 1e-9


@given(elapsed=ages, later=ages, failures=st.integers(0, 50))
def test_an_older_job_is_never_livelier(elapsed: float, later: float, failures: int) -> None:
    order = [State.ACTIVE, State.UNKNOWN, State.STOPPED]
    young, old = sorted((elapsed, later))
    assert order.index(schedule.state_at(young)) <= order.index(schedule.state_at(old))


@given(polls=st.integers(0, 100), chance=chances, age=st.floats(0, GIVE_UP, exclude_max=True))
def test_no_look_of_the_schedule_comes_after_the_moment_of_giving_up(
    polls: int, chance: float, age: float
) -> None:
    seconds = schedule.wait(polls, elapsed=age, chance=lambda: chance)
    assert seconds is not None
    assert age + seconds <= GIVE_UP + 1e-6


def test_the_first_look_comes_after_two_to_three_seconds_and_waits_widen() -> None:
    waits = [schedule.wait(n, elapsed=0, chance=middle) for n in range(8)]
    assert waits == pytest.approx([2.5, 5, 7.5, 11.25, 16.875, 25.3125, 30, 30])


def test_video_and_audio_are_looked_at_more_slowly() -> None:
    slow = [
        schedule.wait(1, elapsed=0, category=kind, chance=middle) for kind in ("video", "audio")
    ]
    assert slow == [10.0, 10.0]
    assert schedule.wait(1, elapsed=0, category="image", chance=middle) == 5.0


def test_mock_mode_is_livelier() -> None:
    waits = [schedule.wait(n, elapsed=0, mode="mock", chance=middle) for n in range(5)]
    assert waits == pytest.approx([1.0, 2.0, 2.0, 2.0, 2.0])


def test_a_job_that_was_given_up_is_unknown_then_rare_then_stopped() -> None:
    day = 24 * 3600.0
    found = [
        (schedule.state_at(age), schedule.wait(50, elapsed=age, chance=middle))
        for age in (GIVE_UP - 1000, GIVE_UP, GIVE_UP + day - 1, GIVE_UP + day, GIVE_UP + 8 * day)
    ]
    assert found == [
        (State.ACTIVE, 30.0),
        (State.UNKNOWN, 300.0),
        (State.UNKNOWN, 300.0),
        (State.UNKNOWN, 3600.0),
        (State.STOPPED, None),
    ]


def test_looks_that_nothing_answers_back_off_to_a_minute() -> None:
    waits = [schedule.wait(0, elapsed=0, failures=n, chance=middle) for n in (1, 2, 3, 4, 5, 6, 99)]
    assert waits == [2.5, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_lost_submission_is_sent_again_ever_more_rarely_and_given_up_in_time() -> None:
    waits = [schedule.resend(n, elapsed=0, chance=middle) for n in (0, 1, 2, 3, 4, 5, 6, 7)]
    assert waits == [2.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert schedule.resend(9, elapsed=schedule.RESEND_FOR) is None


@given(failures=st.integers(0, 10**6), retry=st.floats(0, 1800), chance=chances)
def test_a_resend_never_undercuts_retry_after(failures: int, retry: float, chance: float) -> None:
    seconds = schedule.resend(failures, elapsed=1, retry_after=retry, chance=lambda: chance)
    assert seconds is not None
    assert seconds >= retry


def test_a_clock_that_ran_backwards_counts_as_no_time() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    ahead = now + timedelta(hours=2)
    found = schedule.next_poll_at(0, submitted_at=ahead, now=now)
    assert found is not None
    assert 2 <= (found - now).total_seconds() <= 3


def test_the_policy_of_a_page_names_what_the_schedule_does() -> None:
    shown = schedule.policy("video")
    assert shown.waits == pytest.approx((2.5, 10.0, 15.0, 22.5, 30.0))
    assert shown.longest == 30.0
    assert shown.given_up == GIVE_UP
    assert shown.stopped == GIVE_UP + 8 * 24 * 3600.0
