"""What the answers of live calls teach about the key that carried them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F

from debugger.client.outcome import FailureKind, Mode, Outcome
from debugger.contract.jobs import is_final
from debugger.contract.operations import Operation
from debugger.keys.models import ApiKey, KeyUse
from debugger.keys.scopes import DENIED, GRANTED
from debugger.teams import progress
from debugger.teams.models import User

SCOPE_DENIED: Final = "api_scope_denied"
_CREDITS: Final = "credits.retrieve"
_STATUS: Final = "generations.retrieve"
_CENT: Final = Decimal("0.01")
_LARGEST: Final = Decimal(10) ** 12  # What the column holds; nobody has as many credits.


def learned(
    key: ApiKey,
    *,
    operation: Operation,
    outcome: Outcome,
    user_id: int | None,
    now: datetime,
    use: bool = True,
) -> None:
    """Remember one live call: who used the key for what, its health, its scopes, the balance.

    Calls that carried no key teach nothing: mock runs, public operations, what was never sent.
    Parallel calls are counted each, and an older answer never overwrites a newer one. A mere test
    of the key is no ``use``: nobody would miss the key for it. Nor is what the site does by itself,
    with None for the person.
    """
    if not _carried(operation, outcome):
        return
    # Whoever ran the call, and the team, may be gone by the time its answer is here.
    if user_id is not None and not User.objects.filter(pk=user_id).exists():
        return
    with transaction.atomic():
        # The weaker lock, for the reason that teams/locks.py gives.
        rows = ApiKey.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("team")
        row = locked.filter(pk=key.pk).first()
        if row is None:
            return
        if use and user_id is not None:
            _count(row, operation.id, user_id, now)
            _use(row, operation.id, user_id, now)
        _judge(row, operation, outcome, now)
        _balance(row, operation, outcome, now)
        row.save(update_fields=_FIELDS)
    _progress(row, operation, outcome, user_id)


_FIELDS: Final = (
    "last_used_at",
    "last_used_by",
    "last_used_for",
    "health",
    "health_code",
    "health_at",
    "seen",
    "balance",
    "balance_at",
)


def _carried(operation: Operation, outcome: Outcome) -> bool:
    sent = outcome.failure is None or outcome.failure.kind is not FailureKind.NOT_SENT
    return outcome.mode is Mode.LIVE and operation.scope is not None and sent


def _count(key: ApiKey, operation_id: str, user_id: int, now: datetime) -> None:
    day = now.astimezone(UTC).date()
    uses = KeyUse.objects.filter(key=key, user_id=user_id, operation=operation_id, day=day)
    if uses.update(count=F("count") + 1, last_at=now):
        return
    try:
        with transaction.atomic():
            KeyUse.objects.create(
                key=key, user_id=user_id, operation=operation_id, day=day, count=1, last_at=now
            )
    except IntegrityError:
        uses.update(count=F("count") + 1, last_at=now)


def _use(key: ApiKey, operation_id: str, user_id: int, now: datetime) -> None:
    if key.last_used_at is None or key.last_used_at <= now:
        key.last_used_at = now
        key.last_used_by_id = user_id
        key.last_used_for = operation_id


def _judge(key: ApiKey, operation: Operation, outcome: Outcome, now: datetime) -> None:
    """Health and scope. Trouble on the way says nothing of the key and changes nothing."""
    scope = operation.scope.value if operation.scope else ""
    failure = outcome.failure
    late = key.health_at is not None and key.health_at > now
    if failure is None:
        _seen(key, scope, GRANTED, late=late)
        _health(key, ApiKey.Health.OK, "", None if late else now)
    elif failure.kind is FailureKind.REFUSED and failure.code == SCOPE_DENIED:
        # The key was recognised: it works, and lacks this one scope.
        _seen(key, scope, DENIED, late=late)
        _health(key, ApiKey.Health.OK, "", None if late else now)
    elif failure.kind is FailureKind.REFUSED:
        status = outcome.response.status if outcome.response else 401
        code = (failure.code or f"HTTP {status}")[:60]
        _health(key, ApiKey.Health.FAILING, code, None if late else now)


def _seen(key: ApiKey, scope: str, shown: str, *, late: bool) -> None:
    if not (late and scope in key.seen):
        key.seen = {**key.seen, scope: shown}


def _health(key: ApiKey, health: ApiKey.Health, code: str, at: datetime | None) -> None:
    if at is not None:
        key.health, key.health_code, key.health_at = health, code, at


def _balance(key: ApiKey, operation: Operation, outcome: Outcome, now: datetime) -> None:
    if operation.id != _CREDITS or (key.balance_at is not None and key.balance_at > now):
        return
    balance = balance_of(outcome)
    if balance is not None:
        key.balance, key.balance_at = balance, now


def balance_of(outcome: Outcome) -> Decimal | None:
    """The credits that an answer of GET /credits names; None when it names none."""
    value = _body(outcome).get("current_credits")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        balance = Decimal(str(value)).quantize(_CENT)
    except InvalidOperation:  # Infinities, and numbers longer than any balance.
        return None
    return balance if abs(balance) < _LARGEST else None


def _body(outcome: Outcome) -> dict[str, Any]:
    response = outcome.response
    if not outcome.ok or response is None or not isinstance(response.value, dict):
        return {}
    return response.value


def _progress(key: ApiKey, operation: Operation, outcome: Outcome, user_id: int | None) -> None:
    if not outcome.ok:
        return
    if operation.id == _CREDITS:
        progress.reached(key.team, progress.Step.CREDITS_CHECKED, user_id=user_id)
    if operation.spends:
        progress.reached(key.team, progress.Step.LIVE_RUN, user_id=user_id)
    if operation.id == _STATUS and is_final(_body(outcome).get("status")):
        progress.reached(key.team, progress.Step.POLLED, user_id=user_id)
