"""How long the history is kept: the team's rules, and the sweep that keeps them.

The sweep works in small transactions, each of which leaves whole runs behind, so that it may be
killed and may run twice at once. Starred runs stay. Bodies go first where a team keeps none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from debugger.exchanges import words
from debugger.exchanges.models import (
    Comment,
    Exchange,
    ExchangeContent,
    ExchangeWords,
    HistoryRules,
    SavedView,
)
from debugger.exchanges.recording import texts_of_row
from debugger.teams import audit
from debugger.teams.locks import held
from debugger.teams.models import Membership, Team
from debugger.web import moments
from debugger.web.errors import Invalid

DAYS: Final[tuple[int | None, ...]] = (7, 30, 90, 365, None)
BATCH: Final = 500
AFTERWARDS: Final = timedelta(hours=1)
ROUNDS: Final = 400
"""Batches of one run of the task, so that it ends long before its time limit."""


def rules_of(team: Team) -> HistoryRules:
    """The team's rules; the first ones, not saved, where it has set none."""
    found = HistoryRules.objects.filter(team_id=team.pk).first()
    return found or HistoryRules(team=team)


def set_rules(
    member: Membership,
    *,
    days: int | None,
    bodies: bool,
    result_days: int | None,
    by: audit.Origin,
    now: datetime | None = None,
) -> HistoryRules:
    """Change what the team keeps. Raises Invalid for a time that cannot be chosen."""
    if days not in DAYS or result_days not in DAYS:
        raise Invalid(_("Choose one of the times that are offered."))
    with transaction.atomic():
        team = held(member.team_id).get()
        rules = rules_of(team)
        wanted: dict[str, object] = {"days": days, "bodies": bodies, "result_days": result_days}
        changed = {
            name: [getattr(rules, name), value]
            for name, value in wanted.items()
            if getattr(rules, name) != value
        }
        if changed:
            below = (
                _strip_below(now or timezone.now()) if "bodies" in changed else rules.strip_below
            )
            wanted["strip_below"] = None if bodies else below
            HistoryRules.objects.update_or_create(team=team, defaults=wanted)
            audit.record(by, team, "history.rules_changed", obj=team, changed=_told(changed))
    return rules_of(member.team)


def _strip_below(now: datetime) -> int:
    """Before which number bodies go. Runs that began before the change may end after it."""
    return moments.first_id(now + AFTERWARDS)


def _told(changed: dict[str, list[object]]) -> dict[str, list[object]]:
    """Null means "for ever", which a reader of the log should not have to know."""
    return {
        name: ["for ever" if value is None else value for value in sides]
        for name, sides in changed.items()
    }


def sweep(*, now: datetime, rounds: int = ROUNDS) -> int:
    """Delete what the teams' rules no longer keep; gives the number of runs that went."""
    gone = 0
    for deleted in _batches(now):
        gone += deleted
        rounds -= 1
        if rounds <= 0:
            break
    return gone


def _batches(now: datetime) -> Iterator[int]:
    """One small transaction after the other, as long as there is something to do."""
    rules = {each.team_id: each for each in HistoryRules.objects.all()}
    teams = list(Team.objects.order_by("pk").values_list("pk", "deleted_at"))
    for team_id, deleted_at in teams:
        if deleted_at is not None:
            yield from _each(partial(_delete_some, team_id, below=None))
            _forget(team_id)
            continue
        own = rules.get(team_id) or HistoryRules(team_id=team_id)
        yield from _strip(own, now=now)
        if own.days is not None:
            below = moments.first_id(now - timedelta(days=own.days))
            yield from _each(partial(_delete_some, team_id, below=below))


def _each(batch: Callable[[], int]) -> Iterator[int]:
    while done := batch():
        yield done


def _delete_some(team_id: int, *, below: int | None) -> int:
    """Delete a batch of a team's runs: all of them, or those below a number that have no star."""
    found = Exchange.objects.filter(team_id=team_id)
    if below is not None:
        found = found.filter(pk__lt=below, starred=False)
    with transaction.atomic():
        numbers = _claimed(found.order_by("pk"))
        if not numbers:
            return 0
        names = [moments.name_of("run", number) for number in numbers]
        Comment.objects.filter(team_id=team_id, about__in=names).delete()
        Exchange.objects.filter(pk__in=numbers).delete()
    return len(numbers)


def _claimed(found: QuerySet[Exchange]) -> list[int]:
    """The numbers of a batch that no other sweep has under its hands."""
    if connection.features.has_select_for_update_skip_locked:
        found = found.select_for_update(skip_locked=True, of=("self",))
    return list(found.values_list("pk", flat=True)[:BATCH])


def _strip(rules: HistoryRules, *, now: datetime) -> Iterator[int]:
    """Delete the bodies that were kept before the team chose to keep none."""
    if rules.strip_below is None:
        return
    yield from _each(lambda: _strip_some(rules))
    if moments.first_id(now) >= rules.strip_below:
        done = HistoryRules.objects.filter(pk=rules.pk, strip_below=rules.strip_below)
        done.update(strip_below=None)


def _strip_some(rules: HistoryRules) -> int:
    found = Exchange.objects.filter(
        team_id=rules.team_id, pk__lt=rules.strip_below, content__kept=True
    )
    with transaction.atomic():
        numbers = _claimed(found.order_by("-pk"))
        rows = list(Exchange.objects.filter(pk__in=numbers))
        for row in rows:
            row.summary = ""
        Exchange.objects.bulk_update(rows, ["summary"])
        ExchangeContent.objects.filter(pk__in=numbers).update(
            kept=False,
            request_text=None,
            request_trimmed=False,
            intact=False,
            response_text=None,
            response_trimmed=False,
            draft="",
        )
        ExchangeWords.objects.bulk_update([_ids_only(row) for row in rows], ["words"])
    return len(numbers)


def _ids_only(row: Exchange) -> ExchangeWords:
    return ExchangeWords(
        exchange_id=row.pk, words=words.of_texts(texts_of_row(row), team_id=row.team_id)
    )


def _forget(team_id: int) -> None:
    """What is left of a deleted team when its runs are gone."""
    Comment.objects.filter(team_id=team_id).delete()
    SavedView.objects.filter(team_id=team_id).delete()
    HistoryRules.objects.filter(team_id=team_id).delete()
