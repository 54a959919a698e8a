"""The team's own views of its history, and for how long it is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from debugger.exchanges import services
from debugger.exchanges.models import HistoryRules, SavedView
from debugger.teams.models import AuditEvent
from tests.canary import canary
from tests.cast import acme, browser_of, zenith
from tests.exchanges.rows import run_row
from tests.exchanges.screens import HOME, page, plain, text_of

pytestmark = pytest.mark.django_db


# -- Views -----------------------------------------------------------------------------------------


def save(name: str, query: str = "result=failed&tz=Asia/Kolkata", *, who: str = "Bob") -> Any:
    return browser_of(who).post(f"{HOME}views", {"action": "save", "name": name, "query": query})


def test_a_view_is_saved_for_the_whole_team_and_marked_where_it_is_shown() -> None:
    acme()
    assert save("Night shift", "result=failed&person=&mode=live")["Location"] == (
        f"{HOME}?mode=live&result=failed"
    )
    seen = page(f"{HOME}?result=failed&mode=live", who="Vera")
    assert re.search(r'aria-current="true">Night shift</a>', seen)
    assert re.search(r'aria-current="true">Failed</a>', page(f"{HOME}?result=failed"))
    assert re.search(r'aria-current="true">All</a>', page(f"{HOME}?tz=Asia/Kolkata"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the view a name."),
        ("x" * 61, "That name has 61 characters"),
        ("night SHIFT", "already"),
        ("Failed", "that every team has"),
    ],
)
def test_a_view_that_cannot_be_saved_is_a_sentence(name: str, sentence: str) -> None:
    acme()
    save("Night shift")
    answer = save(name)
    assert answer.status_code == 422
    assert sentence in plain(text_of(answer))
    assert SavedView.objects.count() == 1


def test_no_view_keeps_a_key_nor_nothing() -> None:
    acme()
    assert save("With a key", f"q={canary('saved in a view')}").status_code == 422
    assert save("Empty", "older_than=5&q=").status_code == 422
    assert save(canary("name of a view")).status_code == 422
    assert not SavedView.objects.exists()


def test_a_view_is_renamed_and_deleted_and_the_log_tells_of_it() -> None:
    acme()
    save("Night shift")
    view = SavedView.objects.get()
    bob = browser_of("Bob")
    given = {"action": "rename", "view": view.pk, "name": " Day  shift "}
    assert bob.post(f"{HOME}views", given).status_code == 302
    view.refresh_from_db()
    assert view.name == "Day shift"
    assert "Day shift" in page(f"{HOME}views")
    bob.post(f"{HOME}views", {"action": "delete", "view": view.pk})
    assert not SavedView.objects.exists()
    event = AuditEvent.objects.get(action="history.view_deleted")
    assert (event.object_label, event.actor_name) == ("Day shift", "Bob")


def test_a_view_of_another_team_is_out_of_reach() -> None:
    acme()
    zenith()
    save("Night shift")
    view = SavedView.objects.get()
    charlie = browser_of("Charlie")
    for given in ({"action": "delete"}, {"action": "rename", "name": "Mine now"}):
        answer = charlie.post("/t/zenith/history/views", {**given, "view": view.pk})
        assert answer.status_code == 404
    view.refresh_from_db()
    assert view.name == "Night shift"


# -- What is kept ----------------------------------------------------------------------------------


def keep(who: str = "Ada", **given: str) -> Any:
    whole = {"days": "90", "bodies": "on", "result_days": "30", **given}
    return browser_of(who).post(f"{HOME}keep", whole)


def test_a_shorter_time_says_how_many_runs_go_before_it_counts() -> None:
    team = acme()
    now = timezone.now()
    for days in (1, 40, 50):
        run_row(team, at=now - timedelta(days=days))
    run_row(team, at=now - timedelta(days=60), starred=True)
    asked = keep(days="30")
    assert asked.status_code == 200
    assert "2 runs are older than that and will be deleted within the hour" in text_of(asked)
    assert services.rules_of(team).days == 90
    assert keep(days="30", confirm="yes").status_code == 302
    assert services.rules_of(team).days == 30
    assert AuditEvent.objects.filter(action="history.rules_changed").count() == 1
    assert "Kept 30 days" in plain(page())


def test_a_longer_time_counts_at_once() -> None:
    team = acme()
    assert keep(days="ever", result_days="365").status_code == 302
    assert services.rules_of(team).days is None
    assert "Runs are kept for ever." in plain(page())


def test_keeping_no_bodies_is_asked_twice() -> None:
    team = acme()
    assert "bodies of all runs are deleted" in text_of(keep(bodies=""))
    assert services.rules_of(team).bodies
    keep(bodies="", confirm="yes")
    assert not services.rules_of(team).bodies
    assert "Bodies are not kept." in plain(page())


@pytest.mark.parametrize("days", ["", "8", "-1", "1e3", "٣٠", "9" * 30])
def test_only_the_offered_times_can_be_chosen(days: str) -> None:
    acme()
    answer = keep(days=days)
    assert answer.status_code == 302
    assert not HistoryRules.objects.exists()


@pytest.mark.parametrize("who", ["Bob", "Vera"])
def test_who_may_not_change_it_reads_it_and_whom_to_ask(who: str) -> None:
    acme()
    seen = plain(page(f"{HOME}keep", who=who))
    assert "Set by owners and admins: Alice, Ada." in seen
    assert keep(who).status_code == 403
