"""What many jobs share and is not asked for a while: an upstream that is down, a key that waits.

One row of Brake speaks for all of its jobs in all processes. A host is asked again by one job at a
time, after ever longer pauses, and released at its first answer. A key waits as long as it was told
to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from debugger.generations.models import Brake

HOST: Final = "host:"
KEY: Final = "key:"
# So many looks in a row that a host does not answer, whichever jobs they are for, and it is down.
STREAK: Final = 5
FIRST: Final = 5.0
LONGEST: Final = 120.0
# A pause of a key that was told to wait without being told how long.
UNTOLD: Final = 10.0
# How long the one look may take that decides whether the others wait on.
PROBING: Final = 20.0
# What waited for a brake comes back over a while, not all at once.
SPREAD: Final = 0.25
# Nobody needs to know of a brake any more that ended so long ago.
FORGOTTEN: Final = timedelta(hours=1)
logger = logging.getLogger(__name__)


def host_scope(base_url: str) -> str:
    """The scope of an upstream."""
    return f"{HOST}{base_url}"


def key_scope(public_id: str) -> str:
    """The scope of a stored key."""
    return f"{KEY}{public_id}"


def all_brakes() -> dict[str, Brake]:
    """Every brake by its scope, those included whose time is over."""
    return {brake.scope: brake for brake in Brake.objects.all()}


def host_failed(base_url: str, *, reason: str, now: datetime, probed: bool) -> None:
    """Pause an upstream, or pause it longer when the one look that was let through failed."""
    scope = host_scope(base_url)
    with transaction.atomic():
        brake, is_new = _held(scope, now=now, until=now + timedelta(seconds=FIRST), reason=reason)
        if not is_new and (probed or brake.until <= now):
            brake.failures += 1
            brake.until = now + timedelta(seconds=pause(brake.failures))
            brake.reason = reason[:300]
            brake.save()
    if is_new:
        logger.warning("%s is not asked for a while: %s", base_url, reason)


def pause(failures: int) -> float:
    """Seconds that a host is left alone after so many failures."""
    return min(FIRST * 2.0 ** min(failures - 1, 16), LONGEST)


def host_answered(base_url: str) -> None:
    """Release an upstream. What waits for it comes due by itself within its pause."""
    if Brake.objects.filter(scope=host_scope(base_url)).delete()[0]:
        logger.warning("%s answers again", base_url)


def key_told(public_id: str, *, seconds: float | None, now: datetime) -> None:
    """Let all jobs of a key wait, as its 429 asked for."""
    until = now + timedelta(seconds=UNTOLD if seconds is None else seconds)
    reason = "rate_limited"
    with transaction.atomic():
        brake, is_new = _held(key_scope(public_id), now=now, until=until, reason=reason)
        if is_new or brake.until >= until:
            return
        if brake.until <= now:
            brake.since = now
        brake.failures += 1
        brake.until = until
        brake.save()


def _held(scope: str, *, now: datetime, until: datetime, reason: str) -> tuple[Brake, bool]:
    """The brake of a scope, locked, and whether it was made just now."""
    made = Brake(scope=scope, since=now, until=until, reason=reason[:300])
    found = Brake.objects.select_for_update().filter(scope=scope).first()
    if found is not None:
        return found, False
    Brake.objects.bulk_create([made], ignore_conflicts=True)
    brake = Brake.objects.select_for_update().get(scope=scope)
    # Somebody else may have been quicker; then the row holds what they wrote.
    return brake, (brake.since, brake.until) == (now, until)


def probes(brake: Brake, *, now: datetime) -> bool:
    """Whether this process may send the one look that is let through; only one is told so."""
    until = now + timedelta(seconds=PROBING)
    rows = Brake.objects.filter(pk=brake.pk, until=brake.until, failures=brake.failures)
    return bool(rows.update(until=until))


def tidy(*, now: datetime) -> None:
    """Forget brakes whose time was over long ago."""
    Brake.objects.filter(until__lt=now - FORGOTTEN).delete()


def back_at(brake: Brake, *, now: datetime, chance: float) -> datetime:
    """When a job that waits for a brake is due again. ``chance`` is from 0 to 1."""
    until = max(brake.until, now)
    spread = max(1.0, SPREAD * (until - now).total_seconds())
    return until + timedelta(seconds=chance * spread)


class Streaks:
    """How often in a row each host did not answer, as this process saw it."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    def count(self, base_url: str, *, failed: bool) -> bool:
        """Count one look; whether the host is to be left alone."""
        if not failed:
            self._failed.pop(base_url, None)
            return False
        self._failed[base_url] = self._failed.get(base_url, 0) + 1
        return self._failed[base_url] >= STREAK

    def forget(self, base_urls: Iterable[str]) -> None:
        """Begin anew for these hosts."""
        for base_url in base_urls:
            self._failed.pop(base_url, None)
