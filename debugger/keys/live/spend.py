"""Ceilings: what live runs may spend, held before a run is sent and settled by what the API says.

    held = spend.hold(team=team, key=key, user_id=…, operation=…, estimated=…, …)
    if isinstance(held, OverCeiling): show it, send nothing
    outcome = …
    spend.settle(held, outcome=outcome, now=now)

A day is a day in UTC, and a run belongs to the day on which it was held. The rows of SpendDay are
what parallel runs compete for: each grows by one conditional update, or the run is refused. What
the API states is counted as it is, above a ceiling too, because it is spent already.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.client.jsontext import visible_text
from debugger.client.outcome import Mode, Outcome
from debugger.client.redact import redact_text
from debugger.contract import operations
from debugger.keys.live import charges, ledger
from debugger.keys.live.charges import Charge, Counted, Verdict, shown
from debugger.keys.models import ApiKey, Spend
from debugger.teams import audit
from debugger.teams.access import Right, demand, who_may
from debugger.teams.models import Membership, Team
from debugger.web.errors import NotAllowed, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class OverCeiling:
    """A run that was not sent, and the ceiling that it would break.

    ``kind`` is "run" or "day", ``of`` "team" or "key", ``spent`` what is counted today, ``who`` the
    names of those who may run it all the same.
    """

    kind: str
    of: str
    ceiling: int
    spent: Decimal
    counted: Counted
    resets_at: datetime
    who: tuple[str, ...] = ()

    @property
    def left(self) -> Decimal:
        """What could still be run."""
        return max(Decimal(self.ceiling) - self.spent, Decimal(0))

    @property
    def sentence(self) -> str:
        """What happened, in one sentence."""
        words = {"credits": shown(self.counted.credits), "ceiling": shown(self.ceiling)}
        words |= {"left": shown(self.left), "time": f"{self.resets_at:%H:%M} UTC"}
        return _SENTENCES[self.kind, self.of]() % words

    @property
    def confirmation(self) -> str:
        """The number that has to be typed to run it all the same."""
        return typed_form(self.counted.credits)


_SENTENCES: Final = {
    ("run", "team"): lambda: _(
        "Not sent: this run counts %(credits)s credits, and the team allows %(ceiling)s for a run."
    ),
    ("run", "key"): lambda: _(
        "Not sent: this run counts %(credits)s credits, and this key allows %(ceiling)s for a run."
    ),
    ("day", "team"): lambda: _(
        "Not sent: this run counts %(credits)s credits, and %(left)s of the team's %(ceiling)s for "
        "today are left. The day ends at %(time)s."
    ),
    ("day", "key"): lambda: _(
        "Not sent: this run counts %(credits)s credits, and %(left)s of this key's %(ceiling)s for "
        "today are left. The day ends at %(time)s."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What the ceilings leave. None is "no ceiling"; spent credits include those that are held."""

    team_run: int | None
    team_day: int | None
    team_spent: Decimal
    key_run: int | None
    key_day: int | None
    key_spent: Decimal
    resets_at: datetime

    @property
    def run(self) -> int | None:
        """The most that one run may cost."""
        return min(
            (each for each in (self.team_run, self.key_run) if each is not None), default=None
        )

    @property
    def team_today(self) -> Decimal | None:
        """What the team may still spend today."""
        return _rest(self.team_day, self.team_spent)

    @property
    def key_today(self) -> Decimal | None:
        """What the key's own ceiling leaves for today."""
        return _rest(self.key_day, self.key_spent)

    @property
    def today(self) -> Decimal | None:
        """What may still be spent today, by this key in this team."""
        rests = (self.team_today, self.key_today)
        return min((each for each in rests if each is not None), default=None)


def _rest(most: int | None, spent: Decimal) -> Decimal | None:
    return None if most is None else max(Decimal(most) - spent, Decimal(0))


def day_of(now: datetime) -> date:
    """The day in UTC to which a moment belongs."""
    return now.astimezone(UTC).date()


def reset_after(now: datetime) -> datetime:
    """When the day ends and its ceilings begin anew."""
    return datetime.combine(day_of(now) + timedelta(days=1), time(), tzinfo=UTC)


def typed_form(credits: Decimal) -> str:
    """An amount as it is typed: 1480 or 0.5."""
    return shown(credits).replace(",", "")


def confirms(typed: str, *, credits: Decimal) -> bool:
    """Whether a person typed the amount that this run counts, and not another one."""
    return typed.strip().replace(",", "").replace(" ", "") == typed_form(credits)


def hold(  # noqa: PLR0913 - Each is a fact about the run, and none has a home elsewhere.
    *,
    team: Team,
    key: ApiKey | None,
    user_id: int,
    operation: str,
    estimated: Decimal | int | None,
    model: str = "",
    idempotency: str = "",
    body: str = "",
    override: bool = False,
    by: audit.Origin = audit.SYSTEM,
    now: datetime,
) -> Spend | OverCeiling | None:
    """Count a run before it is sent; None for an operation that costs nothing.

    ``body`` names the request (estimate.fingerprint; for a pasted key with the key's fingerprint):
    the same idempotency key with the same body is held once. ``override`` is for a person with
    Right.OVERRIDE_CEILING who typed the amount; it is checked here again and audited.
    """
    contract = operations.get(operation)
    if not contract.spends:
        return None
    if key is not None and key.team_id != team.pk:
        raise NotFound(_("There is no such key in this team."))
    if override:
        _demand_override(team, user_id)
    # Where the API knows no idempotency key, the same request again is another charge.
    replays = bool(idempotency) and contract.idempotency
    price = charges.counted(operation, estimated)
    spend = Spend(
        team=team,
        key=key,
        user_id=user_id,
        operation=operation,
        model=redact_text(visible_text(model))[:100],
        idempotency=_digest(key, operation, idempotency, body) if replays else "",
        day=day_of(now),
        estimated=price.credits,
        credits=price.credits,
        held_at=now,
    )
    try:
        with transaction.atomic():
            return _held(spend, price, override=override, by=by, now=now)
    except _OverError as over:
        return replace(over.ceiling, who=who_may_override(team))


class _OverError(Exception):
    """Leaves the transaction, so that what was counted in it is counted no more."""

    def __init__(self, ceiling: OverCeiling) -> None:
        super().__init__(ceiling.sentence)
        self.ceiling = ceiling


def _held(
    spend: Spend, price: Counted, *, override: bool, by: audit.Origin, now: datetime
) -> Spend:
    ledger.lock(spend.team_id, spend.day)
    before = ledger.same_request(spend)
    if before is not None and before.state != Spend.State.RELEASED:
        before.again = True
        return before
    broken = _broken(spend, price, now=now)
    if broken and not override:
        raise _OverError(broken[0])
    if before is not None:
        spend.pk, spend.public_id = before.pk, before.public_id
    spend.overridden_by = spend.user_id if broken else None
    spend.save()
    if broken:
        _record_override(spend, broken, by)
    return spend


def _broken(spend: Spend, price: Counted, *, now: datetime) -> list[OverCeiling]:
    """Count the run on both rows of its day; which ceilings it breaks."""
    broken = []

    def over(kind: str, of: str, ceiling: int, spent: Decimal) -> OverCeiling:
        return OverCeiling(
            kind=kind,
            of=of,
            ceiling=ceiling,
            spent=spent,
            counted=price,
            resets_at=reset_after(now),
        )

    for limit in ledger.limits(spend.team_id, spend.key_id):
        if limit.run is not None and price.credits > limit.run:
            broken.append(over("run", limit.of, limit.run, Decimal(0)))
        if not ledger.grow(limit, spend.day, price.credits) and limit.day is not None:
            spent = ledger.spent(limit, spend.day)
            broken.append(over("day", limit.of, limit.day, spent))
            ledger.move(limit, spend.day, price.credits)
    return broken


def _demand_override(team: Team, user_id: int) -> None:
    member = Membership.objects.filter(team=team, user_id=user_id).first()
    if member is None:
        raise NotAllowed(_("You have no place in this team."))
    demand(member, Right.OVERRIDE_CEILING)


def _record_override(spend: Spend, broken: list[OverCeiling], by: audit.Origin) -> None:
    prefix = {"team": "", "key": "key_"}
    changed = {
        f"{prefix[each.of]}{each.kind}_ceiling": [each.ceiling, shown(each.spent + spend.credits)]
        for each in broken
    }
    label = spend.key.label if spend.key is not None else _("a pasted key")
    audit.record(by, spend.team, "ceiling.overridden", obj=spend, label=label, changed=changed)


def who_may_override(team: Team) -> tuple[str, ...]:
    """The names of those who may run above a ceiling."""
    return tuple(str(member.user) for member in who_may(team.pk, Right.OVERRIDE_CEILING))


def _digest(key: ApiKey | None, operation: str, idempotency: str, body: str) -> str:
    parts = "\n".join((key.public_id if key is not None else "", operation, idempotency, body))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def settle(
    spend: Spend | None, *, outcome: Outcome, now: datetime, said: object = None
) -> Spend | None:
    """Replace what is held by what the API says, and give back what it refused.

    ``said`` is the whole completion of a streamed turn (stream.Told.final). Without an answer that
    can be read the hold stays, since the run may have been charged.
    """
    if spend is None or outcome.mode is not Mode.LIVE:
        return spend
    charge = charges.read(outcome, said=said)
    if charge.verdict is Verdict.UNKNOWN:
        return spend
    with transaction.atomic():
        current = ledger.locked(spend)
        if current is None:
            return None
        if charge.verdict is Verdict.NOTHING:
            # Of an earlier try with the same idempotency key nobody knows, so its hold stays.
            return current if spend.again else _released(current, now=now)
        if spend.again and current.made and charge.made not in ("", current.made):
            return _charged_anew(current, charge, now=now)
        return _settled(current, charge, now=now)


def settle_made(team: Team, *, made: str, outcome: Outcome, now: datetime) -> Spend | None:
    """Settle the run that made a job by a later look at it; None when no run here made it."""
    if outcome.mode is not Mode.LIVE or not made:
        return None
    charge = charges.read(outcome)
    if charge.verdict is not Verdict.SAID or charge.made != made[:80]:
        return None
    spend = Spend.objects.filter(team=team, made=charge.made).order_by("-held_at", "-pk").first()
    if spend is None:
        return None
    with transaction.atomic():
        current = ledger.locked(spend)
        return _settled(current, charge, now=now) if current is not None else None


def release(spend: Spend | None, *, now: datetime) -> Spend | None:
    """Give back a hold whose run was never sent."""
    if spend is None or spend.again:
        return spend
    with transaction.atomic():
        current = ledger.locked(spend)
        return _released(current, now=now) if current is not None else None


def _released(spend: Spend, *, now: datetime) -> Spend:
    if spend.state == Spend.State.HELD:
        ledger.set_credits(spend, Decimal(0), state=Spend.State.RELEASED, now=now)
    return spend


def _settled(spend: Spend, charge: Charge, *, now: datetime) -> Spend:
    if charge.made and not spend.made:
        spend.made = charge.made
        spend.save(update_fields=["made"])
        if ledger.counted_elsewhere(spend):
            # The same request was held on two days, and the API answered with the first one's job.
            ledger.set_credits(spend, Decimal(0), state=Spend.State.RELEASED, now=now)
            return spend
    if charge.final is not None:
        ledger.set_credits(spend, charge.final, state=Spend.State.FINAL, now=now)
    elif charge.reserved is not None and spend.state != Spend.State.FINAL:
        ledger.set_credits(spend, charge.reserved, state=Spend.State.RESERVED, now=None)
    return spend


def _charged_anew(before: Spend, charge: Charge, *, now: datetime) -> Spend:
    """The API forgot the idempotency key and made a second job: that is a second spend."""
    ledger.lock(before.team_id, day_of(now))
    # From now on the same request is held anew, or it would run past every ceiling.
    Spend.objects.filter(pk=before.pk).update(idempotency="")
    spend = Spend.objects.create(
        team=before.team,
        key=before.key,
        user_id=before.user_id,
        operation=before.operation,
        model=before.model,
        made=charge.made,
        day=day_of(now),
        estimated=before.estimated,
        credits=Decimal(0),
        held_at=now,
    )
    stated = charge.final if charge.final is not None else charge.reserved
    if stated is None:
        ledger.set_credits(spend, before.estimated, state=Spend.State.HELD, now=None)
    return _settled(spend, charge, now=now)


def left(team: Team, key: ApiKey | None, *, now: datetime) -> Left:
    """What the ceilings leave now; one query, the ceilings are those of the given rows."""
    spent = ledger.spent_on(team.pk, key.pk if key is not None else None, day_of(now))
    return Left(
        team_run=team.run_ceiling,
        team_day=team.day_ceiling,
        team_spent=spent.get(None, Decimal(0)),
        key_run=key.run_ceiling if key is not None else None,
        key_day=key.day_ceiling if key is not None else None,
        key_spent=spent.get(key.pk, Decimal(0)) if key is not None else Decimal(0),
        resets_at=reset_after(now),
    )
