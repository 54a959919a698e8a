"""Jobs leave with the runs of the history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from debugger.exchanges.models import HistoryRules
from debugger.generations import expiry
from debugger.generations.expiry import expire, strip
from debugger.generations.models import Generation, Moment, SavedFile
from debugger.teams import services as teams
from tests.cast import acme, place, zenith
from tests.generations.jobs import NOON, job, moment, saved, succeeded
from tests.keys.deeds import by

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def said_of(row: Generation) -> tuple[str, list[str]]:
    """The title of a job and the texts of its moments."""
    fresh = Generation.objects.get(pk=row.pk)
    return fresh.title, list(fresh.moments.order_by("number").values_list("payload", flat=True))


def left() -> set[int]:
    return set(Generation.objects.values_list("pk", flat=True))


def test_a_job_goes_when_its_teams_days_are_over_with_all_that_hangs_on_it() -> None:
    HistoryRules.objects.create(team=acme(), days=7)
    old, new, theirs = (
        succeeded(acme()),
        succeeded(acme(), at=NOON + 3 * DAY),
        succeeded(zenith()),
    )
    moment(old, "ended")
    assert expire(now=NOON + 8 * DAY) == 1
    assert left() == {new.pk, theirs.pk}
    assert not Moment.objects.exists()
    assert expire(now=NOON + 91 * DAY) == 2


def test_a_job_that_is_still_looked_at_stays_however_old_it_is() -> None:
    HistoryRules.objects.create(team=acme(), days=7)
    row = job(acme(), next_poll_at=NOON + 8 * DAY)
    assert expire(now=NOON + 8 * DAY) == 0
    Generation.objects.filter(pk=row.pk).update(next_poll_at=None)
    assert expire(now=NOON + 8 * DAY) == 1


def test_who_keeps_runs_for_ever_keeps_jobs_for_ever() -> None:
    HistoryRules.objects.create(team=acme(), days=None)
    row = succeeded(acme())
    assert expire(now=NOON + 9999 * DAY) == 0
    assert left() == {row.pk}


def test_a_job_with_a_copy_of_its_result_waits_for_the_locker() -> None:
    row = succeeded(acme())
    file = saved(row)
    assert expire(now=NOON + 99 * DAY) == 0
    SavedFile.objects.filter(pk=file.pk).update(path="", state=SavedFile.State.EXPIRED)
    assert expire(now=NOON + 99 * DAY) == 1


def test_many_jobs_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    for _ in range(5):
        succeeded(acme())
    assert expire(now=NOON + 99 * DAY) == 5
    assert left() == set()


def test_a_deleted_team_keeps_no_jobs() -> None:
    row, theirs = job(acme()), job(zenith())
    alice = place("Alice", acme())
    teams.delete(alice, typed="Acme", by=by(alice), now=NOON)
    row.refresh_from_db()
    assert (row.state, row.request_text, row.next_poll_at) == ("stopped", "", None)
    assert expire(now=NOON + timedelta(seconds=1)) == 1
    assert left() == {theirs.pk}


def test_what_was_sent_leaves_the_jobs_of_a_team_that_keeps_no_bodies() -> None:
    rows = [succeeded(acme()), succeeded(zenith())]
    for row in rows:
        moment(row, "sent", payload="A bottle", facts={"path": "/api/v1/generations"})
        moment(row, "ended", payload="{}")
    HistoryRules.objects.create(team=acme(), bodies=False)
    assert strip() == 1
    assert strip() == 0
    assert [said_of(row) for row in rows] == [
        ("", ["", "{}"]),
        ("A bottle on a table", ["A bottle", "{}"]),
    ]
