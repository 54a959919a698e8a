"""What the account held before a job and after it: GET /credits, which costs nothing.

A balance only helps to understand a run, so nothing waits for it long and nothing fails by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import F, Q

from debugger.client import api
from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.exchanges.models import Exchange
from debugger.generations import moments
from debugger.generations.models import Generation, Moment
from debugger.keys import working
from debugger.keys.choosing import Usable
from debugger.keys.learning import balance_of, learned
from debugger.keys.models import ApiKey, Spend
from debugger.sandbox import services as sandbox
from debugger.web.connections import in_thread

FRESH: Final = timedelta(seconds=60)
"""How old a balance may be that is taken for the one before a run."""
ASKED_FOR: Final = timedelta(minutes=10)
"""How long after a job's end its balance is still worth asking for: later it says little of it."""
AT_ONCE: Final = 20
"""Keys and accounts that one round asks; the next round asks the others."""
_ON_ITS_WAY: Final = timedelta(minutes=3)
_ROWS: Final = 500
_LEASE: Final = timedelta(seconds=60)
_LEASED: Final = "balance:"
_BEFORE: Final = api.Limits(connect=1.0, read=2.0, write=1.0, total=2.0)
_AFTER: Final = api.Limits(connect=3.0, read=5.0, write=3.0, total=8.0)
_OPERATION: Final = operations.get("credits.retrieve")
_NO_MEDIA: Final = "http://sandbox.invalid"
"""Where results of the sandbox would be; an answer about credits names none."""
_ENDED: Final = (Generation.State.SUCCEEDED, Generation.State.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an account held at a moment."""

    credits: Decimal
    at: datetime


async def before(
    *,
    key: ApiKey | None = None,
    secret: str = "",
    account: str = "",
    user_id: int = 0,
    now: datetime,
) -> Reading | None:
    """The balance before a run, of a stored key or of a sandbox account; None when unknown.

    What the key's row says is taken while it is fresh and nothing was spent since; otherwise the
    API is asked, for two seconds at most. Ask before the run is held (spend.hold), or the run
    itself is taken for such a spend. Of a pasted key nobody could read the balance after the run,
    so it is not read before it either.
    """
    if account:
        return _reading(await _ask_sandbox(account, _BEFORE), now)
    if key is None or not secret:
        return None
    known = await in_thread(_known, key, now)
    if known is not None:
        return known
    outcome = await _ask_live(Usable(key, secret, key.base_url), _BEFORE)
    await in_thread(_learn, key, outcome, user_id, now)
    return _reading(outcome, now)


def _known(key: ApiKey, now: datetime) -> Reading | None:
    row = ApiKey.objects.filter(pk=key.pk).values_list("balance", "balance_at").first()
    credits, at = row or (None, None)
    if credits is None or at is None or not now - FRESH <= at <= now:
        return None
    return None if _spent_since(key, at) else Reading(credits=credits, at=at)


def _spent_since(key: ApiKey, at: datetime) -> bool:
    """Whether a run with this key moved the balance since, or may have; jobs take under a day."""
    lately = Spend.objects.filter(team_id=key.team_id, held_at__gte=at - timedelta(days=1))
    moved = Q(held_at__gte=at) | Q(settled_at__gte=at) | Q(state=Spend.State.RESERVED)
    moved |= Q(state=Spend.State.HELD, held_at__gte=at - _ON_ITS_WAY)
    return lately.filter(moved, key=key).exists()


def _reading(outcome: Outcome, now: datetime) -> Reading | None:
    credits = balance_of(outcome)
    return None if credits is None else Reading(credits=credits, at=now)


async def _ask_sandbox(account: str, limits: api.Limits) -> Outcome:
    upstream = sandbox.upstream_for(account, base_url=_NO_MEDIA)
    return await api.call(upstream, api.Call(operation=_OPERATION), limits=limits)


async def _ask_live(usable: Usable, limits: api.Limits) -> Outcome:
    call = api.Call(operation=_OPERATION, key=usable.secret)
    return await api.call(api.live_upstream(usable.base_url), call, limits=limits)


def _learn(key: ApiKey, outcome: Outcome, user_id: int, now: datetime) -> None:
    learned(key, operation=_OPERATION, outcome=outcome, user_id=user_id, now=now, use=False)


@dataclass(frozen=True, slots=True)
class _Purse:
    """Whose balance it is: a stored key's at its address, or a sandbox account's."""

    team_id: int
    account: str
    key_id: int | None
    base_url: str


def read_due(now: datetime) -> int:
    """Read the balance after jobs that ended lately; how many rows have theirs now.

    One question serves every job of a key or an account. Two workers never ask for one row: the
    row's mark is taken by a conditional update, and can be taken again a minute later, so a worker
    that died, or an API that did not answer, costs no more than that minute.
    """
    wanted: dict[_Purse, list[Generation]] = {}
    for row in _due(now):
        purse = _purse_of(row)
        if purse in wanted or len(wanted) < AT_ONCE:
            wanted.setdefault(purse, []).append(row)
    taken = {purse: _taken(rows, now) for purse, rows in wanted.items()}
    asked = {purse: rows for purse, rows in taken.items() if rows}
    if not asked:
        return 0
    usable = {purse: _usable(purse, now) for purse in asked}
    outcomes = async_to_sync(_ask_all)(usable)
    return sum(_stored(asked[purse], usable[purse], each, now) for purse, each in outcomes.items())


def _due(now: datetime) -> Iterable[Generation]:
    """Jobs that ended a short while ago and whose account's balance can still be asked for."""
    mine = Q(mode=Exchange.Mode.MOCK, balance_before__isnull=False) & ~Q(account="")
    theirs = Q(mode=Exchange.Mode.LIVE, key__isnull=False)
    rows = Generation.objects.filter(
        mine | theirs,
        ended_at__gte=now - ASKED_FOR,
        ended_at__lte=now,
        balance_after_at=None,
        state__in=_ENDED,
    )
    fields = ("team", "mode", "account", "key", "base_url", "lease", "user_id", "version")
    found = rows.only(*fields).order_by("ended_at")[:_ROWS]
    return [row for row in found if not _leased(row.lease, now)]


def _leased(lease: str, now: datetime) -> bool:
    """Whether somebody asks just now. Marks of those who polled mean nothing once a job ended."""
    stamp = lease.removeprefix(_LEASED)
    if not lease.startswith(_LEASED) or not (stamp.isascii() and stamp.isdigit()):
        return False
    return int(stamp) > (now - _LEASE).timestamp()


def _purse_of(row: Generation) -> _Purse:
    live = row.mode == Exchange.Mode.LIVE
    return _Purse(
        team_id=row.team_id,
        account="" if live else row.account,
        key_id=row.key_id if live else None,
        base_url=row.base_url if live else "",
    )


def _taken(rows: Iterable[Generation], now: datetime) -> list[Generation]:
    """The rows that are ours to ask for now."""
    mark = f"{_LEASED}{int(now.timestamp())}"
    return [
        row
        for row in rows
        if Generation.objects.filter(pk=row.pk, lease=row.lease, balance_after_at=None).update(
            lease=mark
        )
    ]


def _usable(purse: _Purse, now: datetime) -> Usable | None:
    """The key to ask with; None for the sandbox, and where no key works any more."""
    if purse.key_id is None:
        return None
    found = working.key_for_work(purse.key_id, now=now)
    if isinstance(found, str) or found.base_url != purse.base_url:
        return None
    return found


async def _ask_all(usable: Mapping[_Purse, Usable | None]) -> dict[_Purse, Outcome | None]:
    outcomes = await asyncio.gather(*(_ask(purse, key) for purse, key in usable.items()))
    return dict(zip(usable, outcomes, strict=True))


async def _ask(purse: _Purse, usable: Usable | None) -> Outcome | None:
    if purse.account:
        return await _ask_sandbox(purse.account, _AFTER)
    return await _ask_live(usable, _AFTER) if usable is not None else None


def _stored(
    rows: Iterable[Generation], usable: Usable | None, outcome: Outcome | None, now: datetime
) -> int:
    if outcome is None:
        return 0
    mine = list(rows)
    if usable is not None and mine:
        _learn(usable.key, outcome, mine[0].user_id or 0, now)
    reading = _reading(outcome, now)
    return sum(_written(row, reading) for row in mine) if reading is not None else 0


@transaction.atomic
def _written(row: Generation, reading: Reading) -> bool:
    """Write a balance to one row, unless somebody did so meanwhile."""
    # The update locks the row, so the moment behind it gets a number of its own.
    written = Generation.objects.filter(pk=row.pk, balance_after_at=None).update(
        balance_after=reading.credits,
        balance_after_at=reading.at,
        lease="",
        version=F("version") + 1,
        changed_at=reading.at,
    )
    if written:
        facts = {"credits": str(reading.credits), "when": "after"}
        moments.add(row.pk, Moment.Kind.BALANCE, at=reading.at, facts=facts)
    return bool(written)
