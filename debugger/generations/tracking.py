"""From a submission to a row that is followed; and looks that people make.

    begun = begin(Started(outcome=api.unsent(…), team=…, …))                 before it goes out
    generation = track(Started(exchange=…, outcome=…, begun=begun, …))       with its answer

A job has one row however often its answer comes: a replayed answer, a second tab and a retry of
what seemed lost all meet in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from debugger.client.api import Limits
from debugger.client.outcome import Outcome
from debugger.exchanges import services as exchanges
from debugger.generations import answers, ending, moments, pace
from debugger.generations.answers import Said
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.generations.rows import held, same_place
from debugger.generations.started import Started
from debugger.keys.live import charges
from debugger.keys.live.charges import Verdict
from debugger.teams.models import Team
from debugger.web.moments import new_id

State = Generation.State
_TRIES: Final = 8
# Longer than the answer to a submission is waited for, so that nobody sends it again meanwhile.
_UNDER_WAY: Final = timedelta(seconds=Limits().total + 30)


def begin(started: Started) -> Generation | None:
    """The row of a job before its submission goes out; None where it could not be sent again.

    A process that dies before it has the answer leaves this row behind, and the same request is
    sent again with the same idempotency key. The job has no run in the history then, because nobody
    saw an answer that could stand there.
    """
    if started.outcome.operation_id != answers.CREATE or started.why_not_again:
        return None
    row = _new(started, task_id="", state=State.SUBMITTING)
    row.request_text, row.lease = started.sent.body or "", Generation.UNDER_WAY
    row.next_poll_at = started.now + _UNDER_WAY
    with transaction.atomic():
        _inserted(row, started)
        moments.add_all(row.pk, [_sent(row, started)])
    return row


def track(started: Started) -> Generation | None:
    """The row of the job that a run made, or may have made; None where it made none."""
    if started.outcome.operation_id != answers.CREATE:
        return None
    row, begun = _tracked(started), started.begun
    if begun is None:
        return row
    if row is None or row.pk != begun.pk:
        _withdraw(begun.pk)
    elif row.exchange_id is None and started.exchange is not None:
        # The engine had the answer before this one came.
        row.exchange = started.exchange
        Generation.objects.filter(pk=row.pk).update(exchange=started.exchange)
    return row


def _tracked(started: Started) -> Generation | None:
    said = answers.read(started.outcome)
    with transaction.atomic():
        if said is not None and said.task_id:
            return _made(started, said)
        if charges.read(started.outcome).verdict is Verdict.NOTHING:
            return None
        return _lost(started)


def _withdraw(pk: int) -> None:
    """Delete a row that was begun for nothing, unless the engine has sent its request by now.

    This is a transaction of its own, so that none waits for two jobs.
    """
    with transaction.atomic():
        row = held(pk)
        if row is None or row.task_id or row.is_final or row.failures:
            return
        if row.lease in ("", Generation.UNDER_WAY):
            row.delete()


def seen(
    team: Team, outcome: Outcome, *, mode: str, base_url: str, account: str, now: datetime
) -> Generation | None:
    """Take over what a person's own look at a job showed; None where the team has no such job."""
    said = answers.read(outcome)
    task = answers.asked_for(outcome) or (said.task_id if said is not None else "")
    rows = same_place(team, mode=mode, base_url=base_url, account=account)
    found = rows.filter(task_id=task).first() if task else None
    if found is None or said is None or said.task_id not in ("", task):
        return found
    with transaction.atomic():
        row = held(found.pk)
        if row is None or row.is_final:
            return row
        row.polls, row.polled_at = row.polls + 1, now
        http = outcome.response.status if outcome.response is not None else None
        moments.noted(row, at=now, took_ms=outcome.timings.total_ms, status=http)
        ending.apply(row, said, outcome=outcome, at=now, now=now)
    return row


def _made(started: Started, said: Said) -> Generation:
    """The job's row: the one that is there, the one that waited for this answer, or a new one."""
    known = _known(started, said.task_id)
    if known is not None:
        return _again(known.pk, started, said) or known
    waiting = _waiting(started)
    if waiting is not None:
        return _given(waiting, started, said, by=adopt)
    begun = _begun(started)
    if begun is not None:
        return _given(begun, started, said, by=_take_up)
    row = _new(started, task_id=said.task_id, state=_first_state(started))
    if started.followable:
        row.next_poll_at = pace.next_look(row, None, now=started.now)
    quicker = _inserted(row, started)
    if quicker is not None:
        return quicker
    moments.add_all(row.pk, [_sent(row, started), _answered(started, said)])
    row.status = said.status
    ending.apply(row, said, outcome=started.outcome, at=started.now, now=started.now)
    return row


def _given(row: Generation, started: Started, said: Said, *, by: Callable[..., None]) -> Generation:
    """The row with its job; where another answer for that job was quicker, that one's row."""
    try:
        with transaction.atomic():
            by(row, said, outcome=started.outcome, now=started.now)
    except IntegrityError:
        quicker = _known(started, said.task_id)
        if quicker is None:
            raise
        return quicker
    return row


def _take_up(row: Generation, said: Said, *, outcome: Outcome, now: datetime) -> None:
    """Give a row that was begun the job of its first answer, which has settled the rest."""
    _give_job(row, said, outcome=outcome, now=now)
    ending.apply(row, said, outcome=outcome, at=now, now=now)


def _inserted(row: Generation, started: Started) -> Generation | None:
    """Insert the row; where another answer for its job was quicker, that one's row instead."""
    for _again in range(_TRIES):
        try:
            with transaction.atomic():
                row.save(force_insert=True)
            return None
        except IntegrityError:
            quicker = _known(started, row.task_id) if row.task_id else None
            if quicker is not None:
                return quicker
            # Another row of this very microsecond has the number by chance.
            row.pk = new_id(started.now)
    raise RuntimeError("No number is free for a job of this moment.")


def _known(started: Started, task_id: str) -> Generation | None:
    mode, base, account = started.mode, started.base_url, started.account
    return (
        same_place(started.team, mode=mode, base_url=base, account=account)
        .filter(task_id=task_id)
        .first()
    )


def _again(pk: int, started: Started, said: Said) -> Generation | None:
    """The same job's answer once more. It may be the first one repeated, so only an end is news."""
    row = held(pk)
    if row is None or row.is_final:
        return row
    if said.ended:
        ending.apply(row, said, outcome=started.outcome, at=started.now, now=started.now)
    elif row.state == State.BY_HAND and started.followable:
        row.key, row.key_label = started.key, _label(started)
        row.state, row.next_poll_at = State.ACTIVE, started.now
        ending.changed(row, now=started.now)
        row.save()
    return row


def _waiting(started: Started) -> Generation | None:
    """A row of the same request whose answer is still missing, locked."""
    if not started.idempotency:
        return None
    mode, base, account = started.mode, started.base_url, started.account
    rows = same_place(started.team, mode=mode, base_url=base, account=account)
    same = rows.filter(
        task_id="",
        state__in=(State.SUBMITTING, State.PAUSED),
        idempotency_key=started.idempotency,
        key=started.key,
    )
    # What is under way at this moment, in another tab or here, waits for an answer of its own.
    others = same.exclude(lease=Generation.UNDER_WAY)
    if started.begun is not None:
        others = others.exclude(pk=started.begun.pk)
    found = others.order_by("id").first()
    row = held(found.pk) if found is not None else None
    return row if row is not None and not row.task_id and not row.is_final else None


def _begun(started: Started) -> Generation | None:
    """The row that was written before the request went out, locked, while it has no job."""
    row = held(started.begun.pk) if started.begun is not None else None
    if row is None or row.task_id or row.is_final:
        return None
    row.exchange = started.exchange
    return row


def adopt(row: Generation, said: Said, *, outcome: Outcome, now: datetime) -> None:
    """Give a row whose answer was missing the job that the answer names, and follow it."""
    _give_job(row, said, outcome=outcome, now=now)
    if row.exchange_id is not None:
        # The run in the history had no answer, and is found by its job now.
        job = exchanges.Job(made=said.task_id, job_status=said.status)
        exchanges.settle(row.exchange_id, reserved=said.reserved, final=said.final, job=job)
    if not said.ended:
        ending.settle(row, outcome, now=now)
    ending.apply(row, said, outcome=outcome, at=now, now=now)


def _give_job(row: Generation, said: Said, *, outcome: Outcome, now: datetime) -> None:
    row.task_id, row.state, row.reason = said.task_id, State.ACTIVE, ""
    row.request_text, row.lease, row.failures, row.digest = "", "", 0, ""
    row.next_poll_at = pace.next_look(row, None, now=now)
    ending.changed(row, now=now)
    news = New(kind=Moment.Kind.ANSWERED, at=now, facts=_answer_facts(outcome), payload=said.text)
    row.status = said.status
    row.save()
    moments.add_all(row.pk, [news])


def _lost(started: Started) -> Generation:
    """A row for a run whose answer is missing: sent again where that is safe, lost elsewhere."""
    before = _waiting(started) or _same_run(started)
    if before is not None:
        return before
    begun = _begun(started)
    if begun is not None:
        return _unanswered(begun, started)
    why = started.why_not_again
    row = _new(started, task_id="", state=State.LOST if why else State.SUBMITTING)
    if not why:
        row.request_text = started.sent.body or ""
        row.next_poll_at = pace.next_try(row, started.outcome, now=started.now)
    _inserted(row, started)
    moments.add_all(row.pk, [_sent(row, started)])
    if why:
        news = ending.closed(row, State.LOST, at=started.now, now=started.now, reason=why)
        ending.save(row, news)
    return row


def _unanswered(row: Generation, started: Started) -> Generation:
    """The begun row waits for the next try; the one who has taken it by now goes on with it."""
    if row.lease == Generation.UNDER_WAY:
        row.lease, row.next_poll_at = "", pace.next_try(row, started.outcome, now=started.now)
    ending.changed(row, now=started.now)
    row.save()
    return row


def _same_run(started: Started) -> Generation | None:
    """The job that the same request made when its answer did come."""
    exchange = started.exchange
    if not started.idempotency or exchange is None or not exchange.fingerprint:
        return None
    mode, base, account = started.mode, started.base_url, started.account
    rows = same_place(started.team, mode=mode, base_url=base, account=account)
    return (
        rows.filter(
            exchange__team=started.team,
            exchange__idempotency_key=started.idempotency,
            exchange__fingerprint=exchange.fingerprint,
            key=started.key,
        )
        .exclude(task_id="")
        .order_by("-id")
        .first()
    )


def _new(started: Started, *, task_id: str, state: Generation.State) -> Generation:
    began = started.now - timedelta(milliseconds=max(0.0, started.outcome.timings.total_ms))
    estimated = started.estimated
    return Generation(
        id=new_id(started.now),
        team=started.team,
        exchange=started.exchange,
        spend=started.spend,
        mode=started.mode.value,
        base_url=started.base_url[:200],
        account=started.account[:64],
        key=started.key,
        key_label=_label(started),
        user_id=started.user_id,
        user_name=started.user_name[:200],
        scenario=started.scenario[:64],
        task_id=task_id,
        idempotency_key=started.idempotency,
        model=started.model[:100],
        category=answers.category_of(started.model),
        title=started.title[:200],
        state=state,
        estimated=None if estimated is None else charges.amount(estimated),
        balance_before=started.balance_before,
        balance_before_at=started.balance_before_at,
        submitted_at=began,
        changed_at=started.now,
    )


def _label(started: Started) -> str:
    return started.key.label if started.key is not None else ""


def _first_state(started: Started) -> Generation.State:
    return State.ACTIVE if started.followable else State.BY_HAND


def _sent(row: Generation, started: Started) -> New:
    facts = {
        "method": started.sent.method,
        "path": started.exchange.path if started.exchange is not None else "",
        "idempotency": started.idempotency,
    }
    payload = (started.sent.body or "") if started.bodies else ""
    return New(kind=Moment.Kind.SENT, at=row.submitted_at, facts=facts, payload=payload)


def _answered(started: Started, said: Said) -> New:
    facts = _answer_facts(started.outcome)
    return New(kind=Moment.Kind.ANSWERED, at=started.now, facts=facts, payload=said.text)


def _answer_facts(outcome: Outcome) -> dict[str, object]:
    response = outcome.response
    return {
        "http": response.status if response is not None else None,
        "took_ms": round(outcome.timings.total_ms, 1),
    }
