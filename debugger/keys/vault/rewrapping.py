"""Putting every data key under the first master key while the site goes on serving.

Each row is its own short transaction, so this can be interrupted and repeated at any moment. What
is sealed does not change, only the wrapping of the key that seals it: whoever has both master keys
opens everything before, during and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from debugger.keys.models import DataKey
from debugger.keys.vault import envelope
from debugger.keys.vault.cache import cache
from debugger.keys.vault.datakeys import as_wrapped, bound_to, no_first, raw_key
from debugger.keys.vault.master import MasterKey, name_of, ring
from debugger.keys.vault.troubles import CannotOpen
from debugger.teams import audit
from debugger.teams.models import Team

BATCH: Final = 200
_BY: Final = replace(audit.SYSTEM, place="rotate_master_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A data key that could not be re-wrapped, and why, in English and without secrets.

    ``team`` is None for the site's own.
    """

    team: int | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What one run did."""

    count: int
    stuck: tuple[Stuck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many data keys each master key wraps, by label; ``removable`` are configured names that
    wrap none and are not the first.
    """

    first: MasterKey
    wrapped: dict[str, int]
    removable: tuple[str, ...]

    @property
    def remaining(self) -> dict[str, int]:
        """What is not yet under the first master key."""
        return {label: n for label, n in self.wrapped.items() if label != self.first.label}


def labels_in_use(*, of_site: bool | None = None) -> dict[str, int]:
    """How many data keys each master key wraps, by label: all, or the site's, or the teams'."""
    rows = DataKey.objects.filter(wrapped__isnull=False).order_by("master").values("master")
    if of_site is not None:
        rows = rows.filter(team__isnull=of_site)
    return dict(rows.annotate(number=Count("pk")).values_list("master", "number"))


def standing() -> Standing:
    """Who wraps what, now. Raises CannotSeal where there is no first master key."""
    masters = ring()
    first = masters.first
    if first is None:
        raise no_first(masters)
    wrapped = labels_in_use()
    free = [key.name for key in masters.keys if key is not first and key.label not in wrapped]
    return Standing(first=first, wrapped=wrapped, removable=tuple(free))


def rewrap_all(*, progress: Callable[[int], object] = lambda _: None) -> Rewrapped:
    """Put every data key under the first master key. Raises CannotSeal without one.

    ``progress`` is told after each batch how many were done so far.
    """
    first = standing().first
    done, stuck, last = 0, [], 0
    while batch := _next(first, after=last):
        for pk in batch:
            found = _rewrap(pk, first)
            done += found is True
            if isinstance(found, Stuck):
                stuck.append(found)
        last = batch[-1]
        progress(done)
    return Rewrapped(count=done, stuck=tuple(stuck))


def _next(first: MasterKey, *, after: int) -> list[int]:
    rows = DataKey.objects.filter(pk__gt=after, wrapped__isnull=False).exclude(master=first.label)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _rewrap(pk: int, first: MasterKey) -> bool | Stuck:
    """One row; False when somebody else was here before."""
    with transaction.atomic():
        row = DataKey.objects.select_for_update().filter(pk=pk).first()
        wrapped = as_wrapped(row) if row is not None else None
        if row is None or wrapped is None or wrapped.master == first.label:
            return False
        try:
            data_key = raw_key(wrapped)
        except CannotOpen as why:
            return Stuck(team=row.team_id, detail=why.detail)
        row.wrapped = envelope.wrap(first.cipher, data_key, team=bound_to(row))
        row.master, row.version, row.wrapped_at = first.label, row.version + 1, timezone.now()
        row.save(update_fields=["wrapped", "master", "version", "wrapped_at"])
        team = None if row.team_id is None else Team.objects.get(pk=row.team_id)
        names = [name_of(wrapped.master), first.name]
        label = "" if team is not None else "the site"
        changed = {"master": names}
        audit.record(_BY, team, "master_key.rotated", obj=team, label=label, changed=changed)
    cache.forget(wrapped.team)
    return True
