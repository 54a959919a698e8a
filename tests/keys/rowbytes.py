"""Everything that the database holds, as bytes to search."""

from __future__ import annotations

import json
from pathlib import Path

from django.contrib.sessions.models import Session
from django.db import connection


def stored_bytes() -> bytes:
    """All rows and sessions, and on SQLite the whole file, free pages too."""
    parts = [json.dumps(each.get_decoded()).encode() for each in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - Our own tables.
            parts += [as_bytes(value) for row in cursor.fetchall() for value in row]
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            name = Path(str(connection.settings_dict["NAME"]))
            parts += [path.read_bytes() for path in name.parent.glob(f"{name.name}*")]
    return b"\0".join(parts)


def as_bytes(value: object) -> bytes:
    """A value as it is stored: written as text, a binary column would hide what is in it."""
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return str(value).encode(errors="surrogatepass")
