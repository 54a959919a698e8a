"""The audit log is append-only in the database itself, for whoever holds the connection.

Triggers refuse UPDATE and DELETE, on PostgreSQL also TRUNCATE, on SQLite also the INSERT OR REPLACE
that would remove a row without a DELETE. They know no exception: no setting, no role, no marker in
a row opens them. Only who may change the schema can drop them, and with them the whole table.

Migrations put them up. One that rebuilds the table, as SQLite does for nearly every change of a
column, loses them and must put them up again; a test of raw SQL notices.
"""

from __future__ import annotations

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE: Final = "debugger_auditevent"
_TOLD: Final = "The audit log is append-only."

_SQLITE: Final = {
    "audit_no_update": f"BEFORE UPDATE ON {TABLE}",
    "audit_no_delete": f"BEFORE DELETE ON {TABLE}",
    "audit_no_replace": (
        f"BEFORE INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608
    ),
}
_POSTGRESQL: Final = {
    "audit_no_change": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW",
    "audit_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT",
}
_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_TOLD}' USING ERRCODE = 'restrict_violation'; END $$
"""


def put_up(connection: BaseDatabaseWrapper) -> None:
    """Refuse from here on; twice is harmless."""
    take_down(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, when in _SQLITE.items():
                told = f"SELECT RAISE(ABORT, '{_TOLD}');"
                cursor.execute(f"CREATE TRIGGER {name} {when} BEGIN {told} END")
        else:
            cursor.execute(_FUNCTION)
            for name, when in _POSTGRESQL.items():
                told = "EXECUTE FUNCTION audit_is_append_only()"
                cursor.execute(f"CREATE TRIGGER {name} {when} {told}")
                # Also while a replica is fed or somebody asks for "replica" to go around triggers.
                cursor.execute(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}")


def take_down(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: for a migration that goes back, and for tests that empty all tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        else:
            for name in _POSTGRESQL:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {TABLE}")
