"""What a key may do: as it was stated when it was stored, and as answers have shown since.

What was seen beats what was stated, because the API itself said it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from django.utils.translation import gettext as _

from debugger.contract.operations import Operation, Scope
from debugger.teams.access import Right, may, who_may
from debugger.teams.models import Membership, Role

GRANTED: Final = "granted"
DENIED: Final = "denied"


class Held(StrEnum):
    """What is known about one scope of one key."""

    STATED = "stated"
    NOT_STATED = "not stated"
    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Scoped(Protocol):
    """What a picker's choice and a stored key have in common."""

    @property
    def team_id(self) -> int:
        """The team that the key belongs to."""
        ...

    @property
    def stated(self) -> tuple[str, ...] | None:
        """The scopes that the person stated; None when they are unknown."""
        ...

    @property
    def seen(self) -> Mapping[str, str]:
        """{scope: GRANTED or DENIED} as answers have shown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeMark:
    """One scope on a card. ``contradicted`` says that an answer has shown otherwise than stated."""

    scope: Scope
    held: Held
    contradicted: bool = False

    @property
    def lacks(self) -> bool:
        """Whether a call that needs it would be refused, as far as is known."""
        return self.held in {Held.NOT_STATED, Held.DENIED}


def held(key: Scoped, scope: Scope) -> ScopeMark:
    """What is known about one scope."""
    shown = key.seen.get(scope.value)
    stated = None if key.stated is None else scope.value in key.stated
    if shown == DENIED:
        return ScopeMark(scope=scope, held=Held.DENIED, contradicted=stated is True)
    if shown == GRANTED:
        return ScopeMark(scope=scope, held=Held.GRANTED, contradicted=stated is False)
    if stated is None:
        return ScopeMark(scope=scope, held=Held.UNKNOWN)
    return ScopeMark(scope=scope, held=Held.STATED if stated else Held.NOT_STATED)


def marks(key: Scoped) -> tuple[ScopeMark, ...]:
    """All nine scopes, in the order of the documentation."""
    return tuple(held(key, scope) for scope in Scope)


Mender = Callable[[int], Membership | None]


def mender_of(team_id: int) -> Membership | None:
    """Who can change the team's keys: the first owner, or else the first who has the right."""
    able = who_may(team_id, Right.MANAGE_KEYS)
    return min(able, key=lambda member: member.role != Role.OWNER, default=None)


def predicted_denial(
    key: Scoped,
    operation: Operation,
    *,
    reader: Membership | None = None,
    mender: Mender = mender_of,
) -> str:
    """Why the API would refuse this key for this operation; "" when nothing speaks against it.

    The sentence names the scope and who can mend it; ``reader`` is who will read it, so that an
    owner is not sent to herself. Whoever asks about many keys passes a ``mender`` that remembers.
    """
    if operation.scope is None:
        return ""
    mark = held(key, operation.scope)
    if not mark.lacks:
        return ""
    return f"{_why(mark)} {_remedy(key.team_id, mark.scope, reader, mender)}"


def _why(mark: ScopeMark) -> str:
    words = {"scope": mark.scope.value}
    if mark.held is Held.NOT_STATED:
        return _("This key was stored without %(scope)s.") % words
    if mark.contradicted:
        return (
            _("The API has refused this key for lack of %(scope)s, though it was stored with it.")
            % words
        )
    return _("The API has refused this key for lack of %(scope)s.") % words


def _remedy(team_id: int, scope: Scope, reader: Membership | None, mender: Mender) -> str:
    words = {"scope": scope.value}
    if reader is not None and reader.team_id == team_id and may(reader, Right.MANAGE_KEYS):
        return (
            _("Scopes are changed at Rivya: create a key with %(scope)s there and rotate to it.")
            % words
        )
    able = mender(team_id)
    if able is None:
        return _("Scopes are changed at Rivya, by a key that holds %(scope)s.") % words
    words |= {"name": str(able.user), "role": able.get_role_display().lower()}
    return (
        _("Ask %(name)s (%(role)s) to store a key with %(scope)s; scopes are changed at Rivya.")
        % words
    )
