"""Following one job from the page: the state that travels with the card, and the card itself.

The server keeps nothing between two looks. The state is in hidden inputs, the live key in its own
field, so a poll is an ordinary post that anybody could have made.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode, Outcome
from debugger.contract import catalog, errors, jobs
from debugger.panels import failures
from debugger.panels.media import Medium
from debugger.panels.readings import Step, job_steps, safe_json, text_of, tone
from debugger.web.highlight import coloured
from debugger.web.lengths import length

# In mock mode nobody waits for a real model, and no account has a rate limit to spare.
MOCK_PACE: Final = 0.4
MOCK_LONGEST: Final = 2.0
SHORTEST: Final = 0.7
PRETTY: Final = 64 * 1024
_MONTH: Final = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the card remembers. ``started`` is epoch seconds of the answer that showed the job.

    ``key_id`` names the team's key, never its value; ``barred`` says why looking had to stop.
    """

    task: str
    mode: Mode
    scenario: str = ""
    started: float = 0.0
    polls: int = 0
    polled: float = 0.0
    estimate: str = ""
    reserved: str = ""
    final: str = ""
    model: str = ""
    status: str = ""
    key_id: str = ""
    stopped: bool = False
    barred: str = ""

    def state(self) -> tuple[tuple[str, str], ...]:
        """The hidden inputs of the card."""
        return (
            ("task", self.task),
            ("mode", self.mode.value),
            ("scenario", self.scenario),
            ("started", f"{self.started:.3f}"),
            ("polls", str(self.polls)),
            ("polled", f"{self.polled:.3f}"),
            ("estimate", self.estimate),
            ("reserved", self.reserved),
            ("final", self.final),
            ("model", self.model),
            ("status", self.status),
            ("key_id", self.key_id),
        )


def read(data: Mapping[str, str], *, now: float) -> Watch | None:
    """The state that a card posted; None without a task id."""
    task = data.get("task", "")[:300]
    if not task:
        return None
    return Watch(
        task=task,
        mode=Mode.LIVE if data.get("mode") == "live" else Mode.MOCK,
        scenario=data.get("scenario", "")[:64],
        started=_moment(data.get("started", ""), now=now),
        polls=int(_bounded(data.get("polls", ""), high=1e6)),
        polled=_bounded(data.get("polled", ""), high=now),
        estimate=data.get("estimate", "")[:24],
        reserved=data.get("reserved", "")[:24],
        final=data.get("final", "")[:24],
        model=data.get("model", "")[:100],
        status=data.get("status", "")[:64],
        key_id=data.get("key_id", "")[:32],
        stopped=data.get("stop") == "1",
    )


def _bounded(text: str, *, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return min(max(number, 0.0), high) if math.isfinite(number) else 0.0


def _moment(text: str, *, now: float) -> float:
    moment = _bounded(text, high=now)
    return moment if now - moment < _MONTH else now


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskError:
    """The error object of a failed task, with the contract's advice."""

    code: str
    message: str
    meaning: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A job as the page shows it. Times are texts, except ``delay_ms``."""

    task: str
    state: tuple[tuple[str, str], ...]
    status: str
    label: str
    tone: str
    mock: bool
    watching: bool
    ended: bool
    delay_ms: int = 0
    delay_text: str = ""
    elapsed_seconds: str = ""
    elapsed: str = ""
    took: str = ""
    polls: int = 0
    last_poll: str = ""
    estimate: str = ""
    reserved: str = ""
    final: str = ""
    money_note: str = ""
    note: str = ""
    error: TaskError | None = None
    poll_failure: failures.Advice | None = None
    media: tuple[Medium, ...] = ()
    pretty: SafeString | str = ""
    steps: tuple[Step, ...] = ()


def begin(
    outcome: Outcome, *, scenario: str, estimate: str, now: float, key_id: str = ""
) -> Watch | None:
    """The watch of a job that a create or a status call answered with; None if it shows none."""
    value = outcome.response.value if outcome.response else None
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    watch = Watch(
        task=value["id"][:300],
        mode=outcome.mode,
        scenario=scenario,
        started=_started(value, now=now) if outcome.operation_id != "generations.create" else now,
        estimate=estimate,
        key_id=key_id,
    )
    return _noted(watch, value)


def _started(value: Mapping[str, Any], *, now: float) -> float:
    """When a job that was not submitted here began, if its answer says so believably."""
    created = _epoch(value.get("created_at"))
    return created if created is not None and 0 <= now - created < _MONTH else now


def _noted(watch: Watch, value: Mapping[str, Any]) -> Watch:
    return replace(
        watch,
        reserved=_number(value.get("reserved_credits")),
        final=_number(value.get("final_credits")),
        model=text_of(value.get("model"))[:100] if value.get("model") else watch.model,
        status=text_of(value.get("status"))[:64],
    )


def _number(value: object) -> str:
    return f"{value}"[:24] if isinstance(value, int | float) and value is not True else ""


def polled(watch: Watch, outcome: Outcome, *, now: float) -> Watch:
    """The watch after one more look."""
    value = outcome.response.value if outcome.ok and outcome.response else None
    looked = replace(watch, polls=watch.polls + 1, polled=now)
    return _noted(looked, value) if isinstance(value, dict) else looked


def barred(watch: Watch, reason: str) -> Watch:
    """The watch that has to end, with a sentence that says why."""
    return replace(watch, barred=reason)


def card(
    watch: Watch, outcome: Outcome | None, *, media: tuple[Medium, ...] = (), now: float
) -> Card:
    """The card for what is known now. ``outcome`` is the last look, None when there was none."""
    value = _value(outcome)
    advice = failures.advise(outcome) if outcome else None
    ended = jobs.is_final(watch.status)
    hopeless = (
        outcome is not None
        and outcome.failure is not None
        and outcome.failure.kind not in failures.PASSING
    )
    given_up = jobs.DEFAULT_SCHEDULE.given_up(now - watch.started)
    watching = not (ended or watch.stopped or watch.barred or hopeless or given_up)
    delay = _delay(watch, outcome, now=now) if watching else 0.0
    return Card(
        task=watch.task,
        state=watch.state(),
        status=watch.status,
        label=_label(watch.status),
        tone=tone(watch.status) if watch.status else "quiet",
        mock=watch.mode is Mode.MOCK,
        watching=watching,
        ended=ended,
        delay_ms=round(delay * 1000),
        delay_text=length(delay),
        elapsed_seconds=f"{max(0.0, now - watch.started):.1f}",
        elapsed=length(max(0.0, now - watch.started)),
        took=_took(value) if ended else "",
        polls=watch.polls,
        last_poll=_clock(watch.polled),
        estimate=watch.estimate,
        reserved=watch.reserved or _("not stated"),
        final=watch.final if ended and watch.final else (_("not stated") if ended else "…"),
        money_note=_money_note(watch, ended=ended),
        note=_note(watch, ended=ended, given_up=given_up),
        error=_task_error(value),
        poll_failure=advice,
        media=media,
        pretty=coloured(safe_json(value)[:PRETTY], "json") if value else "",
        steps=job_steps(watch.task),
    )


def _value(outcome: Outcome | None) -> Mapping[str, Any]:
    value = outcome.response.value if outcome and outcome.ok and outcome.response else None
    return value if isinstance(value, dict) else {}


def _delay(watch: Watch, outcome: Outcome | None, *, now: float) -> float:
    """Seconds until the next look: the contract's schedule, livelier in mock mode."""
    retry_after = outcome.failure.retry_after if outcome and outcome.failure else None
    model = catalog.get(watch.model)
    delay = jobs.next_poll(
        polls=watch.polls,
        elapsed=max(0.0, now - watch.started),
        category=model.category if model else "image",
        retry_after=retry_after,
    )
    if watch.mode is Mode.MOCK and retry_after is None:
        return max(SHORTEST, min(delay * MOCK_PACE, MOCK_LONGEST))
    return max(SHORTEST, delay)


def _label(status: str) -> str:
    known = {
        "queued": _("Queued"),
        "processing": _("Processing"),
        "succeeded": _("Succeeded"),
        "failed": _("Failed"),
    }
    return known.get(status, status or _("Unknown"))


def _note(watch: Watch, *, ended: bool, given_up: bool) -> str:
    if watch.barred:
        return _("Watching has stopped: %(reason)s The job itself goes on.") % {
            "reason": watch.barred
        }
    if watch.stopped:
        return _("Watching has stopped. The job itself goes on: the API has no way to cancel it.")
    if watch.status == "failed":
        return _("The status call itself answered well; it is the job that failed.")
    if given_up and not ended:
        return _(
            "The job has not ended in a long time, so it is looked at by hand only from now on. "
            "It may still end well."
        )
    if not ended and watch.status not in ("queued", "processing"):
        return _(
            "The documentation does not know this status. It is shown as it is, and the job "
            "is followed further."
        )
    return ""


def _money_note(watch: Watch, *, ended: bool) -> str:
    if not ended or not watch.final or not watch.reserved:
        return ""
    returned = _bounded(watch.reserved, high=1e12) - _bounded(watch.final, high=1e12)
    if returned > 0:
        return _("%(credits)s returned") % {"credits": f"{returned:g}"}
    return ""


def _task_error(value: Mapping[str, Any]) -> TaskError | None:
    if value.get("status") != "failed":
        return None
    found = value.get("error")
    error = found if isinstance(found, dict) else {}
    code = text_of(error.get("code")) if error.get("code") else ""
    entry = errors.explain(code or None, None)
    return TaskError(
        code=code,
        message=text_of(error.get("message")) if error.get("message") else _("No reason given."),
        meaning=_(entry.meaning),
        fix=_(entry.fix),
    )


def _epoch(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _took(value: Mapping[str, Any]) -> str:
    """How long the job ran by the API's own times; "" when it does not state them."""
    created, updated = _epoch(value.get("created_at")), _epoch(value.get("updated_at"))
    if created is None or updated is None or updated < created:
        return ""
    return length(updated - created)


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(moment)) if moment else ""
