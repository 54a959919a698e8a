"""Whether everything that is stored opens. Changes nothing, and can run while the site serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from debugger.keys.models import DataKey
from debugger.keys.vault import envelope
from debugger.keys.vault.datakeys import as_wrapped, number_of, raw_key, rows_of, shredded
from debugger.keys.vault.places import Place, SealedRow, places
from debugger.keys.vault.troubles import CannotOpen
from debugger.teams.models import Team

_LOOKS: Final = 3  # Looks before something counts as broken: it may change while it is read.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that does not open: its kind, name and label, and why, without secrets."""

    kind: str
    row: str
    label: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One team, or the site for None: how many values opened, and what did not."""

    team: Team | None
    opened: int
    faults: tuple[Fault, ...]


def verify_all() -> Iterator[Verified]:
    """The site, and every team that has a data key or a sealed value, deleted ones too."""
    if (site := verify(None)) is not None:
        yield site
    for team in Team.objects.order_by("pk").iterator():
        found = verify(team)
        if found is not None:
            yield found


def verify(team: Team | None) -> Verified | None:
    """One team, or the site; None where nothing is stored."""
    faults: list[Fault] = []
    opened = 0
    fault = _data_key_fault(team)
    if fault is not None:
        faults.append(fault)
    for place in places():
        for stored in place.rows(team, None):
            why = _why_not(team, place, stored)
            if why:
                faults.append(
                    Fault(kind=place.kind, row=stored.row, label=stored.label, detail=why)
                )
            else:
                opened += 1
    nothing = not faults and not opened and _data_key(team) is None
    return None if nothing else Verified(team=team, opened=opened, faults=tuple(faults))


def _data_key(team: Team | None) -> DataKey | None:
    return rows_of(team).filter(wrapped__isnull=False).first()


def _data_key_fault(team: Team | None) -> Fault | None:
    """What is wrong with the team's data key, past every cache."""
    row = _data_key(team)
    try:
        if row is not None:
            _opened(team)
    except CannotOpen as why:
        label = "of the site" if team is None else str(team)
        return Fault(kind="data key", row=str(number_of(team)), label=label, detail=why.detail)
    return None


def _opened(team: Team | None) -> envelope.Opened:
    row = _data_key(team)
    wrapped = as_wrapped(row) if row is not None else None
    if wrapped is None:
        raise shredded()
    return envelope.ready(raw_key(wrapped))


def _why_not(team: Team | None, place: Place, stored: SealedRow) -> str:
    """Why one value does not open; "" when it does, or is gone by now."""
    why = ""
    for _ in range(_LOOKS):
        try:
            key = _opened(team)
            envelope.open_value(key, stored.sealed, team=number_of(team), row=stored.row)
            return ""
        except CannotOpen as trouble:
            why = trouble.detail
        except envelope.DoesNotOpenError as trouble:
            why = str(trouble)
        again = next(place.rows(team, stored.row), None)
        if again is None:
            return ""
        stored = again
    return why
