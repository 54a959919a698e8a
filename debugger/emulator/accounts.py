"""Accounts, their keys and their clocks: what the real service keeps in its Settings."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.operations import Scope
from debugger.emulator import scenarios
from debugger.emulator.store import Record, Store, Unit
from debugger.emulator.turn import mint, stamp
from debugger.emulator.wire import Request

KEY_START: Final = "rvya_sk_"
OPENING_CREDITS: Final = 1000
# How webhook receivers answer while deliveries are simulated.
RECEIVERS: Final = ("accepts", "fails", "times-out", "redirects")
_ALPHABET: Final = string.ascii_letters + string.digits
_EVERY_SCOPE: Final = frozenset(scope.value for scope in Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose request it is. ``trouble`` is the error code when nobody can be named.

    ``principal`` names what is counted by the rate limit: a key, or the account itself.
    """

    account: str | None = None
    principal: str = "account"
    scopes: frozenset[str] = frozenset()
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key at its creation, the only moment at which ``secret`` is known."""

    id: str
    secret: str
    record: Record


def _expiry_trouble(
    store: Store, account: str, expires_at: float, *, real_now: float
) -> str | None:
    try:
        with store.reading(account) as unit:
            now = account_time(profile(unit), real=real_now)
    except KeyError:
        return "api_key_invalid"
    return "api_key_expired" if expires_at <= now else None


def new_profile(account: str, *, now: float, credits: int = OPENING_CREDITS) -> Record:
    """The record of an account that nobody has touched yet."""
    return {
        "id": account,
        "created_at": stamp(now),
        "opening_credits": credits,
        "scenario": scenarios.DEFAULT,
        "receiver": RECEIVERS[0],
        "clock": {"real": now, "account": now, "speed": 1.0},
    }


def create(store: Store, *, now: float, credits: int = OPENING_CREDITS) -> str:
    """A new account with an unguessable id, which is returned."""
    account = mint("acct_")
    store.create(account, new_profile(account, now=now, credits=credits))
    return account


def digest(secret: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(
    store: Store,
    account: str,
    *,
    now: float,
    name: str = "",
    scopes: Iterable[str] = _EVERY_SCOPE,
    expires_at: float | None = None,
    assumptions: Assumptions = DEFAULTS,
) -> NewKey:
    """A key with the chosen scopes; ValueError names a scope that does not exist.

    ``expires_at`` is in the account's own time, like ``now``.
    """
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - _EVERY_SCOPE):
        raise ValueError(f"There is no scope named {unknown[0]}.")
    secret = KEY_START + "".join(secrets.choice(_ALPHABET) for _ in range(assumptions.key_length))
    record: Record = {
        "id": mint("key_"),
        "name": name,
        "prefix": secret[: assumptions.key_prefix_length],
        "scopes": [scope.value for scope in Scope if scope.value in wanted],
        "created_at": now,
        "expires_at": expires_at,
        "revoked_at": None,
    }
    store.put_key(digest(secret), account, record)
    return NewKey(id=record["id"], secret=secret, record=record)


def change_key(store: Store, account: str, key_id: str, changes: Record) -> Record:
    """Set ``revoked_at``, ``expires_at`` (account time) or ``name``; KeyError when absent."""
    for found, record in store.keys(account):
        if record["id"] == key_id:
            changed = record | changes
            store.put_key(found, account, changed)
            return changed
    raise KeyError(key_id)


def identify(store: Store, request: Request, *, real_now: float) -> Identity:
    """Whose key the request carries; an Authorization header wins over ``request.account``."""
    header = request.headers.get("authorization")
    if header is None:
        if request.account is None:
            return Identity(trouble="api_key_missing")
        return Identity(account=request.account, scopes=_EVERY_SCOPE)
    scheme, _, secret = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        return Identity(trouble="api_key_missing")
    found = store.find_key(digest(secret.strip()))
    if found is None:
        return Identity(trouble="api_key_invalid")
    return _judge(store, *found, real_now=real_now)


def _judge(store: Store, account: str, record: Record, *, real_now: float) -> Identity:
    """A key that exists may still be revoked or expired; expiry is read on the account's clock."""
    trouble = None
    if record["revoked_at"] is not None:
        trouble = "api_key_revoked"
    elif record["expires_at"] is not None:
        trouble = _expiry_trouble(store, account, record["expires_at"], real_now=real_now)
    return Identity(
        account=account,
        principal=record["id"],
        scopes=frozenset(record["scopes"]),
        trouble=trouble,
    )


def profile(unit: Unit) -> Record:
    """The account's own record."""
    found = unit.get("account", unit.account)
    if found is None:
        raise KeyError(unit.account)
    return found


def account_time(profile: Record, *, real: float) -> float:
    """What the account's clock shows at a moment of real time."""
    clock = profile["clock"]
    return float(clock["account"] + (real - clock["real"]) * clock["speed"])


def real_time(profile: Record, *, account: float) -> float | None:
    """When the account's clock will show a moment; None when it stands still."""
    clock = profile["clock"]
    if clock["speed"] <= 0:
        return float(clock["real"]) if account <= clock["account"] else None
    return float(clock["real"] + (account - clock["account"]) / clock["speed"])


def set_clock(unit: Unit, *, real: float, speed: float | None = None, step: float = 0.0) -> None:
    """Change the pace of an account's clock and move it forward by ``step`` seconds.

    The clock never goes back: ValueError for a negative speed or step.
    """
    record = profile(unit)
    pace = record["clock"]["speed"] if speed is None else speed
    if not (0 <= pace <= 1000 and 0 <= step <= 366 * 86400):
        raise ValueError("A clock goes forward, at most 1000 times as fast and a year at once.")
    shown = account_time(record, real=real) + step
    record["clock"] = {"real": real, "account": shown, "speed": pace}
    unit.put("account", unit.account, record)


def set_scenario(unit: Unit, name: str) -> None:
    """What every request of the account meets unless it names another; KeyError when unknown."""
    record = profile(unit)
    record["scenario"] = scenarios.get(name).name
    unit.put("account", unit.account, record)


def set_receiver(unit: Unit, name: str) -> None:
    """How simulated webhook receivers answer from now on; KeyError when unknown."""
    if name not in RECEIVERS:
        raise KeyError(name)
    record = profile(unit)
    record["receiver"] = name
    unit.put("account", unit.account, record)
