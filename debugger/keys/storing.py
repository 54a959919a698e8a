"""Putting a key away: what is said of it, and the row that holds it sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.keys import vault
from debugger.keys.choosing import base_urls, hint_of
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.keys.states import State, state_of, working
from debugger.teams import audit, progress
from debugger.teams.access import Right, demand
from debugger.teams.locks import held
from debugger.teams.models import Membership, Team
from debugger.web.errors import Invalid, NotFound

MOST: Final = 100
"""Working keys of one team. Each is opened for a list of keys, and that is on every panel."""


class Wrong(Invalid):
    """One field of a form is wrong; ``field`` names it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a person says of a key. ``scopes`` is None where they are unknown."""

    label: str
    environment: str = ""
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None


def add(
    member: Membership,
    *,
    pasted: Pasted,
    stated: Stated,
    base_url: str,
    by: audit.Origin,
    now: datetime,
) -> ApiKey:
    """Seal a key and keep it. Raises NotAllowed, Wrong for a field, CannotSeal without a vault."""
    demand(member, Right.MANAGE_KEYS)
    if base_url not in base_urls():
        raise Wrong("base_url", _("This address is not configured here."))
    with transaction.atomic():
        team = locked(member.team)
        free_label(team, stated.label, now=now)
        if working(team, now=now).count() >= MOST:
            raise Wrong("value", _full(MOST))
        key = new_row(team, pasted, stated, base_url=base_url, member=member, now=now)
        key.save()
        said = {"fingerprint": [None, key.fingerprint], "base_url": [None, base_url]}
        audit.record(by, team, "key.added", obj=key, label=key.label, changed=said)
        progress.reached(team, progress.Step.KEY_STORED, user_id=member.user_id)
    return key


def edit(
    member: Membership, key: ApiKey, *, stated: Stated, by: audit.Origin, now: datetime
) -> ApiKey:
    """Change what is said of a key; its value and its base URL stay as they are."""
    demand(member, Right.MANAGE_KEYS)
    with transaction.atomic():
        team = locked(member.team)
        row = ApiKey.objects.get(pk=key.pk, team=team)
        if state_of(row, now=now) in {State.SHREDDED, State.REVOKED}:
            raise Invalid(_("“%(label)s” is not in use any more.") % {"label": row.label})
        free_label(team, stated.label, now=now, besides=row)
        changed = _apply(row, stated)
        if changed:
            row.save(update_fields=["label", "environment", "scopes", "expires_at"])
            audit.record(by, team, "key.edited", obj=row, label=row.label, changed=changed)
    return row


def _apply(row: ApiKey, stated: Stated) -> dict[str, list[object]]:
    """Set what differs, and say it as {field: [before, after]}."""
    scopes = None if stated.scopes is None else list(stated.scopes)
    wanted = {
        "label": stated.label,
        "environment": stated.environment,
        "scopes": scopes,
        "expires_at": stated.expires_at,
    }
    changed: dict[str, list[object]] = {}
    for name, after in wanted.items():
        before = getattr(row, name)
        if before != after:
            changed[name] = [_plain(before), _plain(after)]
            setattr(row, name, after)
    return changed


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def locked(team: Team) -> Team:
    """The team's row, held until the transaction ends, so that two pastes wait for each other."""
    found = held(team.pk).filter(deleted_at=None).first()
    if found is None:
        raise NotFound(_("There is no such team any more."))
    return found


def free_label(team: Team, label: str, *, now: datetime, besides: ApiKey | None = None) -> None:
    """Raise Wrong where another working key of the team has this label, in any case."""
    for other in working(team, now=now):
        same = other.label.casefold() == label.casefold()
        if same and other.retire_at is None and (besides is None or other.pk != besides.pk):
            raise Wrong("label", _("Another key of this team has this label."))


def new_row(
    team: Team,
    pasted: Pasted,
    stated: Stated,
    *,
    base_url: str,
    member: Membership,
    now: datetime,
) -> ApiKey:
    """A sealed key that is not saved yet; raises Wrong where the team has the same key."""
    fingerprint = new_fingerprint(team, pasted, now=now)
    key = ApiKey(
        team=team,
        label=stated.label,
        environment=stated.environment,
        base_url=base_url,
        last_four=pasted.last_four,
        fingerprint=fingerprint,
        scopes=None if stated.scopes is None else list(stated.scopes),
        expires_at=stated.expires_at,
        created_at=now,
        created_by=member.user,
    )
    key.sealed = vault.seal(team, row=key.sealed_as, value=pasted.value)
    return key


def new_fingerprint(team: Team, pasted: Pasted, *, now: datetime) -> str:
    """The fingerprint of a key that the team does not have; raises Wrong where it has it."""
    # A team with as many keys as it may have can still rotate each of them.
    if ApiKey.objects.filter(team=team, sealed__isnull=False).count() >= 2 * MOST:
        raise Wrong("value", _full(2 * MOST))
    fingerprint = vault.fingerprint(team, pasted.value)
    same = ApiKey.objects.filter(team=team, fingerprint=fingerprint, sealed__isnull=False).first()
    if same is not None:
        raise Wrong("value", _already(same, now=now))
    return fingerprint


def _full(most: int) -> str:
    return _("This team has %(most)d keys, and no room for another. Revoke some first.") % {
        "most": most
    }


def _already(same: ApiKey, *, now: datetime) -> str:
    words = {"label": same.label, "hint": hint_of(same)}
    state = state_of(same, now=now)
    if state is State.REVOKED:
        return _("This is “%(label)s”, which was just revoked. Undo that instead.") % words
    if state in {State.REPLACED, State.RETIRED}:
        return _("This is the old “%(label)s”, which was replaced. Undo that instead.") % words
    return _("This key is stored already: it is “%(label)s” (%(hint)s).") % words
