"""A team's space: what its copies take, and which go first when there is too little."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from debugger.generations.locker import disk
from debugger.generations.locker.expecting import changed
from debugger.generations.models import SavedFile

State = SavedFile.State
_AT_ONCE: Final = 1000


def most() -> int:
    """Bytes that the copies of one team may have together."""
    return int(settings.RIVYA_DASH_LOCKER_TEAM_MIB) * 2**20


def taken(team_id: int) -> int:
    """Bytes that a team's copies have together; equal files are one."""
    each = SavedFile.objects.filter(team_id=team_id, state=State.SAVED).values("path")
    return int(each.annotate(bytes=Max("size")).aggregate(sum=Sum("bytes"))["sum"] or 0)


def make(team_id: int, *, but: str, now: datetime) -> list[str]:
    """Let the oldest copies of a full team go; the names of the files that nobody needs any more.

    ``but`` is the name of a copy that stays. Runs under the team's lock and in the transaction that
    saves the copy; the caller deletes the files after that.
    """
    excess = taken(team_id) - most()
    if excess <= 0:
        return []
    gone: list[str] = []
    rows = SavedFile.objects.filter(team_id=team_id, state=State.SAVED).exclude(path=but)
    reason = _("It made room for newer results: a team's copies may have %s together.")
    # Should so many not be enough, the next copy goes on with it.
    for row in list(rows.order_by("saved_at", "pk")[:_AT_ONCE]):
        if excess <= 0:
            break
        name = row.path
        expire(row, reason % filesizeformat(most()), now=now)
        if not is_needed(team_id, name):
            gone.append(name)
            excess -= row.size
    return gone


def expire(row: SavedFile, reason: str, *, now: datetime) -> None:
    """Write down that a copy is no longer there. Its file is deleted afterwards."""
    row.state, row.reason, row.path, row.next_try_at = State.EXPIRED, reason[:300], "", None
    row.expires_at = now
    row.save(update_fields=["state", "reason", "path", "next_try_at", "expires_at"])
    changed(row.generation_id, now=now)


def is_needed(team_id: int, name: str) -> bool:
    """Whether a row still names a file."""
    return SavedFile.objects.filter(team_id=team_id, path=name, state=State.SAVED).exists()


def unneeded(team_id: int, names: list[str]) -> list[str]:
    """Those among some files that no row names any more."""
    found: list[str] = []
    rest = iter(names)
    while part := list(islice(rest, 500)):
        rows = SavedFile.objects.filter(team_id=team_id, path__in=part, state=State.SAVED)
        needed = set(rows.values_list("path", flat=True))
        found.extend(name for name in part if name not in needed)
    return found


def lost(team_id: int, public_id: str, *, now: datetime) -> None:
    """Write down that a copy's file is not on the disk, where it should be."""
    with transaction.atomic():
        rows = SavedFile.objects.filter(team_id=team_id, public_id=public_id, state=State.SAVED)
        row = rows.first()
        # It may have come back meanwhile, as the copy of an equal file.
        if row is not None and not disk.path_of(row.path).exists():
            expire(row, _("The file is no longer on this site's disk."), now=now)
