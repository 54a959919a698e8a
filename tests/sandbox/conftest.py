"""Databases of their own for the row store, so that its threads really commit and really wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from debugger.sandbox import kept
from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxKey, SandboxRecord
from debugger.sandbox.rows import RowStore
from rivya_dash.database import from_url, sqlite

MODELS = (SandboxAccount, SandboxRecord, SandboxKey, SandboxBlob)
POSTGRES_USERS = ("postgres", "root")


@contextmanager
def database(settings: dict[str, object]) -> Iterator[str]:
    """The alias of a database with the sandbox's tables and nothing else."""
    alias = f"rows_{uuid.uuid4().hex[:8]}"
    connections.databases[alias] = connections.configure_settings({"default": {}, alias: settings})[
        alias
    ]
    try:
        with connections[alias].schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)
        with pytest.MonkeyPatch.context() as patch:
            # Other rooms, which say what is kept, have no tables here.
            patch.setattr(kept, "_ASKED", [])
            yield alias
    finally:
        with suppress(ConnectionDoesNotExist):
            connections[alias].close()
            if close_pool := getattr(connections[alias], "close_pool", None):
                close_pool()
        del connections[alias]
        del connections.databases[alias]


@contextmanager
def postgres() -> Iterator[dict[str, object]]:
    """Settings of a fresh PostgreSQL database; skips where there is no server."""
    psycopg = pytest.importorskip("psycopg")
    for user in POSTGRES_USERS:
        address = f"postgresql://{user}@127.0.0.1:5432"
        try:
            server = psycopg.connect(f"{address}/postgres", autocommit=True, connect_timeout=3)
        except psycopg.OperationalError:
            continue
        name = f"rivya_dash_{uuid.uuid4().hex[:8]}"
        with server:
            server.execute(f'CREATE DATABASE "{name}"')
            try:
                yield from_url(f"{address}/{name}")
            finally:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        return
    pytest.skip("no PostgreSQL on this machine")


@contextmanager
def _unblocked(blocker: pytest.FixtureRequest) -> Iterator[None]:
    with blocker.getfixturevalue("django_db_blocker").unblock():
        yield


@pytest.fixture
def sqlite_rows(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], RowStore]]:
    with _unblocked(request), database(sqlite(tmp_path / "rows.sqlite3")) as alias:
        yield lambda: RowStore(using=alias)


@pytest.fixture
def postgres_rows(request: pytest.FixtureRequest) -> Iterator[Callable[[], RowStore]]:
    with _unblocked(request), postgres() as settings, database(settings) as alias:
        yield lambda: RowStore(using=alias)
