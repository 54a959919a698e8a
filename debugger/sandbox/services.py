"""Throw-away sandbox accounts for visitors: opened at the first mock run, swept when forgotten.

A visitor is known by a signed cookie that holds the account's id and nothing else. These
functions see no request and set no cookie: they say what the view must set.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal, TypedDict

from asgiref.sync import sync_to_async
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from debugger.client.api import Upstream, mock_upstream
from debugger.client.emulation import Emulation, Request, Response
from debugger.sandbox.kept import sweepable
from debugger.sandbox.models import SandboxAccount
from debugger.sandbox.rows import RowStore
from debugger.web import ratelimit
from debugger.web.connections import giving_back

COOKIE_NAME: Final = "rivya_dash_sandbox"
KEPT_FOR: Final = 48 * 3600.0
SWEPT_AT_ONCE: Final = 50
_SALT: Final = "debugger.sandbox.account"


class CookieArguments(TypedDict):
    """The keyword arguments of set_cookie."""

    key: str
    value: str
    max_age: int
    httponly: bool
    samesite: Literal["Lax"]
    secure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """What the view must set, with ``response.set_cookie(**cookie.arguments(secure=…))``."""

    value: str

    def arguments(self, *, secure: bool) -> CookieArguments:
        """The keyword arguments of set_cookie; ``secure`` when the site is served over HTTPS."""
        return {
            "key": COOKIE_NAME,
            "value": self.value,
            "max_age": int(KEPT_FOR),
            "httponly": True,
            "samesite": "Lax",
            "secure": secure,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visitor's account, and the cookie that the view must set; None when it is set already."""

    account: str
    cookie: Cookie | None = None


def account_for(token: str | None, *, asker: str = "") -> Visit:
    """The account of a visitor, opened when there is none yet. ``token`` is the cookie's value.

    ``asker`` (ratelimit.asker_of) opens only so many; raises TooMany beyond that.
    """
    account = known_account(token)
    if account is not None:
        return Visit(account=account)
    if asker:
        ratelimit.take(ratelimit.SANDBOXES, asker, now=time.time())
    account = _emulation().new_account()
    return Visit(account=account, cookie=Cookie(value=token_of(account)))


def known_account(token: str | None) -> str | None:
    """The account that a cookie names, None when it is forged, swept or absent. Opens nothing."""
    if not token or len(token) > 400:
        return None
    try:
        account = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    return account if is_open(account) else None


def open_account() -> str:
    """A new account, for whoever remembers its id."""
    return _emulation().new_account()


def is_open(account: str) -> bool:
    """Whether an account is there, and was not swept."""
    return bool(account) and SandboxAccount.objects.filter(pk=account).exists()


def token_of(account: str) -> str:
    """The cookie's value for an account."""
    return signing.Signer(salt=_SALT).sign(account)


async def visit(token: str | None, *, asker: str = "") -> Visit:
    """``account_for`` for async views."""
    opened = partial(account_for, asker=asker)
    return await sync_to_async(giving_back(opened))(token)


async def handle(request: Request) -> Response:
    """Let the emulator answer one request, in a thread because it reads and writes rows."""
    return await sync_to_async(giving_back(handle_now))(request)


def handle_now(request: Request) -> Response:
    """``handle`` for callers that are no coroutines."""
    return _emulation().handle(request)


def upstream_for(account: str, *, base_url: str, scenario: str | None = None) -> Upstream:
    """The mock upstream of one account.

    ``base_url`` is the absolute address under which this site serves the emulator's media, without
    a trailing slash, such as "https://dash.example/mock": results are at ``base_url`` + "/media/…".
    """
    return mock_upstream(handle, account=account, base_url=base_url, scenario=scenario)


def sweep(*, now: float, kept_for: float = KEPT_FOR, limit: int = SWEPT_AT_ONCE) -> int:
    """Delete up to ``limit`` accounts untouched for ``kept_for`` seconds; how many it were.

    An account that is touched again in the meantime stays: each one is looked at once more under
    its lock.
    """
    stale = sweepable(SandboxAccount.objects.filter(touched_at__lt=now - kept_for))
    names = list(stale.order_by("touched_at").values_list("pk", flat=True)[:limit])
    return sum(_delete_if(stale, name) for name in names)


def _delete_if(stale: QuerySet[SandboxAccount], name: str) -> bool:
    with transaction.atomic():
        row = stale.select_for_update().filter(pk=name).first()
        if row is not None:
            row.delete()
    return row is not None


def sweep_all(*, now: float | None = None, rounds: int = 200) -> int:
    """Sweep in batches until nothing is left, or ``rounds`` are made; how many were deleted."""
    moment = time.time() if now is None else now
    swept = [sweep(now=moment)]
    while swept[-1] and len(swept) < rounds:
        swept.append(sweep(now=moment))
    return sum(swept)


@cache
def _emulation() -> Emulation:
    # Everything that lasts is in rows, so each process may have its own.
    return Emulation(RowStore())
