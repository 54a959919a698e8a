"""The page of one job, in parts that change one by one.

Each part has a mark that stands for what it shows. A page names the marks that it has, and gets the
parts whose mark is another one by now: nothing else on it moves, and nothing is read for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.exchanges import services as exchanges
from debugger.exchanges.models import Comment, Exchange, ExchangeContent
from debugger.generations import locker
from debugger.generations import schedule as schedules
from debugger.generations.models import Generation, Moment
from debugger.generations.pages import cards, following, handing, wording
from debugger.generations.pages.cards import Card
from debugger.generations.telling import money, percentiles, timeline
from debugger.generations.telling.money import MoneyLine
from debugger.generations.telling.timeline import Timeline
from debugger.keys.models import ApiKey
from debugger.teams.models import Membership
from debugger.web.highlight import coloured
from debugger.web.lengths import length

_ATTEMPTS: Final = 200
_SHOWN: Final = 256 * 1024
_NAMES: Final = ("status", "results", "rail", "story", "answer")
State = Generation.State


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, what it shows by its mark, and the template that draws it."""

    name: str
    mark: str

    @property
    def template(self) -> str:
        """Where it is drawn."""
        return f"generations/_{self.name}.html"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One look: when, how long it took, and what HTTP said, 0 for no answer."""

    after: str
    took: str
    http: int


class Page:
    """What the page of a job shows. Whatever only some parts need is read when they ask."""

    def __init__(self, row: Generation, *, member: Membership, now: datetime) -> None:
        self.row, self.member, self.now = row, member, now
        self.row.team = member.team
        self.slug = member.team.slug

    @cached_property
    def job(self) -> Card:
        """The card."""
        files = locker.files_of(self.row)
        return cards.card(self.row, files=files, now=self.now, whole=True)

    @cached_property
    def follows(self) -> bool:
        """Whether the person is to be told of the end."""
        return following.follows(self.member.user, self.row)

    @property
    def parts(self) -> list[Part]:
        """Every part with its mark."""
        row, job = self.row, self.job
        late = job.overdue is not None
        minute = self.now.replace(second=0, microsecond=0) if job.open else None
        shown = {
            "status": (job.mark, row.polls, row.failures, row.next_poll_at, self.follows, late),
            "results": (job.media, row.state, row.error_code, row.error_message),
            "rail": (job.mark, row.balance_after_at, minute, row.started_at),
            "story": (job.mark, row.polls),
            "answer": (row.answer,),
        }
        return [Part(name, _mark(shown[name])) for name in _NAMES]

    def news(self, known: Iterable[str]) -> list[Part]:
        """The parts of which the page shows something old."""
        have = set(known)
        return [part for part in self.parts if f"{part.name}.{part.mark}" not in have]

    # -- What only some parts need -----------------------------------------------------------------

    @cached_property
    def money(self) -> MoneyLine:
        """Estimate, reserved, final, and the balances around them."""
        return money.line(self.row)

    @cached_property
    def timeline(self) -> Timeline:
        """Everything that happened."""
        return timeline.timeline(self.row, self.now)

    @property
    def keys(self) -> QuerySet[ApiKey]:
        """The team's keys with which a job that waits for one can be followed."""
        lacking = self.row.state in (State.BY_HAND, State.PAUSED)
        if self.row.mode != Exchange.Mode.LIVE or not lacking:
            return ApiKey.objects.none()
        mine = ApiKey.objects.filter(team_id=self.row.team_id, base_url=self.row.base_url)
        return mine.filter(revoked_at=None).order_by("label")[:50]

    @property
    def explained(self) -> percentiles.Explanation | None:
        """How this job compares with the team's others of its model."""
        return percentiles.explain(self.row, self.now)

    @property
    def policy(self) -> list[str]:
        """When it is looked at, in sentences."""
        policy = schedules.policy(self.row.category, mode=self.row.mode)
        waits = [wording.brief_length(each) for each in policy.waits[:4]]
        words = {
            "first": waits[0],
            "next": ", ".join(waits[1:]) or waits[0],
            "longest": wording.brief_length(policy.longest),
            "hour": wording.brief_length(policy.given_up),
            "slowly": wording.brief_length(policy.unknown_every),
            "stopped": wording.brief_length(policy.stopped),
        }
        return [
            _("First look after %(first)s, then after %(next)s, up to every %(longest)s.") % words,
            _("After %(hour)s it counts as unknown and is looked at every %(slowly)s.") % words,
            _("After %(stopped)s nobody looks any more, until somebody asks.") % words,
        ]

    @cached_property
    def content(self) -> ExchangeContent | None:
        """The stored messages of the submission."""
        number = self.row.exchange_id
        return None if number is None else ExchangeContent.objects.filter(pk=number).first()

    @cached_property
    def request(self) -> handing.Request:
        """What was asked for."""
        return handing.request_of(self.row, self.content)

    @property
    def request_json(self) -> SafeString | str:
        """The request's body, written to be read."""
        return _pretty(self.request.value)

    @property
    def answer_json(self) -> SafeString | str:
        """The last answer, written to be read."""
        value = cards.answer_of(self.row)
        return _pretty(value) if value else coloured(self.row.answer[:_SHOWN], "text")

    @cached_property
    def comments(self) -> QuerySet[Comment]:
        """What people said about the job."""
        return exchanges.comments(self.member.team, self.row.name)

    @property
    def compare_url(self) -> str:
        """The comparison with the run of this model before it; "" without one."""
        row = self.row
        if row.exchange is None or not row.model:
            return ""
        before = Exchange.objects.filter(
            team_id=row.team_id, model=row.model, pk__lt=row.exchange.pk, operation=handing.CREATE
        )
        other = before.order_by("-pk").only("pk").first()
        address = cards.address("compare:pair", slug=self.slug)
        if other is None or not address:
            return ""
        return f"{address}?a={other.name}&b={row.exchange.name}"

    @property
    def run_url(self) -> str:
        """The run of the history that submitted the job; "" without one."""
        exchange = self.row.exchange
        if exchange is None:
            return ""
        return cards.address("history:run", slug=self.slug, run=exchange.name)

    @property
    def cost(self) -> str:
        """What the same request is going to cost, as far as this one tells; "" for not known."""
        amount = self.row.reserved if self.row.reserved is not None else self.row.estimated
        return _("about %(amount)s") % {"amount": cards.credits_of(amount)} if amount else ""

    @property
    def attempts(self) -> list[Attempt]:
        """The latest looks one by one, newest first."""
        looked = Moment.objects.filter(generation=self.row, kind=Moment.Kind.LOOKED)
        found: list[Attempt] = []
        for facts in looked.order_by("number").values_list("facts", flat=True):
            pairs = zip(facts.get("offsets", []), facts.get("took_ms", []), strict=False)
            found += [_attempt(offset, took, facts.get("http") or 0) for offset, took in pairs]
        for look in self.row.looks.split(";"):
            offset, _first, rest = look.partition(":")
            took, _second, http = rest.partition(":")
            if offset.isdigit() and took.isdigit():
                found.append(_attempt(int(offset), int(took), int(http) if http.isdigit() else 0))
        return found[-_ATTEMPTS:][::-1]


def _attempt(offset: float, took: float, http: int) -> Attempt:
    return Attempt(f"+{length(offset / 1000)}", length(took / 1000), http)


def _mark(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode("utf-8", "replace")).hexdigest()[:10]


def _pretty(value: object) -> SafeString | str:
    text = json.dumps(value, indent=2, ensure_ascii=False) if value is not None else ""
    return coloured(text[:_SHOWN], "json") if text else ""
