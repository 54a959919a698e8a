"""Jobs whose key does not work: they wait, with a sentence, until a key does.

A key that was refused may work again by itself, so one of its jobs asks now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext as _

from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.generations import answers, moments, resending
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import New
from debugger.keys import working
from debugger.keys.learning import SCOPE_DENIED
from debugger.keys.models import ApiKey
from debugger.keys.scopes import DENIED

PROBED: Final = timedelta(minutes=5)
"""How often a refused key is tried again with one job."""
_AT_ONCE: Final = 500
_WAVES: Final = 10
_APART: Final = timedelta(milliseconds=500)
State = Generation.State


def refused(key: ApiKey, outcome: Outcome) -> str:
    """The sentence of jobs whose key the API refuses."""
    failure = outcome.failure
    code = failure.code if failure is not None else ""
    words = {"label": key.label, "code": code or _("no reason given")}
    if code == SCOPE_DENIED:
        words["scope"] = operations.get(outcome.operation_id).scope or ""
        return _("“%(label)s” lacks the scope %(scope)s.") % words
    return _("The API refuses “%(label)s”: %(code)s.") % words


def pause(key_id: int, reason: str, now: datetime) -> int:
    """Let all jobs wait that are looked at with this key; how many they are.

    Rows that somebody else is just writing are left out: their own look finds the same.
    """
    following = Generation.objects.filter(key_id=key_id, state__in=Generation.POLLED)
    facts = {"reason": reason[:500]}
    return sum(
        _changed(
            pks,
            New(kind=Moment.Kind.PAUSED, at=now, facts=facts),
            state=State.PAUSED,
            reason=reason[:500],
            next_poll_at=None,
            lease="",
            changed_at=now,
        )
        for pks in _batches(following)
    )


def take_up(*, now: datetime) -> int:
    """Follow again what waits for a key, where one works; how many jobs go on."""
    unsent = Generation.objects.filter(state=State.PAUSED, task_id="")
    for row in unsent.filter(submitted_at__lt=now - resending.REMEMBERED):
        resending.is_forgotten(row, now=now)
    waiting = Generation.objects.filter(state=State.PAUSED, key__isnull=False)
    keys = waiting.order_by().values_list("key_id", flat=True).distinct()
    return sum(_taken_up(key_id, now=now) for key_id in list(keys) if key_id is not None)


def _taken_up(key_id: int, *, now: datetime) -> int:
    usable = working.key_for_work(key_id, now=now)
    if isinstance(usable, str):
        return 0
    # What the key cannot be sent to waits for a person.
    waiting = Generation.objects.filter(state=State.PAUSED, key_id=key_id, base_url=usable.base_url)
    found = 0
    for rows, state, operation in (
        (waiting.exclude(task_id=""), State.ACTIVE, answers.RETRIEVE),
        (waiting.filter(task_id=""), State.SUBMITTING, answers.CREATE),
    ):
        if _works(usable.key, operation):
            found += resume(rows, state, label=usable.key.label, now=now)
        else:
            _probe(rows, now=now)
    return found


def _works(key: ApiKey, operation: str) -> bool:
    scope = operations.get(operation).scope
    denied = scope is not None and key.seen.get(scope.value) == DENIED
    return key.health != ApiKey.Health.FAILING and not denied


def resume(
    rows: QuerySet[Generation], state: Generation.State, *, label: str, now: datetime
) -> int:
    """Follow these jobs again, in waves, so that not all of them ask in one moment."""
    resumed = New(kind=Moment.Kind.RESUMED, at=now, facts={"key": label})
    done = 0
    for pks in _batches(rows):
        for wave in range(_WAVES):
            done += _changed(
                pks[wave::_WAVES],
                resumed,
                state=state,
                reason="",
                failures=0,
                digest="",
                lease="",
                next_poll_at=now + wave * _APART,
                changed_at=now,
            )
    return done


def _probe(rows: QuerySet[Generation], *, now: datetime) -> None:
    """Let one of these jobs ask, where none has asked for a while. It stays paused meanwhile."""
    latest = rows.aggregate(
        asks=Max("next_poll_at"), asked=Max("polled_at"), told=Max("changed_at")
    )
    last = max((each for each in (latest["asked"], latest["told"]) if each), default=None)
    if latest["asks"] is not None or last is None or now - last < PROBED:
        return
    one = rows.order_by("id").values_list("pk", flat=True)[:1]
    Generation.objects.filter(pk__in=list(one)).update(next_poll_at=now, digest="", lease="")


def _batches(rows: QuerySet[Generation]) -> list[list[int]]:
    pks = list(rows.order_by("id").values_list("pk", flat=True))
    return [pks[start : start + _AT_ONCE] for start in range(0, len(pks), _AT_ONCE)]


def _changed(pks: Sequence[int], new: New, **fields: object) -> int:
    """Change rows that are not over, add the moment to each, and move their looks before it."""
    with transaction.atomic():
        free = Generation.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        rows = list(free.filter(pk__in=pks).exclude(state__in=Generation.FINAL).order_by("id"))
        news = {row.pk: [*moments.flushed(row), new] for row in rows}
        Generation.objects.filter(pk__in=news).update(looks="", version=F("version") + 1, **fields)
        moments.add_to_many(news)
    return len(rows)
