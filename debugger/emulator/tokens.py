"""Duration tokens: what the upload measured, signed, so that a job can trust it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Final

from debugger.emulator.store import Unit

_PREFIX: Final = "dtok_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The content of a token: which file, and how many seconds."""

    file: str
    seconds: float


def sign(unit: Unit, measured: Measured, *, expires_at: float) -> str:
    """A token that this account's ``read`` accepts until ``expires_at`` (account time)."""
    content = json.dumps([measured.file, measured.seconds, expires_at]).encode()
    mac = hmac.new(_secret(unit), content, hashlib.sha256).digest()[:16]
    return _PREFIX + base64.urlsafe_b64encode(mac + content).decode().rstrip("=")


def read(unit: Unit, token: object, *, now: float) -> Measured | None:
    """What a token says; None when it is not ours, was changed, or is too old."""
    if not isinstance(token, str) or not token.startswith(_PREFIX) or len(token) > 512:
        return None
    text = token.removeprefix(_PREFIX)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, content = raw[:16], raw[16:]
    if not hmac.compare_digest(hmac.new(_secret(unit), content, hashlib.sha256).digest()[:16], mac):
        return None
    file, seconds, expires_at = json.loads(content)
    return Measured(file=file, seconds=seconds) if now < expires_at else None


def _secret(unit: Unit) -> bytes:
    """The account's own signing key, made when it is first needed."""
    found = unit.get("secret", "duration")
    if found is None:
        found = {"hex": secrets.token_hex(32)}
        unit.put("secret", "duration", found)
    return bytes.fromhex(found["hex"])
