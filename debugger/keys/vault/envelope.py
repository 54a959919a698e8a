"""The envelope: bytes in, bytes out, without rows or settings.

A value is sealed with AES-256-GCM under a subkey of the team's data key, and the data key is
wrapped with AES-256-GCM under a master key. Both blobs are: one byte of format, 96 random bits of
nonce, ciphertext, 128 bits of tag. The associated data names the purpose, the format and the team
(or the site), and for a value its row, so that neither opens in another place. Nonces are random:
even after 2^32 values of one team the chance that two are the same is below 2^-32, and no team
stores so many.

The length of a value can be seen; that of a key is no secret.

Python cannot promise that memory is wiped: bytes are immutable and copied freely. Nothing here
pretends to. Secrets are held in objects whose repr does not show them, for a short time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

FORMAT: Final = 1
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
OVERHEAD: Final = 1 + NONCE_BYTES + 16
_VALUE: Final = b"rivya-dash/value/"
_DATA_KEY: Final = b"rivya-dash/data-key/"
SITE: Final = 0
"""What stands for the site where a team is named; no team has this number."""


class DoesNotOpenError(Exception):
    """Bytes are not what was sealed here; the text says what is known about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A team's data key, ready for use: one subkey seals, the other tells sameness."""

    cipher: AESGCM = field(repr=False, compare=False)
    sameness: bytes = field(repr=False, compare=False)


def new_data_key() -> bytes:
    """A fresh data key."""
    return secrets.token_bytes(KEY_BYTES)


def ready(data_key: bytes) -> Opened:
    """The subkeys of a data key. It is random already, so HKDF need only expand it."""
    return Opened(
        cipher=AESGCM(_subkey(data_key, b"rivya-dash/seal/1")),
        sameness=_subkey(data_key, b"rivya-dash/fingerprint/1"),
    )


def wrap(master: AESGCM, data_key: bytes, *, team: int) -> bytes:
    """A data key that only this master key unwraps, and only for this team."""
    return _seal(master, data_key, _bound(_DATA_KEY, team))


def unwrap(master: AESGCM, wrapped: bytes, *, team: int) -> bytes:
    """The data key. Raises DoesNotOpenError."""
    data_key = _open(master, wrapped, _bound(_DATA_KEY, team))
    if len(data_key) != KEY_BYTES:
        raise DoesNotOpenError("it has not the length of a data key")
    return data_key


def seal_value(key: Opened, value: str, *, team: int, row: str) -> bytes:
    """A text that opens only for this row of this team."""
    # Lone surrogates pass, both ways: an error about them would carry the value.
    return _seal(key.cipher, value.encode(errors="surrogatepass"), _bound(_VALUE, team, row))


def open_value(key: Opened, sealed: bytes, *, team: int, row: str) -> str:
    """The text. Raises DoesNotOpenError."""
    return _open(key.cipher, sealed, _bound(_VALUE, team, row)).decode(errors="surrogatepass")


def fingerprint_of(key: Opened, value: str) -> str:
    """16 hexadecimal digits that are the same for the same text under one data key."""
    raw = value.encode(errors="surrogatepass")
    return hmac.new(key.sameness, raw, hashlib.sha256).hexdigest()[:16]


def _seal(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes([FORMAT]) + nonce + cipher.encrypt(nonce, plain, bound)


def _open(cipher: AESGCM, blob: bytes, bound: bytes) -> bytes:
    if len(blob) < OVERHEAD:
        raise DoesNotOpenError(f"only {len(blob)} bytes are left of it")
    if blob[0] != FORMAT:
        raise DoesNotOpenError(f"its format {blob[0]} is unknown to this version")
    nonce, rest = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, bound)
    except InvalidTag:
        raise DoesNotOpenError("it was changed, or sealed in another place") from None


def _bound(purpose: bytes, team: int, row: str = "") -> bytes:
    """What a blob is bound to. Only the last part has a length of its own, so no two places are
    written alike.
    """
    return purpose + bytes([FORMAT]) + team.to_bytes(8, "big") + row.encode()


def _subkey(data_key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=purpose).derive(data_key)
