"""The vault: the only cryptography of the product. Keys go in, and come out only to be used.

    sealed = vault.seal(team, row=key.sealed_as, value=text)
    text = vault.open_sealed(team, row=key.sealed_as, sealed=key.sealed)

Each team has a data key, wrapped by a master key of the site (master.py); values are sealed with
it and bound to their team and row (envelope.py). What does not open is reported, never swallowed:
CannotOpen has a reason, a translated sentence, and leaves a line in the log, once an hour at most.
None in place of a team is the site, which has a data key of its own.

Store what ``seal`` gives in the transaction in which it was called: the team's data key is locked
until its end, so that a shredding at the same time finds the new value too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from debugger.keys.vault import datakeys, envelope
from debugger.keys.vault.master import ring
from debugger.keys.vault.sayings import sayings
from debugger.keys.vault.shredding import shred
from debugger.keys.vault.troubles import CannotOpen, CannotSeal, Reason, VaultError
from debugger.teams.models import Team

__all__ = [
    "CannotOpen",
    "CannotSeal",
    "Reason",
    "VaultError",
    "cannot_seal",
    "fingerprint",
    "open_sealed",
    "seal",
    "sealing_trouble",
    "shred",
    "trouble",
    "unopenable",
]
logger = logging.getLogger(__name__)


def seal(team: Team | None, *, row: str, value: str) -> bytes:
    """The value, sealed for this row of this team. Raises CannotSeal.

    ``row`` is a name that no other sealed value of the team has, such as a key's public id.
    """
    if not row:
        raise ValueError("a sealed value belongs to a named row")
    try:
        key = datakeys.for_sealing(team)
    except VaultError as trouble:
        raise _noted(trouble, f"Nothing can be sealed for row {row} of {_named(team)}") from None
    return envelope.seal_value(key, value, team=datakeys.number_of(team), row=row)


def open_sealed(team: Team | None, *, row: str, sealed: bytes | memoryview | None) -> str:
    """The value that was sealed for this row of this team; None is what shredding leaves.

    Raises CannotOpen.
    """
    try:
        if sealed is None:
            raise datakeys.shredded()
        return _opened(datakeys.for_opening(team), bytes(sealed), team=team, row=row)
    except CannotOpen as trouble:
        raise _noted(trouble, f"Row {row} of {_named(team)} cannot be opened") from None


def unopenable(
    team: Team | None, sealed: Mapping[str, bytes | memoryview]
) -> dict[str, CannotOpen]:
    """What keeps some of a team's values from opening, by row; those that open are left out.

    For lists: however many values there are, the data key is read once.
    """
    found: dict[str, CannotOpen] = {}
    if not sealed:
        return found
    try:
        key = datakeys.for_opening(team)
    except CannotOpen as trouble:
        _noted(trouble, f"Nothing of {_named(team)} can be opened")
        return dict.fromkeys(sealed, trouble)
    for row, value in sealed.items():
        try:
            _opened(key, bytes(value), team=team, row=row)
        except CannotOpen as trouble:
            _noted(trouble, f"Row {row} of {_named(team)} cannot be opened")
            found[row] = trouble
    return found


def fingerprint(team: Team, value: str) -> str:
    """16 hexadecimal digits that tell whether two values of one team are the same, and no more.

    Makes the team's data key where there is none. Raises CannotSeal.
    """
    try:
        return envelope.fingerprint_of(datakeys.for_sealing(team), value)
    except VaultError as trouble:
        raise _noted(trouble, f"No fingerprint can be made for team {team.pk}") from None


def trouble(team: Team | None) -> CannotOpen | None:
    """What keeps everything of this team from opening, for its pages; None when nothing does.

    A team that never stored anything has no trouble. One row is read, and nothing is logged.
    """
    try:
        datakeys.for_opening(team)
    except CannotOpen as found:
        return None if found.reason is Reason.SHREDDED else found
    return None


def sealing_trouble(team: Team | None) -> str:
    """Why nothing can be stored for this team, as a sentence; "" when it can. Makes nothing."""
    return cannot_seal(trouble(team))


def cannot_seal(found: CannotOpen | None) -> str:
    """The same for whoever has asked for ``trouble`` already: no row is read again."""
    if found is not None:
        return str(found)
    masters = ring()
    return "" if masters.first is not None else str(datakeys.no_first(masters))


def _opened(key: envelope.Opened, sealed: bytes, *, team: Team | None, row: str) -> str:
    try:
        return envelope.open_value(key, sealed, team=datakeys.number_of(team), row=row)
    except envelope.DoesNotOpenError as why:
        sentence = _(
            "It does not open: what is stored was changed, or belongs to another row or team."
        )
        raise CannotOpen(Reason.TAMPERED, sentence, detail=str(why)) from None


def _noted(trouble: VaultError, what: str) -> VaultError:
    """The same, after one line in the log: lists look at every key each time they are shown."""
    line = f"{what}: {trouble.reason.value} ({trouble.detail})."
    if sayings.is_new(line):
        logger.warning("%s", line)
    return trouble


def _named(team: Team | None) -> str:
    return "the site" if team is None else f"team {team.pk}"
