"""Whether a delivery is what it says, and if not, at which step it fails."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.webhooks.signing import (
    VERSION,
    Scheme,
    SecretError,
    read_key,
    signature,
    signed_text,
)

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_MOST_SIGNATURES: Final = 32
_LONGEST_ID: Final = 256


class Step(StrEnum):
    """Where a verification stands still; ``accepted`` is the end of a good one."""

    HEADERS = "headers"
    MESSAGE_ID = "message_id"
    TIMESTAMP = "timestamp"
    AGE = "age"
    SECRET = "secret"  # noqa: S105 -- the name of a step, not a secret.
    FORMAT = "format"
    SIGNATURE = "signature"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a verification.

    ``age`` is in seconds, negative for a time in the future, None when no time could be read.
    ``detail`` is a sentence without any secret.
    """

    ok: bool
    step: Step
    detail: str
    age: float | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What the headers say: the id (empty where it is not signed), the time, the signatures."""

    message_id: str
    timestamp: str
    signatures: tuple[str, ...]


class _Stop(Exception):  # noqa: N818 -- it carries a step and is no error of its own.
    """The step at which the verification ends, and why."""

    def __init__(self, step: Step, detail: str) -> None:
        super().__init__(detail)
        self.step = step
        self.detail = detail


Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]


def verify(
    *,
    headers: Headers,
    body: bytes,
    secrets: Sequence[str],
    now: float,
    tolerance: float | None = None,
    scheme: str | None = None,
    assumptions: Assumptions = DEFAULTS,
) -> Verdict:
    """Judge a delivery. Never raises, whatever the headers, the body and the secrets are.

    ``secrets`` are tried all, in constant time. ``now`` is POSIX time. ``tolerance`` and
    ``scheme`` are those of the assumptions when they are left out.
    """
    limit = assumptions.webhook_tolerance_seconds if tolerance is None else tolerance
    age: float | None = None
    message_id: str | None = None
    try:
        chosen = _scheme(scheme or assumptions.webhook_scheme)
        signed = _read(_plain(headers), chosen, assumptions)
        message_id = signed.message_id or None
        age = now - _time(signed.timestamp)
        _check_age(age, limit)
        _check_signature(signed, chosen, body, secrets, assumptions.webhook_key_decoding)
    except _Stop as stop:
        return Verdict(ok=False, step=stop.step, detail=stop.detail, age=age, message_id=message_id)
    detail = "The signature matches the body."
    return Verdict(ok=True, step=Step.ACCEPTED, detail=detail, age=age, message_id=message_id)


def _scheme(name: str) -> Scheme:
    try:
        return Scheme(name)
    except ValueError:
        raise _Stop(Step.FORMAT, "The signature scheme is not known.") from None


def _plain(headers: Headers) -> dict[str, list[str]]:
    """Header values by lower-case name; what is no text is left out, for it cannot be a header."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found: dict[str, list[str]] = {}
    try:
        for name, value in pairs:
            key, text = _text(name), _text(value)
            if key is not None and text is not None:
                found.setdefault(key.lower(), []).append(text)
    except (TypeError, ValueError):
        raise _Stop(Step.HEADERS, "The headers cannot be read.") from None
    return found


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def _one(headers: dict[str, list[str]], name: str) -> str:
    values = headers.get(name.lower(), [])
    if not values:
        raise _Stop(Step.HEADERS, f"The header {name} is missing.")
    if len(values) > 1:
        raise _Stop(Step.HEADERS, f"The header {name} was sent more than once.")
    return values[0].strip()


def _read(headers: dict[str, list[str]], scheme: Scheme, assumptions: Assumptions) -> _Signed:
    if scheme is Scheme.STRIPE:
        return _read_combined(_one(headers, assumptions.webhook_combined_header))
    signed = _Signed(
        message_id=_one(headers, assumptions.webhook_id_header),
        timestamp=_one(headers, assumptions.webhook_timestamp_header),
        signatures=_standard_signatures(_one(headers, assumptions.webhook_signature_header)),
    )
    _check_id(signed.message_id)
    return signed


def _standard_signatures(value: str) -> tuple[str, ...]:
    parts = (part.partition(",") for part in value.split(" ", _MOST_SIGNATURES))
    return tuple(text for version, _, text in parts if version == VERSION and text)


def _read_combined(value: str) -> _Signed:
    parts = [part.strip().partition("=") for part in value.split(",", _MOST_SIGNATURES)]
    times = [text for key, _, text in parts if key == "t"]
    if len(times) != 1:
        raise _Stop(Step.FORMAT, "The signature header must hold the time t exactly once.")
    signatures = tuple(text for key, _, text in parts if key == VERSION and text)
    return _Signed(message_id="", timestamp=times[0], signatures=signatures)


def _check_id(message_id: str) -> None:
    if not message_id or len(message_id) > _LONGEST_ID:
        raise _Stop(Step.MESSAGE_ID, "The event id is empty or too long.")
    if not message_id.isascii() or not message_id.isprintable():
        raise _Stop(Step.MESSAGE_ID, "The event id must be printable ASCII.")
    if "." in message_id:
        # A full stop would let a sender move the border between id, time and body.
        raise _Stop(Step.MESSAGE_ID, "The event id must not contain a full stop.")


def _time(timestamp: str) -> int:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise _Stop(Step.TIMESTAMP, "The time must be whole seconds of POSIX time.")
    return int(timestamp)


def _check_age(age: float, limit: float) -> None:
    if age > limit:
        raise _Stop(
            Step.AGE, f"The delivery is {age:.0f} s old; at most {limit:.0f} s are allowed."
        )
    if not age >= -limit:
        raise _Stop(Step.AGE, f"The delivery's time lies {-age:.0f} s in the future.")


def _check_signature(
    signed: _Signed, scheme: Scheme, body: bytes, secrets: Sequence[str], decoding: str
) -> None:
    if not signed.signatures:
        raise _Stop(Step.FORMAT, f"There is no signature of version {VERSION}.")
    keys = [key for secret in secrets if (key := _key(secret, scheme, decoding)) is not None]
    if not keys:
        raise _Stop(Step.SECRET, "There is no signing secret from which a key can be read.")
    text = signed_text(scheme, message_id=signed.message_id, timestamp=signed.timestamp, body=body)
    matches = 0
    # Every key meets every signature, so that the time tells nothing about which one fits.
    for key in keys:
        expected = signature(scheme, key=key, text=text).encode()
        for candidate in signed.signatures:
            given = candidate.encode("utf-8", errors="surrogatepass")
            matches += hmac.compare_digest(expected, given)
    if not matches:
        raise _Stop(
            Step.SIGNATURE,
            "No signature matches: the secret is another one, or the body was changed on its way.",
        )


def _key(secret: object, scheme: Scheme, decoding: str) -> bytes | None:
    try:
        return (
            read_key(secret, scheme=scheme, decoding=decoding) if isinstance(secret, str) else None
        )
    except SecretError:
        return None
