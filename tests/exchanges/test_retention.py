"""What is kept, and for how long, is the team's choice; the sweep deletes the rest in batches."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from debugger.exchanges import retention, services, tasks
from debugger.exchanges.models import (
    Comment,
    Exchange,
    ExchangeContent,
    ExchangeWords,
    HistoryRules,
    SavedView,
)
from debugger.generations.models import Generation
from debugger.teams import audit, audit_sentences
from debugger.teams.models import AuditEvent, Team
from debugger.web.errors import Invalid
from tests.cast import acme, place, zenith
from tests.exchanges.rows import NOON, run_row
from tests.exchanges.runs import run
from tests.generations.jobs import job

pytestmark = pytest.mark.django_db
BY = audit.Origin(actor_id=1, actor_name="Ada")


def days_ago(days: float, team: Team | None = None, **facts: Any) -> Exchange:
    """A run so many days before noon."""
    return run_row(team or acme(), at=NOON - timedelta(days=days), prompt="Bottle", **facts)


def choose(days: int | None = 90, bodies: bool = True, result_days: int | None = 30) -> None:
    """Change Acme's rules, as Ada."""
    services.set_rules(
        place("Ada", acme()), days=days, bodies=bodies, result_days=result_days, by=BY, now=NOON
    )


def left() -> list[Exchange]:
    """The runs that are there, the newest first."""
    return list(Exchange.objects.order_by("-pk"))


# -- Rules ---------------------------------------------------------------------------------------


def test_a_team_that_chose_nothing_keeps_everything_for_90_days() -> None:
    rules = services.rules_of(acme())
    assert (rules.days, rules.bodies, rules.result_days) == (90, True, 30)
    assert not HistoryRules.objects.exists()


def test_a_change_of_the_rules_is_audited_in_a_sentence() -> None:
    choose(days=None, bodies=False)
    rules = services.rules_of(acme())
    assert (rules.days, rules.bodies) == (None, False)
    event = AuditEvent.objects.get()
    assert event.action == "history.rules_changed"
    assert event.changed == {"days": [90, "for ever"], "bodies": [True, False]}
    assert "history.rules_changed" in audit_sentences.SENTENCES


def test_choosing_what_is_chosen_is_no_change() -> None:
    choose()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("days", [0, -1, 31, 10**9])
def test_only_the_times_that_are_offered_can_be_chosen(days: int) -> None:
    with pytest.raises(Invalid):
        choose(days=days)
    with pytest.raises(Invalid):
        choose(result_days=days)


# -- The sweep -----------------------------------------------------------------------------------


def test_runs_whose_time_is_over_go_with_their_words_and_comments() -> None:
    old, young = days_ago(90.1), days_ago(89.9)
    for each in (old, young):
        services.comment(place("Bob", acme()), each.name, "Look", now=NOON)
    assert services.sweep(now=NOON) == 1
    assert left() == [young]
    assert [Comment.objects.get().about] == [young.name]
    assert (ExchangeContent.objects.count(), ExchangeWords.objects.count()) == (1, 1)
    wanted = services.narrowed({"q": "bottle"})
    assert services.page(acme(), wanted, cursor={}).rows == (young,)


def test_starred_runs_stay_until_the_star_goes() -> None:
    old = days_ago(1000, starred=True)
    assert services.sweep(now=NOON) == 0
    services.star(old, False)
    assert services.sweep(now=NOON) == 1


def test_each_team_has_its_own_time() -> None:
    choose(days=7)
    days_ago(8)
    other = days_ago(8, zenith(), by="Charlie")
    services.sweep(now=NOON)
    assert left() == [other]


def test_for_ever_is_for_ever() -> None:
    choose(days=None)
    days_ago(5000)
    assert services.sweep(now=NOON) == 0


def test_what_refers_to_a_run_outlives_it() -> None:
    old = days_ago(100)
    copy, followed = days_ago(1, origin=old), job(acme(), exchange=old)
    services.sweep(now=NOON)
    copy.refresh_from_db()
    assert copy.origin is None
    assert Generation.objects.get(pk=followed.pk).exchange is None


def test_many_runs_go_in_small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(8):
        days_ago(100 + number)
    with CaptureQueriesContext(connection) as sent:
        assert services.sweep(now=NOON) == 8
    assert sum("SAVEPOINT" in each["sql"] and "RELEASE" not in each["sql"] for each in sent) >= 3


def test_one_run_of_the_task_is_bounded_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(8):
        days_ago(100 + number)
    assert [services.sweep(now=NOON, rounds=2) for _ in range(3)] == [6, 2, 0]


def test_the_oldest_go_first() -> None:
    rows = [days_ago(100 + number) for number in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "BATCH", 1)
        services.sweep(now=NOON, rounds=1)
    assert left() == rows[:2]


def test_a_deleted_teams_history_goes_entirely() -> None:
    days_ago(1, starred=True)
    services.comment(place("Bob", acme()), "gen_1", "Look", now=NOON)
    SavedView.objects.create(team=acme(), name="Mine", query="q=x")
    choose(days=None)
    kept = days_ago(1, zenith(), by="Charlie")
    Team.objects.filter(slug="acme").update(slug=None, deleted_at=NOON)
    assert services.sweep(now=NOON) == 1
    assert left() == [kept]
    assert not Comment.objects.exists()
    assert not SavedView.objects.exists()
    assert not HistoryRules.objects.exists()


def test_the_task_sweeps() -> None:
    days_ago(5000)
    assert tasks.sweep() == 1


# -- Bodies --------------------------------------------------------------------------------------


def test_bodies_go_when_a_team_wants_none_and_ids_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    rows = [
        services.record(run(acme(), now=NOON - timedelta(hours=n), idempotency_key=f"dash-{n}"))
        for n in range(5)
    ]
    choose(bodies=False)
    services.sweep(now=NOON)
    for row in rows:
        row.refresh_from_db()
        content = ExchangeContent.objects.get(pk=row.pk)
        assert (content.kept, content.request_text, content.response_text) == (False, None, None)
        assert (content.draft, row.summary, content.intact) == ("", "", False)
        assert row.made == "task_8Hn2kQ"

    def found(q: str) -> int:
        return len(services.page(acme(), services.narrowed({"q": q}), cursor={}).rows)

    assert (found("bottle"), found("dash-3"), found("task_8Hn2kQ")) == (0, 1, 5)


def test_runs_that_began_before_the_change_are_looked_for_an_hour_long() -> None:
    choose(bodies=False)
    assert services.sweep(now=NOON) == 0
    services.record(run(zenith()))
    late = services.record(run(acme(), now=NOON + timedelta(minutes=1)))
    ExchangeContent.objects.filter(pk=late.pk).update(kept=True, request_text="late")
    services.sweep(now=NOON + timedelta(hours=1))
    assert ExchangeContent.objects.get(pk=late.pk).request_text is None
    assert ExchangeContent.objects.filter(kept=True).count() == 1
    assert services.rules_of(acme()).strip_below is None


def test_bodies_that_are_kept_again_stay() -> None:
    row = services.record(run(acme(), now=NOON - timedelta(hours=1)))
    choose(bodies=False)
    choose(bodies=True)
    services.sweep(now=NOON)
    assert ExchangeContent.objects.get(pk=row.pk).kept


# -- Twice at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_delete_each_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    for number in range(40):
        days_ago(100 + number)
    gate, deleted = threading.Barrier(3), list[int]()

    def sweep() -> None:
        gate.wait(30)
        try:
            deleted.append(services.sweep(now=NOON))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(deleted), sum(deleted)) == (3, 40)
    assert left() == []
