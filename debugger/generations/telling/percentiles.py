"""Is this job slow? Compared with what the same team saw of the same model before.

Percentiles are those of the nearest rank: p95 of 20 times is the 19th of them in order, one that
really happened. Nothing is interpolated, so few runs give a rough answer, and below eight there is
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import jobs
from debugger.generations import schedule
from debugger.generations.models import Generation
from debugger.generations.pages import wording
from debugger.generations.telling import sayings
from debugger.web.lengths import length

NEEDED: Final = 8
"""Fewer runs than this say nothing."""
COMPARED: Final = 500
"""The last runs that are compared with: a model of last year is another one."""
SLOW: Final = 95
State = Generation.State
_ENDED: Final = (State.SUCCEEDED, State.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What runs of one kind took, in seconds: half of them at most ``p50``."""

    p50: float
    p95: float
    runs: int

    @property
    def half(self) -> str:
        """The median in words."""
        return length(self.p50)

    @property
    def most(self) -> str:
        """The time that 19 of 20 did not exceed, in words."""
        return length(self.p95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a job compares, in sentences for a person who waits.

    ``slow`` says that it took longer than 95 % did. ``queue``, ``run`` and ``whole`` are None where
    there are not enough runs. ``advice`` says what can be done, ``offers`` are the words of the
    buttons for it (generations:steer): look, notify, stop.
    """

    slow: bool
    sentence: str
    advice: str = ""
    queue: Times | None = None
    run: Times | None = None
    whole: Times | None = None
    offers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".strip()


def explain(generation: Generation, now: datetime) -> Explanation | None:
    """How a job that is not over compares with its team's runs of its model; one statement.

    None where nothing is waited for: the job has ended, or nobody looks.
    """
    if generation.is_final or generation.state in {State.PAUSED, State.STOPPED}:
        return None
    if generation.state == State.UNKNOWN:
        return Explanation(
            slow=True,
            sentence=_unknown(generation, now),
            advice=_("It has not failed as far as anybody knows. It can be looked at at once."),
            offers=("look", "notify", "stop"),
        )
    if not generation.model:
        return None
    return _compared(generation, _ended(generation), now)


def _ended(generation: Generation) -> list[tuple[datetime, datetime | None, datetime]]:
    """Submitted, started and ended, of the last runs of the same model in the same mode."""
    same = Generation.objects.filter(
        team_id=generation.team_id,
        model=generation.model,
        mode=generation.mode,
        state__in=_ENDED,
        ended_at__isnull=False,
    )
    found = same.exclude(pk=generation.pk).order_by("-pk")
    rows = found.values_list("submitted_at", "started_at", "ended_at")[:COMPARED]
    return [(sent, start, end) for sent, start, end in rows if end is not None]


def _compared(
    generation: Generation,
    ended: Sequence[tuple[datetime, datetime | None, datetime]],
    now: datetime,
) -> Explanation:
    whole = [_seconds(sent, end) for sent, _start, end in ended]
    # One that was already over when it was first looked at was never seen to wait or to run.
    seen = [(sent, start, end) for sent, start, end in ended if start is not None and start < end]
    times = Explanation(
        slow=False,
        sentence="",
        queue=times_of(_seconds(sent, start) for sent, start, _end in seen),
        run=times_of(_seconds(start, end) for _sent, start, end in seen),
        whole=times_of(whole),
    )
    so_far = _seconds(generation.submitted_at, now)
    if times.whole is None:
        return _too_few(len(ended))
    slow = so_far >= times.whole.p95
    return Explanation(
        slow=slow,
        sentence=_slower(so_far, whole) if slow else _usual(times.whole),
        advice=_advice(generation, times, now) if slow else "",
        queue=times.queue,
        run=times.run,
        whole=times.whole,
        offers=("look", "notify", "stop") if slow else (),
    )


def times_of(seconds: Iterable[float]) -> Times | None:
    """The percentiles of some lengths of time; None for fewer than are needed."""
    found = sorted(seconds)
    if len(found) < NEEDED:
        return None
    return Times(p50=nearest_rank(found, 50), p95=nearest_rank(found, SLOW), runs=len(found))


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """The smallest of the values that at least so many percent of them do not exceed."""
    return ordered[max(1, ceil(len(ordered) * percent / 100)) - 1]


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _too_few(runs: int) -> Explanation:
    if not runs:
        return Explanation(
            slow=False, sentence=_("This is the team's first run of this model to be compared.")
        )
    said = ngettext(
        "Only %(count)d run of this model has ended so far, which is not enough to compare.",
        "Only %(count)d runs of this model have ended so far, which is not enough to compare.",
        runs,
    )
    return Explanation(slow=False, sentence=said % {"count": runs})


def _slower(so_far: float, whole: Sequence[float]) -> str:
    runs = {"count": len(whole)}
    if so_far > max(whole):
        return _("Slower than all of your %(count)d runs of this model.") % runs
    return _("Slower than 95 %% of your %(count)d runs of this model.") % runs


def _usual(times: Times) -> str:
    words = {"count": times.runs, "half": times.half, "most": times.most}
    said = _(
        "Half of your %(count)d runs of this model took %(half)s or less, 95 %% of them %(most)s."
    )
    return said % words


def _advice(generation: Generation, times: Explanation, now: datetime) -> str:
    """Where the time goes, as far as it was seen, and what can be done."""
    started = generation.started_at
    stage = times.queue if started is None else times.run
    here = _seconds(started or generation.submitted_at, now)
    parts = []
    if stage is not None:
        words = {"time": length(here), "half": stage.half}
        text = (
            _("It waits in the queue since %(time)s; half of them waited %(half)s or less.")
            if started is None
            else _("It runs since %(time)s; half of them ran %(half)s or less.")
        )
        parts.append(text % words)
    parts.append(_("Looking goes on by itself. The API has no cancel, so the job runs on anyhow."))
    return " ".join(parts)


def _unknown(generation: Generation, now: datetime) -> str:
    """What is left to say of a job that was given up for now."""
    words = {
        "status": generation.status or _("submitted"),
        "time": wording.clock(generation.polled_at or generation.submitted_at),
        "every": sayings.round_time(round(_wait(generation, now) * 1000)),
    }
    return (
        _("Unknown, last seen %(status)s at %(time)s. It is looked at again every %(every)s.")
        % words
    )


def _wait(generation: Generation, now: datetime) -> float:
    """How far apart looks are after giving up, in seconds."""
    age = _seconds(generation.submitted_at, now)
    often = age < jobs.DEFAULT_SCHEDULE.give_up + schedule.UNKNOWN_FOR
    return schedule.UNKNOWN_EVERY if often else schedule.RARELY_EVERY
