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


def cache_from_url(url: str) -> dict[str, Any]:
    """Settings for a cache at ``redis://…``, or in this process's memory for "".

    Raises ValueError for anything else; the message never repeats the password.
    """
    if not url:
        # Old counters make room for new ones; the default would hold 300 of them.
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "rivya-dash",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    scheme = urlsplit(url).scheme
    if scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(f"RIVYA_DASH_CACHE_URL begins with {scheme!r}; it must be redis://")
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "rivya-dash",
        # A cache that does not answer must not hold up every page.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
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
