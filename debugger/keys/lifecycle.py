"""What happens to a key after it was stored: replaced, revoked, brought back, shredded.

A shredded key is a row without its ciphertext. Until then a revocation, and a rotation, can be
undone. The times in the row decide whether a key works; the task only makes the end final.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from debugger.keys import vault
from debugger.keys.choosing import base_urls, host_of
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.keys.states import State, state_of, working
from debugger.keys.storing import Stated, locked, new_fingerprint, new_row
from debugger.teams import audit
from debugger.teams.access import Right, demand
from debugger.teams.models import Membership, Team
from debugger.web.errors import Invalid, NotFound

UNDO: Final = timedelta(minutes=10)


class Overlap(StrEnum):
    """How long the old key goes on working beside the new one."""

    NONE = "0"
    HOUR = "1h"
    DAY = "24h"

    @property
    def length(self) -> timedelta:
        """The time itself."""
        return {Overlap.HOUR: timedelta(hours=1), Overlap.DAY: timedelta(hours=24)}.get(
            self, timedelta()
        )


OVERLAPS: Final = (
    (Overlap.NONE, gettext_lazy("No overlap")),
    (Overlap.HOUR, gettext_lazy("1 hour")),
    (Overlap.DAY, gettext_lazy("24 hours")),
)


def rotate(
    member: Membership,
    public_id: str,
    *,
    pasted: Pasted,
    stated: Stated,
    overlap: Overlap,
    by: audit.Origin,
    now: datetime,
) -> ApiKey:
    """Put a new key in the place of an old one; gives the new one.

    It takes label, environment, base URL and ceilings; of ``stated`` only scopes and expiry count.
    Raises Wrong when it is no new key, Invalid when the old one cannot be replaced.
    """
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        old = _row(team, public_id)
        demand_rotatable(old, now=now)
        said = replace(stated, label=old.label, environment=old.environment)
        new = new_row(team, pasted, said, base_url=old.base_url, member=member, now=now)
        new.run_ceiling, new.day_ceiling = old.run_ceiling, old.day_ceiling
        new.save()
        old.replaced_by, old.retire_at = new, now + overlap.length
        old.shred_at = max(old.retire_at, now + UNDO)
        old.save(update_fields=["replaced_by", "retire_at", "shred_at"])
        changed: dict[str, list[object]] = {
            "fingerprint": [old.fingerprint, new.fingerprint],
            "overlap": [None, overlap.value],
        }
        audit.record(by, team, "key.rotated", obj=new, label=new.label, changed=changed)
    return new


def rehearse(member: Membership, public_id: str, *, pasted: Pasted, now: datetime) -> ApiKey:
    """Raise what ``rotate`` would raise, and change nothing; gives the old key."""
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        old = _row(team, public_id)
        demand_rotatable(old, now=now)
        new_fingerprint(team, pasted, now=now)
    return old


def demand_rotatable(old: ApiKey, *, now: datetime) -> None:
    """Raise Invalid where a key cannot be replaced by another."""
    words = {"label": old.label, "host": host_of(old.base_url)}
    state = state_of(old, now=now)
    if state in {State.REPLACED, State.RETIRED}:
        raise Invalid(_("“%(label)s” was replaced already. Rotate the key that followed.") % words)
    if state not in {State.ACTIVE, State.EXPIRED}:
        raise Invalid(_("“%(label)s” is not in use any more, so it cannot be rotated.") % words)
    if old.base_url not in base_urls():
        raise Invalid(
            _(
                "“%(label)s” is bound to %(host)s, which is not configured any more. "
                "Add a new key instead."
            )
            % words
        )


def undo_rotation(member: Membership, public_id: str, *, by: audit.Origin, now: datetime) -> ApiKey:
    """Bring a replaced key back and revoke the one that followed; gives the old one."""
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        old = _row(team, public_id, hold=True)
        if state_of(old, now=now) not in {State.REPLACED, State.RETIRED}:
            raise Invalid(_("“%(label)s” was not replaced.") % {"label": old.label})
        _demand_time(old, now=now)
        new = old.replaced_by
        if new is not None and new.sealed is not None and new.revoked_at is None:
            if new.retire_at is not None:
                raise Invalid(_("The key that followed was itself replaced. Undo that first."))
            _mark_revoked(new, member, now=now)
        old.replaced_by, old.retire_at, old.shred_at = None, None, None
        old.save(update_fields=["replaced_by", "retire_at", "shred_at"])
        changed: dict[str, list[object]] = {
            "fingerprint": [new.fingerprint if new is not None else None, old.fingerprint]
        }
        audit.record(by, team, "key.rotation_undone", obj=old, label=old.label, changed=changed)
    return old


def revoke(member: Membership, public_id: str, *, by: audit.Origin, now: datetime) -> ApiKey:
    """Stop the use of a key here, at once. It can be brought back for ten minutes."""
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        key = _row(team, public_id, hold=True)
        demand_revocable(key, now=now)
        _mark_revoked(key, member, now=now)
        changed: dict[str, list[object]] = {"fingerprint": [key.fingerprint, None]}
        audit.record(by, team, "key.revoked", obj=key, label=key.label, changed=changed)
    return key


def demand_revocable(key: ApiKey, *, now: datetime) -> None:
    """Raise Invalid where there is nothing left to revoke."""
    state = state_of(key, now=now)
    if state is State.REVOKED:
        raise Invalid(_("“%(label)s” was revoked already.") % {"label": key.label})
    if state in {State.RETIRED, State.SHREDDED}:
        raise Invalid(_("“%(label)s” does not work any more.") % {"label": key.label})


def restore(member: Membership, public_id: str, *, by: audit.Origin, now: datetime) -> ApiKey:
    """Take a revocation back while its ten minutes last."""
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        key = _row(team, public_id, hold=True)
        if key.sealed is None:
            raise Invalid(_("“%(label)s” was shredded and cannot be restored.") % _label(key))
        if key.revoked_at is None:
            raise Invalid(_("“%(label)s” was not revoked.") % _label(key))
        _demand_time(key, now=now)
        if key.retire_at is not None and key.retire_at <= now:
            raise Invalid(
                _("“%(label)s” was replaced, and its overlap has ended meanwhile.") % _label(key)
            )
        key.revoked_at, key.revoked_by, key.shred_at = None, None, key.retire_at
        key.label = _unused_label(team, key, now=now)
        key.save(update_fields=["revoked_at", "revoked_by", "shred_at", "label"])
        changed: dict[str, list[object]] = {"fingerprint": [None, key.fingerprint]}
        audit.record(by, team, "key.restored", obj=key, label=key.label, changed=changed)
    return key


def undo(member: Membership, public_id: str, *, by: audit.Origin, now: datetime) -> ApiKey:
    """Take back what was done to a key last: its revocation, or else its rotation."""
    key = ApiKey.objects.filter(team=member.team, public_id=public_id).first()
    revoked = key is None or key.sealed is None or key.revoked_at is not None
    back = restore if revoked else undo_rotation
    return back(member, public_id, by=by, now=now)


def shred_due(*, now: datetime) -> int:
    """Destroy the ciphertext of every key whose time has come; gives their number.

    Safe to run twice and in parallel: each row is taken by one conditional update.
    """
    due = ApiKey.objects.filter(shred_at__lte=now, sealed__isnull=False).select_related("team")
    return sum(_shred(key, now=now) for key in due)


def _shred(key: ApiKey, *, now: datetime) -> bool:
    still = ApiKey.objects.filter(pk=key.pk, sealed__isnull=False, shred_at__lte=now)
    with transaction.atomic():
        if not still.update(sealed=None, shredded_at=now, shred_at=None):
            return False
        changed: dict[str, list[object]] = {"fingerprint": [key.fingerprint, None]}
        audit.record(
            audit.SYSTEM, key.team, "key.shredded", obj=key, label=key.label, changed=changed
        )
    return True


def shred_all(team: Team, *, by: audit.Origin) -> int:
    """Destroy everything that a team stored, its data key too; gives the number of keys."""
    with transaction.atomic():
        going = list(ApiKey.objects.filter(team=team, sealed__isnull=False))
        vault.shred(team)
        for key in going:
            changed: dict[str, list[object]] = {"fingerprint": [key.fingerprint, None]}
            audit.record(by, team, "key.shredded", obj=key, label=key.label, changed=changed)
    return len(going)


def _row(team: Team, public_id: str, *, hold: bool = False) -> ApiKey:
    """A key of the team. Whoever changes keys holds the team's row, which keeps other people away.

    ``hold`` locks its own row too, against the task that shreds what is due. Who seals a value must
    not: sealing locks the team's data key, shredding takes that first and the keys after it, and
    the other order would let the two wait for each other.
    """
    rows = ApiKey.objects.select_for_update(no_key=True) if hold else ApiKey.objects.all()
    found = rows.filter(team=team, public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such key in this team."))
    return found


def _mark_revoked(key: ApiKey, member: Membership, *, now: datetime) -> None:
    key.revoked_at, key.revoked_by, key.shred_at = now, member.user, now + UNDO
    key.save(update_fields=["revoked_at", "revoked_by", "shred_at"])


def _demand_time(key: ApiKey, *, now: datetime) -> None:
    if key.shred_at is None or key.shred_at <= now:
        raise Invalid(_("The time to undo this is over: “%(label)s” is gone.") % _label(key))


def _label(key: ApiKey) -> dict[str, str]:
    return {"label": key.label}


def _unused_label(team: Team, key: ApiKey, *, now: datetime) -> str:
    """The key's label, numbered where another working key has taken it meanwhile."""
    taken = {other.label.casefold() for other in working(team, now=now) if other.retire_at is None}
    label, number = key.label, 2
    while label.casefold() in taken:
        suffix = f" ({number})"
        label, number = key.label[: 60 - len(suffix)] + suffix, number + 1
    return label
