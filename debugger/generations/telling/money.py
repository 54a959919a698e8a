"""The money line: estimated, reserved, final, returned, and the balance before and after.

Credits are what the API stated, and nothing is worked out that it did not state: a job whose final
credits are missing returned nothing that we know of, which is something else than 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import operations
from debugger.exchanges.models import Exchange
from debugger.generations.answers import CREATE
from debugger.generations.models import Generation
from debugger.keys.live.charges import shown
from debugger.web import moments

_LONGEST_CALL: Final = timedelta(minutes=10)
"""Longer than any answer is waited for; a call that began before this ended before the window."""
_LONGEST_JOB: Final = timedelta(days=1)
MOST: Final = 100
"""Runs that are counted; beyond that the number tells nothing more."""
_OTHERS: Final = tuple(each.id for each in operations.CATALOG if each.spends and each.id != CREATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """What one job cost, as far as it was said. Amounts are None for "not stated".

    ``open`` says that more may still be said. ``shared`` counts other runs that moved the same
    balance between its two readings; it is only known where both were read.
    """

    estimated: Decimal | None
    reserved: Decimal | None
    final: Decimal | None
    open: bool
    failed: bool = False
    before: Decimal | None = None
    before_at: datetime | None = None
    after: Decimal | None = None
    after_at: datetime | None = None
    shared: int = 0

    @property
    def returned(self) -> Decimal | None:
        """What came back of the reserved credits; None where the API does not state it."""
        if self.final is None or self.reserved is None or self.final > self.reserved:
            return None
        return self.reserved - self.final

    @property
    def more(self) -> Decimal | None:
        """What was charged beyond the reserved credits; None where it was not."""
        if self.final is None or self.reserved is None or self.final <= self.reserved:
            return None
        return self.final - self.reserved

    @property
    def refund(self) -> str:
        """What became of the reserved credits, in a few words; "" while that is open."""
        if self.more is not None:
            return _("%(credits)s more than reserved") % {"credits": shown(self.more)}
        if self.returned is None:
            return "" if self.open else _("refund not stated")
        if not self.returned and not self.failed:
            return ""
        return _("%(credits)s returned") % {"credits": shown(self.returned)}

    @property
    def both(self) -> bool:
        """Whether the balance is known before and after."""
        return self.before is not None and self.after is not None

    @property
    def sharing(self) -> str:
        """Why the two balances do not tell what this run cost; "" where they do."""
        if not self.both:
            return ""
        if self.shared >= MOST:
            return _("balance shared with %(count)d other runs or more") % {"count": MOST}
        if self.shared:
            said = ngettext(
                "balance shared with %(count)d other run",
                "balance shared with %(count)d other runs",
                self.shared,
            )
            return said % {"count": self.shared}
        return _("the account was used elsewhere too") if self._moved_elsewhere else ""

    @property
    def _moved_elsewhere(self) -> bool:
        """Whether the balance moved by something else than this run is said to have cost."""
        if self.before is None or self.after is None or self.final is None:
            return False
        return self.before - self.after != self.final

    @property
    def sentence(self) -> str:
        """The whole line for a screen reader and for a text."""
        words = [
            _("estimated %(credits)s") % {"credits": amount(self.estimated)},
            _("reserved %(credits)s") % {"credits": amount(self.reserved)},
            _("final open")
            if self.open and self.final is None
            else _("final %(credits)s") % {"credits": amount(self.final)},
        ]
        if self.refund:
            words.append(self.refund)
        return ", ".join(words)


def amount(credits: Decimal | None) -> str:
    """An amount as people read it; never a 0 that nobody stated."""
    return _("not stated") if credits is None else shown(credits)


def brief(generation: Generation) -> MoneyLine:
    """The line without the balances, for cards and lists; it asks the database for nothing."""
    return MoneyLine(
        estimated=generation.estimated,
        reserved=generation.reserved,
        # The documentation says that the final credits of an unfinished job may be 0.
        final=generation.final if generation.is_final else None,
        open=not generation.is_final,
        failed=generation.state == Generation.State.FAILED,
    )


def line(generation: Generation) -> MoneyLine:
    """The whole line of one job: two statements where both balances are known, else none."""
    plain = brief(generation)
    after_at = generation.balance_after_at
    both = generation.balance_before is not None and generation.balance_after is not None
    shared = _shared(generation, after_at) if both and after_at is not None else 0
    return MoneyLine(
        estimated=plain.estimated,
        reserved=plain.reserved,
        final=plain.final,
        open=plain.open,
        failed=plain.failed,
        before=generation.balance_before,
        before_at=generation.balance_before_at,
        after=generation.balance_after,
        after_at=after_at,
        shared=shared,
    )


def _shared(generation: Generation, after_at: datetime) -> int:
    """How many other runs may have moved the balance between its two readings."""
    if generation.mode == Exchange.Mode.LIVE and generation.key_id is None:
        return 0
    begin = min(generation.balance_before_at or generation.submitted_at, generation.submitted_at)
    jobs = _jobs(generation, begin, after_at)[:MOST].count()
    return min(MOST, jobs + _calls(generation, begin, after_at))


def _jobs(generation: Generation, begin: datetime, end: datetime) -> QuerySet[Generation]:
    """Other jobs of the same key or account that were not over before, nor sent after."""
    running = Q(ended_at=None) & ~Q(state__in=Generation.FINAL)
    same = (
        Q(account=generation.account)
        if generation.mode == Exchange.Mode.MOCK
        else Q(key_id=generation.key_id)
    )
    others = Generation.objects.filter(same, team_id=generation.team_id, mode=generation.mode)
    others = others.filter(running | Q(ended_at__gte=begin), submitted_at__lte=end)
    # The numbers of rows are times too, and an index on them keeps the search short.
    lately = moments.first_id(begin - _LONGEST_JOB), moments.first_id(end + _LONGEST_CALL)
    return others.filter(pk__range=lately).exclude(pk=generation.pk)


def _calls(generation: Generation, begin: datetime, end: datetime) -> int:
    """Other calls of the same key or account that cost credits, such as turns of a chat."""
    rows = Exchange.objects.filter(
        team_id=generation.team_id,
        mode=generation.mode,
        operation__in=_OTHERS,
        pk__gte=moments.first_id(begin),
        pk__lt=moments.first_id(end + _LONGEST_CALL),
    )
    if generation.mode == Exchange.Mode.LIVE:
        rows = rows.filter(key_id=generation.key_id)
    found: Iterable[tuple[datetime, float]] = rows.values_list("at", "total_ms")[:MOST]
    return sum(at - timedelta(milliseconds=total) <= end for at, total in found)
