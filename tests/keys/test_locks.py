"""Who changes a team or a key lets rows pass that only refer to it, or two would wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from debugger.contract import operations
from debugger.keys.learning import learned
from debugger.keys.live import ceilings, spend
from debugger.keys.live.ceilings import Pair
from debugger.keys.models import ApiKey, Spend
from debugger.teams.locks import held
from debugger.teams.models import Team
from tests.cast import acme, person, place
from tests.keys import answers
from tests.keys.deeds import added, by

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0


def elsewhere(work: Callable[[], object]) -> bool:
    """Whether another connection gets its work done, and does not wait for this one.

    SQLite has one writer at a time: there this connection does the work in between.
    """
    if connection.vendor == "sqlite":
        work()
        return True
    done = threading.Event()

    def alone() -> None:
        try:
            work()
            done.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=alone, daemon=True)
    thread.start()
    return done.wait(PATIENCE)


def run_once(team: Team, key: ApiKey) -> None:
    """One live run: held, settled, and learned from."""
    now, user_id = timezone.now(), person("Bob").pk
    spent = spend.hold(
        team=team,
        key=key,
        user_id=user_id,
        operation="generations.create",
        estimated=Decimal(1),
        now=now,
    )
    assert isinstance(spent, Spend)
    spend.settle(spent, outcome=answers.job(), now=now)


def test_a_run_is_counted_while_somebody_changes_the_people_or_keys_of_its_team() -> None:
    key = added(now=timezone.now())
    with transaction.atomic():
        held(key.team_id).get()
        assert elsewhere(lambda: run_once(key.team, key))


def test_a_run_is_counted_while_an_answer_teaches_something_about_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, seen = added(now=timezone.now()), []
    monkeypatch.setattr(
        "debugger.keys.learning._judge",
        lambda *_: seen.append(elsewhere(lambda: run_once(key.team, key))),
    )
    learned(
        key,
        operation=operations.get("generations.create"),
        outcome=answers.job(),
        user_id=person("Bob").pk,
        now=timezone.now(),
    )
    assert seen == [True]


def test_runs_and_changes_of_ceilings_never_wait_for_each_other_in_turns() -> None:
    team, now = acme(), timezone.now()
    Team.objects.filter(pk=team.pk).update(run_ceiling=None, day_ceiling=None)
    keys = [added(each, label=each, now=now) for each in "abc"]
    alice, troubles = place("Alice", team), []

    def work(number: int) -> None:
        try:
            for turn in range(12):
                if number % 2:
                    run_once(team, keys[turn % 3])
                else:
                    pairs = {key.public_id: Pair(run=None, day=1000 + turn) for key in keys}
                    both = Pair(run=None, day=2000 + turn)
                    ceilings.set_ceilings(alice, team=both, keys=pairs, by=by(alice))
        except Exception as trouble:
            troubles.append(trouble)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    assert troubles == []
    assert Spend.objects.filter(team=team).count() == 24
