"""What the page of keys shows. Cards hold words and numbers; no sealed value comes near them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.keys import vault
from debugger.keys.ages import ago, left
from debugger.keys.blast import title_of
from debugger.keys.choosing import base_urls, hint_of, host_of, unreadable
from debugger.keys.live.charges import shown
from debugger.keys.models import ApiKey
from debugger.keys.scopes import Held, ScopeMark, marks
from debugger.keys.states import USABLE, State, of_team, state_of
from debugger.teams.models import Team

IDLE: Final = timedelta(days=60)
SOON: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A key's health: a word, the tone of its chip, and a sentence where one helps."""

    word: str
    tone: str
    sentence: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time and its age in words."""

    at: datetime
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """The key that followed or went before."""

    public_id: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One key. ``barred`` is why it cannot be used at all though it is active.

    ``undo`` is until when a revocation or a rotation can be taken back, None when it cannot.
    """

    public_id: str
    label: str
    hint: str
    environment: str
    host: str
    base_url: str
    state: State
    health: Health
    barred: str
    marks: Sequence[ScopeMark]
    scopes_known: bool
    created: Moment
    created_by: str
    used: Moment | None
    used_by: str
    used_for: str
    expires: Moment | None
    expires_soon: bool
    balance: str
    balance_at: Moment | None
    run_ceiling: str
    day_ceiling: str
    followed_by: Other | None
    retires: Moment | None
    revoked: Moment | None
    revoked_by: str
    undo: Moment | None
    shredded: Moment | None

    @property
    def works(self) -> bool:
        """Whether a call with it would be sent."""
        return self.state in USABLE and not self.barred

    @property
    def over(self) -> bool:
        """Whether only its end is left to be told."""
        return self.state in {State.REVOKED, State.RETIRED, State.SHREDDED}

    @property
    def tone(self) -> str:
        """The tone of its mark."""
        if self.over:
            return "quiet"
        return "odd" if self.state is State.REPLACED else self.health.tone

    @property
    def uniform(self) -> str:
        """What is known of all nine scopes alike: "stated", "granted" or "unknown"; else ""."""
        held = {mark.held for mark in self.marks}
        alike = held & {Held.STATED, Held.GRANTED, Held.UNKNOWN} if len(held) == 1 else set()
        return next(iter(alike)).value if alike else ""

    @property
    def replaced(self) -> bool:
        """Whether another key took its place."""
        return self.state in {State.REPLACED, State.RETIRED}

    @property
    def can_test(self) -> bool:
        """Whether it can be tried."""
        return self.works

    @property
    def can_rotate(self) -> bool:
        """Whether another key can take its place."""
        bound = self.base_url in base_urls()
        return self.state in {State.ACTIVE, State.EXPIRED} and bound

    @property
    def can_revoke(self) -> bool:
        """Whether there is something to stop."""
        return self.state in {State.ACTIVE, State.REPLACED, State.EXPIRED}

    @property
    def can_edit(self) -> bool:
        """Whether what is said of it can be changed."""
        return self.state in {State.ACTIVE, State.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All keys of a team. ``trouble`` stands in the way of all of them, "" when nothing does;
    ``cannot_store`` is why no key can be added.
    """

    working: Sequence[Card]
    ending: Sequence[Card]
    gone: Sequence[Card]
    trouble: str
    cannot_store: str

    @property
    def empty(self) -> bool:
        """Whether there is no key and never was one that mattered."""
        return not self.working and not self.ending


def shelf(team: Team, *, now: datetime) -> Shelf:
    """The keys of a team: what works, what ends, what is history."""
    keys = list(of_team(team))
    problems = unreadable(team, keys)
    cards = [_card(key, problems.get(key.public_id), now=now) for key in keys]
    ending = {State.REPLACED, State.RETIRED, State.REVOKED}
    found = vault.trouble(team)
    return Shelf(
        working=[each for each in cards if each.state in {State.ACTIVE, State.EXPIRED}],
        ending=[each for each in cards if each.state in ending],
        gone=[each for each in cards if each.state is State.SHREDDED],
        trouble=str(found) if found is not None else "",
        cannot_store=vault.cannot_seal(found),
    )


def card(key: ApiKey, *, now: datetime) -> Card:
    """One key, with everything that can be said of it at this moment."""
    return _card(key, unreadable(key.team, [key]).get(key.public_id), now=now)


def _card(key: ApiKey, problem: vault.CannotOpen | None, *, now: datetime) -> Card:
    state = state_of(key, now=now)
    return Card(
        public_id=key.public_id,
        label=key.label,
        hint=hint_of(key),
        environment=key.environment,
        host=host_of(key.base_url),
        base_url=key.base_url,
        state=state,
        health=_health(key, state, problem, now=now),
        barred=_barred(key, state, problem),
        marks=marks(key),
        scopes_known=key.stated is not None,
        created=Moment(at=key.created_at, age=ago(key.created_at, now=now)),
        created_by=str(key.created_by or ""),
        used=_past(key.last_used_at, now),
        used_by=str(key.last_used_by or ""),
        used_for=title_of(key.last_used_for) if key.last_used_for else "",
        expires=_future(key.expires_at, now),
        expires_soon=key.expires_at is not None and key.expires_at - now < SOON,
        balance="" if key.balance is None else shown(key.balance),
        balance_at=_past(key.balance_at, now),
        run_ceiling="" if key.run_ceiling is None else shown(key.run_ceiling),
        day_ceiling="" if key.day_ceiling is None else shown(key.day_ceiling),
        followed_by=_other(key.replaced_by),
        retires=_future(key.retire_at, now),
        revoked=_past(key.revoked_at, now),
        revoked_by=str(key.revoked_by or ""),
        undo=_undo(key, state, now),
        shredded=_past(key.shredded_at, now),
    )


def _past(at: datetime | None, now: datetime) -> Moment | None:
    return None if at is None else Moment(at=at, age=ago(at, now=now))


def _future(at: datetime | None, now: datetime) -> Moment | None:
    if at is None:
        return None
    return Moment(at=at, age=left(at, now=now) if at > now else ago(at, now=now))


def _undo(key: ApiKey, state: State, now: datetime) -> Moment | None:
    waiting = state in {State.REVOKED, State.REPLACED, State.RETIRED}
    if not waiting or key.shred_at is None or key.shred_at <= now:
        return None
    return Moment(at=key.shred_at, age=left(key.shred_at, now=now))


def _other(key: ApiKey | None) -> Other | None:
    if key is None:
        return None
    return Other(public_id=key.public_id, label=key.label, hint=hint_of(key))


def _barred(key: ApiKey, state: State, problem: vault.CannotOpen | None) -> str:
    """Why a key that should work cannot; "" when it does, or is not meant to."""
    if state not in USABLE and state is not State.EXPIRED:
        return ""
    if key.base_url not in base_urls():
        words = {"host": host_of(key.base_url)}
        return (
            _(
                "It is bound to %(host)s, which is not configured any more. A key is only ever "
                "sent to the address it was stored for, so it cannot be used."
            )
            % words
        )
    if problem is None:
        return ""
    if problem.reason is vault.Reason.NO_MASTER:
        return _(
            "It cannot be opened with the configured master keys. Nothing is lost as long as the "
            "master key it was sealed under exists: whoever runs this site adds it to "
            "RIVYA_DASH_MASTER_KEYS again, and it works at once."
        )
    return f"{problem} " + _(
        "It is never used in this state. Revoke it here and store the key anew; whoever runs this "
        "site should find out how the database came to be changed."
    )


def _health(
    key: ApiKey, state: State, problem: vault.CannotOpen | None, *, now: datetime
) -> Health:
    if problem is not None:
        missing = problem.reason is vault.Reason.NO_MASTER
        return Health(word=_("Cannot be opened") if missing else _("Damaged"), tone="bad")
    if state is State.EXPIRED:
        return Health(word=_("Expired"), tone="bad", sentence=_("The day that was stated is over."))
    if key.base_url not in base_urls():
        return Health(word=_("Address gone"), tone="bad")
    if key.health == ApiKey.Health.FAILING:
        return _refused(key, now=now)
    idle = _idle_days(key, now=now)
    if idle is not None:
        return Health(word=idle, tone="odd")
    if key.health == ApiKey.Health.OK:
        when = ago(key.health_at, now=now) if key.health_at else ""
        return Health(word=_("Works"), tone="ok", sentence=_("Accepted %(when)s.") % {"when": when})
    return Health(word=_("Not tested"), tone="quiet")


def _refused(key: ApiKey, *, now: datetime) -> Health:
    when = ago(key.health_at, now=now) if key.health_at else ""
    return Health(
        word=_("Refused"),
        tone="bad",
        sentence=_("The API refused it %(when)s.") % {"when": when},
        code=key.health_code,
    )


def _idle_days(key: ApiKey, *, now: datetime) -> str | None:
    """Words for a key that nobody has used for two months; None for one in use."""
    since = now - (key.last_used_at or key.created_at)
    if since < IDLE:
        return None
    return ngettext("Unused for %(count)d day", "Unused for %(count)d days", since.days) % {
        "count": since.days
    }
