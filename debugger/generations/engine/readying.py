"""From claimed rows to looks: what may be asked now, with which key, and what has to wait."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from debugger.client.looks import Looker
from debugger.client.outcome import Mode
from debugger.client.transport import live_upstream
from debugger.generations import brakes, ending, pausing, resending
from debugger.generations.engine import claims
from debugger.generations.engine.looking import Ready, begin_by
from debugger.generations.looks import Due
from debugger.generations.models import Brake, Generation, Moment
from debugger.generations.moments import New
from debugger.generations.rows import held
from debugger.keys import working
from debugger.sandbox import services as sandbox

# Rows of a host of which one look is just finding out whether it is back.
_SOON: Final = timedelta(seconds=3)
# Rows that are to be paused and were not, because somebody else is just writing them.
_LATER: Final = timedelta(seconds=30)
Braking = Mapping[str, Brake]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Means:
    """A looker and, in live mode, the key in it: public id and value."""

    looker: Looker
    key: str = ""
    secret: str | None = None


def made_ready(due: Sequence[Due], *, braking: Braking, now: datetime) -> list[Ready]:
    """Looks for what may be asked now. Everything else is given back with a later moment."""
    work = _Work(braking=braking, now=now)
    for each in due:
        work.take(each)
    claims.put_off(work.off)
    return work.ready


class _Work:
    """The rows of one claim on their way."""

    def __init__(self, *, braking: Braking, now: datetime) -> None:
        self._braking = braking
        self._now = now
        self._tried: set[str] = set()
        # By what rows have in common that are looked at with one looker.
        self._means: dict[tuple[str, str, str, int | None], _Means | None] = {}
        self.ready: list[Ready] = []
        self.off: list[tuple[Due, datetime]] = []

    def take(self, due: Due) -> None:
        """Make one row ready, or put it off."""
        probe = False
        brake = self._host_brake(due)
        if brake is not None:
            probe = self._may_probe(brake)
            if not probe:
                self._put_off(due, brake)
                return
        means = self._means_of(due)
        if means is None:
            self.off.append((due, self._now + _LATER))
            return
        waits = self._braking.get(brakes.key_scope(means.key)) if means.key else None
        if waits is not None and waits.until > self._now:
            self._put_off(due, waits)
            return
        self._begin(due, means, probe=probe)

    def _host_brake(self, due: Due) -> Brake | None:
        return self._braking.get(brakes.host_scope(due.base_url)) if due.mode == Mode.LIVE else None

    def _may_probe(self, brake: Brake) -> bool:
        if brake.until > self._now or brake.scope in self._tried:
            return False
        self._tried.add(brake.scope)
        return brakes.probes(brake, now=self._now)

    def _put_off(self, due: Due, brake: Brake) -> None:
        if brake.until > self._now:
            back = brakes.back_at(brake, now=self._now, chance=random.random())  # noqa: S311 -- No secret.
        else:
            back = self._now + _SOON * (1 + random.random())  # noqa: S311 -- No secret.
        self.off.append((due, back))

    def _means_of(self, due: Due) -> _Means | None:
        live = due.mode == Mode.LIVE
        source = due.mode, due.base_url, "" if live else due.account, due.key_id
        if source not in self._means or due.key_id is None:
            self._means[source] = self._live(due) if live else _mock(due)
        return self._means[source]

    def _live(self, due: Due) -> _Means | None:
        """The key, opened once for all of its rows; None when they have to wait for another."""
        if due.key_id is None:
            _park(due, _("No stored key goes with this job."), now=self._now)
            return None
        usable = working.key_for_work(due.key_id, now=self._now)
        if isinstance(usable, str):
            pausing.pause(due.key_id, usable, self._now)
            return None
        if usable.base_url != due.base_url:
            _park(due, _("Its key is bound to another address by now."), now=self._now)
            return None
        looker = Looker(live_upstream(usable.base_url), key=usable.secret)
        return _Means(looker, usable.key.public_id, usable.secret)

    def _begin(self, due: Due, means: _Means, *, probe: bool) -> None:
        looker, call = means.looker, None
        if not due.task_id:
            call = resending.resubmit(due, key=means.secret, now=self._now)
            if call is None:
                self.off.append((due, self._now + _LATER))
                return
            looker = looker.within(claims.SEND_LIMITS)
        self.ready.append(
            Ready(
                due=due,
                looker=looker,
                begin_by=begin_by(),
                call=call,
                key=means.key,
                probe=probe,
            )
        )


def _mock(due: Due) -> _Means:
    return _Means(Looker(sandbox.upstream_for(due.account, base_url=due.base_url)))


def _park(due: Due, reason: str, *, now: datetime) -> None:
    """Let one job wait for a person: no key is there that could be asked with."""
    with transaction.atomic():
        row = held(due.id)
        if row is None or row.is_final or row.lease != due.lease:
            return
        row.state, row.reason, row.lease, row.next_poll_at = (
            Generation.State.PAUSED,
            reason,
            "",
            None,
        )
        ending.changed(row, now=now)
        facts = {"reason": reason}
        ending.save(row, [New(kind=Moment.Kind.PAUSED, at=now, facts=facts)])
