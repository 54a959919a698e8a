"""Job states and the polling schedule."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.assumptions import with_overrides
from debugger.contract.jobs import DEFAULT_SCHEDULE, JobStatus, Schedule, is_final, next_poll


def test_only_the_last_two_states_are_final() -> None:
    assert [status for status in JobStatus if is_final(status)] == ["succeeded", "failed"]


@pytest.mark.parametrize("status", ["paused", "", None, 5, [], "Succeeded"])
def test_a_state_that_is_not_documented_is_not_final(status: object) -> None:
    assert not is_final(status)


def test_the_first_poll_comes_two_to_three_seconds_after_the_submit() -> None:
    for category in ("image", "video", "audio", None):
        assert 2 <= next_poll(polls=0, elapsed=0, category=category) <= 3


def test_waits_widen_up_to_the_longest() -> None:
    waits = [next_poll(polls=polls, elapsed=0, category="image") for polls in range(1, 12)]
    assert waits[:3] == [5.0, 7.5, 11.25]
    assert all(later >= earlier for earlier, later in itertools.pairwise(waits))
    assert waits[-1] == 30.0


def test_video_and_audio_are_polled_more_slowly() -> None:
    assert next_poll(polls=1, elapsed=0, category="video") == 10.0
    assert next_poll(polls=1, elapsed=0, category="audio") == 10.0


def test_retry_after_wins_when_it_asks_for_more() -> None:
    assert next_poll(polls=1, elapsed=0, category="image", retry_after=60) == 60
    assert next_poll(polls=1, elapsed=0, category="image", retry_after=1) == 5.0
    assert next_poll(polls=1, elapsed=0, category="image", retry_after=1e9) == 1800.0


def test_the_last_poll_falls_on_the_moment_of_giving_up() -> None:
    assert next_poll(polls=50, elapsed=1790, category="image") == 10
    assert not DEFAULT_SCHEDULE.given_up(1799.9)
    assert DEFAULT_SCHEDULE.given_up(1800)


def test_a_poll_on_request_after_giving_up_has_a_wait_too() -> None:
    assert next_poll(polls=50, elapsed=5000, category="image") == 30.0


def test_the_schedule_follows_the_assumptions() -> None:
    schedule = Schedule.of(with_overrides({"poll_first_seconds": 1, "poll_growth": 1}))
    assert schedule.wait(0) == 1
    assert schedule.wait(100) == 5.0
    still = Schedule.of(with_overrides({"poll_seconds": 0}))
    assert still.wait(10) == 0


@given(
    polls=st.integers(-5, 10**12),
    elapsed=st.floats(0, 1e9),
    category=st.sampled_from(["image", "video", "audio", "new", None]),
    retry_after=st.none() | st.floats(allow_nan=True, allow_infinity=True),
)
def test_a_wait_is_always_a_reasonable_number(
    polls: int, elapsed: float, category: str | None, retry_after: float | None
) -> None:
    wait = next_poll(polls=polls, elapsed=elapsed, category=category, retry_after=retry_after)
    assert math.isfinite(wait)
    assert 0 < wait <= 1800
