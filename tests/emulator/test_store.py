from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from debugger.emulator.store import SqliteStore
from tests.emulator.store_suite import MakeStore, StoreSuite


@pytest.fixture(params=["memory", "file"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    made: list[SqliteStore] = []

    def make() -> SqliteStore:
        path = ":memory:" if request.param == "memory" else str(tmp_path / "emulator.sqlite3")
        made.append(SqliteStore(path))
        return made[-1]

    yield make
    for store in made:
        store.close()


class TestSqliteStore(StoreSuite):
    """Both homes of the SQLite store."""


def test_a_file_outlives_its_store(tmp_path: Path) -> None:
    path = tmp_path / "emulator.sqlite3"
    first = SqliteStore(path)
    first.create("acme", {})
    with first.transaction("acme") as unit:
        unit.put("thing", "a", {"kept": True})
        unit.wake(5.0)
    first.close()
    second = SqliteStore(path)
    with second.reading("acme") as unit:
        assert unit.get("thing", "a") == {"kept": True}
    assert second.due(6.0) == ["acme"]
    second.close()


def test_a_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "emulator.sqlite3"
    SqliteStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_stores_on_one_file_take_turns(tmp_path: Path) -> None:
    one, two = SqliteStore(tmp_path / "e.sqlite3"), SqliteStore(tmp_path / "e.sqlite3")
    one.create("acme", {})
    for store in (one, two, one):
        with store.transaction("acme") as unit:
            found = unit.get("counter", "c") or {"n": 0}
            unit.put("counter", "c", {"n": found["n"] + 1})
    with two.reading("acme") as unit:
        assert unit.get("counter", "c") == {"n": 3}
    one.close()
    two.close()


def test_a_transaction_inside_a_transaction_is_refused() -> None:
    store = SqliteStore()
    store.create("acme", {})
    with store.transaction("acme") as unit:
        unit.put("thing", "a", {})
        with pytest.raises(RuntimeError), store.transaction("acme"):
            pass
    with store.reading("acme") as unit:
        assert unit.get("thing", "a") == {}
    store.close()


def test_a_commit_that_fails_leaves_the_store_usable(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite3"
    store = SqliteStore(path)
    store.create("acme", {})
    with sqlite3.connect(path) as outside:
        outside.execute(
            "CREATE TRIGGER bad AFTER INSERT ON records WHEN NEW.kind = 'bad' BEGIN"
            " INSERT INTO orphan VALUES ('nobody'); END"
        )
        outside.execute(
            "CREATE TABLE orphan (parent TEXT REFERENCES accounts (id)"
            " DEFERRABLE INITIALLY DEFERRED)"
        )
    outside.close()
    store._database.execute("PRAGMA foreign_keys=ON")
    with pytest.raises(sqlite3.IntegrityError), store.transaction("acme") as unit:
        unit.put("bad", "a", {})
    with store.transaction("acme") as unit:
        assert unit.get("bad", "a") is None
        unit.put("good", "a", {})
    store.close()


def test_a_full_disk_leaves_the_store_usable() -> None:
    store = SqliteStore()
    store.create("acme", {})
    store._database.execute("PRAGMA max_page_count=40")
    with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction("acme") as unit:
        unit.put_blob("a", b"x" * 1_000_000)
    with store.transaction("acme") as unit:
        unit.put("good", "a", {})
    store.close()
