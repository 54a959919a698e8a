"""Is a job slow? Compared with the team's own runs of its model."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from debugger.generations.models import Generation
from debugger.generations.telling import percentiles
from debugger.generations.telling.percentiles import Explanation, explain, nearest_rank
from tests.cast import acme, zenith
from tests.generations.jobs import NOON, job, succeeded

pytestmark = pytest.mark.django_db
State = Generation.State


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def runs(*seconds: float, queue: float = 2, **facts: Any) -> None:
    """Jobs that ended yesterday after so many seconds."""
    for number, each in enumerate(seconds):
        at = NOON - timedelta(days=1, minutes=number, seconds=Generation.objects.count())
        started = at + timedelta(seconds=min(queue, each))
        succeeded(acme(), at=at, seconds=each, started_at=started, **facts)


def explained(generation: Generation, seconds: float) -> Explanation:
    found = explain(generation, after(seconds))
    assert found is not None
    return found


def test_percentiles_are_values_that_happened_by_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 21)]
    assert nearest_rank(values, 95) == 19
    assert nearest_rank(values, 50) == 10
    assert nearest_rank(values[:8], 95) == 8
    assert nearest_rank(values[:1], 50) == 1


def test_a_job_at_p95_is_said_to_be_slow() -> None:
    runs(*range(10, 30))
    mine = job(acme())
    assert not explained(mine, 27).slow
    slow = explained(mine, 28)
    assert slow.slow
    assert slow.sentence == "Slower than 95 % of your 20 runs of this model."
    assert slow.offers == ("look", "notify", "stop")


def test_a_job_that_took_longer_than_all_is_slower_than_all() -> None:
    runs(*range(10, 30))
    assert explained(job(acme()), 60).sentence == "Slower than all of your 20 runs of this model."


def test_a_job_in_time_is_told_what_is_usual() -> None:
    runs(*range(10, 30))
    said = explained(job(acme()), 5).sentence
    assert said == "Half of your 20 runs of this model took 19.0 s or less, 95 % of them 28.0 s."


def test_fewer_than_eight_runs_are_not_compared_with() -> None:
    runs(*range(10, 17))
    said = explained(job(acme()), 500)
    assert not said.slow
    assert "Only 7 runs of this model have ended so far" in said.sentence


def test_the_first_run_of_a_model_is_said_to_be_the_first() -> None:
    assert "first run of this model" in explained(job(acme()), 500).sentence


def test_a_slow_job_is_told_whether_it_waits_or_runs() -> None:
    runs(*range(10, 30), queue=3)
    waiting, running = job(acme(), status="queued"), job(acme(), at=after(1), started_at=after(20))
    assert "waits in the queue since 60.0 s; half of them waited 3.0 s" in str(
        explained(waiting, 60)
    )
    assert "It runs since 40.0 s; half of them ran 16.0 s" in str(explained(running, 60))


def test_runs_that_were_over_at_the_first_look_say_nothing_about_the_queue() -> None:
    runs(*[10.0] * 10, queue=10)
    said = explained(job(acme()), 5)
    assert said.whole is not None
    assert (said.queue, said.run) == (None, None)


def test_mock_runs_are_compared_with_mock_runs_of_the_same_model_and_team_only() -> None:
    runs(*[100.0] * 9, mode="live", account="")
    runs(*[100.0] * 9, model="flux")
    for number in range(9):
        succeeded(zenith(), at=NOON - timedelta(hours=number + 1), seconds=100, by="Charlie")
    assert "first run of this model" in explained(job(acme()), 5).sentence


def test_the_last_five_hundred_are_compared_with() -> None:
    before = NOON - timedelta(days=9)
    plain = {"mode": "mock", "model": "z-image", "state": State.SUCCEEDED}
    Generation.objects.bulk_create(
        Generation(
            id=n + 1,
            team=acme(),
            task_id=f"old_{n}",
            submitted_at=before,
            ended_at=before + timedelta(seconds=1 if n >= 20 else 10_000),
            **plain,
        )
        for n in range(520)
    )
    said = explained(job(acme()), 5)
    assert said.whole is not None
    assert (said.whole.runs, said.whole.p95) == (500, 1)


def test_a_job_that_was_given_up_is_unknown_and_not_failed() -> None:
    mine = job(acme(), state=State.UNKNOWN, polled_at=after(1800))
    said = explained(mine, 2000)
    assert said.sentence == (
        "Unknown, last seen processing at 21 Nov 2026, 12:30:00 UTC. "
        "It is looked at again every 5 min."
    )


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.PAUSED, State.STOPPED])
def test_a_job_that_nobody_waits_for_is_not_explained(state: State) -> None:
    assert explain(job(acme(), state=state), after(500)) is None


def test_an_explanation_needs_one_statement(django_assert_num_queries: Any) -> None:
    runs(*range(10, 30))
    mine = job(acme())
    with django_assert_num_queries(1):
        percentiles.explain(mine, after(500))
