"""Which keys a person can choose from, and the chosen one made ready for one call."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from debugger.keys import vault
from debugger.keys.models import ApiKey
from debugger.keys.states import USABLE, State, by_use, state_of
from debugger.teams.access import Right, demand
from debugger.teams.models import Membership, Team
from debugger.web.errors import Invalid, NotFound

KEY_START: Final = "rvya_sk_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One key in a picker. ``trouble`` says why it cannot be used now, "" when it can.

    ``stated`` are the scopes as the person stated them, None when unknown; ``seen`` is
    {scope: "granted" | "denied"}. ``health`` is a word of ApiKey.Health.
    """

    public_id: str
    team_id: int
    label: str
    hint: str
    environment: str
    base_url: str
    health: str
    health_code: str
    stated: tuple[str, ...] | None
    seen: Mapping[str, str]
    state: State
    retire_at: datetime | None
    trouble: str = ""

    @property
    def host(self) -> str:
        """Host and port that the key is sent to."""
        return host_of(self.base_url)

    @property
    def usable(self) -> bool:
        """Whether a call with it would be sent."""
        return not self.trouble


@dataclass(frozen=True, slots=True)
class Usable:
    """An opened key for one call, and the only address that it may be sent to."""

    key: ApiKey
    secret: str = field(repr=False)
    base_url: str


def base_urls() -> tuple[str, ...]:
    """The addresses that a key can be bound to, what live mode calls first."""
    configured = (settings.RIVYA_BASE_URL, *settings.RIVYA_DASH_MORE_BASE_URLS)
    return tuple(dict.fromkeys(url.rstrip("/") for url in configured if url))


def host_of(base_url: str) -> str:
    """Host and port of an address, as a person reads it."""
    return urlsplit(base_url).netloc or base_url


def is_local(base_url: str) -> bool:
    """Whether an address is on this machine, where a stand-in answers and nothing is charged."""
    name = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def hint_of(key: ApiKey) -> str:
    """How a key is recognised without being shown: "rvya_sk_…a1b2"."""
    return f"{KEY_START}…{key.last_four}"


def choices(team: Team, *, now: datetime) -> list[Choice]:
    """What a picker offers: every key that is not revoked, what cannot be used with its reason."""
    keys = list(by_use(team, now=now))
    problems = unreadable(team, keys)
    return [_choice(key, problems.get(key.public_id), now=now) for key in keys]


def _choice(key: ApiKey, problem: vault.CannotOpen | None, *, now: datetime) -> Choice:
    """One key as a picker shows it."""
    return Choice(
        public_id=key.public_id,
        team_id=key.team_id,
        label=key.label,
        hint=hint_of(key),
        environment=key.environment,
        base_url=key.base_url,
        health=key.health,
        health_code=key.health_code,
        stated=key.stated,
        seen=dict(key.seen),
        state=state_of(key, now=now),
        retire_at=key.retire_at,
        trouble=_trouble(key, problem, now=now),
    )


def key_for_call(member: Membership, public_id: str, *, now: datetime) -> Usable:
    """Open a key for one call of this person.

    Raises NotFound for a key of another team, NotAllowed without the right to use keys, and
    Invalid with its sentence for a key that cannot be used.
    """
    demand(member, Right.USE_KEYS)
    return opened(find(member.team, public_id), now=now)


def opened(key: ApiKey, *, now: datetime) -> Usable:
    """Open a key, whoever it is for; raises Invalid with its sentence where that cannot be."""
    barred = _barred(key, now=now)
    if barred:
        raise Invalid(barred)
    try:
        secret = _open(key)
    except vault.CannotOpen as trouble:
        raise Invalid(_unreadable(key, trouble)) from None
    return Usable(key, secret, key.base_url)


def find(team: Team, public_id: str) -> ApiKey:
    """A key of this team; NotFound for none, and for another team's."""
    key = ApiKey.objects.select_related("team").filter(team=team, public_id=public_id).first()
    if key is None:
        raise NotFound(_("There is no such key in this team."))
    return key


def trouble_of(key: ApiKey, *, now: datetime) -> str:
    """Why a key cannot be used now; "" when it can."""
    return _trouble(key, unreadable(key.team, [key]).get(key.public_id), now=now)


def _trouble(key: ApiKey, problem: vault.CannotOpen | None, *, now: datetime) -> str:
    return _barred(key, now=now) or (_unreadable(key, problem) if problem is not None else "")


def unreadable(team: Team, keys: Iterable[ApiKey]) -> dict[str, vault.CannotOpen]:
    """Why sealed keys of a team cannot be opened, by public id; those that can are left out.

    So are those that were shredded, of which nothing is expected any more.
    """
    sealed = {key.sealed_as: key for key in keys if key.sealed is not None}
    shut = vault.unopenable(team, {name: key.sealed or b"" for name, key in sealed.items()})
    return {sealed[name].public_id: trouble for name, trouble in shut.items()}


def _open(key: ApiKey) -> str:
    return vault.open_sealed(key.team, row=key.sealed_as, sealed=bytes(key.sealed or b""))


def _unreadable(key: ApiKey, trouble: vault.CannotOpen) -> str:
    words = {"label": key.label, "reason": str(trouble)}
    return _("“%(label)s” cannot be used: %(reason)s") % words


def _barred(key: ApiKey, *, now: datetime) -> str:
    state = state_of(key, now=now)
    if state not in USABLE:
        return _STATES[state](key)
    if key.base_url not in base_urls():
        words = {"label": key.label, "host": host_of(key.base_url)}
        return _("“%(label)s” is bound to %(host)s, which is not configured any more.") % words
    return ""


def _shredded(key: ApiKey) -> str:
    return _("“%(label)s” was shredded.") % {"label": key.label}


def _revoked(key: ApiKey) -> str:
    return _("“%(label)s” was revoked.") % {"label": key.label}


def _retired(key: ApiKey) -> str:
    return _("“%(label)s” was replaced, and its overlap has ended.") % {"label": key.label}


def _expired(key: ApiKey) -> str:
    return _("“%(label)s” has expired: the day that was stated has passed.") % {"label": key.label}


_STATES: Final = {
    State.SHREDDED: _shredded,
    State.REVOKED: _revoked,
    State.RETIRED: _retired,
    State.EXPIRED: _expired,
}
