"""From an Outcome to three rows: what lists need, the two messages, and the words to search for.

Outcomes hold no secrets. What comes beside them, such as a draft from a browser, does, so every
text passes the redactor here once more; what no database can hold becomes a visible escape; what
is too long is cut. Writing a run never fails for what stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from debugger.client.jsontext import Parsed, read_json, visible_text
from debugger.client.outcome import Outcome
from debugger.client.redact import Redactor, redact_text, redact_value
from debugger.contract.jobs import JobStatus
from debugger.exchanges import words
from debugger.exchanges.headers import kept_headers, named
from debugger.exchanges.models import Exchange, ExchangeContent, ExchangeWords, HistoryRules
from debugger.keys.live import charges
from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from debugger.web import moments

REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "rivya-request-id")
JOBS: Final = frozenset({"generations.create", "generations.retrieve"})
DRAFT_MOST: Final = 256 * 1024
_MOST: Final = {
    field.name: field.max_length
    for field in Exchange._meta.concrete_fields
    if field.max_length is not None
}
_TRIES: Final = 20
_DETAIL_MOST: Final = 4_000
_DRIFT_MOST: Final = 20
_MILLISECONDS_MOST: Final = 1e12
_SIZE_MOST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a panel did for a team, to be kept. ``draft`` is the panel's draft as JSON text.

    ``said`` is the whole completion that ended a streamed turn, where it came; ``fingerprint``
    names the request's body; ``origin`` is the run that this one repeats.
    """

    team: Team
    user_id: int | None
    user_name: str
    outcome: Outcome
    now: datetime
    draft: str = ""
    fingerprint: str = ""
    idempotency_key: str = ""
    model: str = ""
    summary: str = ""
    estimated: Decimal | int | None = None
    key: ApiKey | None = None
    base_url: str = ""
    scenario: str = ""
    origin: Exchange | None = None
    said: Any = None


def record(run: Run) -> Exchange:
    """Keep a run, as the team's rules allow: all of it, or without its texts."""
    rules = HistoryRules.objects.filter(team_id=run.team.pk).first()
    kept = rules is None or rules.bodies
    facts = _Facts(run)
    row = _row(run, facts, kept=kept)
    content = _content(run, facts, row, kept=kept)
    for _again in range(_TRIES):
        try:
            with transaction.atomic():
                _save(row, content, facts, kept=kept)
            return row
        except IntegrityError:
            # Another run of this very microsecond has the number by chance.
            if not Exchange.objects.filter(pk=row.pk).exists():
                raise
            row.pk = moments.new_id(run.now)
    raise RuntimeError("No number is free for a run of this moment.")


def _save(row: Exchange, content: ExchangeContent, facts: _Facts, *, kept: bool) -> None:
    texts = [*texts_of_row(row), *(facts.texts(row) if kept else ())]
    found_by = words.of_texts(texts, team_id=row.team_id)
    row.save(force_insert=True)
    content.exchange = row
    content.save(force_insert=True)
    ExchangeWords(exchange=row, words=found_by).save(force_insert=True)


def texts_of_row(row: Exchange) -> list[str]:
    """What a run is found by even where no body is kept: its ids first, then its facts."""
    return [
        row.name,
        row.made,
        row.request_id,
        row.idempotency_key,
        row.operation,
        row.model,
        row.error_code,
        row.job_status,
        row.failure_kind,
        str(row.status or ""),
        row.key_label,
        row.user_name,
        row.scenario,
        row.path,
        row.base_url,
        row.error_message,
    ]


def stored_text(text: object, *, most: int) -> str:
    """A text that every database takes: no secret, nothing unstorable, not too long."""
    whole = visible_text(redact_text(visible_text(str(text))))
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def trimmed(text: str, *, kib: int) -> tuple[str, bool]:
    """The beginning of a text that fits into so many KiB of UTF-8, and whether that is a part."""
    if len(text) <= kib * 1024 // 4:
        return text, False
    data = text.encode()
    if len(data) <= kib * 1024:
        return text, False
    return data[: kib * 1024].decode(errors="ignore"), True


class _Facts:
    """What the two messages say, read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.outcome = run.outcome
        self.response = run.outcome.response

    @cached_property
    def said(self) -> Mapping[str, Any] | None:
        """The whole completion of a streamed turn, without secrets."""
        return redact_value(self.run.said) if isinstance(self.run.said, Mapping) else None

    @cached_property
    def came(self) -> Any:
        """The answer's JSON value, None where it is no JSON."""
        if self.response is None or Redactor().clears(self.response.text or ""):
            return self.response.value if self.response else None
        return redact_value(self.response.value)

    @cached_property
    def answer(self) -> Mapping[str, Any]:
        """What the answer says, where it is a JSON object."""
        value = self.said or self.came
        return value if isinstance(value, Mapping) else {}

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The request's JSON object."""
        return self.sent if isinstance(self.sent, Mapping) else {}

    @cached_property
    def sent_text(self) -> str | None:
        """The request's body, as it may be kept."""
        return _clean(self.outcome.request.body)

    @cached_property
    def came_text(self) -> str | None:
        """The answer's body, as it may be kept; the completion where a stream left nothing else."""
        if self.only_said:
            return json.dumps(self.said, ensure_ascii=False)
        return _clean(self.response.text if self.response else None)

    @cached_property
    def only_said(self) -> bool:
        """Whether a streamed turn left its completion and no text of its own."""
        return self.said is not None and not (self.response and self.response.text)

    @cached_property
    def sent(self) -> Any:
        """The request's JSON value, None where it is no JSON."""
        parsed = read_json((self.sent_text or "").encode())
        return parsed.value if isinstance(parsed, Parsed) else None

    @cached_property
    def answered_well(self) -> bool:
        """Whether the status of the answer is a success."""
        return self.response is not None and 200 <= self.response.status < 300

    @property
    def job_status(self) -> str:
        """The status that the answer gives a job."""
        if self.outcome.operation_id not in JOBS or not self.answered_well:
            return ""
        return _word(self.answer, "status")

    @property
    def job_failed(self) -> bool:
        """Whether the answer is a success that shows a failed job."""
        return self.job_status == JobStatus.FAILED

    @cached_property
    def error(self) -> Mapping[str, Any]:
        """The error that the answer names, also that of a job that failed under a 200."""
        error = self.answer.get("error")
        return error if isinstance(error, Mapping) else {}

    @property
    def request_id(self) -> str:
        """As the body says it, or else a header."""
        failure = self.outcome.failure
        said = failure.request_id if failure else None
        sent = self.response.headers if self.response else ()
        of_headers = (named(sent, name) for name in REQUEST_ID_HEADERS)
        return said or _word(self.error, "requestId") or next(filter(None, of_headers), "")

    def texts(self, row: Exchange) -> list[str]:
        """The texts by whose words the run is found."""
        found = [row.summary, *_texts(self.sent, self.sent_text)]
        answered = self.came if self.said is None else self.said
        return [*found, *_texts(answered, self.came_text)]


def _texts(value: Any, text: str | None) -> list[str]:
    if value is not None:
        return list(words.texts_of(value))
    return [words.unescaped(text)] if text else []


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _row(run: Run, facts: _Facts, *, kept: bool) -> Exchange:
    outcome, response = run.outcome, run.outcome.response
    charge = charges.read(outcome, said=facts.said)
    texts = _columns(run, facts, kept=kept)
    return Exchange(
        id=moments.new_id(run.now),
        team=run.team,
        at=run.now,
        mode=Exchange.Mode(outcome.mode.value),
        user_id=run.user_id,
        key=run.key,
        origin=run.origin,
        status=_status(response.status) if response else None,
        failed=outcome.failure is not None or facts.job_failed,
        estimated=charges.stated(run.estimated),
        reserved=charge.reserved,
        final=charge.final,
        first_byte_ms=_milliseconds(outcome.timings.first_byte_ms),
        total_ms=_milliseconds(outcome.timings.total_ms) or 0,
        request_size=_size(outcome.request.body_size),
        response_size=_size(response.size) if response else 0,
        **{name: stored_text(text, most=_MOST[name]) for name, text in texts.items()},
    )


def _columns(run: Run, facts: _Facts, *, kept: bool) -> dict[str, str]:
    """The row's texts, as they come."""
    outcome, failure = run.outcome, run.outcome.failure
    error = facts.error if facts.job_failed else {}
    code = failure.code if failure else _word(error, "code")
    message = failure.message if failure else _word(error, "message")
    return {
        "operation": outcome.operation_id,
        "user_name": run.user_name,
        "key_label": run.key.label if run.key else "",
        "base_url": run.base_url,
        "scenario": run.scenario,
        "method": outcome.request.method,
        "path": _path(outcome.request.url),
        "failure_kind": failure.kind if failure else "",
        "error_code": code or "",
        "error_message": message or "",
        "request_id": facts.request_id,
        "idempotency_key": run.idempotency_key,
        "made": _word(facts.answer, "id") if facts.answered_well else "",
        "job_status": facts.job_status,
        "model": run.model or _word(facts.body, "model") or _word(facts.answer, "model"),
        "fingerprint": run.fingerprint,
        "summary": " ".join(run.summary.split()) if kept else "",
    }


def _content(run: Run, facts: _Facts, row: Exchange, *, kept: bool) -> ExchangeContent:
    request, response = run.outcome.request, run.outcome.response
    failure, timings = run.outcome.failure, run.outcome.timings
    sent, sent_cut = _body(facts.sent_text if kept else None)
    came, came_cut = _body(facts.came_text if kept else None)
    return ExchangeContent(
        exchange=row,
        kept=kept,
        url=stored_text(request.url, most=_DETAIL_MOST),
        request_headers=kept_headers(request.headers),
        request_text=sent,
        request_trimmed=sent_cut,
        intact=request.intact and not sent_cut and sent == request.body,
        response_headers=kept_headers(response.headers) if response else [],
        response_text=came,
        response_trimmed=came_cut or bool(kept and response and response.truncated),
        is_json=bool(response and response.is_json) or facts.only_said,
        http_version=stored_text(response.http_version, most=20) if response else "",
        connect_ms=_milliseconds(timings.connect_ms),
        failure_detail=stored_text(failure.detail, most=_DETAIL_MOST) if failure else "",
        retry_after=_milliseconds(failure.retry_after) if failure else None,
        drift=[stored_text(line, most=500) for line in run.outcome.drift[:_DRIFT_MOST]],
        draft=_draft(run.draft) if kept else "",
    )


def _clean(text: str | None) -> str | None:
    """A text once more without secrets, and without what no database can hold."""
    return None if text is None else visible_text(redact_text(visible_text(text)))


def _body(text: str | None) -> tuple[str | None, bool]:
    """A body as it is kept, and whether that is only its beginning."""
    if text is None:
        return None, False
    return trimmed(text, kib=settings.RIVYA_DASH_HISTORY_BODY_KIB)


def _draft(text: str) -> str:
    """The panel's draft without secrets; "" where it is too long, since half of it is no draft."""
    parsed = read_json(text.encode(errors="replace")) if text else None
    if not isinstance(parsed, Parsed):
        return ""
    plain = json.dumps(redact_value(parsed.value), ensure_ascii=False, separators=(",", ":"))
    clean = _clean(plain) or ""
    return clean if len(clean) <= DRAFT_MOST else ""


def _path(url: str) -> str:
    """What stands behind the host of an address, with its query."""
    _scheme, _mark, rest = url.partition("://")
    _host, slash, path = rest.partition("/")
    return slash + path


def _status(status: int) -> int | None:
    return status if 0 <= status < 32_768 else None


def _milliseconds(number: float | None) -> float | None:
    if number is None or not 0 <= number <= _MILLISECONDS_MOST:
        return None
    return float(number)


def _size(number: int) -> int:
    return max(0, min(number, _SIZE_MOST))
