"""The data keys of teams and of the site: made at the first seal, kept wrapped in rows, unwrapped
for moments.

Where a team is asked for, None is the site. Each use reads the row, so what another process
re-wrapped or shredded counts at once. What the cache spares is the unwrapping alone.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from debugger.keys.models import DataKey
from debugger.keys.vault import envelope
from debugger.keys.vault.cache import Wrapped, cache
from debugger.keys.vault.master import MasterKey, Ring, name_of, ring
from debugger.keys.vault.troubles import CannotOpen, CannotSeal, Reason
from debugger.teams.models import Team


def number_of(team: Team | None) -> int:
    """What a data key and its values are bound to."""
    return envelope.SITE if team is None else team.pk


def rows_of(team: Team | None) -> QuerySet[DataKey]:
    """The row of the team's data key, if there is one."""
    return DataKey.objects.filter(team=team)


def for_opening(team: Team | None) -> envelope.Opened:
    """The team's data key. Raises CannotOpen."""
    wrapped = _stored(rows_of(team))
    if wrapped is None:
        raise shredded()
    return unwrapped(wrapped)


def for_sealing(team: Team | None) -> envelope.Opened:
    """The team's data key, made when there is none. Raises CannotSeal.

    Locks the row until the caller's transaction ends: what is stored within that transaction
    cannot slip past a shredding.
    """
    with transaction.atomic():
        row, wrapped = _locked(team)
        if wrapped is None:
            return _made(row)
        try:
            return unwrapped(wrapped)
        except CannotOpen as trouble:
            why = {"why": trouble}
            if team is None:
                told = _(
                    "Nothing new can be stored, because the site's data key does not open: %(why)s"
                )
            else:
                told = _(
                    "Nothing new can be stored, because the team's data key does not open: %(why)s"
                )
            raise CannotSeal(trouble.reason, told % why, detail=trouble.detail) from None


def unwrapped(wrapped: Wrapped) -> envelope.Opened:
    """A stored data key, opened. Raises CannotOpen."""
    master = _master_of(wrapped)  # First: a key that was taken off the ring opens nothing more.
    opened = cache.get(wrapped)
    if opened is None:
        opened = envelope.ready(_raw(wrapped, master))
        cache.put(wrapped, opened)
    return opened


def raw_key(wrapped: Wrapped) -> bytes:
    """The data key itself, past the cache. Raises CannotOpen."""
    return _raw(wrapped, _master_of(wrapped))


def _master_of(wrapped: Wrapped) -> MasterKey:
    masters = ring()
    master = masters.labelled(wrapped.master)
    if master is None:
        raise no_master(wrapped.master, masters)
    return master


def _raw(wrapped: Wrapped, master: MasterKey) -> bytes:
    try:
        return envelope.unwrap(master.cipher, wrapped.blob, team=wrapped.team)
    except envelope.DoesNotOpenError as why:
        told = (
            _("The site's data key was changed where it is stored, so nothing opens with it.")
            if wrapped.team == envelope.SITE
            else _("The team's data key was changed where it is stored, so nothing opens with it.")
        )
        raise CannotOpen(
            Reason.TAMPERED,
            told,
            detail=f'the data key does not open with its master key "{wrapped.master}": {why}',
        ) from None


def shredded() -> CannotOpen:
    """There is no data key: it was destroyed, or nothing was ever sealed."""
    return CannotOpen(
        Reason.SHREDDED, _("It was shredded and cannot be brought back."), detail="it was shredded"
    )


def no_master(label: str, masters: Ring) -> CannotOpen:
    """No configured master key has this label; the text says why."""
    name = name_of(label)
    sentence: str | Promise
    if not masters.keys:
        sentence = _("It cannot be opened with the configured master keys: there are none.")
        detail = f'"{label}" wrapped it, and no master key is configured'
    elif masters.named(name) is None:
        sentence = _(
            "It cannot be opened with the configured master keys: “%(name)s” is not among them."
        ) % {"name": name}
        detail = f'"{label}" wrapped it, and is not configured'
    else:
        sentence = _(
            "It cannot be opened with the configured master keys: “%(name)s” is now another key "
            "than the one that was used."
        ) % {"name": name}
        detail = f'"{label}" wrapped it, and another key has that name now'
    return CannotOpen(Reason.NO_MASTER, sentence, detail=detail)


def _locked(team: Team | None) -> tuple[DataKey, Wrapped | None]:
    """The team's row, made when it is missing; a second maker waits here for the first."""
    rows = rows_of(team).select_for_update()
    row = rows.first()
    if row is None:
        now = timezone.now()
        blank = DataKey(team=team, wrapped=None, master="", version=0, shredded_at=now)
        DataKey.objects.bulk_create([blank], ignore_conflicts=True)
        row = rows.get()
    return row, as_wrapped(row)


def _made(row: DataKey) -> envelope.Opened:
    """A fresh data key in a row that has none. A deleted team gets no new one."""
    first = ring().first
    if first is None:
        raise no_first(ring())
    number = row.team_id
    if number is not None and not Team.objects.filter(pk=number, deleted_at=None).exists():
        raise CannotSeal(
            Reason.SHREDDED,
            _("This team was deleted, so nothing new can be stored for it."),
            detail="the team was deleted",
        )
    data_key = envelope.new_data_key()
    row.wrapped = envelope.wrap(first.cipher, data_key, team=bound_to(row))
    row.master, row.version, row.shredded_at = first.label, row.version + 1, None
    row.created_at = row.wrapped_at = timezone.now()
    row.save()
    return envelope.ready(data_key)


def no_first(masters: Ring) -> CannotSeal:
    """No new data key can be wrapped with these; the text says why."""
    if problems := masters.problems:
        sentence = _("Nothing can be stored: the master keys of this site are misconfigured.")
        return CannotSeal(Reason.NO_MASTER, sentence, detail=" ".join(problems))
    return CannotSeal(
        Reason.NO_MASTER,
        _(
            "Nothing can be stored: this site has no master key. Whoever runs it can set "
            "RIVYA_DASH_MASTER_KEYS or RIVYA_DASH_MASTER_KEYS_FILE."
        ),
        detail="no master key is configured",
    )


def _stored(rows: QuerySet[DataKey]) -> Wrapped | None:
    found = rows.values_list("team_id", "master", "version", "wrapped").first()
    if found is None or found[3] is None:
        return None
    return Wrapped(
        team=found[0] or envelope.SITE, master=found[1], version=found[2], blob=bytes(found[3])
    )


def bound_to(row: DataKey) -> int:
    """What the data key of this row is bound to."""
    return row.team_id or envelope.SITE


def as_wrapped(row: DataKey) -> Wrapped | None:
    """What a loaded row holds; None for a shredded one. PostgreSQL gives a memoryview."""
    if row.wrapped is None:
        return None
    blob = bytes(row.wrapped)
    return Wrapped(team=bound_to(row), master=row.master, version=row.version, blob=blob)
