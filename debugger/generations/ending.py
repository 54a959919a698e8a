"""What an answer changes in a job's row, and its end with everything that hangs on it, once.

Every function here is called with the row locked and not final, and the lock makes the end happen
once: who comes later finds a final row and goes away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from debugger.client.outcome import Outcome
from debugger.contract.jobs import JobStatus
from debugger.exchanges import services as exchanges
from debugger.generations import locker, moments
from debugger.generations.answers import Said, category_of
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.keys.live import spend
from debugger.teams import progress
from debugger.teams.models import User

_NOT_STARTED: Final = frozenset({"", JobStatus.QUEUED})
State = Generation.State


def apply(row: Generation, said: Said, *, outcome: Outcome, at: datetime, now: datetime) -> None:
    """Take over what an answer says, end the job where it says so, and save the row."""
    news = _taken(row, said, at=at, now=now)
    if said.ended:
        news += _end(row, said, at=at, now=now)
    save(row, news)
    if said.ended:
        _afterwards(row, said, outcome=outcome, now=now)


def _taken(row: Generation, said: Said, *, at: datetime, now: datetime) -> list[New]:
    news: list[New] = []
    before = (row.status, row.reserved, row.final)
    if said.status and said.status != row.status:
        facts = {"before": row.status, "after": said.status}
        news.append(New(kind=Moment.Kind.CHANGED, at=at, facts=facts, payload=said.text))
        row.status = said.status
    row.answer = said.text
    row.reserved = said.reserved if said.reserved is not None else row.reserved
    row.final = said.final if said.final is not None else row.final
    if row.started_at is None and said.status not in _NOT_STARTED:
        row.started_at = at
    if said.model and not row.model:
        row.model, row.category = said.model, category_of(said.model)
    if before != (row.status, row.reserved, row.final):
        changed(row, now=now)
    return news


def _end(row: Generation, said: Said, *, at: datetime, now: datetime) -> list[New]:
    failed = said.status == JobStatus.FAILED
    row.error_code, row.error_message = said.error_code, said.error_message
    return closed(row, State.FAILED if failed else State.SUCCEEDED, at=at, now=now)


def closed(
    row: Generation, state: Generation.State, *, at: datetime, now: datetime, reason: str = ""
) -> list[New]:
    """Put the row into a final state; gives the moments of its end, for ``save``."""
    row.state, row.reason, row.ended_at = state, reason[:500], at
    row.next_poll_at, row.lease, row.request_text = None, "", ""
    changed(row, now=now)
    facts = {"status": row.status, "code": row.error_code}
    news = [New(kind=Moment.Kind.ENDED, at=at, facts=facts)]
    if state != State.LOST and (row.reserved is not None or row.final is not None):
        amounts = {"reserved": _number(row.reserved), "final": _number(row.final)}
        news.append(New(kind=Moment.Kind.SETTLED, at=at, facts=amounts))
    return news


def _number(credits: object) -> str | None:
    return None if credits is None else str(credits)


def changed(row: Generation, *, now: datetime) -> None:
    """Say that pages which show the job show something old."""
    row.version += 1
    row.changed_at = max(row.changed_at, now)


def save(row: Generation, news: list[New]) -> None:
    """Write the row, and its moments behind the looks that came before them."""
    if news:
        news = [*moments.flushed(row), *news]
    row.save()
    moments.add_all(row.pk, news)


def _afterwards(row: Generation, said: Said, *, outcome: Outcome, now: datetime) -> None:
    """Money, the run in the history, the result's files and the quickstart."""
    settle(row, outcome, now=now)
    _tell_runs(row)
    if row.state == State.SUCCEEDED and said.urls:
        locker.expect(row, said.urls, now=now)
    if row.team.deleted_at is None:
        progress.reached(row.team, progress.Step.POLLED, user_id=_person(row))


def _tell_runs(row: Generation) -> None:
    """Let the history say of every run that this job answers what became of it."""
    first = row.exchange_id
    job = exchanges.Job(
        job_status=row.status, error_code=row.error_code, error_message=row.error_message
    )
    if first is not None:
        exchanges.settle(first, reserved=row.reserved, final=row.final, job=job)
    exchanges.tell_replays(
        first,
        team_id=row.team_id,
        idempotency_key=row.idempotency_key,
        made=row.task_id,
        job=job,
    )


def settle(row: Generation, outcome: Outcome, *, now: datetime) -> None:
    """Replace what the run holds of its ceilings by what the API says."""
    settled = spend.settle_made(row.team, made=row.task_id, outcome=outcome, now=now)
    if settled is None and row.spend is not None and not row.spend.made:
        spend.settle(row.spend, outcome=outcome, now=now)


def _person(row: Generation) -> int | None:
    # Whoever ran it may be gone by now.
    known = row.user_id is not None and User.objects.filter(pk=row.user_id).exists()
    return row.user_id if known else None


def last_seen(row: Generation, *, again: bool = True) -> str:
    """The sentence of a job that takes too long; ``again`` says that somebody still looks."""
    then = _("It is looked at again now and then.") if again else _("Nobody looks at it any more.")
    if row.polled_at is None or not row.status:
        return _("No look at this job was ever answered. %(then)s") % {"then": then}
    words = {"status": row.status, "time": f"{row.polled_at:%Y-%m-%d %H:%M} UTC", "then": then}
    return _("Last seen %(status)s at %(time)s. %(then)s") % words
