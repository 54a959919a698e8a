"""Master keys: read from the settings, they wrap the data keys of teams and nothing else.

``RIVYA_DASH_MASTER_KEYS`` is "name:base64 of 32 bytes", separated by commas or line breaks; lines
that begin with "#" are left out. The first wraps what is new, all of them open what is old.

A wrapped data key is stored with the label of its master: "name:check", where the check is eight
hexadecimal digits computed one-way from the key. So another key under a name that was used before
is recognised as such, and not mistaken for damage.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES: Final = 32
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}")
NAME_RULE: Final = (
    "1 to 31 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """One master key; its secret is in no repr."""

    name: str
    label: str
    """The name with the check value, as it is stored beside what the key wrapped."""
    cipher: AESGCM = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """The configured master keys in their order, and what is wrong with the rest.

    With anything wrong nothing new is wrapped: the key that was meant to be first may be the one
    that cannot be read. What is old still opens with the keys that can.
    """

    keys: tuple[MasterKey, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def first(self) -> MasterKey | None:
        """The key that wraps; None where nothing may be wrapped."""
        return self.keys[0] if self.keys and not self.problems else None

    def labelled(self, label: str) -> MasterKey | None:
        """The key that wrapped something, by the stored label."""
        return next((key for key in self.keys if key.label == label), None)

    def named(self, name: str) -> MasterKey | None:
        """The key of this name, whatever its check value."""
        return next((key for key in self.keys if key.name == name), None)


def ring() -> Ring:
    """The master keys that this process is configured with."""
    return _parsed(settings.RIVYA_DASH_MASTER_KEYS, settings.MASTER_KEYS_TROUBLE)


def parse(text: str) -> Ring:
    """Master keys from their text. Problems name the entry by its place, and never repeat it."""
    keys: list[MasterKey] = []
    problems: list[str] = []
    for place, entry in enumerate(_entries(text), start=1):
        try:
            key = _read(entry, place=place)
        except ValueError as problem:
            problems.append(str(problem))
            continue
        twin = next((k for k in keys if key.name == k.name or _check(key) == _check(k)), None)
        if twin is None:
            keys.append(key)
        elif twin.name == key.name:
            problems.append(f'Entry {place}: there are two master keys named "{key.name}".')
        else:
            problems.append(f'Entry {place}: "{key.name}" is the same key as "{twin.name}".')
    return Ring(keys=tuple(keys), problems=tuple(problems))


def fresh_entry(name: str) -> str:
    """A new master key as an entry of the setting. It is a secret."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def name_of(label: str) -> str:
    """The name in a stored label."""
    return label.partition(":")[0]


@lru_cache(maxsize=4)
def _parsed(text: str, trouble: str) -> Ring:
    found = parse(text)
    return Ring(keys=found.keys, problems=(trouble, *found.problems)) if trouble else found


def _entries(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            yield from (entry.strip() for entry in line.split(",") if entry.strip())


def _read(entry: str, *, place: int) -> MasterKey:
    """One entry. Raises ValueError with a sentence for people; a name is repeated only if it is
    one, because what stands there may be a key whose name was forgotten.
    """
    name, colon, encoded = entry.partition(":")
    name = name.strip()
    if not colon:
        raise ValueError(f'Entry {place}: it must be "name:base64 of {KEY_BYTES} bytes".')
    if not NAME.fullmatch(name):
        raise ValueError(f"Entry {place}: its name must be {NAME_RULE}.")
    secret = _decoded(encoded.strip())
    if secret is None:
        raise ValueError(f'Entry {place}: what stands behind "{name}:" is no base64.')
    if len(secret) != KEY_BYTES:
        raise ValueError(
            f'Entry {place}: "{name}" has {len(secret)} bytes, it must have {KEY_BYTES}.'
        )
    check = _derived(secret, b"rivya-dash/master-check/1", length=4).hex()
    return MasterKey(name=name, label=f"{name}:{check}", cipher=AESGCM(secret))


def _decoded(encoded: str) -> bytes | None:
    """Base64 of either alphabet, with or without its padding."""
    text = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _check(key: MasterKey) -> str:
    return key.label.partition(":")[2]


def _derived(secret: bytes, purpose: bytes, *, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret)
