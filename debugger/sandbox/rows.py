"""The emulator's store over the application's own database: SQLite or PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Length

from debugger.client.emulation import Record, Unit
from debugger.sandbox.kept import sweepable
from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxKey, SandboxRecord

BLOB_LIMIT: Final = 256 * 1024 * 1024
# An account costs a stranger one request without a cookie, so what one account may keep bounds
# nothing: these bound all of them together. The one that was used longest ago gives way.
ALL_BLOBS_LIMIT: Final = 4 * 1024 * 1024 * 1024
ACCOUNT_LIMIT: Final = 5_000
# How exact "untouched for 48 hours" is, against one more write per transaction.
_TOUCH_EVERY: Final = 60.0
_LONGEST_KEY: Final = 190
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f\\\ud800-\udfff]*")


class RowStore:
    """Implements ``Store``. One account is locked at a time, by its row.

    On PostgreSQL the row is selected for update; on SQLite the settings make every transaction
    IMMEDIATE, so that the whole file is the lock. An account keeps at most ``blob_limit`` bytes of
    uploads, and always the newest one; all accounts together keep at most ``all_blobs_limit``
    bytes, and there are at most ``account_limit`` of them.
    """

    def __init__(
        self,
        *,
        using: str = DEFAULT_DB_ALIAS,
        clock: Callable[[], float] = time.time,
        blob_limit: int = BLOB_LIMIT,
        all_blobs_limit: int = ALL_BLOBS_LIMIT,
        account_limit: int = ACCOUNT_LIMIT,
    ) -> None:
        self._using = using
        self._blob_limits = (blob_limit, all_blobs_limit)
        self._account_limit = account_limit
        self._clock = clock

    @contextmanager
    def transaction(self, account: str) -> Iterator[Unit]:
        """Exclusive access to one account; KeyError when there is none."""
        with transaction.atomic(using=self._using):
            rows = SandboxAccount.objects.using(self._using)
            row = rows.select_for_update().filter(pk=_name(account)).first()
            if row is None:
                raise KeyError(account)
            before = (row.wake_at, row.touched_at)
            yield RowUnit(row, using=self._using, blob_limits=self._blob_limits)
            if self._clock() - row.touched_at >= _TOUCH_EVERY:
                row.touched_at = self._clock()
            if (row.wake_at, row.touched_at) != before:
                row.save(using=self._using, update_fields=("wake_at", "touched_at"))

    @contextmanager
    def reading(self, account: str) -> Iterator[Unit]:
        """A look without a lock; KeyError when there is no such account."""
        row = SandboxAccount.objects.using(self._using).filter(pk=_name(account)).first()
        if row is None:
            raise KeyError(account)
        yield RowUnit(row, using=self._using, writable=False)

    def create(self, account: str, profile: Record) -> None:
        """A new account with its profile; ValueError when the id is taken."""
        now = self._clock()
        try:
            with transaction.atomic(using=self._using):
                row = SandboxAccount(id=_name(account), created_at=now, touched_at=now)
                row.save(using=self._using, force_insert=True)
                RowUnit(row, using=self._using).put("account", account, profile)
                self._make_room(besides=row)
        except IntegrityError:
            raise ValueError(f"There is an account {account} already.") from None

    def _make_room(self, *, besides: SandboxAccount) -> None:
        rows = SandboxAccount.objects.using(self._using)
        over = rows.count() - self._account_limit
        if over > 0:
            others = sweepable(rows.exclude(pk=besides.pk)).order_by("touched_at", "created_at")
            # One that is being used this very moment is not the one to go.
            for row in others.select_for_update(skip_locked=True)[:over]:
                row.delete()

    def accounts(self) -> list[str]:
        """Every account's id, oldest first."""
        # The profile is an account's first record, so its number gives the order of creation
        # where two clocks readings are equal.
        profiles = SandboxRecord.objects.using(self._using).filter(kind="account")
        return list(profiles.order_by("id").values_list("account_id", flat=True))

    def put_key(self, digest: str, account: str, record: Record) -> None:
        """Insert or replace an API key; a replaced one keeps its place."""
        SandboxKey.objects.using(self._using).update_or_create(
            digest=digest, defaults={"account_id": _name(account), "record": _written(record)}
        )

    def find_key(self, digest: str) -> tuple[str, Record] | None:
        """The account and record of a key."""
        row = SandboxKey.objects.using(self._using).filter(digest=digest).first()
        return None if row is None else (row.account_id, json.loads(row.record))

    def keys(self, account: str) -> list[tuple[str, Record]]:
        """Digest and record of every key of an account, newest first."""
        rows = SandboxKey.objects.using(self._using).filter(account_id=_name(account))
        return [(row.digest, json.loads(row.record)) for row in rows.order_by("-id")]

    def due(self, now: float, *, limit: int = 100) -> list[str]:
        """Accounts whose wake time has come, the longest overdue first."""
        rows = SandboxAccount.objects.using(self._using).filter(wake_at__lte=now)
        return list(rows.order_by("wake_at", "id").values_list("id", flat=True)[:limit])


class RowUnit:
    """Implements ``Unit``: the records of one account."""

    def __init__(
        self,
        row: SandboxAccount,
        *,
        using: str,
        writable: bool = True,
        blob_limits: tuple[int, int] = (BLOB_LIMIT, ALL_BLOBS_LIMIT),
    ) -> None:
        self._row = row
        self._blob_limits = blob_limits
        self._using = using
        self._writable = writable

    @property
    def account(self) -> str:
        """The account's id."""
        return self._row.pk

    def get(self, kind: str, key: str) -> Record | None:
        """A copy of one record."""
        value = self._one(kind, key).values_list("value", flat=True).first()
        return None if value is None else _read(value)

    def put(self, kind: str, key: str, value: Record) -> None:
        """Insert or replace; a replaced record keeps its place."""
        self._check()
        text = _written(value)
        if not self._one(kind, key).update(value=text):
            SandboxRecord.objects.using(self._using).create(
                account=self._row, kind=kind, key=_name(key), value=text
            )

    def delete(self, kind: str, key: str) -> None:
        """Remove one record, if it is there."""
        self._check()
        self._one(kind, key).delete()

    def list(
        self,
        kind: str,
        *,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = True,
    ) -> list[Record]:
        """Records in order of insertion, those behind ``after`` only."""
        rows = self._records().filter(kind=kind)
        if after is not None:
            place = self._one(kind, after).values_list("id", flat=True).first()
            if place is None:
                return []
            rows = rows.filter(id__lt=place) if newest_first else rows.filter(id__gt=place)
        values = rows.order_by("-id" if newest_first else "id").values_list("value", flat=True)
        return [_read(value) for value in (values if limit is None else values[:limit])]

    def wake(self, at: float | None) -> None:
        """When this account next has something to do; written at the end of the transaction."""
        self._check()
        self._row.wake_at = at

    def put_blob(self, key: str, data: bytes) -> None:
        """Keep bytes; what stood under the key is replaced."""
        self._check()
        blobs = SandboxBlob.objects.using(self._using)
        blobs.update_or_create(account=self._row, key=_name(key), defaults={"data": data})
        self._forget_oldest_blobs(besides=_name(key), size=len(data))

    def get_blob(self, key: str) -> bytes | None:
        """The bytes, or None."""
        blobs = SandboxBlob.objects.using(self._using)
        rows = blobs.filter(account=self._row, key=_name(key))
        data = rows.values_list("data", flat=True).first()
        return None if data is None else bytes(data)

    def _forget_oldest_blobs(self, *, besides: str, size: int) -> None:
        """A sandbox is open to anybody: it may not fill the disk, so the oldest bytes give way."""
        everyone = SandboxBlob.objects.using(self._using)
        own, all_of_them = self._blob_limits
        for blobs, limit in ((everyone.filter(account=self._row), own), (everyone, all_of_them)):
            others = blobs.exclude(account=self._row, key=besides).annotate(size=Length("data"))
            if size + (others.aggregate(all=Sum("size"))["all"] or 0) > limit:
                self._forget(others, room=limit - size)

    def _forget(self, blobs: QuerySet[Any], *, room: int) -> None:
        for row, size in blobs.order_by("-id").values_list("pk", "size"):
            room -= size
            if room < 0:
                blobs.filter(pk=row).delete()

    def _records(self) -> Any:
        return SandboxRecord.objects.using(self._using).filter(account=self._row)

    def _one(self, kind: str, key: str) -> Any:
        return self._records().filter(kind=kind, key=_name(key))

    def _check(self) -> None:
        if not self._writable:
            raise RuntimeError("This look at the account is for reading only.")


def _written(value: Record) -> str:
    # Escapes keep the text ASCII, so that every character of a prompt fits every database.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _read(text: str) -> Record:
    value: Record = json.loads(text)
    return value


def _name(key: str) -> str:
    """The key as a column can hold it: strange or long ones by their digest.

    Keys come out of addresses that anybody may type; PostgreSQL refuses NUL, and no column is
    endless. The backslash marks digests and is therefore strange itself.
    """
    if len(key) <= _LONGEST_KEY and _PLAIN.fullmatch(key):
        return key
    return "\\" + hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
