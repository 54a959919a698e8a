from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from rivya_dash.database import from_url


def test_an_address_of_postgresql_is_taken_apart() -> None:
    found = from_url("postgresql://ann%40x:p%2Fw@db.internal:6543/dash%20board?sslmode=require")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"]) == ("ann@x", "p/w")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.internal", "6543", "dash board")
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["OPTIONS"]["pool"]["max_size"] >= 4


def test_an_address_without_host_and_password_leaves_them_empty() -> None:
    found = from_url("postgres:///dash")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("", "", "", "")


def test_an_address_of_sqlite_names_a_file() -> None:
    assert from_url("sqlite:////srv/dash.sqlite3")["NAME"] == str(Path("/srv/dash.sqlite3"))
    assert from_url("sqlite:///dash.sqlite3")["NAME"] == "dash.sqlite3"


def test_another_kind_of_database_is_refused_without_repeating_the_password() -> None:
    with pytest.raises(ValueError, match="begins with 'mysql'") as refused:
        from_url("mysql://root:hunter2@localhost/dash")
    assert "hunter2" not in str(refused.value)


@pytest.mark.django_db
@pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="about SQLite"
)
def test_sqlite_keeps_a_write_ahead_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)
    assert settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
