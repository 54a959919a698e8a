"""What a look makes of a job. An end absorbs: whoever comes after it changes nothing.

advanced(due, look, now=now)      inside the engine's transaction, for looks with news
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.generations import answers, ending, moments, pace, pausing, resending
from debugger.generations.answers import Said
from debugger.generations.looks import Due, Look
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.generations.rows import held
from debugger.keys import services as keys
from debugger.keys import working
from debugger.keys.models import ApiKey

State = Generation.State
NOT_FOUND: Final = "not_found"
TRIES: Final = 4
"""Looks in a row that find no job before it counts as lost: it may have just been made."""
REFUSALS: Final = 6
"""Refusals in a row after which nobody looks any more by itself."""
_REFUSED: Final = frozenset({401, 403})
_PASSING: Final = frozenset({408, 425, 429})


def advanced(due: Due, look: Look, *, now: datetime) -> None:
    """Write what one look saw. A row that ended, or that another worker claimed, stays as it is."""
    with transaction.atomic():
        row = held(due.id)
        if row is None or row.is_final or (due.lease and row.lease != due.lease):
            return
        row.lease = ""
        _relearn(row, look.outcome, now=now)
        if _is_refused_key(row, look.outcome):
            _key_refused(row, look, now=now)
        elif not row.task_id:
            resending.answered(row, look, now=now)
        else:
            _looked(row, look, now=now)


def _looked(row: Generation, look: Look, *, now: datetime) -> None:
    _count(row, look)
    outcome = look.outcome
    if look.same:
        row.failures = 0
        _go_on(row, outcome, now=now)
        return
    said = answers.read(outcome) if outcome is not None else None
    if outcome is not None and said is not None and said.task_id in ("", row.task_id):
        _told(row, said, look, outcome, now=now)
        return
    row.failures += 1
    refused = answers.refusal(outcome) if outcome is not None else None
    if refused is not None and _is_hopeless(row, *refused, at=look.at, now=now):
        return
    _go_on(row, outcome, now=now)


def _count(row: Generation, look: Look) -> None:
    row.polls, row.polled_at = row.polls + 1, look.at
    row.digest = look.digest or row.digest
    moments.noted(row, at=look.at, took_ms=look.took_ms, status=look.status)


def _told(row: Generation, said: Said, look: Look, outcome: Outcome, *, now: datetime) -> None:
    row.failures = 0
    if row.state == State.PAUSED and not said.ended:
        _healed(row, now=now)
    if not said.ended:
        _set_next(row, outcome, now=now)
    ending.apply(row, said, outcome=outcome, at=look.at, now=now)
    if not said.ended:
        if row.state == State.UNKNOWN:
            row.reason = ending.last_seen(row)
            row.save(update_fields=["reason"])
        _give_up_if_late(row, now=now)


def _go_on(row: Generation, outcome: Outcome | None, *, now: datetime) -> None:
    """Nothing new: the next look by the schedule, or giving up for now."""
    _set_next(row, outcome, now=now)
    row.save()
    _give_up_if_late(row, now=now)


def _set_next(row: Generation, outcome: Outcome | None, *, now: datetime) -> None:
    watched = row.state in Generation.POLLED
    row.next_poll_at = pace.next_look(row, outcome, now=now) if watched else None


def _give_up_if_late(row: Generation, *, now: datetime) -> None:
    """Say once that a job takes too long: it is looked at more rarely, and at last not at all."""
    if row.state not in (State.ACTIVE, State.UNKNOWN):
        return
    by_age = pace.state_by_age(row, now=now)
    if by_age == State.STOPPED:
        _stop(row, ending.last_seen(row, again=False), now=now)
    elif by_age == State.UNKNOWN and row.state == State.ACTIVE:
        row.state, row.reason = State.UNKNOWN, ending.last_seen(row)
        ending.changed(row, now=now)
        facts = {"status": row.status}
        ending.save(row, [New(kind=Moment.Kind.UNKNOWN, at=now, facts=facts)])


def _is_hopeless(
    row: Generation, status: int, code: str, message: str, *, at: datetime, now: datetime
) -> bool:
    """Whether a refusal ended the following; the row is saved then."""
    words = {"code": code or f"HTTP {status}", "message": message[:300]}
    if status == 404 and code == NOT_FOUND:
        if moments.last_in_a_row(row, range(404, 405)) < TRIES:
            return False
        row.error_code, row.error_message = code, message
        reason = _("The API does not know this job: %(message)s") % words
        ending.save(row, ending.closed(row, State.LOST, at=at, now=now, reason=reason))
        return True
    if status in _PASSING or moments.last_in_a_row(row, range(400, 500)) < REFUSALS:
        return False
    _stop(row, _("The API refuses to show this job (%(code)s): %(message)s") % words, now=now)
    return True


def _stop(row: Generation, reason: str, *, now: datetime) -> None:
    row.state, row.reason, row.next_poll_at = State.STOPPED, reason[:500], None
    ending.changed(row, now=now)
    ending.save(row, [New(kind=Moment.Kind.STOPPED, at=now, facts={"by": ""})])


def _is_refused_key(row: Generation, outcome: Outcome | None) -> bool:
    if outcome is None or outcome.response is None or row.key is None:
        return False
    return outcome.mode is Mode.LIVE and outcome.response.status in _REFUSED


def _key_refused(row: Generation, look: Look, *, now: datetime) -> None:
    """The key does not work: whatever hangs on it pauses, with one sentence."""
    if row.key is None or look.outcome is None:
        return
    if row.task_id:
        _count(row, look)
    key = _key_used(row.key, now=now)
    _learn(key, look.outcome, now=now)
    row.next_poll_at = None
    row.save()
    if row.state != State.PAUSED:
        pausing.pause(row.key.pk, pausing.refused(key, look.outcome), now)


def _key_used(key: ApiKey, *, now: datetime) -> ApiKey:
    """The key that carried the look: its own, or the one that took its place."""
    usable = working.key_for_work(key.pk, now=now)
    return key if isinstance(usable, str) else usable.key


def _learn(key: ApiKey, outcome: Outcome, *, now: datetime) -> None:
    operation = operations.get(outcome.operation_id)
    keys.learned(key, operation=operation, outcome=outcome, user_id=None, now=now, use=False)


def _relearn(row: Generation, outcome: Outcome | None, *, now: datetime) -> None:
    """A paused job was answered after all: its key works again, which the others go by."""
    if row.state == State.PAUSED and row.key is not None and outcome is not None and outcome.ok:
        _learn(_key_used(row.key, now=now), outcome, now=now)


def _healed(row: Generation, *, now: datetime) -> None:
    row.state, row.reason = State.ACTIVE, ""
    ending.changed(row, now=now)
    facts = {"key": row.key_label}
    ending.save(row, [New(kind=Moment.Kind.RESUMED, at=now, facts=facts)])
