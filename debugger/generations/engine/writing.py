"""Writing what looks saw: in bulk what is no news, by ``advance`` what is.

Nothing is written to a row whose lease is not the look's own any more: somebody else has it then,
or a person changed it meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from debugger.client.outcome import FailureKind
from debugger.generations import advance, schedule
from debugger.generations.engine.claims import as_text
from debugger.generations.engine.looking import Seen
from debugger.generations.looks import Due, Look
from debugger.generations.models import Generation

# News take a few milliseconds each, and meanwhile nobody else writes to SQLite.
_NEWS_AT_ONCE: Final = 50
# Characters of the run of looks in a row. What comes after is counted and not listed.
_LOOKS: Final = 16_000
_TABLE: Final = Generation._meta.db_table
State = Generation.State
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a look without news changes in its row."""

    id: int
    lease: str
    at: datetime
    next_poll_at: datetime
    failures: int
    look: str


def write(seen: Sequence[Seen], *, now: datetime) -> None:
    """Write all of these looks. What one row refuses does not keep the others from being written.

    Raises what the database raises when it cannot be written to at all; then leases run out.
    """
    lines: list[_Line] = []
    news: list[Seen] = []
    for each in seen:
        line = _line(each.due, each.look, now=now)
        if line is None:
            news.append(each)
        else:
            lines.append(line)
    if lines:
        with transaction.atomic():
            _write_lines(lines, waits=False)
    for batch in _batches(news):
        with transaction.atomic():
            _hold([each.due.id for each in batch])
            _write_news(batch, now=now)


def _batches(news: Sequence[Seen]) -> Iterator[list[Seen]]:
    """News that may be written together, so that no two workers wait for each other.

    Answers lead from jobs to what their teams spent, in the order of teams and days. Everything
    else may lead to a key, which comes before that, and is written by itself.
    """
    answered = [each for each in news if _is_answer(each)]
    answered.sort(key=lambda each: (each.due.team_id, each.due.submitted_at))
    for start in range(0, len(answered), _NEWS_AT_ONCE):
        yield answered[start : start + _NEWS_AT_ONCE]
    yield from ([each] for each in news if not _is_answer(each))


def _is_answer(seen: Seen) -> bool:
    """Whether a job that is followed was answered, and not more than that happened."""
    followed = seen.due.state in (State.ACTIVE, State.UNKNOWN)
    return followed and seen.look.status is not None and seen.look.status < 300


def _hold(ids: Sequence[int]) -> None:
    """Lock the rows before anything that they lead to: who holds a team's spend waits for no job
    (teams/locks.py).
    """
    rows = Generation.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(rows.order_by("pk").values_list("pk"))


def is_missed(look: Look) -> bool:
    """Whether nobody answered, or the answer is that it is not the time to ask."""
    if look.status is None:
        failure = look.outcome.failure if look.outcome else None
        return failure is None or failure.kind is not FailureKind.NOT_SENT
    return look.status >= 500 or look.status == 429


def _line(due: Due, look: Look, *, now: datetime) -> _Line | None:
    """The change of a row that learned nothing; None when the look has to be thought about."""
    missed = not look.same and is_missed(look)
    if not (look.same or missed) or due.state not in (State.ACTIVE, State.UNKNOWN):
        return None
    elapsed = max(0.0, (now - due.submitted_at).total_seconds())
    if schedule.state_at(elapsed) != due.state:
        return None
    failures = due.failures + 1 if missed else 0
    seconds = schedule.wait(
        due.polls + 1,
        elapsed=elapsed,
        category=due.category,
        mode=due.mode,
        retry_after=_retry_after(look),
        failures=failures,
    )
    if seconds is None:
        return None
    return _Line(
        id=due.id,
        lease=due.lease,
        at=look.at,
        next_poll_at=now + timedelta(seconds=seconds),
        failures=failures,
        look=_noted(due, look),
    )


def _retry_after(look: Look) -> float | None:
    failure = look.outcome.failure if look.outcome else None
    return failure.retry_after if failure else None


def _noted(due: Due, look: Look) -> str:
    """One look as the row lists it: offset and duration in milliseconds, and the HTTP status."""
    offset = max(0, int((look.at - due.submitted_at).total_seconds() * 1000))
    return f"{offset}:{max(0, round(look.took_ms))}:{look.status or 0};"


def _write_lines(lines: Sequence[_Line], *, waits: bool = True) -> None:
    """Write them at once. Without ``waits`` a crash of the server may forget the last moments of
    them: then leases run out, and the same is looked at once more.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            if not waits:
                cursor.execute("SET LOCAL synchronous_commit TO OFF")
            cursor.execute(_AT_ONCE, _columns(lines))
        else:
            cursor.executemany(_ONE_BY_ONE, [_values(line) for line in lines])


_SET: Final = f"""
    polls = polls + 1, lease = '', polled_at = {{at}}, next_poll_at = {{next}},
    failures = {{failures}},
    looks = CASE WHEN length(looks) < {_LOOKS} THEN looks || {{look}} ELSE looks END
"""
_ONE_BY_ONE: Final = (
    f"UPDATE {_TABLE} SET "  # noqa: S608 -- Names of columns and places for values only.
    + _SET.format(at="%s", next="%s", failures="%s", look="%s")
    + " WHERE id = %s AND lease = %s AND next_poll_at IS NOT NULL"
)
_AT_ONCE: Final = (
    f"UPDATE {_TABLE} AS g SET "  # noqa: S608 -- Names of columns and places for values only.
    + _SET.format(at="v.at", next="v.next", failures="v.failures", look="v.look")
    + """ FROM unnest(
        %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::text[]
    ) AS v (id, lease, at, next, failures, look)
    WHERE g.id = v.id AND g.lease = v.lease AND g.next_poll_at IS NOT NULL"""
)


def _values(line: _Line) -> tuple[Any, ...]:
    return (
        as_text(line.at),
        as_text(line.next_poll_at),
        line.failures,
        line.look,
        line.id,
        line.lease,
    )


def _columns(lines: Sequence[_Line]) -> list[list[Any]]:
    return [
        [line.id for line in lines],
        [line.lease for line in lines],
        [line.at for line in lines],
        [line.next_poll_at for line in lines],
        [line.failures for line in lines],
        [line.look for line in lines],
    ]


def _write_news(news: Sequence[Seen], *, now: datetime) -> None:
    """Each in a savepoint of its own; a row that cannot be written is looked at later."""
    for each in news:
        try:
            with transaction.atomic():
                advance.advanced(each.due, each.look, now=now)
        except Exception:
            logger.exception("What was seen of job %s could not be written", each.due.id)
            _write_lines([_postponed(each, now=now)])


def _postponed(seen: Seen, *, now: datetime) -> _Line:
    due = seen.due
    failures = due.failures + 1
    seconds = schedule.wait(due.polls + 1, elapsed=0.0, failures=failures) or 0.0
    return _Line(
        id=due.id,
        lease=due.lease,
        at=seen.look.at,
        next_poll_at=now + timedelta(seconds=max(seconds, schedule.BACKOFF_LONGEST)),
        failures=failures,
        look=_noted(due, seen.look),
    )
