"""The rows under spend.py: what is counted on a day, and how a run changes it.

Whoever changes a day holds the lock on the team's row of that day, taken first, so that no two
runs of a team wait for each other in turns. SQLite has one writer at a time and needs no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db.models import F, QuerySet, Value
from django.db.models.fields import DecimalField
from django.db.models.functions import Round

from debugger.keys.models import ApiKey, Spend, SpendDay
from debugger.teams.models import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The two ceilings of a team, or of one of its keys."""

    of: str
    team_id: int
    key_id: int | None
    run: int | None
    day: int | None


def limits(team_id: int, key_id: int | None) -> list[Limit]:
    """The ceilings as they are now, the team's first; a request may hold older ones."""
    fields = ("run_ceiling", "day_ceiling")
    run, day = Team.objects.values_list(*fields).get(pk=team_id)
    found = [Limit(of="team", team_id=team_id, key_id=None, run=run, day=day)]
    if key_id is not None:
        run, day = ApiKey.objects.values_list(*fields).get(pk=key_id)
        found.append(Limit(of="key", team_id=team_id, key_id=key_id, run=run, day=day))
    return found


def _row(team_id: int, key_id: int | None, day: date) -> QuerySet[SpendDay]:
    return SpendDay.objects.filter(team_id=team_id, key_id=key_id, day=day)


def _made_sure(team_id: int, key_id: int | None, day: date) -> None:
    # Two first runs of a day may both try; the unique constraint lets one row through.
    row = SpendDay(team_id=team_id, key_id=key_id, day=day)
    SpendDay.objects.bulk_create([row], ignore_conflicts=True)


def lock(team_id: int, day: date) -> None:
    """Wait for the team's row of a day and hold it to the end of the transaction."""
    row = _row(team_id, None, day).select_for_update()
    if not row.values_list("pk"):
        _made_sure(team_id, None, day)
        list(row.values_list("pk"))


def grow(limit: Limit, day: date, credits: Decimal) -> bool:
    """Count credits on a row of the day if its ceiling allows it, by one conditional update."""
    if limit.day is None:
        move(limit, day, credits)
        return True
    if _grown(limit, day, credits):
        return True
    _made_sure(limit.team_id, limit.key_id, day)
    return _grown(limit, day, credits)


def _grown(limit: Limit, day: date, credits: Decimal) -> bool:
    row = _row(limit.team_id, limit.key_id, day).alias(total=_sum(credits))
    return bool(row.filter(total__lte=limit.day).update(credits=_sum(credits)))


def move(limit: Limit, day: date, credits: Decimal) -> None:
    """Count credits, or fewer credits, on a row of the day whatever its ceiling."""
    if not _row(limit.team_id, limit.key_id, day).update(credits=_sum(credits)):
        _made_sure(limit.team_id, limit.key_id, day)
        _row(limit.team_id, limit.key_id, day).update(credits=_sum(credits))


def _sum(credits: Decimal) -> Round:
    # SQLite adds decimals as floats; rounded, ten times 0.7 is 7 and not a little more.
    field: DecimalField[Decimal, Decimal] = DecimalField(max_digits=14, decimal_places=2)
    return Round(F("credits") + Value(credits, output_field=field), precision=2, output_field=field)


def spent(limit: Limit, day: date) -> Decimal:
    """What is counted on a row of the day."""
    row = _row(limit.team_id, limit.key_id, day).values_list("credits", flat=True)
    return row.first() or Decimal(0)


def spent_on(team_id: int, key_id: int | None, day: date) -> dict[int | None, Decimal]:
    """What is counted on a day, by key; None is the team's own row."""
    rows = SpendDay.objects.filter(team_id=team_id, day=day).values_list("key_id", "credits")
    return {key: credits for key, credits in rows if key in (None, key_id)}


def same_request(spend: Spend) -> Spend | None:
    """The row of the same request, held on the same day under the same idempotency key."""
    if not spend.idempotency:
        return None
    begun = datetime.combine(spend.day, time(), tzinfo=UTC)
    found = Spend.objects.select_for_update().filter(
        team_id=spend.team_id,
        held_at__gte=begun,
        day=spend.day,
        idempotency=spend.idempotency,
    )
    return found.order_by("-held_at", "-pk").first()


def counted_elsewhere(spend: Spend) -> bool:
    """Whether the same request made the same thing on another day, where it is counted."""
    if not spend.idempotency:
        return False
    same = Spend.objects.filter(
        team_id=spend.team_id, made=spend.made, idempotency=spend.idempotency
    )
    return same.exclude(pk=spend.pk).exclude(state=Spend.State.RELEASED).exists()


def locked(spend: Spend) -> Spend | None:
    """The row as it is now, held to the end of the transaction; None when it is gone."""
    lock(spend.team_id, spend.day)
    return Spend.objects.select_for_update().filter(pk=spend.pk).first()


def set_credits(
    spend: Spend, credits: Decimal, *, state: Spend.State, now: datetime | None
) -> None:
    """Give a spend another amount and state, and its day the difference."""
    difference = credits - spend.credits
    spend.credits, spend.state, spend.settled_at = credits, state, now
    spend.save(update_fields=["credits", "state", "settled_at"])
    if not difference:
        return
    for key_id in (None, spend.key_id) if spend.key_id is not None else (None,):
        where = Limit(of="", team_id=spend.team_id, key_id=key_id, run=None, day=None)
        move(where, spend.day, difference)
