"""What people decide about how a job is followed. Whether they may is the views' matter."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.generations import ending
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.generations.rows import held
from debugger.keys.choosing import host_of
from debugger.keys.models import ApiKey
from debugger.teams.models import Membership
from debugger.web.errors import Invalid, NotFound

State = Generation.State


def stop(member: Membership, generation: Generation, *, now: datetime) -> Generation:
    """Look no more by itself. The job goes on: the API has no way to cancel it."""
    with transaction.atomic():
        row = _held(member, generation)
        if row.is_final or row.state == State.STOPPED:
            return row
        if not row.task_id:
            raise Invalid(_("Whether this job was made is still being found out."))
        row.state, row.reason = State.STOPPED, ""
        row.next_poll_at, row.lease = None, ""
        ending.changed(row, now=now)
        facts = {"by": str(member.user)}
        ending.save(row, [New(kind=Moment.Kind.STOPPED, at=now, facts=facts)])
    return row


def follow(member: Membership, generation: Generation, *, now: datetime) -> Generation:
    """Look by itself again, beginning now; a job that has ended stays as it is."""
    with transaction.atomic():
        row = _held(member, generation)
        if row.is_final or row.state in Generation.POLLED:
            return _hurried(row, now=now)
        _demand_way(row)
        return _resumed(row, now=now)


def look_now(member: Membership, generation: Generation, *, now: datetime) -> Generation:
    """Let the next look be now. One that is under way already is not doubled."""
    with transaction.atomic():
        row = _held(member, generation)
        if row.is_final:
            return row
        _demand_way(row)
        if row.state == State.STOPPED:
            return _resumed(row, now=now)
        return _hurried(row, now=now)


def with_key(
    member: Membership, generation: Generation, key: ApiKey, *, now: datetime
) -> Generation:
    """Look with another key of the team, which has to be bound to the same address."""
    with transaction.atomic():
        row = _held(member, generation)
        if key.team_id != row.team_id:
            raise NotFound(_("There is no such key in this team."))
        if row.mode != Mode.LIVE:
            raise Invalid(_("A job of the sandbox needs no key."))
        if key.base_url != row.base_url:
            words = {"label": key.label, "host": host_of(key.base_url)}
            raise Invalid(_("“%(label)s” is only ever sent to %(host)s.") % words)
        if row.is_final:
            return row
        if not row.task_id and row.key_id != key.pk:
            # What was sent may be in another account, which knows nothing of the first request, and
            # no ceiling of this key has counted it.
            raise Invalid(
                _(
                    "Whether this job was made is still being found out. Sent with another key, "
                    "the same request could make a second one."
                )
            )
        row.key, row.key_label = key, key.label
        return _resumed(row, now=now)


def _held(member: Membership, generation: Generation) -> Generation:
    row = held(generation.pk) if generation.team_id == member.team_id else None
    if row is None:
        raise NotFound(_("There is no such job in this team."))
    return row


def _demand_way(row: Generation) -> None:
    if row.mode == Mode.LIVE and row.key_id is None:
        raise Invalid(_("No stored key goes with this job. Choose one to follow it with."))


def _resumed(row: Generation, *, now: datetime) -> Generation:
    """Active, with the next look now. A worker that looks with what was before is not heard."""
    row.state = State.ACTIVE if row.task_id else State.SUBMITTING
    row.reason, row.failures, row.digest, row.lease = "", 0, "", ""
    row.next_poll_at = now
    ending.changed(row, now=now)
    facts = {"key": row.key_label}
    ending.save(row, [New(kind=Moment.Kind.RESUMED, at=now, facts=facts)])
    return row


def _hurried(row: Generation, *, now: datetime) -> Generation:
    # A lease in the row means that somebody looks at this moment.
    if not row.is_final and not row.lease and row.state != State.BY_HAND:
        row.next_poll_at = now
        row.save(update_fields=["next_poll_at"])
    return row
