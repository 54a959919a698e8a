"""A team's home says what runs and what ran; the side navigation leads there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.urls import NoReverseMatch, reverse

from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation
from debugger.hub import activity
from debugger.web import moments
from tests.cast import acme, browser_of, zenith

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def job(state: str = "active", **fields: object) -> Generation:
    values = {"team": acme(), "mode": "mock", "state": state, "model": "z-image", "title": "A boat"}
    return Generation.objects.create(**{**values, **fields})


def ran(**fields: object) -> Exchange:
    values = {"team": acme(), "mode": "mock", "operation": "credits.retrieve", "method": "GET"}
    return Exchange.objects.create(**{**values, "path": "/api/v1/credits", "status": 200, **fields})


def page(name: str = "Bob", address: str = "/t/acme/") -> str:
    acme()
    answer = browser_of(name).get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_home_of_a_new_team_says_what_will_be_there() -> None:
    text = page("Vera")
    assert "Nothing was run yet" in text
    assert "Nothing runs at present." in text
    assert 'data-beat="2000"' not in text, "nobody asks for news of nothing"


def test_the_home_shows_the_newest_jobs_that_have_not_ended() -> None:
    for number in range(7):
        job(title=f"Boat number {number}", task_id=f"task_{number}")
    job("succeeded", title="A finished boat", task_id="task_done")
    text = page("Vera")
    shown = [number for number in range(7) if f"Boat number {number}" in text]
    assert shown == [2, 3, 4, 5, 6]
    assert "A finished boat" not in text
    assert 'hx-get="/t/acme/running"' in text


def test_what_runs_is_asked_for_alone_and_stops_asking_when_it_has_ended() -> None:
    row = job(task_id="task_1")
    assert 'hx-get="/t/acme/running"' in page("Vera", "/t/acme/running")
    Generation.objects.filter(pk=row.pk).update(state="succeeded")
    fragment = page("Vera", "/t/acme/running")
    assert "hx-get" not in fragment
    assert "<html" not in fragment
    assert browser_of("Charlie").get("/t/acme/running").status_code == 404


def test_the_home_shows_the_latest_runs_with_what_came_of_them() -> None:
    for number in range(9):
        ran(summary=f"Run number {number}", user_name="Bob")
    ran(status=429, failed=True, failure_kind="rate_limited", summary="A refused run")
    ran(team=zenith(), summary="A secret of others")
    text = page()
    assert "A refused run" in text
    assert "Rate limited" in text
    assert "Run number 2" in text
    assert "Run number 1" not in text
    assert "A secret of others" not in text


def test_a_run_that_made_a_job_says_what_became_of_the_job() -> None:
    operation = {"operation": "generations.create", "status": 202, "job_status": "queued"}
    first = ran(**operation, made="task_1", summary="A boat")
    ran(**operation, made="task_1", summary="The same boat")
    lost = ran(operation="generations.create", status=None, failed=True, failure_kind="broken")
    job("succeeded", task_id="task_1", exchange=first)
    job("failed", task_id="task_2", exchange=lost, status="failed")
    found = {line.row.summary: line.word for line in activity.recent(acme())}
    assert found == {"A boat": "Succeeded", "The same boat": "Succeeded", "": "Failed"}


def test_the_side_navigation_leads_to_what_the_team_ran() -> None:
    text = page("Vera")
    for name in ("history:list", "generations:board", "errors:list", "live:spend"):
        try:
            address = reverse(name, kwargs={"slug": "acme"})
        except NoReverseMatch:
            continue
        assert f'href="{address}"' in text


def test_jobs_that_have_not_ended_are_counted_up_to_a_hundred() -> None:
    team = acme()
    assert activity.open_jobs(team) == ""
    job(task_id="one")
    job("paused", task_id="two")
    job("failed", task_id="three")
    assert activity.open_jobs(team) == "2"
    Generation.objects.bulk_create(
        Generation(team=team, mode="mock", task_id=f"t{number}", id=moments.new_id() + number)
        for number in range(100)
    )
    assert activity.open_jobs(team) == "99+"


def test_a_failure_of_the_last_hour_is_noticed_and_an_older_one_is_not() -> None:
    team = acme()
    ran(failed=True, id=moments.new_id(NOW - timedelta(minutes=61)))
    assert not activity.failed_lately(team, now=NOW)
    ran(failed=False, id=moments.new_id(NOW - timedelta(minutes=5)))
    assert not activity.failed_lately(team, now=NOW)
    ran(failed=True, id=moments.new_id(NOW - timedelta(minutes=5)))
    assert activity.failed_lately(team, now=NOW)
    assert not activity.failed_lately(zenith(), now=NOW)


def test_the_documentation_tells_what_is_kept_and_how_jobs_are_followed() -> None:
    text = page("Vera", "/docs/history-and-generations/")
    for words in ("for 90 days", "for 30 days", "512 KiB", "at most", "24 hours", "every hour"):
        assert words in text
    assert 'href="/docs/history-and-generations/"' in page("Vera", "/docs/")
