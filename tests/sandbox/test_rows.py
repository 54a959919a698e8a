"""The row store keeps every promise of a store, on both databases, and holds hostile text."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from debugger.client.emulation import Emulation, Request
from debugger.sandbox.rows import RowStore
from tests.emulator.store_suite import StoreSuite

Make = Callable[[], RowStore]
HOSTILE = ("nul \0 inside", "half \ud800 a pair", "back\\slash", "x" * 5000, "뉴스 ख़बर 🙂", "")


class Hostile:
    """What the store must also bear, because keys and values come from anybody."""

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_can_be_a_key_and_a_value(self, make_store: Make, text: str) -> None:
        store = make_store()
        store.create("acme", {})
        with store.transaction("acme") as unit:
            unit.put("thing", text, {"text": text})
            unit.put_blob(text, text.encode(errors="surrogatepass"))
        with store.reading("acme") as unit:
            assert unit.get("thing", text) == {"text": text}
            assert unit.get_blob(text) == text.encode(errors="surrogatepass")
            assert unit.list("thing", after=text) == []

    @pytest.mark.parametrize("text", [text for text in HOSTILE if text])
    def test_any_text_can_be_asked_for_as_an_account(self, make_store: Make, text: str) -> None:
        with pytest.raises(KeyError), make_store().transaction(text):
            pass

    def test_an_account_keeps_its_newest_uploads_within_the_limit(self, make_store: Make) -> None:
        store = RowStore(using=make_store()._using, blob_limit=100)
        store.create("acme", {})
        store.create("other", {})
        for account, key, size in (
            ("other", "o", 90),
            ("acme", "a", 60),
            ("acme", "b", 60),
            ("acme", "c", 40),
            ("acme", "d", 300),
        ):
            with store.transaction(account) as unit:
                unit.put_blob(key, b"x" * size)
                assert unit.get_blob(key) == b"x" * size
                if key == "c":
                    assert unit.get_blob("a") is None
                    assert unit.get_blob("b") is not None
        with store.reading("acme") as unit:
            assert [unit.get_blob(key) is None for key in "abcd"] == [True, True, True, False]
        with store.reading("other") as unit:
            assert unit.get_blob("o") is not None

    def test_all_accounts_together_keep_uploads_within_a_limit(self, make_store: Make) -> None:
        store = RowStore(using=make_store()._using, blob_limit=100, all_blobs_limit=150)
        for number in range(4):
            account = f"visitor{number}"
            store.create(account, {})
            with store.transaction(account) as unit:
                unit.put_blob("a", b"x" * 60)
        with store.transaction("visitor3") as unit:
            unit.put_blob("a", b"y" * 60)
        kept = []
        for number in range(4):
            with store.reading(f"visitor{number}") as unit:
                kept.append(unit.get_blob("a"))
        assert kept == [None, None, b"x" * 60, b"y" * 60]

    def test_the_account_that_was_used_longest_ago_gives_way_to_a_new_one(
        self, make_store: Make
    ) -> None:
        now = [1000.0]
        store = RowStore(using=make_store()._using, clock=lambda: now[0], account_limit=3)
        for name in ("first", "second", "third"):
            store.create(name, {})
            now[0] += 100
        with store.transaction("first"):
            pass
        store.create("fourth", {})
        assert store.accounts() == ["first", "third", "fourth"]
        with pytest.raises(KeyError), store.transaction("second"):
            pass

    def test_a_submit_that_is_repeated_at_once_is_charged_once(self, make_store: Make) -> None:
        emulation = Emulation(make_store())
        account = emulation.new_account()
        submit = Request(
            method="POST",
            path="/api/v1/generations",
            headers={"content-type": "application/json", "idempotency-key": "once"},
            body=b'{"model":"z-image","prompt":"A lamp"}',
            account=account,
        )
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: _body(emulation, submit), range(8)))
        assert len({answer["id"] for answer in answers if "id" in answer}) == 1
        balance = Request(method="GET", path="/api/v1/credits", account=account)
        assert _body(emulation, balance) == {"current_credits": 999}

    def test_a_transaction_touches_an_account_that_was_long_untouched(
        self, make_store: Make
    ) -> None:
        now = [1000.0]
        store = RowStore(using=make_store()._using, clock=lambda: now[0])
        store.create("acme", {})
        assert _touched(store) == 1000.0
        now[0] = 1010.0
        with store.transaction("acme"):
            pass
        assert _touched(store) == 1000.0
        now[0] = 5000.0
        with store.transaction("acme"):
            pass
        assert _touched(store) == 5000.0


def _body(emulation: Emulation, request: Request) -> dict[str, Any]:
    chunks = emulation.handle(request).chunks
    value: dict[str, Any] = json.loads(b"".join(chunk.data for chunk in chunks))
    return value


def _touched(store: RowStore) -> float:
    from debugger.sandbox.models import SandboxAccount

    return SandboxAccount.objects.using(store._using).get(pk="acme").touched_at


class TestRowsOnSqlite(StoreSuite, Hostile):
    @pytest.fixture
    def make_store(self, sqlite_rows: Make) -> Make:
        return sqlite_rows


@pytest.mark.services
class TestRowsOnPostgres(StoreSuite, Hostile):
    @pytest.fixture
    def make_store(self, postgres_rows: Make) -> Make:
        return postgres_rows
