"""The keys that a panel offers in live mode: the team's, and one that is pasted for one request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from debugger.contract.operations import Operation, Scope
from debugger.keys import services as keys
from debugger.keys.live.arming import PASTE
from debugger.keys.models import ApiKey
from debugger.keys.services import Choice, Held
from debugger.panels.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One key of the team, and why this operation would be refused with it, "" for no reason."""

    choice: Choice
    denial: str = ""
    scope: Scope | None = None

    @property
    def _held(self) -> Held:
        marks = {mark.scope: mark.held for mark in keys.marks(self.choice)}
        return marks.get(self.scope, Held.UNKNOWN) if self.scope is not None else Held.UNKNOWN

    @property
    def words(self) -> str:
        """The key in the list: its name, how it is recognised, and what speaks against it."""
        parts = [self.choice.label, self.choice.hint]
        if self.choice.trouble:
            parts.append(_("cannot be used"))
        elif self.denial and self.scope is not None:
            parts.append(_("lacks %(scope)s") % {"scope": self.scope.value})
        return " · ".join(parts)

    @property
    def goes(self) -> str:
        """The only address that the key is sent to, in a sentence."""
        return goes_to(self.choice.base_url)

    @property
    def scope_words(self) -> str:
        """What is known about the scope that the operation needs."""
        words = {
            Held.GRANTED: _("%(scope)s has worked"),
            Held.STATED: _("%(scope)s, as stated"),
            Held.NOT_STATED: _("%(scope)s not stated"),
            Held.DENIED: _("%(scope)s was refused"),
            Held.UNKNOWN: _("%(scope)s not known"),
        }
        return words[self._held] % {"scope": self.scope.value if self.scope is not None else ""}

    @property
    def tone(self) -> str:
        """The chip's class for it."""
        return {Held.GRANTED: "ok", Held.DENIED: "bad", Held.NOT_STATED: "bad"}.get(
            self._held, "quiet"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBar:
    """What the live strip shows. ``chosen`` is the id of a key, or PASTE.

    ``offer`` is the chosen key; None for a pasted one, and for an id that is not among the offers,
    which is ``lost``: then nothing else is chosen in its place.
    """

    offers: tuple[Offer, ...] = ()
    chosen: str = PASTE
    offer: Offer | None = None
    base_url: str = ""
    scope: str = ""

    @property
    def pastes(self) -> bool:
        """Whether the field for a pasted key is the one that counts."""
        return self.chosen == PASTE

    @property
    def lost(self) -> bool:
        """Whether a key was chosen that is not, or no longer, to be had."""
        return not self.pastes and self.offer is None

    @property
    def denial(self) -> str:
        """The predicted refusal of the chosen key."""
        return self.offer.denial if self.offer is not None else ""


def key_bar(seat: Seat, operation: Operation, *, chosen: str, now: datetime) -> KeyBar:
    """The keys of the seat's team for one operation; outside of teams only the pasted one."""
    scope = operation.scope.value if operation.scope is not None else ""
    if seat.team is None or not scope or seat.live_denial:
        return KeyBar(base_url=settings.RIVYA_BASE_URL, scope=scope)
    mender = cache(keys.mender_of)
    offers = tuple(
        Offer(
            choice=each,
            denial=keys.predicted_denial(each, operation, reader=seat.member, mender=mender),
            scope=operation.scope,
        )
        for each in keys.choices(seat.team, now=now)
    )
    chosen = chosen or _first(offers)
    offer = next((each for each in offers if each.choice.public_id == chosen), None)
    return KeyBar(
        offers=offers,
        chosen=chosen,
        offer=offer,
        base_url=offer.choice.base_url if offer is not None else settings.RIVYA_BASE_URL,
        scope=scope,
    )


def _first(offers: tuple[Offer, ...]) -> str:
    """The first key that nothing speaks against, or the first at all."""
    usable = [each for each in offers if each.choice.usable]
    fitting = [each for each in usable if not each.denial] or usable or list(offers)
    return fitting[0].choice.public_id if fitting else PASTE


def bar_for_preview(seat: Seat, *, chosen: str) -> KeyBar:
    """Where the chosen key goes and no more: a preview while somebody types opens no key."""
    found = None
    if seat.team is not None and chosen and chosen != PASTE:
        bound = ApiKey.objects.filter(team=seat.team, public_id=chosen)
        found = bound.values_list("base_url", flat=True).first()
    return KeyBar(chosen=chosen or PASTE, base_url=found or settings.RIVYA_BASE_URL)


def lacking(seat: Seat, operations: Iterable[Operation], *, now: datetime) -> frozenset[str]:
    """The operations that every key of the team would be refused for, as far as is known."""
    if seat.team is None or seat.live_denial:
        return frozenset()
    choices = keys.choices(seat.team, now=now)
    return frozenset(
        operation.id
        for operation in operations
        if choices and all(_lacks(each, operation) for each in choices)
    )


def _lacks(choice: Choice, operation: Operation) -> bool:
    return operation.scope is not None and any(
        mark.scope is operation.scope and mark.lacks for mark in keys.marks(choice)
    )


def goes_to(base_url: str) -> str:
    """Where live goes, in a sentence."""
    host = {"host": urlsplit(base_url).netloc}
    if keys.is_local(base_url):
        return _("Live goes to %(host)s, a local stand-in for the Rivya API.") % host
    return _("Live goes to %(host)s.") % host
