"""What every store promises, as tests to inherit: a subclass gives ``make_store``.

``class TestRowStore(StoreSuite)`` with a fixture ``make_store`` that returns a factory of empty
stores is all that another implementation needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from debugger.emulator.store import Record, Store

MakeStore = Callable[[], Store]


class StoreSuite:
    """The promises of ``Store`` and ``Unit``; ``make_store`` comes from the subclass."""

    def test_a_new_account_holds_its_profile(self, make_store: MakeStore) -> None:
        store = make_store()
        store.create("acme", {"name": "Acme"})
        with store.reading("acme") as unit:
            assert unit.account == "acme"
            assert unit.get("account", "acme") == {"name": "Acme"}

    def test_accounts_are_listed_oldest_first(self, make_store: MakeStore) -> None:
        store = make_store()
        for name in ("zeta", "alpha", "mid"):
            store.create(name, {})
        assert store.accounts() == ["zeta", "alpha", "mid"]

    def test_an_absent_account_is_a_key_error(self, make_store: MakeStore) -> None:
        store = make_store()
        with pytest.raises(KeyError), store.transaction("nobody"):
            pass
        with pytest.raises(KeyError), store.reading("nobody"):
            pass

    def test_an_account_is_created_once(self, make_store: MakeStore) -> None:
        store = make_store()
        store.create("acme", {"first": True})
        with pytest.raises(ValueError, match="acme"):
            store.create("acme", {"first": False})
        with store.reading("acme") as unit:
            assert unit.get("account", "acme") == {"first": True}

    def test_a_record_comes_back_as_a_copy(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        value = {"list": [1, {"two": None}], "text": "ख़बर 뉴스 🙂", "flag": True, "half": 0.5}
        with store.transaction("acme") as unit:
            unit.put("thing", "a", value)
            value["list"] = "changed afterwards"
            found = unit.get("thing", "a")
            assert found is not None
            found["flag"] = "changed too"
        with store.reading("acme") as unit:
            expected = {
                "list": [1, {"two": None}],
                "text": "ख़बर 뉴스 🙂",
                "flag": True,
                "half": 0.5,
            }
            assert unit.get("thing", "a") == expected

    def test_what_is_absent_is_none(self, make_store: MakeStore) -> None:
        with _with_account(make_store).reading("acme") as unit:
            assert unit.get("thing", "a") is None
            assert unit.get_blob("a") is None
            assert unit.list("thing") == []

    def test_a_deleted_record_is_gone_and_deleting_again_is_nothing(
        self, make_store: MakeStore
    ) -> None:
        store = _with_account(make_store)
        with store.transaction("acme") as unit:
            unit.put("thing", "a", {})
            unit.delete("thing", "a")
            unit.delete("thing", "a")
            assert unit.get("thing", "a") is None

    def test_records_are_listed_newest_first_or_oldest_first(self, make_store: MakeStore) -> None:
        store = _with_three(make_store)
        with store.reading("acme") as unit:
            assert _names(unit.list("thing")) == ["c", "b", "a"]
            assert _names(unit.list("thing", newest_first=False)) == ["a", "b", "c"]

    def test_a_replaced_record_keeps_its_place(self, make_store: MakeStore) -> None:
        store = _with_three(make_store)
        with store.transaction("acme") as unit:
            unit.put("thing", "a", {"name": "a2"})
        with store.reading("acme") as unit:
            assert _names(unit.list("thing")) == ["c", "b", "a2"]

    def test_a_list_is_limited_and_goes_on_after_a_key(self, make_store: MakeStore) -> None:
        with _with_three(make_store).reading("acme") as unit:
            assert _names(unit.list("thing", limit=2)) == ["c", "b"]
            assert _names(unit.list("thing", limit=2, after="b")) == ["a"]
            assert _names(unit.list("thing", after="b", newest_first=False)) == ["c"]
            assert unit.list("thing", after="unheard of") == []
            assert unit.list("thing", limit=0) == []

    def test_kinds_and_accounts_do_not_mix(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        store.create("other", {})
        with store.transaction("acme") as unit:
            unit.put("thing", "a", {"owner": "acme"})
            unit.put_blob("a", b"acme")
        with store.transaction("other") as unit:
            assert unit.get("thing", "a") is None
            assert unit.get_blob("a") is None
            unit.put("thing", "a", {"owner": "other"})
        with store.reading("acme") as unit:
            assert unit.get("thing", "a") == {"owner": "acme"}
            assert unit.list("other thing") == []

    def test_an_exception_rolls_everything_back(self, make_store: MakeStore) -> None:
        store = _with_three(make_store)
        with suppress(ZeroDivisionError), store.transaction("acme") as unit:
            unit.put("thing", "a", {"name": "spoilt"})
            unit.put("thing", "d", {"name": "d"})
            unit.delete("thing", "b")
            unit.put_blob("blob", b"spoilt")
            unit.wake(1.0)
            raise ZeroDivisionError
        with store.reading("acme") as unit:
            assert _names(unit.list("thing")) == ["c", "b", "a"]
            assert unit.get_blob("blob") is None
        assert store.due(2.0) == []

    def test_blobs_are_kept_byte_for_byte_and_replaced(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        every = bytes(range(256)) * 300
        with store.transaction("acme") as unit:
            unit.put_blob("b", b"")
            assert unit.get_blob("b") == b""
            unit.put_blob("b", every)
        with store.reading("acme") as unit:
            assert unit.get_blob("b") == every

    def test_a_reading_refuses_to_write(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        with store.reading("acme") as unit, pytest.raises(RuntimeError):
            unit.put("thing", "a", {})
        with store.reading("acme") as unit:
            assert unit.get("thing", "a") is None

    def test_keys_are_found_by_their_digest_only(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        store.put_key("d1", "acme", {"id": "one"})
        store.put_key("d2", "acme", {"id": "two"})
        store.put_key("d1", "acme", {"id": "one", "revoked": True})
        assert store.find_key("d1") == ("acme", {"id": "one", "revoked": True})
        assert store.find_key("d3") is None
        assert store.keys("acme") == [
            ("d2", {"id": "two"}),
            ("d1", {"id": "one", "revoked": True}),
        ]
        assert store.keys("nobody") == []

    def test_due_accounts_come_the_longest_overdue_first(self, make_store: MakeStore) -> None:
        store = make_store()
        for name, wake in (("late", 30.0), ("first", 10.0), ("second", 20.0), ("never", None)):
            store.create(name, {})
            with store.transaction(name) as unit:
                unit.wake(wake)
        assert store.due(9.9) == []
        assert store.due(20.0) == ["first", "second"]
        assert store.due(99.0, limit=2) == ["first", "second"]
        with store.transaction("first") as unit:
            unit.wake(None)
        assert store.due(99.0) == ["second", "late"]

    def test_parallel_transactions_lose_no_update(self, make_store: MakeStore) -> None:
        store = _with_account(make_store)
        troubles: list[BaseException] = []

        def count() -> None:
            try:
                for _ in range(10):
                    with store.transaction("acme") as unit:
                        found = unit.get("counter", "c") or {"n": 0}
                        unit.put("counter", "c", {"n": found["n"] + 1})
            except BaseException as trouble:
                troubles.append(trouble)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert troubles == []
        with store.reading("acme") as unit:
            assert unit.get("counter", "c") == {"n": 40}


def _with_account(make_store: MakeStore) -> Store:
    store = make_store()
    store.create("acme", {})
    return store


def _with_three(make_store: MakeStore) -> Store:
    store = _with_account(make_store)
    with store.transaction("acme") as unit:
        for name in ("a", "b", "c"):
            unit.put("thing", name, {"name": name})
    return store


def _names(records: list[Record]) -> list[str]:
    return [record["name"] for record in records]
