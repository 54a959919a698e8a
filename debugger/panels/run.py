"""One run: the call, and everything that the answer's tabs show of its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client.outcome import (
    Headers,
    Mode,
    OneTimeSecret,
    Outcome,
    RequestSnapshot,
    ResponseSnapshot,
)
from debugger.contract import catalog
from debugger.contract.operations import get
from debugger.exchanges.models import Exchange
from debugger.panels import failures, media, readings, watch
from debugger.panels.estimate import estimate
from debugger.panels.readings import Reading
from debugger.panels.stream import Told
from debugger.panels.submission import Last, Submission, new_nonce
from debugger.web.highlight import coloured
from debugger.web.lengths import length

# More than this in one element makes a page slow; the count says how much there was.
SHOWN: Final = 512 * 1024
PRETTY: Final = 256 * 1024
_MOST_CREDITS: Final = 1e12
JOBS: Final = frozenset({"generations.create", "generations.retrieve"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The answer's text as it came, and re-indented where it is JSON."""

    exact: str
    pretty: SafeString | str
    note: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the templates name as ``result``. Times and sizes are texts."""

    mock: bool
    status: int | None
    timing: str
    total: str
    size: str
    reading: readings.Reading
    failure: failures.Advice | None = None
    raw: Raw | None = None
    headers: Headers = ()
    sent: SafeString | str = ""
    drift: tuple[str, ...] = ()
    secrets: tuple[OneTimeSecret, ...] = ()
    job: watch.Card | None = None
    media: tuple[media.Medium, ...] = ()
    replayed: bool = False
    streamed: bool = False
    first_token: str = ""
    status_tone: str = "quiet"

    @property
    def reading_template(self) -> str:
        """The template of the readable view."""
        return f"panels/_out_{self.reading.kind}.html"


def result_of(
    outcome: Outcome,
    submission: Submission,
    *,
    site: str,
    now: float,
    source: media.Source = media.VISITOR,
    key_id: str = "",
    first: Exchange | None = None,
) -> Result:
    """Everything that the page shows of an outcome. ``site`` is this site's own origin.

    ``key_id`` names the team's key that was used, for the looks at the job that follow. ``first``
    is the first run with the same idempotency key, where the team's history knows one.
    """
    response = outcome.response
    reading = readings.read(outcome)
    value = response.value if response else None
    begun = _job(outcome, submission, now=now, key_id=key_id)
    begun = begun if reading.kind == "generation" else None
    return Result(
        mock=outcome.mode is Mode.MOCK,
        status=response.status if response else None,
        timing=_timing(outcome),
        total=length(outcome.timings.total_ms / 1000),
        size=filesizeformat(response.size) if response else "",
        reading=reading,
        failure=failures.advise(outcome),
        raw=_raw(outcome),
        headers=response.headers if response else (),
        sent=request_text(outcome.request),
        drift=outcome.drift,
        secrets=outcome.one_time_secrets if _shows_secrets(outcome) else (),
        job=card_of(begun, outcome, site=site, now=now, source=source) if begun else None,
        media=_file(value, outcome, site=site, source=source) if reading.kind == "file" else (),
        replayed=_replayed(outcome, submission, first),
        status_tone=readings.tone(_member(value, "status")),
    )


def _shows_secrets(outcome: Outcome) -> bool:
    """Only these answers hold a real one; the OpenAPI document holds examples of them."""
    return get(outcome.operation_id).response == "PublicApiWebhookEndpointWithSecret"


def _member(value: object, name: str) -> object:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _timing(outcome: Outcome) -> str:
    timings, words = outcome.timings, []
    if timings.connect_ms is not None:
        words.append(_("connected in %(time)s") % {"time": length(timings.connect_ms / 1000)})
    if timings.first_byte_ms is not None:
        words.append(
            _("first byte after %(time)s") % {"time": length(timings.first_byte_ms / 1000)}
        )
    words.append(_("%(time)s in all") % {"time": length(timings.total_ms / 1000)})
    return " · ".join(words)


def _raw(outcome: Outcome) -> Raw | None:
    response = outcome.response
    if response is None:
        return None
    name = outcome.operation_id.replace(".", "-")
    if response.text is None:
        note = _("%(size)s of binary data, which is not shown.") % {
            "size": filesizeformat(response.size)
        }
        return Raw(exact="", pretty="", note=note, filename=f"{name}.bin")
    exact = response.text[:SHOWN]
    return Raw(
        exact=exact,
        pretty=_pretty(response),
        note=_raw_note(response, shown=len(exact) == len(response.text)),
        filename=f"{name}.json" if response.is_json else f"{name}.txt",
    )


def _pretty(response: ResponseSnapshot) -> SafeString | str:
    if not response.is_json or len(response.text or "") > PRETTY:
        return ""
    return coloured(readings.safe_json(response.value), "json")


def _raw_note(response: ResponseSnapshot, *, shown: bool) -> str:
    size = filesizeformat(response.size)
    if response.truncated or not shown:
        return _("The beginning of %(size)s.") % {"size": size}
    return _("%(size)s, without its secrets.") % {"size": size}


def request_text(request: RequestSnapshot) -> SafeString | str:
    """A request as an HTTP message, coloured."""
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body is not None:
        lines += ["", request.body[:SHOWN]]
    elif request.body_size:
        lines += ["", _("(%(size)s of data)") % {"size": filesizeformat(request.body_size)}]
    return coloured("\n".join(lines), "http")


def _file(
    value: object, outcome: Outcome, *, site: str, source: media.Source
) -> tuple[media.Medium, ...]:
    return media.of_file(value, mode=outcome.mode, site=site, source=source)


def _job(
    outcome: Outcome, submission: Submission, *, now: float, key_id: str
) -> watch.Watch | None:
    spent = estimate(submission.operation, submission.draft)
    credits = f"{spent.credits:g}" if submission.operation.spends and spent.credits else ""
    return watch.begin(
        outcome, scenario=submission.scenario, estimate=credits, now=now, key_id=key_id
    )


def card_of(
    state: watch.Watch,
    outcome: Outcome | None,
    *,
    site: str,
    now: float,
    source: media.Source = media.VISITOR,
) -> watch.Card:
    """The job's card with its media."""
    model = catalog.get(state.model)
    value = outcome.response.value if outcome and outcome.response else None
    category = model.category if model else "image"
    found = media.of_result(value, mode=state.mode, category=category, site=site, source=source)
    return watch.card(state, outcome, media=found, now=now)


def _replayed(outcome: Outcome, submission: Submission, first: Exchange | None) -> bool:
    """Whether this is the first run's own answer once more: the same object, the same credits."""
    made, credits = made_by(outcome), reserved_by(outcome)
    if not made:
        return False
    if first is not None and first.made:
        said = Decimal(credits) if credits else None
        return made == first.made and said == first.reserved
    last = submission.last
    return submission.key == last.key and (made, credits) == (last.made, last.reserved)


def reserved_by(outcome: Outcome) -> str:
    """The credits that an answer says to have reserved, "" where it says none."""
    value = outcome.response.value if outcome.ok and outcome.response else None
    found: Mapping[str, Any] = value if isinstance(value, dict) else {}
    inner = found.get("credits")
    stated = found.get("reserved_credits", inner.get("reserved") if isinstance(inner, dict) else "")
    whole = isinstance(stated, int | float) and not isinstance(stated, bool)
    return f"{stated:.2f}" if whole and 0 <= stated < _MOST_CREDITS else ""


def made_by(outcome: Outcome) -> str:
    """The id of what a spending call made."""
    value = outcome.response.value if outcome.ok and outcome.response else None
    found: Mapping[str, Any] = value if isinstance(value, dict) else {}
    return str(found.get("id") or "")[:200].replace("|", "")


def afterwards(submission: Submission, outcome: Outcome, *, by_script: bool = True) -> Submission:
    """The panel after a run: what it remembers, and whether the next run is a new one.

    After an answer that settles the matter the next run gets a new key. After one that leaves it
    open (nothing came, or it was cut) the same key stays, so that running again cannot become a
    second job. A page without script cannot tell that it is come back to, so there only "Run
    again" makes a new run of the same body.
    """
    if not submission.operation.idempotency:
        return submission
    key = submission.key.replace("|", "")
    before = submission.last if submission.last.key == key else Last()
    last = Last(
        fingerprint=submission.fingerprint,
        key=key,
        made=made_by(outcome) or before.made,
        reserved=reserved_by(outcome) or before.reserved,
    )
    nonce = new_nonce() if outcome.ok else submission.nonce
    return replace(submission, last=last, nonce=nonce, again="", came_back=not by_script)


def streamed(result: Result, told: Told) -> Result:
    """The result of a streamed turn: the reply as it was told, whatever the stream's end was.

    A final frame that is a whole completion is shown like the plain turn's answer. Without one,
    what arrived is kept and said to be a part.
    """
    first = told.first_text_ms
    reading = readings.of_completion(told.final) or (
        Reading(kind="partial", value=told.reply) if told.reply else result.reading
    )
    return replace(
        result,
        streamed=True,
        reading=reading,
        first_token=length(first / 1000) if first is not None else "",
    )
