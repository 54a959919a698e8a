"""What a page shows of the key in use: whose it is, what is left, and what is missing.

The strip in the header is read on every page of a team, so it opens no sealed key and needs two
queries: the key and what was spent today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.keys.choosing import (
    base_urls,
    choices,
    find,
    hint_of,
    host_of,
    is_local,
    trouble_of,
)
from debugger.keys.live import spend
from debugger.keys.live.arming import PASTE
from debugger.keys.live.spend import Left
from debugger.keys.models import ApiKey
from debugger.keys.states import USABLE, by_use, state_of
from debugger.teams.access import Right, demand, may, who_may
from debugger.teams.models import Membership

_TICKING: Final = 100
_ASKED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What GET /credits last said. ``seconds`` is set while the age still ticks."""

    credits: Decimal
    at: datetime
    age: str
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """The key in use, in the strip and where live is armed.

    ``key_id`` is "" without a key and PASTE for one that is pasted. ``trouble`` says why the key
    cannot be used. ``ask`` are the people who can add one, for those who cannot.
    """

    key_id: str = ""
    label: str = ""
    hint: str = ""
    environment: str = ""
    base_url: str = ""
    balance: Balance | None = None
    failing: bool = False
    left: Left
    trouble: str = ""
    ask: tuple[str, ...] = ()

    @property
    def pasted(self) -> bool:
        """Whether the key is one that is pasted for each page."""
        return self.key_id == PASTE

    @property
    def stored(self) -> bool:
        """Whether it is a key of the team."""
        return bool(self.key_id) and not self.pasted

    @property
    def host(self) -> str:
        """What live points at."""
        return host_of(self.base_url)

    @property
    def local(self) -> bool:
        """Whether that is a stand-in on this machine."""
        return is_local(self.base_url)

    @property
    def full(self) -> bool:
        """Whether nothing more fits under today's ceilings."""
        return self.left.today is not None and self.left.today <= 0


def purse(member: Membership, key_id: str, *, now: datetime) -> Purse:
    """The chosen key of the team, else the one that was used last, else none."""
    team = member.team
    if key_id == PASTE:
        return Purse(
            key_id=PASTE,
            label=_("A pasted key"),
            base_url=settings.RIVYA_BASE_URL,
            left=spend.left(team, None, now=now),
        )
    key = _chosen(member, key_id, now=now)
    if key is None:
        return Purse(
            base_url=settings.RIVYA_BASE_URL,
            left=spend.left(team, None, now=now),
            ask=_whom_to_ask(member),
        )
    return _of(key, member, now=now, trouble=_trouble(key, now=now))


def _whom_to_ask(member: Membership) -> tuple[str, ...]:
    """Who can add a key, for those who cannot."""
    if may(member, Right.MANAGE_KEYS):
        return ()
    able = who_may(member.team_id, Right.MANAGE_KEYS)
    return tuple(str(each.user) for each in able[:_ASKED])


def _chosen(member: Membership, key_id: str, *, now: datetime) -> ApiKey | None:
    keys = ApiKey.objects.filter(team=member.team)
    if key_id:
        chosen = keys.filter(public_id=key_id[:16]).first()
        if chosen is not None:
            return chosen
    return by_use(member.team, now=now).select_related(None).first()


def _of(key: ApiKey, member: Membership, *, now: datetime, trouble: str) -> Purse:
    balance = None
    uses = may(member, Right.USE_KEYS)  # Who may not use a key sees label and health, no money.
    if uses and key.balance is not None and key.balance_at is not None:
        balance = balance_as_of(key.balance, key.balance_at, now=now)
    return Purse(
        key_id=key.public_id,
        label=key.label,
        hint=hint_of(key),
        environment=key.environment,
        base_url=key.base_url,
        balance=balance,
        failing=key.health == ApiKey.Health.FAILING,
        left=spend.left(member.team, key, now=now),
        trouble=trouble,
    )


def _trouble(key: ApiKey, *, now: datetime) -> str:
    """Why a key cannot be used, as far as its row tells; the strip does not try to open it."""
    if state_of(key, now=now) not in USABLE:
        return _("This key can no longer be used.")
    if key.base_url not in base_urls():
        return _("Its address is not configured any more.")
    return ""


def balance_as_of(credits: Decimal, at: datetime, *, now: datetime) -> Balance:
    """A balance with its age in the largest unit that says enough."""
    age = max(now - at, timedelta(0))
    seconds = int(age.total_seconds())
    ticking = seconds if seconds < _TICKING else None
    return Balance(credits=credits, at=at, age=ago(seconds), seconds=ticking)


def ago(seconds: int) -> str:
    """How long ago something was, for people."""
    if seconds < _TICKING:
        return _("%(count)d s ago") % {"count": seconds}
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("%(count)d min ago") % {"count": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return _("%(count)d h ago") % {"count": hours}
    days = round(hours / 24)
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherKey:
    """Another key that could be armed instead."""

    key_id: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPage:
    """What is shown before live is armed: the key, its money, and what may be chosen instead."""

    purse: Purse
    others: tuple[OtherKey, ...]


def arm_page(member: Membership, key_id: str, *, now: datetime) -> ArmPage:
    """The page for one key. Raises NotFound for a key of another team, NotAllowed for a viewer.

    Without a key of the team a pasted one is what is left to arm.
    """
    demand(member, Right.USE_KEYS)
    if key_id and key_id != PASTE:
        key: ApiKey | None = find(member.team, key_id)
    else:
        key = None if key_id == PASTE else _chosen(member, "", now=now)
    if key is None:
        shown = purse(member, PASTE, now=now)
    else:
        shown = _of(key, member, now=now, trouble=trouble_of(key, now=now))
    offered = [
        OtherKey(key_id=each.public_id, label=each.label, hint=each.hint)
        for each in choices(member.team, now=now)
        if each.usable
    ]
    offered.append(OtherKey(key_id=PASTE, label=_("A key that I paste"), hint=""))
    return ArmPage(
        purse=shown, others=tuple(each for each in offered if each.key_id != shown.key_id)
    )
