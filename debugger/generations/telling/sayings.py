"""What each moment of a job reads like: facts in, one sentence and its tone out.

Facts were written by this program, but maybe by another release of it, so nothing is taken for
granted: what is missing is left out of the sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import jobs
from debugger.generations.models import Moment
from debugger.keys.live.charges import shown
from debugger.web.lengths import length

Facts = Mapping[str, Any]
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and its tone: ok, bad, busy, odd or quiet."""

    text: str
    tone: str = "quiet"


def offset(ms: int) -> str:
    """A time since the start: +1.84 s, +43.0 s, +5 min 20 s."""
    seconds = ms / 1000
    return f"+{seconds:.2f} s" if seconds < 10 else f"+{length(seconds)}"


def round_time(ms: int) -> str:
    """A round time of an axis: 0, 500 ms, 15 s, 2 min, 8 h 05 min."""
    seconds, rest = divmod(ms, 1000)
    if rest or seconds < 60 or seconds % 60:
        return f"{ms / 1000:g} s" if seconds < 120 else length(seconds)
    minutes = seconds // 60
    if minutes % 60:
        return f"{minutes} min" if minutes < 100 else length(seconds)
    return f"{minutes // 60} h"


def looked(count: int, http: int | None) -> Said:
    """A run of looks without news."""
    if http is None:
        return Said(_("No answer came."), "odd")
    if http >= 400:
        return Said(_("The answer was HTTP %(status)d.") % {"status": http}, "odd")
    return Said(ngettext("Nothing new.", "Nothing new in any of them.", count))


def found(count: int) -> Said:
    """A run of looks whose last one saw a change."""
    return Said(ngettext("It saw a change.", "The last one saw a change.", count))


def _sent(facts: Facts) -> Said:
    line = " ".join(filter(None, (_word(facts, "method"), _word(facts, "path"))))
    key = _word(facts, "idempotency")
    if not key:
        return Said(line)
    return Said(_("%(request)s, idempotency key %(key)s") % {"request": line, "key": key})


def _answered(facts: Facts) -> Said:
    status, took = _whole(facts, "http"), _amount(facts.get("took_ms"))
    after = length(float(took) / 1000) if took is not None else ""
    if status is None:
        return Said(_("No answer that can be read."), "odd")
    tone = "ok" if status < 300 else "bad"
    if not after:
        return Said(f"HTTP {status}", tone)
    return Said(_("HTTP %(status)d after %(time)s") % {"status": status, "time": after}, tone)


def _changed(facts: Facts) -> Said:
    before, after = _word(facts, "before"), _word(facts, "after")
    return Said(f"{before} → {after}" if before else after, tone_of(after))


def _resent(facts: Facts) -> Said:
    number = _whole(facts, "try")
    said = _("The same request with the same idempotency key.")
    if number is None:
        return Said(said, "odd")
    return Said(f"{said} {_('Try %(number)d.') % {'number': number}}", "odd")


def _paused(facts: Facts) -> Said:
    return Said(_word(facts, "reason") or _("Nobody looks for now."), "odd")


def _resumed(facts: Facts) -> Said:
    key = _word(facts, "key")
    return Said(_("With the key “%(label)s”.") % {"label": key} if key else "", "busy")


def _unknown(facts: Facts) -> Said:
    status = _word(facts, "status")
    if not status:
        return Said(_("Nothing was ever seen of it. It is looked at again later."), "odd")
    return Said(_("Last seen %(status)s. It is looked at again later.") % {"status": status}, "odd")


def _stopped(facts: Facts) -> Said:
    who = _word(facts, "by")
    rest = _("The job itself goes on.")
    return Said(f"{_('By %(name)s.') % {'name': who}} {rest}" if who else rest)


def _ended(facts: Facts) -> Said:
    status, code = _word(facts, "status"), _word(facts, "code")
    tone = "ok" if status == jobs.JobStatus.SUCCEEDED else "bad"
    return Said(f"{status}: {code}" if code and status else status or code, tone)


def _settled(facts: Facts) -> Said:
    reserved, final = _amount(facts.get("reserved")), _amount(facts.get("final"))
    if final is None:
        return Said(_("The API did not state the final credits."), "odd")
    if reserved is None:
        return Said(_("Final %(final)s credits.") % {"final": shown(final)})
    words = {"final": shown(final), "reserved": shown(reserved)}
    said = _("Final %(final)s of %(reserved)s reserved credits.") % words
    if final < reserved:
        back = {"credits": shown(reserved - final)}
        said = f"{said} {_('%(credits)s returned.') % back}"
    return Said(said)


def _balance(facts: Facts) -> Said:
    credits = _amount(facts.get("credits"))
    if credits is None:
        return Said(_("The answer named no balance."), "odd")
    words = {"credits": shown(credits)}
    if facts.get("when") == "before":
        return Said(_("The account held %(credits)s credits before the run.") % words)
    return Said(_("The account held %(credits)s credits after the run.") % words)


def _file_saved(facts: Facts) -> Said:
    size = _amount(facts.get("size"))
    parts = (_word(facts, "mime"), str(filesizeformat(int(size))) if size is not None else "")
    return Said(", ".join(filter(None, parts)), "ok")


def _file_refused(facts: Facts) -> Said:
    return Said(_word(facts, "reason") or _("There is no copy of it."), "odd")


def tone_of(status: str) -> str:
    """The tone of the API's own status; one that is not documented is odd."""
    tones = {
        jobs.JobStatus.QUEUED.value: "quiet",
        jobs.JobStatus.PROCESSING.value: "busy",
        jobs.JobStatus.SUCCEEDED.value: "ok",
        jobs.JobStatus.FAILED.value: "bad",
    }
    return tones.get(status, "odd")


def _word(facts: Facts, name: str) -> str:
    value = facts.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _whole(facts: Facts, name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _amount(value: object) -> Decimal | None:
    """A number that was written as one or as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value)[:40])
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**15 else None


SAYS: Final[Mapping[str, Callable[[Facts], Said]]] = {
    Moment.Kind.SENT: _sent,
    Moment.Kind.ANSWERED: _answered,
    Moment.Kind.CHANGED: _changed,
    Moment.Kind.RESENT: _resent,
    Moment.Kind.PAUSED: _paused,
    Moment.Kind.RESUMED: _resumed,
    Moment.Kind.UNKNOWN: _unknown,
    Moment.Kind.STOPPED: _stopped,
    Moment.Kind.ENDED: _ended,
    Moment.Kind.SETTLED: _settled,
    Moment.Kind.BALANCE: _balance,
    Moment.Kind.FILE_SAVED: _file_saved,
    Moment.Kind.FILE_REFUSED: _file_refused,
}
