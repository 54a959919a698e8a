"""The board: which jobs somebody wants to see, those that run first, then the others by day.

Rows are numbered by their moment, so the newest are the greatest numbers and a page begins behind
one of them. What changed meanwhile is asked for by what a page shows: each card names its job and
all that it knows of it, so neither equal moments nor late commits can hide a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from debugger.exchanges.models import Exchange
from debugger.generations.models import PREFIX, Generation
from debugger.generations.pages import cards
from debugger.generations.pages.cards import Card
from debugger.teams.models import Team
from debugger.web import moments

State = Generation.State
RUNNING: Final = (State.SUBMITTING, State.ACTIVE)
ATTENTION: Final = (State.PAUSED, State.UNKNOWN)
OPEN: Final = (*RUNNING, *ATTENTION)
STATES: Final[Mapping[str, tuple[tuple[State, ...], object]]] = {
    "running": (RUNNING, gettext_lazy("Running")),
    "attention": (ATTENTION, gettext_lazy("Need attention")),
    "ended": (
        (State.SUCCEEDED, State.FAILED, State.LOST, State.STOPPED, State.BY_HAND),
        gettext_lazy("Ended"),
    ),
    "failed": ((State.FAILED, State.LOST), gettext_lazy("Failed")),
}
OPEN_SHOWN: Final = 60
ENDED_SHOWN: Final = 40
ADDED_AT_ONCE: Final = 20
MOST_SHOWN: Final = 200
"""Cards that one page keeps up to date; all of their names have to fit into one address."""
OVERLAP: Final = timedelta(seconds=30)
"""How far behind the newest card a new one is looked for: writers may be that late."""
_LATELY: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to see; "" for everything of its kind. ``typed`` stands in the form."""

    state: str = ""
    mode: str = ""
    model: str = ""
    person: int | None = None
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether some jobs are left out."""
        return bool(self.query)

    @property
    def query(self) -> str:
        """The filter as it stands in a link."""
        return urlencode({name: value for name, value in self.typed.items() if value})

    @property
    def states(self) -> tuple[State, ...]:
        """The states that fit; all of them where none is wanted."""
        return STATES[self.state][0] if self.state else tuple(State)

    def but_for(self, state: str) -> str:
        """The same filter with another state, as it stands in a link."""
        typed = {**self.typed, "state": state}
        return urlencode({name: value for name, value in typed.items() if value})


def narrowed(data: Mapping[str, str]) -> Wanted:
    """The filter of a link or a form; a word that means nothing is left out. Never raises."""
    names = ("state", "mode", "model", "person")
    given = {name: str(data.get(name) or "").replace("\0", "").strip()[:100] for name in names}
    state = given["state"] if given["state"] in STATES else ""
    mode = given["mode"] if given["mode"] in Exchange.Mode.values else ""
    digits = given["person"]
    person = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None
    typed = {
        "state": state,
        "mode": mode,
        "model": given["model"],
        "person": str(person) if person is not None else "",
    }
    return Wanted(state=state, mode=mode, model=given["model"], person=person, typed=typed)


def rows(team: Team, wanted: Wanted) -> QuerySet[Generation]:
    """The team's jobs that fit whatever their state, without the columns that no list shows."""
    found = Generation.objects.filter(team=team).defer(*cards.HEAVY)
    if wanted.mode:
        found = found.filter(mode=wanted.mode)
    if wanted.model:
        found = found.filter(model=wanted.model)
    if wanted.person is not None:
        found = found.filter(user_id=wanted.person)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The jobs of one day of UTC, newest first."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the board. ``open`` is on the first page alone; ``older`` begins the next one."""

    open: tuple[Card, ...]
    open_left: bool
    days: tuple[Day, ...]
    older: str
    first: bool


def page(team: Team, wanted: Wanted, *, older_than: str, now: datetime) -> Page:
    """One page, by a number of statements that depends on the filter alone."""
    behind = moments.number_of(PREFIX, older_than)
    fitting = rows(team, wanted)
    running = _opened(fitting, wanted) if behind is None else []
    ended = _others(fitting, wanted, behind=behind)
    shown, listed = running[:OPEN_SHOWN], ended[:ENDED_SHOWN]
    made = cards.of([*shown, *listed], team=team, now=now)
    return Page(
        open=tuple(made[: len(shown)]),
        open_left=len(running) > OPEN_SHOWN,
        days=tuple(_days(made[len(shown) :], now=now)),
        older=listed[-1].name if len(ended) > ENDED_SHOWN else "",
        first=behind is None,
    )


def _opened(fitting: QuerySet[Generation], wanted: Wanted) -> list[Generation]:
    """The newest rows that have not ended, one more than are shown."""
    states = [state for state in OPEN if state in wanted.states]
    return _newest(fitting, states, most=OPEN_SHOWN + 1)


def _others(
    fitting: QuerySet[Generation], wanted: Wanted, *, behind: int | None
) -> list[Generation]:
    """The newest rows that are not open, one more than are shown."""
    if behind is not None:
        fitting = fitting.filter(pk__lt=behind)
    states = [state for state in wanted.states if state not in OPEN]
    if len(states) > len(STATES["failed"][0]):
        # Nearly every row is one of these, so the newest ones are found at once.
        return list(fitting.exclude(state__in=OPEN).order_by("-pk")[: ENDED_SHOWN + 1])
    return _newest(fitting, states, most=ENDED_SHOWN + 1)


def _newest(
    fitting: QuerySet[Generation], states: Iterable[State], *, most: int
) -> list[Generation]:
    """The newest rows in any of these states: each state is asked for, since it has an index."""
    found = [row for state in states for row in fitting.filter(state=state).order_by("-pk")[:most]]
    return sorted(found, key=lambda row: -row.pk)[:most]


def _days(shown: Iterable[Card], *, now: datetime) -> list[Day]:
    days: dict[date, list[Card]] = {}
    for each in shown:
        days.setdefault(moments.moment_of(each.row.pk).date(), []).append(each)
    today = now.astimezone(UTC).date()
    return [Day(title=_day(day, today), cards=tuple(each)) for day, each in days.items()]


def _day(day: date, today: date) -> str:
    written = date_format(day, "j M Y")
    if day == today:
        return _("Today, %(day)s") % {"day": written}
    if day == today - timedelta(days=1):
        return _("Yesterday, %(day)s") % {"day": written}
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a page does not show yet: cards that changed, cards that were looked at, new cards.

    ``gone`` names cards without a row: the request of one was refused, or another row has its job.
    """

    changed: tuple[Card, ...]
    looked: tuple[Card, ...]
    added: tuple[Card, ...]
    gone: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether there is something to say."""
        return bool(self.changed or self.looked or self.added or self.gone)


def news(team: Team, wanted: Wanted, shown: Iterable[str], *, since: str, now: datetime) -> News:
    """What became of the cards of a page, which are named as ``Card.looked`` names them.

    ``since`` is ``beginning(…)`` of the page, "" for one that takes up no new cards.
    """
    known = dict(_known(shown))
    numbers = list(known)
    mine = Generation.objects.filter(team=team, pk__in=numbers).defer(*cards.HEAVY)
    fresh = _added(team, wanted, known=numbers, since=since)
    changed: list[Card] = []
    looked: list[Card] = []
    added: list[Card] = []
    here = list(mine.order_by("-pk"))
    gone = known.keys() - {row.pk for row in here}
    for each in cards.marked([*here, *fresh], team=team):
        # Most cards have nothing to say: only those that do are made.
        had, polls = known.get(each.row.pk, ("", ""))
        if had == each.mark and polls == str(each.row.polls):
            continue
        card = cards.card(each.row, files=each.files, now=now)
        news_of = looked if had == each.mark else changed if each.row.pk in known else added
        news_of.append(card)
    return News(
        changed=tuple(changed),
        looked=tuple(looked),
        added=tuple(added),
        gone=tuple(moments.name_of(PREFIX, number) for number in sorted(gone)),
    )


def _known(shown: Iterable[str]) -> Iterable[tuple[int, tuple[str, str]]]:
    for text in list(shown)[:MOST_SHOWN]:
        name, mark, polls = (*text.split(".")[:3], "", "")[:3]
        number = moments.number_of(PREFIX, name)
        if number is not None:
            yield number, (mark, polls)


def beginning(now: datetime) -> str:
    """The moment at which a page was made, as it names it when it asks for news."""
    return moments.name_of(PREFIX, moments.first_id(now))


def _added(team: Team, wanted: Wanted, *, known: list[int], since: str) -> Iterable[Generation]:
    """Jobs that fit and are not shown: newer ones, and those that came into a wanted state."""
    number = moments.number_of(PREFIX, since)
    if number is None or len(known) >= MOST_SHOWN:
        return ()
    after = moments.moment_of(number) - OVERLAP
    found = rows(team, wanted).exclude(pk__in=known)
    if wanted.state:
        found = found.filter(state__in=wanted.states)
    if wanted.state in ("", "running"):
        found = found.filter(pk__gt=moments.first_id(after))
    else:
        found = found.filter(changed_at__gt=after)
    return found.order_by("-pk")[:ADDED_AT_ONCE]


def choices(team: Team, wanted: Wanted) -> dict[str, list[tuple[str, str]]]:
    """Models and people of the latest jobs, and whatever is chosen, for the filter."""
    lately = Generation.objects.filter(team=team).order_by("-pk")
    found = lately.values_list("model", "user_id", "user_name")[:_LATELY]
    models, people = {wanted.model} - {""}, {}
    if wanted.person is not None:
        people[str(wanted.person)] = str(wanted.person)
    for model, user_id, name in found:
        models.add(model)
        if user_id is not None:
            people[str(user_id)] = name
    return {
        "models": [(model, model) for model in sorted(models - {""})],
        "people": sorted(people.items(), key=lambda item: item[1].casefold()),
    }
