"""What came of a run, in one word: for a chip of a list, a head of a page, a line of an export.

An answer that says HTTP 200 and a failed job is a failure. A word of the API that nobody knows yet
is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from debugger.client.outcome import FailureKind
from debugger.contract.jobs import JobStatus
from debugger.exchanges.models import Exchange

Words = str | Promise

JOB_WORDS: Final[Mapping[str, Words]] = {
    JobStatus.QUEUED: _("Queued"),
    JobStatus.PROCESSING: _("Processing"),
    JobStatus.SUCCEEDED: _("Succeeded"),
    JobStatus.FAILED: _("Failed"),
}
FAILURE_WORDS: Final[Mapping[str, Words]] = {
    FailureKind.UNREACHABLE: _("No answer"),
    FailureKind.TLS: _("Not secure"),
    FailureKind.TIMED_OUT: _("Timed out"),
    FailureKind.BROKEN: _("Cut off"),
    FailureKind.REDIRECTED: _("Redirected"),
    FailureKind.TOO_LARGE: _("Too large"),
    FailureKind.NOT_JSON: _("Not JSON"),
    FailureKind.REFUSED: _("Key refused"),
    FailureKind.RATE_LIMITED: _("Rate limited"),
    FailureKind.REJECTED: _("Rejected"),
    FailureKind.UNAVAILABLE: _("Server error"),
    FailureKind.NOT_SENT: _("Not sent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``word`` on a chip of the class ``tone``, with ``icon``; ``http`` is "200 OK" or "".

    ``verbatim`` says that the word is the API's own and is not known here.
    """

    word: str
    tone: str
    icon: str
    http: str = ""
    verbatim: bool = False


def state_of(row: Exchange) -> State:
    """What came of a run. The job's word wins over the status that carried it."""
    http = http_of(row.status)
    if row.failure_kind:
        word = str(FAILURE_WORDS.get(row.failure_kind) or row.failure_kind)
        return State(word=word, tone="bad", icon="close", http=http)
    if row.job_status and row.job_status not in JOB_WORDS:
        tone, icon = ("bad", "close") if row.failed else ("quiet", "clock")
        return State(word=row.job_status, tone=tone, icon=icon, http=http, verbatim=True)
    if row.failed or row.job_status == JobStatus.FAILED:
        return State(word=str(_("Failed")), tone="bad", icon="close", http=http)
    if row.job_status in (JobStatus.QUEUED, JobStatus.PROCESSING):
        return State(word=str(JOB_WORDS[row.job_status]), tone="busy", icon="clock", http=http)
    word = str(JOB_WORDS.get(row.job_status) or _("Answered"))
    return State(word=word, tone="ok", icon="check", http=http)


def http_of(status: int | None) -> str:
    """A status with its phrase, as in "200 OK"; the number alone where it has none."""
    if status is None:
        return ""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
