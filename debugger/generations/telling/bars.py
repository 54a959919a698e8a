"""The timeline as a drawing: lanes of bars and marks over one scale, ready for a template.

Places are texts in percent of the drawing's width, so that the drawing is as wide as its page while
its words keep their size. Every lane says in words what it draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import jobs
from debugger.generations.models import Moment
from debugger.generations.telling import sayings
from debugger.generations.telling.lines import Line
from debugger.generations.telling.sayings import offset
from debugger.generations.telling.scale import Scale, scale
from debugger.web.lengths import length

Kind = Moment.Kind
_THIN: Final = 0.6
"""Percent that the shortest part takes, so that it is seen at all."""
_IDLE: Final = frozenset({Kind.PAUSED, Kind.STOPPED})
_MOST_STATUSES: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A bar of a lane, in percent; ``look`` is its class."""

    x: str
    width: str
    look: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a lane, in percent; ``look`` is its class."""

    x: str
    look: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of the drawing. ``term`` says that its label is a word of the API.

    ``value`` is what it comes to, such as a duration; ``words`` say all that it draws.
    """

    label: str
    value: str
    words: str
    term: bool = False
    parts: tuple[Part, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the axis; ``anchor`` is how it stands at its place."""

    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that was cut out, with its length in words."""

    x: str
    width: str
    middle: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All lanes, the axis over them, and where the job ended ("" while it has not)."""

    lanes: tuple[Lane, ...] = ()
    ticks: tuple[Tick, ...] = ()
    gaps: tuple[Gap, ...] = ()
    end: str = ""
    end_look: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of time in milliseconds."""

    start: int
    end: int
    look: str


def drawing(lines: Sequence[Line], *, status: str, end_ms: int | None) -> Drawing:
    """Draw these lines. ``end_ms`` is now for an open job, None for one that has ended."""
    if not lines:
        return Drawing()
    ended = next((line for line in lines if line.kind == Kind.ENDED), None)
    last = max(line.until_ms or line.ms for line in lines)
    end = max(last, end_ms or 0)
    over = scale(_times(lines, end))
    job_end = ended.ms if ended is not None else end
    makers = (
        _requests(lines),
        *_statuses(lines, status=status, end=job_end),
        _idle(lines, end=job_end),
        _looks(lines),
        _files(lines, ended=job_end),
        _credits(lines),
    )
    return Drawing(
        lanes=tuple(_drawn(each, over) for each in makers if each is not None),
        ticks=tuple(_ticks(over)),
        gaps=tuple(_gaps(over)),
        end=_percent(over.x(ended.ms)) if ended is not None else "",
        end_look=ended.tone if ended is not None else "",
    )


def _times(lines: Iterable[Line], end: int) -> Iterator[int]:
    yield end
    for line in lines:
        yield line.ms
        if line.until_ms is not None:
            yield line.until_ms
        yield from (look.ms for look in line.looks if look.ms <= end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A lane before it is put on the scale."""

    label: str
    value: str
    words: str
    term: bool = False
    spans: tuple[_Span, ...] = ()
    moments: tuple[tuple[int, str], ...] = ()


def _lasting(spans: Iterable[_Span]) -> str:
    return length(sum(span.end - span.start for span in spans) / 1000)


def _during(label: str, spans: Sequence[_Span]) -> str:
    """In words: "queued: 2.1 s, from +0.31 s to +2.41 s"."""
    words = {"label": label, "time": _lasting(spans)}
    words |= {"start": offset(spans[0].start), "end": offset(spans[-1].end)}
    return _("%(label)s: %(time)s, from %(start)s to %(end)s") % words


def _requests(lines: Sequence[Line]) -> _Plan | None:
    """From the first request to the first answer; sending it again in between is a mark."""
    sent = next((line for line in lines if line.kind == Kind.SENT), None)
    if sent is None:
        return None
    answer = next((line for line in lines if line.kind == Kind.ANSWERED), None)
    again = [line for line in lines if line.kind == Kind.RESENT]
    end = answer.ms if answer is not None else max([sent.ms, *(line.ms for line in again)])
    took = _took(answer)
    if answer is not None and not again and end <= sent.ms:
        end = sent.ms + took  # The row may be as old as its answer.
    span = _Span(sent.ms, end, "request" if answer is not None else "odd")
    label = _("Request")
    value = length((span.end - span.start) / 1000) if answer is not None else _("no answer")
    return _Plan(
        label=label,
        value=value,
        words=_during(label, [span]),
        spans=(span,),
        moments=tuple((line.ms, "odd") for line in again),
    )


def _took(answer: Line | None) -> int:
    took = answer.facts.get("took_ms") if answer is not None else None
    number = isinstance(took, int | float) and not isinstance(took, bool)
    return int(took) if number and took is not None and 0 <= took < 3_600_000 else 0


def _statuses(lines: Sequence[Line], *, status: str, end: int) -> list[_Plan]:
    """A lane for each status that the job was seen in, in the order of their first times."""
    changes = [line for line in lines if line.kind == Kind.CHANGED]
    answer = next((line for line in lines if line.kind == Kind.ANSWERED), None)
    first = _text(changes[0], "before") if changes else status
    seen = [(answer.ms if answer is not None else 0, first)]
    seen += [(line.ms, _text(line, "after")) for line in changes]
    spans: dict[str, list[_Span]] = {}
    for (start, name), (stop, _next) in zip(seen, [*seen[1:], (end, "")], strict=True):
        if name and (stop > start or len(seen) == 1) and name not in _FINAL:
            spans.setdefault(name, []).append(_Span(start, stop, sayings.tone_of(name)))
    return [
        _Plan(
            label=name,
            value=_lasting(found),
            words=_during(name, found),
            term=True,
            spans=tuple(found),
        )
        for name, found in list(spans.items())[:_MOST_STATUSES]
    ]


_FINAL: Final = frozenset(jobs.FINAL)


def _text(line: Line, name: str) -> str:
    value = line.facts.get(name)
    return value[:64] if isinstance(value, str) else ""


def _idle(lines: Iterable[Line], *, end: int) -> _Plan | None:
    """When nobody looked: paused, or stopped by somebody."""
    spans: list[_Span] = []
    since: int | None = None
    for line in lines:
        if line.kind in _IDLE and since is None:
            since = line.ms
        elif line.kind in {Kind.RESUMED, Kind.ENDED} and since is not None:
            spans.append(_Span(since, line.ms, "idle"))
            since = None
    if since is not None and end > since:
        spans.append(_Span(since, end, "idle"))
    if not spans:
        return None
    label = _("Nobody looked")
    return _Plan(
        label=label, value=_lasting(spans), words=_during(label, spans), spans=tuple(spans)
    )


def _looks(lines: Sequence[Line]) -> _Plan | None:
    """A mark for each look whose time is kept; those that saw a change stand out."""
    runs = [line for line in lines if line.kind == Kind.LOOKED]
    news = {line.ms for line in lines if line.kind == Kind.CHANGED}
    looks = {look.ms: line.tone for line in runs for look in line.looks}
    if not runs and not news:
        return None
    marks = [(ms, tone) for ms, tone in looks.items() if ms not in news]
    marks += [(ms, "news") for ms in sorted(news)]
    # A look that saw a change may stand in its run or only in the change.
    count = sum(line.count for line in runs) + len(news - looks.keys())
    said = ngettext("%(count)d look", "%(count)d looks", count) % {"count": count}
    return _Plan(label=_("Looks"), value=f"× {count}", words=said, moments=tuple(marks))


def _files(lines: Iterable[Line], *, ended: int) -> _Plan | None:
    found = [line for line in lines if line.kind in {Kind.FILE_SAVED, Kind.FILE_REFUSED}]
    if not found:
        return None
    last = max(line.ms for line in found)
    span = _Span(min(ended, last), last, "saving")
    label = _("Saving results")
    return _Plan(
        label=label,
        value=_lasting([span]),
        words=_during(label, [span]),
        spans=(span,),
        moments=tuple((line.ms, line.tone) for line in found),
    )


def _credits(lines: Iterable[Line]) -> _Plan | None:
    found = [line for line in lines if line.kind in {Kind.SETTLED, Kind.BALANCE}]
    settled = [line for line in found if line.kind == Kind.SETTLED]
    if not found:
        return None
    at = settled[-1] if settled else found[-1]
    said = ", ".join(f"{line.label} {line.offset}" for line in found)
    marks = tuple((line.ms, "credits") for line in found)
    return _Plan(label=_("Credits"), value=at.offset, words=said, moments=marks)


# -- On the scale ----------------------------------------------------------------------------------


def _drawn(plan: _Plan, over: Scale) -> Lane:
    marks = {(_percent(over.x(ms), 1), look): None for ms, look in plan.moments}
    return Lane(
        label=plan.label,
        value=plan.value,
        words=plan.words,
        term=plan.term,
        parts=tuple(_part(span, over) for span in plan.spans),
        marks=tuple(Mark(x, look) for x, look in marks),
    )


def _part(span: _Span, over: Scale) -> Part:
    start, end = over.x(span.start), over.x(span.end)
    width = max(end - start, _THIN)
    return Part(_percent(min(start, 100 - width)), _percent(width), span.look)


def _ticks(over: Scale) -> Iterator[Tick]:
    for ms in over.ticks():
        x = over.x(ms)
        anchor = "start" if x < 4 else "end" if x > 93 else "middle"
        yield Tick(_percent(x), sayings.round_time(ms) if ms else "0", anchor)


def _gaps(over: Scale) -> Iterator[Gap]:
    for cut in over.cuts:
        words = length((cut.end - cut.start) / 1000)
        middle = _percent(cut.x + cut.width / 2)
        yield Gap(_percent(cut.x), _percent(cut.width), middle, words)


def _percent(place: float, digits: int = 2) -> str:
    """A place as SVG takes it, whatever the language writes its numbers like."""
    return f"{place:.{digits}f}%"
