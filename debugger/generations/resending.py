"""Submissions whose answer is missing: the same request again, under the same idempotency key.

Sending it again is safe because the API answers a known key with the job that it made then. What is
certain ends the row's waiting; what is not leaves it to the next time, up to the time of giving up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.client.api import Call
from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.generations import answers, ending, moments, pace
from debugger.generations.looks import Due, Look
from debugger.generations.models import Generation, Moment
from debugger.generations.rows import held, same_place
from debugger.generations.tracking import adopt
from debugger.keys.live import spend

State = Generation.State
REMEMBERED: Final = timedelta(hours=12)
"""How long sending again is safe at most; the API is assumed to remember a key for a day."""
_CONFLICT: Final = "idempotency_conflict"
_WAITS: Final = frozenset({408, 425, 429})


def resubmit(due: Due, *, key: str | None = None, now: datetime) -> Call | None:
    """The call that sends a submission again; None where there is nothing to send any more.

    ``key`` is the opened key, None in mock mode. No scenario is asked for: what it was to show has
    happened.
    """
    row = Generation.objects.filter(pk=due.id, task_id="").first()
    if row is None or row.is_final or is_forgotten(row, now=now):
        return None
    return Call(
        operation=operations.get(answers.CREATE),
        headers={"Idempotency-Key": row.idempotency_key},
        raw_body=row.request_text.encode() or None,
        key=key,
    )


def is_forgotten(row: Generation, *, now: datetime) -> bool:
    """Whether the API may have forgotten the idempotency key by now. Such a row is given up.

    Sending it again could make a second job.
    """
    if row.idempotency_key and row.submitted_at > now - REMEMBERED:
        return False
    with transaction.atomic():
        locked = held(row.pk)
        if locked is not None and not locked.is_final and not locked.task_id:
            news = ending.closed(locked, State.LOST, at=now, now=now, reason=_nobody(None))
            ending.save(locked, news)
    return True


def answered(row: Generation, look: Look, *, now: datetime) -> None:
    """Take over what came of sending it again; the row is locked and still without a job.

    Refusals of the key are the caller's matter.
    """
    outcome = look.outcome
    tries = row.failures + 1
    moments.add(row.pk, Moment.Kind.RESENT, at=look.at, facts=_facts(look, tries))
    said = answers.read(outcome) if outcome is not None else None
    if outcome is not None and said is not None and said.task_id:
        if _is_known(row, said.task_id):
            # Another answer to the same request was quicker: the job has its row already.
            if row.spend is not None:
                spend.settle(row.spend, outcome=outcome, now=now)
            row.delete()
            return
        adopt(row, said, outcome=outcome, now=now)
        return
    refused = answers.refusal(outcome) if outcome is not None else None
    if outcome is not None and refused is not None and not _passes(*refused[:2]):
        _refused(row, outcome, refused, at=look.at, now=now)
        return
    _later(row, outcome, tries, at=look.at, now=now)


def _facts(look: Look, tries: int) -> dict[str, object]:
    return {"try": tries, "http": look.status, "took_ms": round(look.took_ms, 1)}


def _is_known(row: Generation, task_id: str) -> bool:
    place = {"mode": row.mode, "base_url": row.base_url, "account": row.account}
    return same_place(row.team, **place).filter(task_id=task_id).exclude(pk=row.pk).exists()


def _passes(status: int, code: str) -> bool:
    """Whether a refusal is one of the moment: too early, too many, or still being handled."""
    return status in _WAITS or code == _CONFLICT


def _refused(
    row: Generation,
    outcome: Outcome,
    refused: tuple[int, str, str],
    *,
    at: datetime,
    now: datetime,
) -> None:
    """The API refuses the request itself, so the first time it made nothing either."""
    status, row.error_code, row.error_message = refused[0], refused[1], refused[2]
    words = {"code": row.error_code or f"HTTP {status}"}
    reason = _("Sent again, the request was refused (%(code)s), so no job was made.") % words
    ending.save(row, ending.closed(row, State.FAILED, at=at, now=now, reason=reason))
    if row.spend is not None:
        spend.settle(row.spend, outcome=outcome, now=now)


def _later(
    row: Generation, outcome: Outcome | None, tries: int, *, at: datetime, now: datetime
) -> None:
    row.failures = tries
    row.next_poll_at = pace.next_try(row, outcome, now=now)
    if row.next_poll_at is None:
        ending.save(row, ending.closed(row, State.LOST, at=at, now=now, reason=_nobody(outcome)))
    else:
        row.save()


def _nobody(outcome: Outcome | None) -> str:
    said = answers.request_id(outcome) if outcome is not None else ""
    unknown = _("Nobody knows whether a job was made: no try to send it again was answered.")
    return f"{unknown} {_('Request id: %(id)s') % {'id': said}}" if said else unknown
