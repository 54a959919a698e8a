"""How a job's state, lengths of time and credits are said. Pure: rows and numbers in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from debugger.contract import jobs
from debugger.generations.models import Generation

State = Generation.State
DOCUMENTED: Final = frozenset(jobs.JobStatus)


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as a word, its tone (ok, bad, busy, odd, quiet) and an icon of web/icons.py."""

    word: str
    tone: str
    icon: str


def status_word(status: str) -> str:
    """The API's own status as a person reads it; one that is not documented as it is."""
    match status:
        case jobs.JobStatus.QUEUED:
            return _("Queued")
        case jobs.JobStatus.PROCESSING:
            return _("Processing")
        case jobs.JobStatus.SUCCEEDED:
            return _("Succeeded")
        case jobs.JobStatus.FAILED:
            return _("Failed")
    return status or _("Submitted")


def badge(job: Generation) -> Badge:
    """What a job is at, in one word."""
    match State(job.state):
        case State.ACTIVE:
            return Badge(status_word(job.status), "busy", "pulse")
        case State.SUCCEEDED:
            return Badge(_("Succeeded"), "ok", "check")
        case State.FAILED:
            return Badge(_("Failed"), "bad", "warn")
        case State.LOST:
            return Badge(_("Lost"), "bad", "warn")
        case State.SUBMITTING if job.is_under_way:
            return Badge(_("Sending"), "busy", "turn")
        case State.SUBMITTING:
            return Badge(_("Sending again"), "busy", "turn")
        case State.PAUSED:
            return Badge(_("Paused"), "odd", "lock")
        case State.UNKNOWN:
            return Badge(_("Unknown"), "odd", "warn")
        case State.STOPPED:
            return Badge(_("Not watched"), "quiet", "eye")
    return Badge(status_word(job.status), "quiet", "eye")


def note(job: Generation) -> str:
    """What has to be known about the state beyond its word; "" where the word says it all."""
    match State(job.state):
        case State.SUBMITTING if job.is_under_way:
            return _(
                "The request is on its way. If its answer does not come, the same request is sent "
                "again with the same idempotency key, so there is one job and one charge."
            )
        case State.SUBMITTING:
            return _(
                "The answer was lost. The same request is sent again with the same idempotency "
                "key, so there is one job and one charge."
            )
        case State.PAUSED:
            return job.reason or _("Nobody looks until a working key is there.")
        case State.UNKNOWN:
            return _last_seen(job)
        case State.STOPPED:
            stopped = _("Nobody looks any more. The job itself goes on: the API has no cancel.")
            return f"{job.reason} {stopped}" if job.reason else stopped
        case State.LOST:
            return job.reason or _("No answer ever said that a job was made.")
        case State.BY_HAND:
            return _(
                "It was run with a key that is not stored here, so it is looked at only when "
                "somebody asks."
            )
        case State.ACTIVE if job.status and job.status not in DOCUMENTED:
            return _("This status is not documented. It is shown as it is, and looking goes on.")
    return ""


def _last_seen(job: Generation) -> str:
    """For a job of which nothing final came in a long time."""
    if job.polled_at is None:
        return _("Unknown: nothing was ever seen of it. It is looked at again later.")
    return _("Unknown, last seen %(status)s at %(time)s. It is looked at again later.") % {
        "status": job.status or _("submitted"),
        "time": clock(job.polled_at),
    }


def clock(moment: datetime) -> str:
    """A moment with its zone, the day only where it is needed to be found again."""
    return date_format(moment.astimezone(UTC), "j M Y, H:i:s") + " UTC"


def brief_length(seconds: float) -> str:
    """A length of time that is a rule and no measurement: 7.5 s, 5 min, 30 min, 3 d."""
    if seconds < 60:
        return f"{seconds:.2g} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 48 * 3600 else f"{round(seconds / 86400)} d"
