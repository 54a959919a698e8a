"""How often one asker may do what costs something: counted in the cache, refused with 429.

    @limited(RUNS)
    async def run(request): ...

A signed-in person is counted as that person, wherever they sit; everybody else by the address of
the connection, an IPv6 one by its network of 64 bits, because a single machine has all of it. What
a header claims is never asked: behind a proxy the ASGI server, told whom to believe, puts the
browser's own address there.

The count is a sliding one: the window before still weighs as much as is left of it, so nobody may
do twice as much around the turn of a minute. What was refused is not counted.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.web.errors import TooMany

logger = logging.getLogger(__name__)

AnyView = Callable[..., HttpResponseBase | Awaitable[HttpResponseBase]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many in so many seconds; ``setting`` names the number, 0 there is no limit."""

    name: str
    setting: str
    seconds: int
    times: int = 1

    @property
    def most(self) -> int:
        """How many are let through in one window."""
        return int(getattr(settings, self.setting)) * self.times


RUNS: Final = Limit(name="runs", setting="RIVYA_DASH_RUNS_PER_MINUTE", seconds=60)
# A job that is watched asks every few seconds, and several may be watched in one office.
LOOKS: Final = Limit(name="looks", setting="RIVYA_DASH_RUNS_PER_MINUTE", seconds=60, times=10)
SANDBOXES: Final = Limit(name="sandboxes", setting="RIVYA_DASH_SANDBOXES_PER_HOUR", seconds=3600)


def take(limit: Limit, asker: str, *, now: float) -> None:
    """Count one, or raise TooMany with how long to wait. ``asker`` comes from ``asker_of``."""
    if limit.most <= 0:
        return
    try:
        wait = _wait(limit, asker, now=now)
    except Exception:
        # A cache that is down must not take the site down with it.
        logger.exception("The limit on %s could not be counted, so it was not applied", limit.name)
        return
    if wait > 0:
        raise TooMany(_sentence(limit, wait), seconds=wait)


def _wait(limit: Limit, asker: str, *, now: float) -> int:
    """0 when one more was counted, otherwise after how many seconds it is worth trying again."""
    window, into = divmod(now, limit.seconds)
    this, last = (f"limit:{limit.name}:{asker}:{int(window) - back}" for back in (0, 1))
    cache.add(this, 0, timeout=limit.seconds * 2)
    count = cache.incr(this)
    before = int(cache.get(last) or 0)
    if count + before * (1 - into / limit.seconds) <= limit.most:
        return 0
    count = cache.decr(this)
    if count < limit.most:
        # Until enough of the window before has passed.
        until = limit.seconds * (1 - (limit.most - count - 1) / (before or 1)) - into
    else:
        until = limit.seconds - into + limit.seconds * (1 - (limit.most - 1) / count)
    return max(1, math.ceil(until))


def asker_of(request: HttpRequest, *, user: Any = None) -> str:
    """Who is counted. Async views pass the ``user`` that they awaited."""
    person = request.user if user is None and hasattr(request, "user") else user
    if person is not None and person.is_authenticated:
        return f"person-{person.pk}"
    return f"address-{network_of(str(request.META.get('REMOTE_ADDR') or ''))}"


def network_of(address: str) -> str:
    """An IPv4 address itself, the first 64 bits of an IPv6 one; "unknown" for anything else."""
    try:
        # An interface may be named behind a link-local address.
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return found.exploded[:19]
    return str(found)


def limited(limit: Limit, *, posts: bool = False) -> Callable[[AnyView], Any]:
    """Let a view be asked only so often. Stands below the decorator of the access rule.

    With ``posts`` only what is posted counts, for a form's page that may be looked at freely.
    """

    def counts(request: HttpRequest) -> bool:
        return request.method == "POST" or not posts

    def wrapped(view: AnyView) -> AnyView:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def later(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                if counts(request):
                    asker = asker_of(request, user=await request.auser())
                    await sync_to_async(take)(limit, asker, now=time.time())
                return await cast("Awaitable[HttpResponseBase]", view(request, *args, **kwargs))

            return later

        @functools.wraps(view)
        def at_once(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if counts(request):
                take(limit, asker_of(request), now=time.time())
            return cast("HttpResponseBase", view(request, *args, **kwargs))

        return at_once

    return wrapped


def _sentence(limit: Limit, wait: int) -> str:
    """What the person reads; the count-down beside it is the screen's."""
    if limit is SANDBOXES:
        told = _("From your address many new mock sandboxes were opened lately.")
    else:
        told = _("That was a lot in a short time.")
    if wait <= 90:
        again = ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", wait)
        return f"{told} {again % {'n': wait}}"
    minutes = math.ceil(wait / 60)
    again = ngettext("Try again in %(n)d minute.", "Try again in about %(n)d minutes.", minutes)
    return f"{told} {again % {'n': minutes}}"
