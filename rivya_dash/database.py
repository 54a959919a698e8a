"""A database address, as hosting services give it, in Django's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# One writer at a time waits for its turn instead of failing half-way through a transaction,
# which is what SQLite does when a transaction that began by reading wants to write.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864;"
    ),
}


def sqlite(path: Path) -> dict[str, Any]:
    """Settings for one SQLite file, safe for several processes on one machine."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": dict(SQLITE_OPTIONS),
    }


def from_url(url: str) -> dict[str, Any]:
    """Settings for ``postgresql://user:password@host:port/name?option=value`` or ``sqlite:///path``.

    Raises ValueError for anything else; the message never repeats the password.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path)[1:]))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(
            f"DATABASE_URL begins with {parts.scheme!r}; it must be postgresql:// or sqlite://"
        )
    # A pool, because an ASGI server opens a connection per thread otherwise.
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 10, "timeout": 10},
            **dict(parse_qsl(parts.query)),
        },
    }
