"""A job as templates show it: ``Card`` is the ``job`` of every template of this room.

    shown = cards.of(rows, now=now)

Two statements for however many rows: theirs, which the caller made, and that of their files.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.client.jsontext import Parsed, read_json
from debugger.contract import catalog, errors
from debugger.contract.parts import split
from debugger.generations import locker
from debugger.generations.locker import FileView
from debugger.generations.models import Generation
from debugger.generations.pages import handing, wording
from debugger.generations.pages.wording import Badge
from debugger.generations.telling import money
from debugger.generations.telling.money import MoneyLine
from debugger.teams.models import Team
from debugger.web.lengths import length

State = Generation.State
HEAVY: Final = ("answer", "request_text", "looks")
"""Columns that no list shows."""
BEAT_MS: Final = 1_500
SLOW_MS: Final = 10_000
SETTLING: Final = timedelta(minutes=1)
"""How long after the end a page still asks: copies, credits and balances come a little later."""
OVERDUE: Final = timedelta(minutes=1)
"""How long after its time a look is not merely late: then nobody seems to look at all."""
_WAITING: Final = frozenset({State.SUBMITTING, State.ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One file of a result.

    ``src`` is the address of our copy where a browser may show it, ``download`` wherever there is a
    copy, ``address`` is the upstream's own. ``word`` says how far the copy is while there is none,
    ``handover`` is what a panel takes to use it as an input, as JSON.
    """

    id: str
    kind: str
    address: str
    src: str = ""
    download: str = ""
    word: str = ""
    waiting: bool = False
    mime: str = ""
    size: str = ""
    width: int | None = None
    height: int | None = None
    seconds: str = ""
    theirs: str = ""
    ours: str = ""
    handover: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A job. Seconds are as of the moment at which the card was made; ``row`` has the rest.

    ``mark`` changes with everything that a card shows but its clocks, ``looked`` with each look.
    ``beat`` is after how many milliseconds a page that shows the card asks again, 0 for no more.
    ``next_in`` is 0 while somebody looks; ``overdue`` is for how long nobody did who should have.
    """

    row: Generation
    name: str
    badge: Badge
    note: str
    mark: str
    open: bool
    waiting: bool
    elapsed: float
    took: str
    seen_ago: int | None
    next_in: int | None
    overdue: int | None
    media: tuple[Medium, ...]
    category: str
    model_name: str
    money: MoneyLine
    credits: str
    advice: str
    save_url: str
    beat: int

    @property
    def looked(self) -> str:
        """Names the card and all that it shows, as a page tells what it has."""
        return f"{self.name}.{self.mark}.{self.row.polls}"

    @property
    def thumb(self) -> Medium | None:
        """The first image that we have a copy of."""
        return next((each for each in self.media if each.src and each.kind == "image"), None)

    @property
    def spoken_title(self) -> str:
        """The title, or the model where nothing was asked in words."""
        return self.row.title or self.model_name or self.name


@dataclass(frozen=True, slots=True)
class Marked:
    """A row with its files, before a card is made of them: enough to say whether one is needed."""

    row: Generation
    files: tuple[FileView, ...]
    mark: str


def marked(rows: Iterable[Generation], *, team: Team) -> list[Marked]:
    """Rows of one team with their files and marks, in their order."""
    listed = list(rows)
    for row in listed:
        row.team = team
    found = locker.files_of_many(listed) if listed else {}
    files = [found.get(row.pk, ()) for row in listed]
    return [Marked(row, own, _mark(row, own)) for row, own in zip(listed, files, strict=True)]


def of(rows: Iterable[Generation], *, team: Team, now: datetime) -> list[Card]:
    """Cards for rows of one team, in their order."""
    return [card(each.row, files=each.files, now=now) for each in marked(rows, team=team)]


def card(
    row: Generation, *, files: tuple[FileView, ...], now: datetime, whole: bool = False
) -> Card:
    """The card of a row that has its team; ``whole`` reads its answer where no file was noted."""
    media = tuple(_medium(each, row=row, now=now) for each in files)
    if not media and whole:
        media = _uncopied(row)
    end = row.ended_at or now
    line = money.brief(row)
    model = catalog.get(row.model)
    return Card(
        row=row,
        name=row.name,
        badge=wording.badge(row),
        note=wording.note(row),
        mark=_mark(row, files),
        open=not row.is_final,
        waiting=row.state in _WAITING,
        elapsed=max(0.0, (end - row.submitted_at).total_seconds()),
        took=length((end - row.submitted_at).total_seconds()) if row.is_final else "",
        seen_ago=None if row.polled_at is None else _whole_seconds(now, row.polled_at),
        next_in=_next_in(row, now=now),
        overdue=_overdue(row, now=now),
        media=media,
        category=row.category or (model.category.value if model else ""),
        model_name=model.display_name if model else row.model,
        money=line,
        credits=_credits(line),
        advice=_advice(row),
        save_url=address("results:save", slug=row.team.slug, generation=row.name),
        beat=_beat(row, media, now=now),
    )


def _mark(row: Generation, files: Iterable[FileView]) -> str:
    """Stands for everything on a card that is no clock."""
    copies = ",".join(f"{each.public_id}{each.state}{each.tries}" for each in files)
    return hashlib.sha256(f"{row.version}:{row.state}:{copies}".encode()).hexdigest()[:8]


def _whole_seconds(later: datetime, earlier: datetime) -> int:
    return max(0, int((later - earlier).total_seconds()))


def _next_in(row: Generation, *, now: datetime) -> int | None:
    """Seconds until the next look. The time of a claimed row is the end of its lease instead."""
    # While a request is open, its answer is waited for and not the next try.
    if row.next_poll_at is None or row.is_under_way:
        return None
    return 0 if row.lease and row.next_poll_at > now else _whole_seconds(row.next_poll_at, now)


def _overdue(row: Generation, *, now: datetime) -> int | None:
    if row.state not in Generation.POLLED or row.next_poll_at is None:
        return None
    late = now - row.next_poll_at
    return int(late.total_seconds()) if late >= OVERDUE else None


def _beat(row: Generation, media: tuple[Medium, ...], *, now: datetime) -> int:
    if row.state in _WAITING:
        return BEAT_MS
    if not row.is_final:
        return SLOW_MS
    settling = row.ended_at is not None and now - row.ended_at < SETTLING
    return BEAT_MS if settling or any(each.waiting for each in media) else 0


def _advice(row: Generation) -> str:
    """What the documentation says of a failed job's error."""
    if row.state != State.FAILED:
        return ""
    entry = errors.explain(row.error_code or None, None)
    return f"{_(entry.meaning)} {_(entry.fix)}"


def address(name: str, **parts: str | None) -> str:
    """The address of a page; "" where there is none of this name."""
    try:
        return reverse(name, kwargs=parts)
    except NoReverseMatch:
        return ""


def _credits(line: MoneyLine) -> str:
    """The best known amount, with the word that says how well it is known."""
    if line.final is not None:
        return credits_of(line.final)
    if line.reserved is not None:
        return _("%(amount)s reserved") % {"amount": credits_of(line.reserved)}
    if line.estimated is not None:
        return _("about %(amount)s") % {"amount": credits_of(line.estimated)}
    return ""


def credits_of(amount: Decimal) -> str:
    """An amount with its unit; a part of one is more than one."""
    words = ngettext("%s credit", "%s credits", 1 if amount == 1 else 2)
    return words % money.amount(amount)


# -- Results ---------------------------------------------------------------------------------------


def _medium(file: FileView, *, row: Generation, now: datetime) -> Medium:
    kind = file.kind or kind_of(file.url, row.category)
    return Medium(
        id=file.public_id,
        kind=kind,
        address=_followable(file.url),
        src=file.address if file.is_shown else "",
        download=file.download,
        word="" if file.is_saved else _copy_word(file),
        waiting=file.is_waiting,
        mime=file.mime,
        size=file.size_text,
        width=file.width,
        height=file.height,
        seconds=length(file.seconds) if file.seconds else "",
        theirs=_their_expiry(file, now=now),
        ours=_our_expiry(file) if file.is_saved else "",
        handover=handing.reference(file.url, kind=kind, mime=file.mime),
    )


def _followable(url: str) -> str:
    """An address that a link may lead to: what an answer names may be anything."""
    return url if url.startswith(("https://", "http://")) else ""


def _copy_word(file: FileView) -> str:
    if file.is_waiting:
        tries = {"number": file.tries + 1}
        return _("Copying, try %(number)d…") % tries if file.tries else _("Copying…")
    if file.gone_at is not None:
        return _("Our copy is gone. %(reason)s") % {"reason": file.reason}
    return _("Not copied. %(reason)s") % {"reason": file.reason}


def _their_expiry(file: FileView, *, now: datetime) -> str:
    if file.upstream_expires_at is None:
        return _("Rivya link: expiry not stated")
    left = (file.upstream_expires_at - now).total_seconds()
    if left <= 0:
        return _("Rivya link: expired")
    return _("Rivya link: valid %(time)s") % {"time": length(left)}


def _our_expiry(file: FileView) -> str:
    if file.expires_at is None:
        return _("our copy: kept without end")
    return _("our copy: kept until %(day)s") % {"day": date_format(file.expires_at, "j M Y")}


def kind_of(url: str, category: str) -> str:
    """Which element shows an address: by its ending, else by what the model makes."""
    try:
        family = (mimetypes.guess_type(split(url).path)[0] or "").partition("/")[0]
    except ValueError:
        return "other"
    if family in ("image", "video", "audio"):
        return family
    return category if category in ("image", "video", "audio") else "other"


def _uncopied(row: Generation) -> tuple[Medium, ...]:
    """The results that an answer names, where nobody noted that they should be copied."""
    return tuple(
        Medium(
            id=f"{row.name}-{number}",
            kind=kind_of(url, row.category),
            address=_followable(url),
            word=_("There is no copy of it here."),
            theirs=_("Rivya link: expiry not stated"),
            handover=handing.reference(url, kind=kind_of(url, row.category)),
        )
        for number, url in enumerate(locker.urls_of(row.answer)[:12])
    )


def answer_of(row: Generation) -> dict[str, Any]:
    """The last answer as a value; an empty one where there is none to read."""
    found = read_json(row.answer.encode("utf-8", "replace"))
    value = found.value if isinstance(found, Parsed) else None
    return value if isinstance(value, dict) else {}
