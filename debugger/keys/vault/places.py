"""Where sealed values are kept, so that they can be checked and shredded without knowing rooms.

A room that seals something registers its place once, when the app is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from debugger.keys.models import ApiKey
from debugger.teams.models import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """One stored value: the name that it is bound to, what people call it, its bytes."""

    row: str
    label: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One kind of sealed value.

    ``rows`` gives a team's values, or the site's for None, or only the one of a name; ``shred``
    destroys all of a team and says how many.
    """

    kind: str
    rows: Callable[[Team | None, str | None], Iterator[SealedRow]]
    shred: Callable[[Team, datetime], int]


def _key_rows(team: Team | None, row: str | None) -> Iterator[SealedRow]:
    keys = ApiKey.objects.filter(team=team, sealed__isnull=False).order_by("pk")
    if row is not None:
        keys = keys.filter(public_id=row.partition("@")[0])
    for key in keys.only("public_id", "base_url", "label", "sealed"):
        yield SealedRow(row=key.sealed_as, label=key.label, sealed=bytes(key.sealed or b""))


def _shred_keys(team: Team, now: datetime) -> int:
    keys = ApiKey.objects.filter(team=team, sealed__isnull=False)
    return keys.update(sealed=None, shredded_at=now, shred_at=None)


_PLACES: Final[dict[str, Place]] = {}


def register(place: Place) -> None:
    """Make a kind of sealed value known."""
    _PLACES[place.kind] = place


def places() -> tuple[Place, ...]:
    """Every kind of sealed value."""
    return tuple(_PLACES.values())


register(Place(kind="API key", rows=_key_rows, shred=_shred_keys))
