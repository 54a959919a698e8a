"""The page of ceilings: what was spent and by whom, and the ceilings themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from debugger.keys.choosing import hint_of
from debugger.keys.live.spend import day_of, reset_after
from debugger.keys.models import ApiKey, Spend
from debugger.keys.states import working
from debugger.keys.storing import locked
from debugger.teams import audit
from debugger.teams.access import Right, demand
from debugger.teams.models import Membership, Team, User

DAYS: Final = 14
RUNS: Final = 30
_ZERO: Final = Decimal(0)
_TONES: Final = {
    Spend.State.HELD: "tag-live",
    Spend.State.RESERVED: "busy",
    Spend.State.FINAL: "ok",
    Spend.State.RELEASED: "quiet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Credits of one day, and how sure they are. ``most`` is the ceiling, None without one.

    ``final`` is settled, ``reserved`` is what the API holds for jobs that run, ``held`` what we
    count because no answer has said anything yet. The three ``_w`` are widths of a thousand.
    """

    final: Decimal = _ZERO
    reserved: Decimal = _ZERO
    held: Decimal = _ZERO
    most: int | None = None
    widest: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """What counts against the ceiling."""
        return self.final + self.reserved + self.held

    @property
    def left(self) -> Decimal | None:
        """What may still be spent."""
        return None if self.most is None else max(Decimal(self.most) - self.total, _ZERO)

    @property
    def over(self) -> bool:
        """Whether nothing more fits under the ceiling."""
        return self.most is not None and self.total >= self.most

    @property
    def parts(self) -> tuple[tuple[str, int, int], ...]:
        """(class, x, width) of each part, in thousandths of the bar."""
        whole = max(Decimal(self.most or 0), self.total, self.widest, Decimal(1))
        at, found = 0, []
        for name, credits in (
            ("final", self.final),
            ("reserved", self.reserved),
            ("held", self.held),
        ):
            width = int(credits / whole * 1000) or (4 if credits else 0)
            found.append((name, min(at, 1000), min(width, max(1000 - at, 0))))
            at += width
        return tuple(each for each in found if each[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key with its ceilings and its day; ``public_id`` is "" for pasted keys."""

    public_id: str
    label: str
    hint: str
    run: int | None
    bar: Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """A person and what she spent."""

    name: str
    credits: Decimal
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One day of the table."""

    day: date
    bar: Bar
    runs: int
    above: int
    who: tuple[Spender, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of today."""

    spend: Spend
    who: str
    note: str

    @property
    def tone(self) -> str:
        """The class of its chip."""
        return _TONES[Spend.State(self.spend.state)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the page shows."""

    team: Team
    today: Bar
    keys: tuple[KeyRow, ...]
    days: tuple[DayRow, ...]
    spenders: tuple[Spender, ...]
    runs: tuple[RunRow, ...]
    more_runs: int
    resets_at: datetime
    resets_in: str


def page(team: Team, *, now: datetime) -> Page:
    """The page of one team."""
    today = day_of(now)
    rows = _sums(team, since=today - timedelta(days=DAYS - 1))
    names = _names({row["user_id"] for row in rows})
    runs = list(_runs_of(team, today)[: RUNS + 1])
    more = _runs_of(team, today).count() - RUNS if len(runs) > RUNS else 0
    return Page(
        team=team,
        today=_bar([row for row in rows if row["day"] == today], most=team.day_ceiling),
        keys=_key_rows(team, [row for row in rows if row["day"] == today], now=now),
        days=_day_rows(rows, names, today=today),
        spenders=_spenders(rows, names),
        runs=tuple(_run_row(each, names) for each in runs[:RUNS]),
        more_runs=max(more, 0),
        resets_at=reset_after(now),
        resets_in=_in(reset_after(now) - now),
    )


def _in(wait: timedelta) -> str:
    hours, minutes = divmod(int(wait.total_seconds() // 60), 60)
    if hours:
        return _("That is in %(hours)d h %(minutes)d min.") % {"hours": hours, "minutes": minutes}
    return _("That is in %(minutes)d min.") % {"minutes": minutes}


def _sums(team: Team, *, since: date) -> list[dict[str, Any]]:
    """Credits and runs by day, key, person and state: as many rows as there are such groups."""
    rows = Spend.objects.filter(team=team, day__gte=since).values("day", "key", "user_id", "state")
    grouped = rows.annotate(
        credits=Sum("credits"),
        runs=Count("pk"),
        above=Count("pk", filter=Q(overridden_by__isnull=False)),
    )
    return [dict(row) for row in grouped.order_by()]


def _names(ids: set[int]) -> dict[int, str]:
    return {pk: str(user) for pk, user in User.objects.in_bulk(ids).items()}


def _name(names: Mapping[int, str], user_id: int) -> str:
    return names.get(user_id) or _("Somebody who is gone")


def _bar(
    rows: Sequence[Mapping[str, Any]], *, most: int | None = None, widest: Decimal = _ZERO
) -> Bar:
    by = dict.fromkeys(Spend.State.values, _ZERO)
    for row in rows:
        by[row["state"]] += row["credits"]
    return Bar(
        final=by[Spend.State.FINAL],
        reserved=by[Spend.State.RESERVED],
        held=by[Spend.State.HELD],
        most=most,
        widest=widest,
    )


def _key_rows(
    team: Team, today: Sequence[Mapping[str, Any]], *, now: datetime
) -> tuple[KeyRow, ...]:
    """Every key that can be used, and what was spent with others today in rows of their own."""
    keys = list(working(team, now=now))
    known = {key.pk for key in keys}
    whole = Decimal(team.day_ceiling or 0) or _bar(today).total
    spent = {row["key"] for row in today if row["credits"]} - known - {None}
    keys += list(ApiKey.objects.filter(pk__in=spent).order_by("label"))
    found = [
        KeyRow(
            public_id=key.public_id if key.pk in known else "",
            label=key.label,
            hint=hint_of(key),
            run=key.run_ceiling,
            bar=_bar(
                [row for row in today if row["key"] == key.pk],
                most=key.day_ceiling,
                widest=_ZERO if key.day_ceiling else whole,
            ),
        )
        for key in keys
    ]
    pasted = _bar([row for row in today if row["key"] is None], widest=whole)
    if pasted.total:
        found.append(KeyRow(public_id="", label=_("Pasted keys"), hint="", run=None, bar=pasted))
    return tuple(found)


def _day_rows(
    rows: Sequence[Mapping[str, Any]], names: Mapping[int, str], *, today: date
) -> tuple[DayRow, ...]:
    days = [today - timedelta(days=back) for back in range(DAYS)]
    of = {day: [row for row in rows if row["day"] == day] for day in days}
    widest = max((_bar(each).total for each in of.values()), default=_ZERO)
    return tuple(
        DayRow(
            day=day,
            bar=_bar(of[day], widest=widest),
            runs=sum(row["runs"] for row in _counted(of[day])),
            above=sum(row["above"] for row in of[day]),
            who=_spenders(of[day], names),
        )
        for day in days
    )


def _counted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the runs that never were: refused by the API, or not sent."""
    return [row for row in rows if row["state"] != Spend.State.RELEASED]


def _spenders(rows: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> tuple[Spender, ...]:
    found: dict[int, tuple[Decimal, int]] = {}
    for row in _counted(rows):
        credits, runs = found.get(row["user_id"], (_ZERO, 0))
        found[row["user_id"]] = (credits + row["credits"], runs + row["runs"])
    people = [
        Spender(name=_name(names, pk), credits=credits, runs=runs)
        for pk, (credits, runs) in found.items()
    ]
    return tuple(sorted(people, key=lambda each: (-each.credits, each.name)))


def _runs_of(team: Team, day: date) -> Any:
    found = Spend.objects.filter(team=team, day=day).select_related("key")
    return found.order_by("-held_at", "-pk")


def _run_row(spend: Spend, names: Mapping[int, str]) -> RunRow:
    return RunRow(spend=spend, who=_name(names, spend.user_id), note=noted(spend))


def noted(spend: Spend) -> str:
    """How sure the amount of a run is, in one sentence."""
    if spend.state == Spend.State.FINAL:
        return _("The API stated the final credits.")
    if spend.state == Spend.State.RESERVED and spend.settled_at is not None:
        return _("The API reserved this and has not stated the final credits since.")
    if spend.state == Spend.State.RESERVED:
        return _("The API reserved this; the final credits are not stated yet.")
    if spend.state == Spend.State.RELEASED:
        return _("Nothing was charged: it was refused or not sent.")
    if spend.settled_at is not None:
        return _("No answer ever said what it cost. It may have been charged, so it stays counted.")
    return _("Counted by its estimate until an answer says what it cost.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two ceilings of a team or a key, None for none."""

    run: int | None
    day: int | None


def set_ceilings(
    member: Membership,
    *,
    team: Pair,
    keys: Mapping[str, Pair],
    by: audit.Origin,
) -> int:
    """Set the ceilings of the team and of its keys, by public id; how many rows changed.

    Raises NotAllowed without the right, NotFound where the team is gone. Keys of other teams are
    left alone.
    """
    demand(member, Right.SET_CEILINGS)
    changed = 0
    with transaction.atomic():
        row = locked(member.team)
        changed += _set(row, team, by, row)
        rows = ApiKey.objects.filter(team=row, public_id__in=list(keys))
        for key in rows.order_by("pk"):
            changed += _set(key, keys[key.public_id], by, row)
    return changed


def _set(row: Team | ApiKey, pair: Pair, by: audit.Origin, team: Team) -> int:
    before = Pair(run=row.run_ceiling, day=row.day_ceiling)
    if before == pair:
        return 0
    row.run_ceiling, row.day_ceiling = pair.run, pair.day
    row.save(update_fields=["run_ceiling", "day_ceiling"])
    changed = {
        name: [was, becomes]
        for name, was, becomes in (
            ("run_ceiling", before.run, pair.run),
            ("day_ceiling", before.day, pair.day),
        )
        if was != becomes
    }
    audit.record(by, team, "ceiling.changed", obj=row, changed=changed)
    return 1
