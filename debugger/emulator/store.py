"""Where the emulator keeps its accounts: a protocol, and one implementation over SQLite.

Everything is a JSON object under (account, kind, key). The application injects a store of its
own rows; the HTTP face and the tests use ``SqliteStore``, in memory or in a file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

Record = dict[str, Any]

# ``records`` counts with its own sequence, so that a replaced record keeps its place in a list.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, wake REAL);
CREATE INDEX IF NOT EXISTS accounts_wake ON accounts (wake) WHERE wake IS NOT NULL;
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (account, kind, key));
CREATE INDEX IF NOT EXISTS records_order ON records (account, kind, seq);
CREATE TABLE IF NOT EXISTS keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS keys_account ON keys (account, seq);
CREATE TABLE IF NOT EXISTS blobs (
    account TEXT NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (account, key));
"""

_OLDER: Final = " AND seq < (SELECT seq FROM records WHERE account = ? AND kind = ? AND key = ?)"
_NEWER: Final = " AND seq > (SELECT seq FROM records WHERE account = ? AND kind = ? AND key = ?)"


class Unit(Protocol):
    """One account's records, inside a transaction that nobody else writes to."""

    @property
    def account(self) -> str:
        """The account's id."""
        ...

    def get(self, kind: str, key: str) -> Record | None:
        """A copy of one record."""
        ...

    def put(self, kind: str, key: str, value: Record) -> None:
        """Insert or replace; a replaced record keeps its place in the order of ``list``."""
        ...

    def delete(self, kind: str, key: str) -> None:
        """Remove one record; nothing happens when it is absent."""
        ...

    def list(
        self,
        kind: str,
        *,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = True,
    ) -> list[Record]:
        """Records in order of insertion, those behind the one with key ``after`` only."""
        ...

    def wake(self, at: float | None) -> None:
        """When this account next has something to do (POSIX seconds); None for never."""
        ...

    def put_blob(self, key: str, data: bytes) -> None:
        """Keep bytes, such as an uploaded file."""
        ...

    def get_blob(self, key: str) -> bytes | None:
        """The bytes, or None."""
        ...


class Store(Protocol):
    """All accounts."""

    def transaction(self, account: str) -> AbstractContextManager[Unit]:
        """Exclusive access to one account: committed at exit, rolled back on an exception.

        Raises KeyError when there is no such account.
        """
        ...

    def reading(self, account: str) -> AbstractContextManager[Unit]:
        """A look without a lock; writing through it is an error. KeyError when absent."""
        ...

    def create(self, account: str, profile: Record) -> None:
        """A new account whose record ("account", account id) is ``profile``."""
        ...

    def accounts(self) -> list[str]:
        """Every account's id, oldest first."""
        ...

    def put_key(self, digest: str, account: str, record: Record) -> None:
        """Insert or replace an API key by the SHA-256 of its text."""
        ...

    def find_key(self, digest: str) -> tuple[str, Record] | None:
        """The account and record of a key."""
        ...

    def keys(self, account: str) -> list[tuple[str, Record]]:
        """Digest and record of every key of an account, newest first."""
        ...

    def due(self, now: float, *, limit: int = 100) -> list[str]:
        """Accounts whose wake time has come, the longest overdue first."""
        ...


class SqliteStore:
    """Accounts in one SQLite database: in memory by default, or in a file that outlives us.

    One connection serves every thread, one at a time; another process on the same file waits for
    at most ``timeout`` seconds. A new file is readable by its owner only, because it holds the
    signing secrets of webhook endpoints.
    """

    def __init__(self, path: str | Path = ":memory:", *, timeout: float = 30.0) -> None:
        if str(path) != ":memory:":
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            path, timeout=timeout, isolation_level=None, check_same_thread=False
        )
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error:
            self._database.close()
            raise

    def __del__(self) -> None:
        # A store in memory is often just let go, and an open connection would be complained of.
        if hasattr(self, "_database"):
            self._database.close()

    def close(self) -> None:
        """Give the database back; the store is of no use afterwards."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self, account: str) -> Iterator[Unit]:
        """See ``Store.transaction``."""
        with self._exclusive():
            yield self._unit(account, writable=True)

    @contextmanager
    def reading(self, account: str) -> Iterator[Unit]:
        """See ``Store.reading``."""
        with self._lock:
            yield self._unit(account, writable=False)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One transaction, committed or rolled back: one left open would shut everybody out."""
        with self._lock:
            # Nested transactions would commit the outer one early, which is worse than a refusal.
            if self._database.in_transaction:
                raise RuntimeError("A transaction of this store is already open in this thread.")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                # After a full disk or a damaged file SQLite may have rolled back by itself.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _unit(self, account: str, *, writable: bool) -> SqliteUnit:
        found = self._database.execute("SELECT 1 FROM accounts WHERE id = ?", (account,)).fetchone()
        if found is None:
            raise KeyError(account)
        return SqliteUnit(self._database, account, writable=writable)

    def create(self, account: str, profile: Record) -> None:
        """See ``Store.create``; ValueError when the account exists."""
        try:
            with self._exclusive():
                self._database.execute("INSERT INTO accounts (id) VALUES (?)", (account,))
                SqliteUnit(self._database, account).put("account", account, profile)
        except sqlite3.IntegrityError as trouble:
            raise ValueError(f"The account {account} exists already.") from trouble

    def accounts(self) -> list[str]:
        """See ``Store.accounts``."""
        with self._lock:
            rows = self._database.execute("SELECT id FROM accounts ORDER BY seq").fetchall()
        return [row[0] for row in rows]

    def put_key(self, digest: str, account: str, record: Record) -> None:
        """See ``Store.put_key``."""
        with self._lock:
            self._database.execute(
                "INSERT INTO keys (digest, account, value) VALUES (?, ?, ?) ON CONFLICT (digest)"
                " DO UPDATE SET account = excluded.account, value = excluded.value",
                (digest, account, _dump(record)),
            )

    def find_key(self, digest: str) -> tuple[str, Record] | None:
        """See ``Store.find_key``."""
        with self._lock:
            row = self._database.execute(
                "SELECT account, value FROM keys WHERE digest = ?", (digest,)
            ).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def keys(self, account: str) -> list[tuple[str, Record]]:
        """See ``Store.keys``."""
        with self._lock:
            rows = self._database.execute(
                "SELECT digest, value FROM keys WHERE account = ? ORDER BY seq DESC", (account,)
            ).fetchall()
        return [(digest, json.loads(value)) for digest, value in rows]

    def due(self, now: float, *, limit: int = 100) -> list[str]:
        """See ``Store.due``."""
        with self._lock:
            rows = self._database.execute(
                "SELECT id FROM accounts WHERE wake <= ? ORDER BY wake LIMIT ?", (now, limit)
            ).fetchall()
        return [row[0] for row in rows]


class SqliteUnit:
    """One account of a ``SqliteStore``; see ``Unit``."""

    def __init__(
        self, database: sqlite3.Connection, account: str, *, writable: bool = True
    ) -> None:
        self._database = database
        self._account = account
        self._writable = writable

    @property
    def account(self) -> str:
        """See ``Unit.account``."""
        return self._account

    def get(self, kind: str, key: str) -> Record | None:
        """See ``Unit.get``."""
        row = self._database.execute(
            "SELECT value FROM records WHERE account = ? AND kind = ? AND key = ?",
            (self._account, kind, key),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, value: Record) -> None:
        """See ``Unit.put``."""
        self._write(
            "INSERT INTO records (account, kind, key, value) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account, kind, key) DO UPDATE SET value = excluded.value",
            (self._account, kind, key, _dump(value)),
        )

    def delete(self, kind: str, key: str) -> None:
        """See ``Unit.delete``."""
        self._write(
            "DELETE FROM records WHERE account = ? AND kind = ? AND key = ?",
            (self._account, kind, key),
        )

    def list(
        self,
        kind: str,
        *,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = True,
    ) -> list[Record]:
        """See ``Unit.list``; an ``after`` that does not exist has nothing behind it."""
        query = "SELECT value FROM records WHERE account = ? AND kind = ?"
        values: list[object] = [self._account, kind]
        if after is not None:
            query += _OLDER if newest_first else _NEWER
            values += [self._account, kind, after]
        query += " ORDER BY seq DESC LIMIT ?" if newest_first else " ORDER BY seq ASC LIMIT ?"
        values.append(-1 if limit is None else limit)
        return [json.loads(row[0]) for row in self._database.execute(query, values)]

    def wake(self, at: float | None) -> None:
        """See ``Unit.wake``."""
        self._write("UPDATE accounts SET wake = ? WHERE id = ?", (at, self._account))

    def put_blob(self, key: str, data: bytes) -> None:
        """See ``Unit.put_blob``."""
        self._write(
            "INSERT INTO blobs (account, key, data) VALUES (?, ?, ?)"
            " ON CONFLICT (account, key) DO UPDATE SET data = excluded.data",
            (self._account, key, data),
        )

    def get_blob(self, key: str) -> bytes | None:
        """See ``Unit.get_blob``."""
        row = self._database.execute(
            "SELECT data FROM blobs WHERE account = ? AND key = ?", (self._account, key)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        if not self._writable:
            raise RuntimeError("This unit was opened for reading only.")
        self._database.execute(statement, values)


def _dump(value: Record) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
