"""What happened to a job, line by line: read from rows that somebody else wrote, so with care.

A run of looks without news is one line. While it goes on it stands in the job's own row as
"offset_ms:took_ms:status;" each, later in a moment; it reads the same from both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.safestring import SafeString

from debugger.client import jsontext
from debugger.generations.models import Generation, Moment
from debugger.generations.moments import KEPT
from debugger.generations.telling import sayings
from debugger.generations.telling.sayings import Facts, offset
from debugger.web.highlight import coloured
from debugger.web.lengths import length

_TEXT: Final = 64 * 1024
_MS: Final = timedelta(milliseconds=1)
_LONGEST: Final = 10 * 366 * 24 * 3600 * 1000
"""Milliseconds that are believed of an offset; a clock that jumped makes longer ones."""
Kind = Moment.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLook:
    """One look: when, in milliseconds since the start, and how long its answer took."""

    ms: int
    took_ms: int

    @property
    def offset(self) -> str:
        """When it was, as a person reads it."""
        return offset(self.ms)

    @property
    def took(self) -> str:
        """How long its answer took."""
        return length(self.took_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list. ``ms`` and ``until_ms`` are milliseconds since the start.

    ``looks`` are the single looks of a collapsed line, of which ``count`` may be more than are
    kept. ``payload`` is what was sent or came, "" for none; ``place`` names the line in a page.
    """

    kind: str
    label: str
    sentence: str
    tone: str
    at: datetime
    ms: int
    until_ms: int | None = None
    count: int = 1
    http: int | None = None
    looks: tuple[OneLook, ...] = ()
    payload: str = ""
    place: str = ""
    facts: Facts = field(default_factory=dict, repr=False)

    @property
    def offset(self) -> str:
        """When it began: "+1.84 s"."""
        return offset(self.ms)

    @property
    def until(self) -> str:
        """When a collapsed line ended; "" for a single one."""
        return "" if self.until_ms is None or self.count < 2 else offset(self.until_ms)

    @property
    def more(self) -> int:
        """Looks that were counted and whose times are not kept."""
        return max(0, self.count - len(self.looks)) if self.kind == Kind.LOOKED else 0

    @property
    def is_json(self) -> bool:
        """Whether the payload is JSON."""
        return bool(self.payload) and _pretty(self.payload) is not None

    @property
    def shown(self) -> SafeString:
        """The payload as it is shown: JSON in lines and coloured, anything else as it is."""
        pretty = _pretty(self.payload)
        if pretty is None:
            return coloured(self.payload, "text")
        return coloured(pretty, "json")


def of_moment(moment: Moment, start: datetime) -> Line:
    """One moment of a job that was submitted at ``start``."""
    facts = moment.facts if isinstance(moment.facts, dict) else {}
    if moment.kind == Kind.LOOKED:
        return _looked(
            looks=_kept_looks(facts),
            count=max(1, moment.count),
            http=_status(facts.get("http")),
            span=(since(start, moment.at), since(start, moment.until or moment.at)),
            start=start,
        )
    said = sayings.SAYS.get(moment.kind, _plain)(facts)
    return Line(
        kind=moment.kind,
        label=str(Kind(moment.kind).label) if moment.kind in Kind.values else moment.kind,
        sentence=said.text,
        tone=said.tone,
        at=moment.at,
        ms=since(start, moment.at),
        until_ms=None if moment.until is None else since(start, moment.until),
        count=max(1, moment.count),
        http=_status(facts.get("http")),
        payload=moment.payload,
        place=f"moment-{moment.number}",
        facts=facts,
    )


def _plain(facts: Facts) -> sayings.Said:
    """For a kind that a later release wrote: its facts as they are."""
    return sayings.Said(json.dumps(facts)[:200] if facts else "", "quiet")


def since(start: datetime, moment: datetime) -> int:
    """Milliseconds between the two, none where a clock went back."""
    # Rounded as the offsets of looks are (moments.noted), or one moment would be two.
    return max(0, round((moment - start) / _MS))


def _looked(
    *,
    looks: tuple[OneLook, ...],
    count: int,
    http: int | None,
    span: tuple[int, int],
    start: datetime,
) -> Line:
    """A run of looks that saw nothing new, as one line."""
    said = sayings.looked(count, http)
    return Line(
        kind=Kind.LOOKED,
        label=str(Kind.LOOKED.label),
        sentence=said.text,
        tone=said.tone,
        at=start + span[0] * _MS,
        ms=span[0],
        until_ms=span[1],
        count=count,
        http=http,
        looks=looks,
        # The start of a run stays what it is when the run is written down as a moment.
        place=f"looks-{span[0]}",
    )


def with_news(line: Line, following: Line | None) -> Line:
    """A run of looks, which says so where its last one is the one that saw a change."""
    if line.kind != Kind.LOOKED or following is None or following.kind != Kind.CHANGED:
        return line
    if following.ms != line.until_ms:
        return line
    said = sayings.found(line.count)
    return replace(line, sentence=said.text, tone=said.tone)


# -- Looks, which come as texts and lists that somebody else wrote ---------------------------------


def of_looks(generation: Generation) -> Line | None:
    """The looks since the last news; None where there were none."""
    text = generation.looks
    count = text.count(";")
    if not count:
        return None
    pieces = text[-_TEXT:].split(";")[:-1]
    read = [found for piece in pieces[-KEPT:] if (found := _look(piece)) is not None]
    if not read:
        return None
    first = _look(text[:64].split(";")[0]) or read[0]
    last = read[-1]
    return _looked(
        looks=tuple(OneLook(ms=ms, took_ms=took) for ms, took, _http in read),
        count=count,
        http=_status(last[2]),
        span=(first[0], max(first[0], last[0])),
        start=generation.submitted_at,
    )


def _look(piece: str) -> tuple[int, int, int] | None:
    """Offset, duration and HTTP status of one look; None for what is no look."""
    parts = piece.split(":")
    if len(parts) != 3:
        return None
    numbers = [_number(part) for part in parts]
    if numbers[0] is None or numbers[1] is None:
        return None
    return numbers[0], numbers[1], numbers[2] or 0


def _number(value: object) -> int | None:
    """A whole number of milliseconds that can be; None for anything else."""
    if isinstance(value, str):
        text = value.strip().partition(".")[0]
        value = int(text) if len(text) < 16 and text.isascii() and text.isdigit() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _LONGEST else None


def _kept_looks(facts: Facts) -> tuple[OneLook, ...]:
    """The times of single looks that a moment keeps, as far as they can be read."""
    offsets, took = _numbers(facts.get("offsets")), _numbers(facts.get("took_ms"))
    return tuple(
        OneLook(ms=ms, took_ms=ms_took) for ms, ms_took in zip(offsets, took, strict=False)
    )


def _numbers(value: object) -> list[int]:
    listed = value[:KEPT] if isinstance(value, list) else []
    return [number for each in listed if (number := _number(each)) is not None]


def _status(value: object) -> int | None:
    number = _number(value)
    return number if number is not None and 100 <= number <= 599 else None


def _pretty(text: str) -> str | None:
    """JSON in lines; None for what is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    found: Any = jsontext.read_json(text.encode(errors="replace"))
    if isinstance(found, jsontext.NotJson):
        return None
    return json.dumps(found.value, indent=2, ensure_ascii=False)
