"""From the first answer of a submission to a row that is followed; and looks that people make.

    generation = track(Started(exchange=…, outcome=…, team=…, …))

A job has one row however often its answer comes: a replayed answer, a second tab and a retry of
what seemed lost all meet in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode, Outcome, RequestSnapshot
from debugger.client.redact import MARK
from debugger.exchanges import services as exchanges
from debugger.exchanges.models import Exchange
from debugger.generations import answers, ending, moments, pace
from debugger.generations.answers import Said
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.generations.rows import held, same_place
from debugger.keys.live import charges
from debugger.keys.live.charges import Verdict
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team
from debugger.web.moments import new_id

State = Generation.State
_TRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run of generations.create whose answer is here, or whose answer is missing.

    ``request`` is the outcome's own unless given. ``key`` is the stored key that carried it,
    ``pasted`` says that another one did. ``account`` is the sandbox account of a mock run.
    """

    outcome: Outcome
    team: Team
    now: datetime
    exchange: Exchange | None = None
    request: RequestSnapshot | None = None
    user_id: int | None = None
    user_name: str = ""
    key: ApiKey | None = None
    pasted: bool = False
    base_url: str = ""
    account: str = ""
    spend: Spend | None = None
    scenario: str = ""
    model: str = ""
    title: str = ""
    estimated: Decimal | int | None = None
    balance_before: Decimal | None = None
    balance_before_at: datetime | None = None

    @property
    def sent(self) -> RequestSnapshot:
        """The request as it went out."""
        return self.request or self.outcome.request

    @property
    def idempotency(self) -> str:
        """The idempotency key as it was sent; "" for none, and where it cannot be kept whole."""
        headers = {name.lower(): value for name, value in self.sent.headers}
        key = headers.get("idempotency-key", "")
        return key if len(key) <= 255 and MARK not in key else ""

    @property
    def mode(self) -> Mode:
        """Which transport carried it."""
        return self.outcome.mode

    @property
    def followable(self) -> bool:
        """Whether the site can ask by itself: in the sandbox, or with a key of the team."""
        return self.mode is Mode.MOCK or self.key is not None


def track(started: Started) -> Generation | None:
    """The row of the job that a run made, or may have made; None where it made none."""
    if started.outcome.operation_id != answers.CREATE:
        return None
    said = answers.read(started.outcome)
    with transaction.atomic():
        if said is not None and said.task_id:
            return _made(started, said)
        if charges.read(started.outcome).verdict is Verdict.NOTHING:
            return None
        return _lost(started)


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
        adopt(waiting, said, outcome=started.outcome, now=started.now)
        return waiting
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
    found = same.order_by("id").first()
    row = held(found.pk) if found is not None else None
    return row if row is not None and not row.task_id and not row.is_final else None


def adopt(row: Generation, said: Said, *, outcome: Outcome, now: datetime) -> None:
    """Give a row whose answer was missing the job that the answer names, and follow it."""
    row.task_id, row.state, row.reason = said.task_id, State.ACTIVE, ""
    row.request_text, row.lease, row.failures, row.digest = "", "", 0, ""
    row.next_poll_at = pace.next_look(row, None, now=now)
    ending.changed(row, now=now)
    news = New(kind=Moment.Kind.ANSWERED, at=now, facts=_answer_facts(outcome), payload=said.text)
    row.status = said.status
    row.save()
    moments.add_all(row.pk, [news])
    if row.exchange_id is not None:
        # The run in the history had no answer, and is found by its job now.
        job = exchanges.Job(made=said.task_id, job_status=said.status)
        exchanges.settle(row.exchange_id, reserved=said.reserved, final=said.final, job=job)
    if not said.ended:
        ending.settle(row, outcome, now=now)
    ending.apply(row, said, outcome=outcome, at=now, now=now)


def _lost(started: Started) -> Generation:
    """A row for a run whose answer is missing: sent again where that is safe, lost elsewhere."""
    before = _waiting(started) or _same_run(started)
    if before is not None:
        return before
    why = _why_not_again(started)
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


def _why_not_again(started: Started) -> str:
    """Why a request whose answer is missing is not sent again; "" where it is."""
    unknown = _("The answer did not come, so nobody knows whether a job was made.")
    if not started.idempotency:
        why = _("No idempotency key is known with it, so sending it again could make a second.")
    elif started.pasted or not started.followable:
        why = _("Its key was pasted and is not kept, so it cannot be sent again from here.")
    elif not started.sent.intact:
        why = _("What was sent is not kept whole, so the same request cannot be sent again.")
    else:
        return ""
    return f"{unknown} {why}"


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
    payload = started.sent.body or ""
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
