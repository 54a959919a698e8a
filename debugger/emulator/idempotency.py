"""Idempotency keys: the same key and body is answered again, and nothing is charged twice."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from debugger.emulator import misbehave
from debugger.emulator.store import Record
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response

_KIND: Final = "idempotency"
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a handler learns of its Idempotency-Key.

    ``refusal`` is an answer to return at once. ``earlier`` is what ``keep`` stored for the same
    key and body: answer from it, and accept nothing. When both are None the request is new.
    """

    key: str | None = None
    fingerprint: str = ""
    refusal: Response | None = None
    earlier: Record | None = None


def claim(turn: Turn) -> Claim:
    """Look the key up; called after validation and before credits move."""
    if turn.scenario.name == "idempotency-conflict":
        return Claim(refusal=_conflict(turn))
    key = turn.request.headers.get("idempotency-key")
    if key is None:
        return Claim()
    longest = turn.assumptions.idempotency_key_max
    if not _PRINTABLE.fullmatch(key) or len(key) > longest:
        message = f"Idempotency-Key must be 1 to {longest} printable ASCII characters."
        return Claim(refusal=turn.error("validation_failed", message))
    fingerprint = _fingerprint(turn)
    found = turn.unit.get(_KIND, _place(turn, key))
    if found is None or found["expires_at"] <= turn.real_now:
        return Claim(key=key, fingerprint=fingerprint)
    if found["fingerprint"] != fingerprint:
        return Claim(refusal=_conflict(turn))
    if found["busy_until"] > turn.real_now:
        message = "The first request with this Idempotency-Key is still being handled."
        return Claim(refusal=turn.error("idempotency_conflict", message))
    return Claim(key=key, fingerprint=fingerprint, earlier=found["kept"])


def keep(turn: Turn, claimed: Claim, value: Record, *, busy_seconds: float = 0.0) -> None:
    """Remember what was accepted under the key, in the transaction that accepts it.

    For ``busy_seconds`` the first answer is still on its way, and the key answers 409.
    """
    if claimed.key is None:
        return
    if turn.scenario.name == "slow-first-byte":
        busy_seconds = max(busy_seconds, misbehave.LATE)
    record: Record = {
        "place": _place(turn, claimed.key),
        "fingerprint": claimed.fingerprint,
        "kept": value,
        "busy_until": turn.real_now + busy_seconds,
        "expires_at": turn.real_now + turn.assumptions.idempotency_life_seconds,
    }
    _forget_expired(turn)
    # A key that is used again after its life takes a new place in the order of expiry.
    turn.unit.delete(_KIND, record["place"])
    turn.unit.put(_KIND, record["place"], record)


def _forget_expired(turn: Turn) -> None:
    for record in turn.unit.list(_KIND, limit=20, newest_first=False):
        if record["expires_at"] > turn.real_now:
            return
        turn.unit.delete(_KIND, record["place"])


def _place(turn: Turn, key: str) -> str:
    """Method and path are part of the key's scope, and the operation stands for both."""
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return f"{turn.operation.id} {hashed}"


def _fingerprint(turn: Turn) -> str:
    canonical = json.dumps(turn.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _conflict(turn: Turn) -> Response:
    message = "This Idempotency-Key was used for a request with another body."
    return turn.error("idempotency_conflict", message)
