"""Finding a secret in bytes, however it was written down: what searches for canaries shares."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

PIECE: Final = 12
_START: Final = "rvya_sk_"
_ESCAPE: Final = re.compile(
    rb"%([0-9a-f]{2})|\\+u00([0-9a-f]{2})|&#x([0-9a-f]{1,4});|&#([0-9]{1,5});", re.IGNORECASE
)
# What may stand between the parts of a text that was split, as in '["rvya_", "sk_…"]'.
_BETWEEN: Final = b" \t\r\n\"'`,;:+&()[]{}<>\\|"


def canary(name: str) -> str:
    """A key of the right shape that stands in no source file; the same for the same name."""
    return _START + hashlib.sha256(f"canary {name}".encode()).hexdigest()[:40]


def forms_of(secret: str) -> dict[str, bytes]:
    """Ways in which a secret may be written down, by name; base64 without its uncertain ends."""
    raw = secret.encode()
    forms = {
        "clear": raw,
        "reversed": raw[::-1],
        "hexadecimal": raw.hex().encode(),
        "percent-encoded": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "URL-encoded": quote(secret, safe="").encode(),
        "escaped for JSON": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
        "escaped for HTML": "".join(f"&#x{byte:x};" for byte in raw).encode(),
        "split in JSON": b'["' + raw[:11] + b'", "' + raw[11:20] + b'", "' + raw[20:] + b'"]',
        "UTF-16": secret.encode("utf-16-le"),
        "a piece": raw.removeprefix(_START.encode())[1:18],
    }
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)[4:-4]
        forms[f"base64, alignment {shift}"] = encoded
        forms[f"base64 for addresses, alignment {shift}"] = encoded.translate(
            bytes.maketrans(b"+/", b"-_")
        )
    return forms


def find(haystack: bytes | str, secret: str) -> list[str]:
    """The forms in which a secret stands in some bytes; none is what a test hopes for."""
    data = haystack.encode(errors="surrogatepass") if isinstance(haystack, str) else haystack
    plain = _plain(data)
    found = {name for name, form in forms_of(secret).items() if form in data}
    for name, form in {"clear": secret, "reversed": secret[::-1]}.items():
        if _plain(form.encode()) in plain:
            found.add(f"{name}, escaped or split")
    if secret.encode().hex().encode() in plain:
        found.add("hexadecimal")
    if any(piece in data for piece in _pieces(secret)):
        found.add("a piece")
    return sorted(found)


def holding(folder: Path, *secrets: str) -> list[str]:
    """The files below a folder that hold one of the secrets in any form.

    A running site folds a journal into its database now and then. What moved from a file that is
    still to be read into one that was read would be missed, so then all are read again.
    """
    for _ in range(10):
        with suppress(FileNotFoundError):
            files = [path for path in folder.rglob("*") if path.is_file()]
            return [str(path) for path in files if _holds(path.read_bytes(), secrets)]
    raise AssertionError("the files never held still")


def _holds(data: bytes, secrets: tuple[str, ...]) -> bool:
    return any(find(data, secret) for secret in secrets)


@lru_cache(maxsize=8)
def _plain(data: bytes) -> bytes:
    """The bytes with each escape undone, in lower case, and without what stands between words."""
    return _ESCAPE.sub(_undone, data).lower().translate(None, _BETWEEN)


def _undone(escape: re.Match[bytes]) -> bytes:
    hexadecimal, decimal = escape[1] or escape[2] or escape[3], escape[4]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return bytes([code]) if code < 256 else b"?"


def _pieces(secret: str) -> list[bytes]:
    """Parts, one of which lies inside any run of 17 characters of the key."""
    body = secret.removeprefix(_START).encode()
    return [body[at : at + PIECE] for at in range(0, len(body) - PIECE + 1, PIECE // 2)]
