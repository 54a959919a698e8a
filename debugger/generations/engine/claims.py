"""Taking rows that are due, so that nobody else looks at them meanwhile, and giving them back.

A claim writes a mark of its own and puts the row behind the end of a lease, in one transaction. A
worker that dies loses its claims when their leases end. A look takes less time than a lease lasts:
see ``LOOK_LEASE`` and where a look is begun.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from debugger.client.exchange import Limits
from debugger.client.looks import LOOK_LIMITS
from debugger.generations.looks import Due
from debugger.generations.models import Generation

BATCH: Final = 500
# What is left for writing once the longest look has ended.
WRITING: Final = 6.0
# A claimed look may wait so long for its turn; then it is given back instead.
WAITING: Final = 10.0
LOOK_LEASE: Final = LOOK_LIMITS.total + WAITING + WRITING
# A submission that is sent again gets as long as one from a panel.
SEND_LIMITS: Final = Limits()
SEND_LEASE: Final = SEND_LIMITS.total + WAITING + WRITING

_TABLE: Final = Generation._meta.db_table
_READ: Final = (
    "id, team_id, mode, base_url, account, key_id, task_id, state, status, category, submitted_at, "
    "polls, failures, digest"
)


def place_of(due: Due) -> str:
    """What shares a pace: one mode at one address."""
    return due.mode + due.base_url


def claim(*, now: datetime, most: int = BATCH, without: Collection[str] = ()) -> list[Due]:
    """Claim rows that are due, those that have waited longest first.

    ``without`` names places (see ``place_of``) of which nothing is wanted just now.
    """
    lease = secrets.token_hex(16)
    until = now + timedelta(seconds=LOOK_LEASE), now + timedelta(seconds=SEND_LEASE)
    if connection.vendor == "postgresql":
        rows = _claimed_at_once(lease, until, now=now, most=most, without=without)
    else:
        rows = _claimed_alone(lease, until, now=now, most=most, without=without)
    return [_due(row, lease) for row in rows]


def _claimed_at_once(
    lease: str,
    until: tuple[datetime, datetime],
    *,
    now: datetime,
    most: int,
    without: Collection[str],
) -> list[tuple[Any, ...]]:
    """One statement; rows that somebody else is just claiming are passed over."""
    columns = ", ".join(f"g.{name.strip()}" for name in _READ.split(","))
    sql = f"""
        WITH due AS (
            SELECT id, next_poll_at FROM {_TABLE} WHERE {_is_due(without)}
            ORDER BY next_poll_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE {_TABLE} AS g SET lease = %s,
            next_poll_at = CASE WHEN g.task_id = '' THEN %s ELSE %s END
        FROM due WHERE g.id = due.id RETURNING {columns}, due.next_poll_at
    """  # noqa: S608 -- Names of columns and places for values only.
    look, send = until
    with connection.cursor() as cursor:
        cursor.execute(sql, [now, *without, most, lease, send, look])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _claimed_alone(
    lease: str,
    until: tuple[datetime, datetime],
    *,
    now: datetime,
    most: int,
    without: Collection[str],
) -> list[tuple[Any, ...]]:
    """Two statements in a transaction that is the only writer from its beginning on."""
    # Cast, because the driver's own way of reading moments takes longer than all the rest.
    columns = _READ.replace("submitted_at", "CAST(submitted_at AS TEXT)")
    read = f"""
        SELECT {columns}, CAST(next_poll_at AS TEXT) FROM {_TABLE} WHERE {_is_due(without)}
        ORDER BY next_poll_at LIMIT %s
    """  # noqa: S608 -- Names of columns and places for values only.
    mark = f"""
        UPDATE {_TABLE} SET lease = %s,
            next_poll_at = CASE WHEN task_id = '' THEN %s ELSE %s END
        WHERE id IN (SELECT value FROM json_each(%s))
    """  # noqa: S608 -- As above.
    look, send = until
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(read, [stored(now), *without, most])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if rows:
            numbers = json.dumps([row[0] for row in rows])
            cursor.execute(mark, [lease, stored(send), stored(look), numbers])
    return rows


def _is_due(without: Collection[str]) -> str:
    if not without:
        return "next_poll_at <= %s"
    places = ", ".join(["%s"] * len(without))
    return f"next_poll_at <= %s AND mode || base_url NOT IN ({places})"


def _due(row: tuple[Any, ...], lease: str) -> Due:
    return Due(
        id=row[0],
        team_id=row[1],
        mode=row[2],
        base_url=row[3],
        account=row[4],
        key_id=row[5],
        task_id=row[6],
        state=row[7],
        status=row[8],
        category=row[9],
        submitted_at=read_moment(row[10]),
        polls=row[11],
        failures=row[12],
        digest=row[13],
        due_at=read_moment(row[14]),
        lease=lease,
    )


def soonest(*, without: Collection[str] = ()) -> datetime | None:
    """When the next row is due; None when none ever is."""
    places = f"AND mode || base_url NOT IN ({', '.join(['%s'] * len(without))})" if without else ""
    sql = f"""
        SELECT next_poll_at FROM {_TABLE} WHERE next_poll_at IS NOT NULL {places}
        ORDER BY next_poll_at LIMIT 1
    """  # noqa: S608 -- Names of columns and places for values only.
    with connection.cursor() as cursor:
        cursor.execute(sql, list(without))
        (found,) = cursor.fetchone() or (None,)
    return None if found is None else read_moment(found)


def put_off(rows: Sequence[tuple[Due, datetime]]) -> None:
    """Give claimed rows back without a look, each with the moment when it is due again.

    A paused row that only tried whether its key works goes on waiting without a moment.
    """
    if not rows:
        return
    sql = f"""
        UPDATE {_TABLE} SET lease = '',
            next_poll_at = CASE WHEN state = 'paused' THEN NULL ELSE %s END
        WHERE id = %s AND lease = %s AND next_poll_at IS NOT NULL
    """  # noqa: S608 -- A name.
    ordered = sorted(rows, key=lambda each: each[0].id)
    values = [(stored(moment), due.id, due.lease) for due, moment in ordered]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, values)


def give_back(rows: Sequence[Due]) -> None:
    """Give claimed rows back as they were."""
    put_off([(due, due.due_at) for due in rows])


def stored(moment: datetime) -> Any:
    """A moment as the database's driver takes it."""
    return moment if connection.vendor == "postgresql" else as_text(moment)


def as_text(moment: datetime) -> str:
    """A moment as SQLite keeps it."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def read_moment(value: Any) -> datetime:
    """A moment as the database's driver gives it."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    moment: datetime = value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
