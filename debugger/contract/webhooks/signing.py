"""Secrets, and the signature of a delivery over its raw bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from debugger.contract.assumptions import DEFAULTS, Assumptions

PREFIX: Final = "whsec_"
VERSION: Final = "v1"
_SECRET_BYTES: Final = 32


class EventType(StrEnum):
    """The documented events. There are none for chat."""

    GENERATION_SUCCEEDED = "generation.succeeded"
    GENERATION_FAILED = "generation.failed"


class Scheme(StrEnum):
    """How a delivery is signed.

    ``standard`` is Standard Webhooks 1.0: three headers, base64 over id, time and body.
    ``stripe`` is one header with time and signature, hexadecimal over time and body.
    """

    STANDARD = "standard"
    STRIPE = "stripe"


class SecretError(ValueError):
    """A signing secret from which no key can be read. The message does not repeat it."""


def new_secret() -> str:
    """A fresh signing secret: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def preview(secret: str) -> str:
    """The first eight and the last six characters, as later answers show a secret."""
    return f"{secret[:8]}...{secret[-6:]}"


def sign(
    *,
    secret: str,
    message_id: str,
    timestamp: int,
    body: bytes,
    scheme: str | None = None,
    older_secrets: Sequence[str] = (),
    assumptions: Assumptions = DEFAULTS,
) -> dict[str, str]:
    """The headers of a signed delivery; ``timestamp`` is in whole seconds of POSIX time.

    ``older_secrets`` sign too while a rotation overlaps. SecretError for a secret without a key;
    ValueError for an id with a full stop, which would move the border of the signed text.
    """
    if not message_id or not message_id.isascii() or not message_id.isprintable():
        raise ValueError("An event id must be printable ASCII.")
    if "." in message_id:
        raise ValueError("An event id must not contain a full stop.")
    chosen = Scheme(scheme or assumptions.webhook_scheme)
    decoding = assumptions.webhook_key_decoding
    keys = [read_key(text, scheme=chosen, decoding=decoding) for text in (secret, *older_secrets)]
    text = signed_text(chosen, message_id=message_id, timestamp=str(timestamp), body=body)
    signatures = [signature(chosen, key=key, text=text) for key in keys]
    if chosen is Scheme.STRIPE:
        values = [f"t={timestamp}", *(f"{VERSION}={value}" for value in signatures)]
        return {assumptions.webhook_combined_header: ",".join(values)}
    return {
        assumptions.webhook_id_header: message_id,
        assumptions.webhook_timestamp_header: str(timestamp),
        assumptions.webhook_signature_header: " ".join(
            f"{VERSION},{value}" for value in signatures
        ),
    }


def read_key(secret: str, *, scheme: Scheme, decoding: str) -> bytes:
    """The key's bytes: base64 behind the prefix, or the secret's own text. SecretError if none."""
    if scheme is Scheme.STRIPE or decoding == "text":
        key = secret.encode("utf-8", errors="surrogatepass")
    else:
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SecretError("The signing secret is not base64.") from error
    if not key:
        raise SecretError("The signing secret is empty.")
    return key


def signed_text(scheme: Scheme, *, message_id: str, timestamp: str, body: bytes) -> bytes:
    """The bytes that are signed: id, time and raw body, joined by full stops."""
    parts = [timestamp] if scheme is Scheme.STRIPE else [message_id, timestamp]
    return b".".join([*(part.encode() for part in parts), body])


def signature(scheme: Scheme, *, key: bytes, text: bytes) -> str:
    """HMAC-SHA256, in base64 or hexadecimal."""
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return digest.hex() if scheme is Scheme.STRIPE else base64.b64encode(digest).decode()
