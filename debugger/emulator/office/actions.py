"""What can be done in the office, the same for the page's forms and for JSON callers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from debugger.contract.operations import Scope
from debugger.emulator import accounts, credits
from debugger.emulator.core import Emulator
from debugger.emulator.store import Record, Unit

Fields = Mapping[str, Any]
_NAME_MAX: Final = 80
_MOST_CREDITS: Final = 10**9
_LONGEST_LIFE: Final = 366 * 86400.0


class RefusedError(ValueError):
    """An action that makes no sense, with a sentence that says why."""


def account(emulator: Emulator, fields: Fields) -> Record:
    """Open an account; ``credits`` is its opening balance."""
    opening = _number(fields, "credits", default=accounts.OPENING_CREDITS, most=_MOST_CREDITS)
    return {"account": accounts.create(emulator.store, now=emulator.clock(), credits=int(opening))}


def key(emulator: Emulator, fields: Fields) -> Record:
    """Make a key with ``name``, ``scopes`` (all when absent) and ``expires_in`` seconds."""
    owner = _owner(emulator, fields)
    scopes = fields.get("scopes", [scope.value for scope in Scope])
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise RefusedError("scopes must be a list of scope names.")
    life = _number(fields, "expires_in", default=0, most=_LONGEST_LIFE)
    with emulator.store.reading(owner) as unit:
        now = accounts.account_time(accounts.profile(unit), real=emulator.clock())
    try:
        made = accounts.create_key(
            emulator.store,
            owner,
            now=now,
            name=_name(fields),
            scopes=scopes,
            expires_at=now + life if life else None,
            assumptions=emulator.assumptions,
        )
    except ValueError as trouble:
        raise RefusedError(str(trouble)) from None
    return {"account": owner, "key": made.secret, **key_facts(made.record, now=now)}


def _name(fields: Fields) -> str:
    """A name as people may type it, without what a database refuses."""
    text = str(fields.get("name", "")).encode("utf-8", "replace").decode()
    return text.replace("\0", "").strip()[:_NAME_MAX]


def revoke(emulator: Emulator, fields: Fields) -> Record:
    """End the key ``id`` for good."""
    return _end(emulator, fields, "revoked_at")


def expire(emulator: Emulator, fields: Fields) -> Record:
    """Let the key ``id`` expire now."""
    return _end(emulator, fields, "expires_at")


def _end(emulator: Emulator, fields: Fields, field: str) -> Record:
    owner = _owner(emulator, fields)
    with emulator.store.reading(owner) as unit:
        now = accounts.account_time(accounts.profile(unit), real=emulator.clock())
    try:
        record = accounts.change_key(emulator.store, owner, str(fields.get("id", "")), {field: now})
    except KeyError:
        raise RefusedError("The account has no such key.") from None
    return {"account": owner, **key_facts(record, now=now)}


def balance(emulator: Emulator, fields: Fields) -> Record:
    """Set the balance to ``credits``; what is reserved stays reserved."""
    wanted = int(_number(fields, "credits", most=_MOST_CREDITS))
    return _in_account(emulator, fields, lambda unit: credits.set_balance(unit, wanted))


def scenario(emulator: Emulator, fields: Fields) -> Record:
    """Choose the scenario ``name`` for every request of the account."""
    name = str(fields.get("name", ""))
    return _in_account(emulator, fields, lambda unit: accounts.set_scenario(unit, name))


def receiver(emulator: Emulator, fields: Fields) -> Record:
    """Choose how simulated webhook receivers answer."""
    name = str(fields.get("name", ""))
    return _in_account(emulator, fields, lambda unit: accounts.set_receiver(unit, name))


def clock(emulator: Emulator, fields: Fields) -> Record:
    """Set the clock's ``speed``, and move it forward by ``step`` seconds."""
    speed = _number(fields, "speed", most=1000) if fields.get("speed") is not None else None
    step = _number(fields, "step", default=0, most=_LONGEST_LIFE)
    done = _in_account(
        emulator,
        fields,
        lambda unit: accounts.set_clock(unit, real=emulator.clock(), speed=speed, step=step),
    )
    emulator.advance(done["account"])
    return facts(emulator, done["account"])


def _in_account(emulator: Emulator, fields: Fields, change: Callable[[Unit], None]) -> Record:
    owner = _owner(emulator, fields)
    try:
        with emulator.store.transaction(owner) as unit:
            change(unit)
    except KeyError:
        raise RefusedError("There is nothing of this name to choose.") from None
    except ValueError as trouble:
        raise RefusedError(str(trouble)) from None
    return facts(emulator, owner)


def _owner(emulator: Emulator, fields: Fields) -> str:
    """The account that is meant; the oldest one where none is named."""
    name = fields.get("account")
    known = emulator.store.accounts()
    if name is None and known:
        return known[0]
    if name not in known:
        raise RefusedError("There is no such account.")
    return str(name)


def _number(fields: Fields, name: str, *, default: float | None = None, most: float) -> float:
    value = fields.get(name, default)
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not 0 <= number <= most:
        raise RefusedError(f"{name} must be a number from 0 to {most:.0f}.")
    return number


def facts(emulator: Emulator, owner: str) -> Record:
    """Everything that the page shows of one account."""
    with emulator.store.reading(owner) as unit:
        profile, purse = accounts.profile(unit), credits.wallet(unit)
        endpoints = sum(row["status"] == "active" for row in unit.list("webhook_endpoint"))
    now = accounts.account_time(profile, real=emulator.clock())
    return {
        "account": owner,
        "balance": purse["balance"],
        "reserved": sum(purse["reserved"].values()),
        "scenario": profile["scenario"],
        "receiver": profile["receiver"],
        "endpoints": endpoints,
        "clock": {"now": now, "speed": profile["clock"]["speed"]},
        "keys": [key_facts(record, now=now) for _, record in emulator.store.keys(owner)],
    }


def key_facts(record: Record, *, now: float) -> Record:
    """A key without what could open anything; ``state`` is active, expired or revoked."""
    state = "active"
    if record["revoked_at"] is not None:
        state = "revoked"
    elif record["expires_at"] is not None and record["expires_at"] <= now:
        state = "expired"
    return {**record, "state": state}


ACTIONS: Final[Mapping[str, Callable[[Emulator, Fields], Record]]] = {
    "account": account,
    "key": key,
    "revoke": revoke,
    "expire": expire,
    "balance": balance,
    "scenario": scenario,
    "receiver": receiver,
    "clock": clock,
}
