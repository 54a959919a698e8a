"""Jobs leave with the runs of the history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from debugger.exchanges.models import HistoryRules
from debugger.generations import expiry
from debugger.generations.expiry import expire
from debugger.generations.models import Generation, Moment, SavedFile
from tests.cast import acme, zenith
from tests.generations.jobs import NOON, job, moment, saved, succeeded

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def left() -> set[int]:
    return set(Generation.objects.values_list("pk", flat=True))


def test_a_job_goes_when_its_teams_days_are_over_with_all_that_hangs_on_it() -> None:
    HistoryRules.objects.create(team=acme(), days=7)
    old, new, theirs = succeeded(acme()), job(acme(), at=NOON + 3 * DAY), succeeded(zenith())
    moment(old, "ended")
    assert expire(now=NOON + 8 * DAY) == 1
    assert left() == {new.pk, theirs.pk}
    assert not Moment.objects.exists()
    assert expire(now=NOON + 91 * DAY) == 2


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
