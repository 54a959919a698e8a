"""Who and what a change of a key would touch, from what is counted and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from debugger.contract import operations
from debugger.keys.models import ApiKey, KeyUse, Spend
from debugger.teams.models import User

DAYS: Final = 7


@dataclass(slots=True, kw_only=True)
class Used:
    """A person's, or an operation's, share of the calls."""

    name: str
    calls: int = 0
    last_at: datetime | None = None
    others: list[str] = field(default_factory=list)

    def add(self, use: KeyUse, other: str) -> None:
        """Count one row of use."""
        self.calls += use.count
        self.last_at = max(filter(None, (self.last_at, use.last_at)))
        if other not in self.others:
            self.others.append(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blast:
    """The use of a key in the last seven days (UTC), today included.

    ``open_runs`` are live runs of this key whose final price the API has not said yet.
    """

    people: Sequence[Used]
    operations: Sequence[Used]
    calls: int
    open_runs: int

    @property
    def unused(self) -> bool:
        """Whether nobody would notice."""
        return not self.calls and not self.open_runs


def blast(key: ApiKey, *, now: datetime) -> Blast:
    """What is known of a key's use."""
    since = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    uses = list(KeyUse.objects.filter(key=key, day__gte=since).order_by("-last_at"))
    names = _names(use.user_id for use in uses)
    people: dict[int, Used] = {}
    what: dict[str, Used] = {}
    for use in uses:
        who, title = names.get(use.user_id, _("Somebody who left")), title_of(use.operation)
        people.setdefault(use.user_id, Used(name=who)).add(use, title)
        what.setdefault(use.operation, Used(name=title)).add(use, who)
    return Blast(
        people=_most(people.values()),
        operations=_most(what.values()),
        calls=sum(use.count for use in uses),
        open_runs=Spend.objects.filter(
            key=key,
            state__in=(Spend.State.HELD, Spend.State.RESERVED),
            held_at__gte=now - timedelta(days=DAYS),
        ).count(),
    )


def title_of(operation_id: str) -> str:
    """An operation's title; its id where it is not known any more."""
    try:
        return _(operations.get(operation_id).title)
    except KeyError:
        return operation_id


def _names(numbers: Iterable[int]) -> dict[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in=set(numbers))}


def _most(found: Iterable[Used]) -> Sequence[Used]:
    return sorted(found, key=lambda used: (-used.calls, used.name))
