"""What one answer of the API says about a job, as a plain value. Nothing here reads a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from debugger.client.outcome import Outcome
from debugger.contract import catalog, jobs
from debugger.keys.live import charges

KEPT: Final = 64 * 1024
"""Characters of an answer that are kept."""
MOST_FILES: Final = 50
RETRIEVE: Final = "generations.retrieve"
CREATE: Final = "generations.create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A job as one 2xx answer shows it.

    Amounts are None where none is stated. ``urls`` are the result's addresses in their order,
    ``text`` is the answer as JSON, without secrets.
    """

    task_id: str
    status: str
    model: str
    reserved: Decimal | None
    final: Decimal | None
    error_code: str = ""
    error_message: str = ""
    urls: tuple[str, ...] = ()
    text: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job changes no more."""
        return jobs.is_final(self.status)


def read(outcome: Outcome) -> Said | None:
    """What an answer says of a job; None where it shows none."""
    response = outcome.response
    value = response.value if outcome.ok and response is not None else None
    if response is None or not isinstance(value, Mapping):
        return None
    if not isinstance(value.get("id"), str) and "status" not in value:
        return None
    charge = charges.read(outcome)
    status = _text(value.get("status"))[:64]
    found = value.get("error")
    error = found if isinstance(found, Mapping) and status == jobs.JobStatus.FAILED else {}
    return Said(
        task_id=_text(value.get("id"))[:300],
        status=status,
        model=_text(value.get("model"))[:100],
        reserved=charge.reserved,
        final=charge.final,
        error_code=_text(error.get("code"))[:80],
        error_message=_text(error.get("message"))[:2000],
        urls=_urls(value.get("result")),
        text=_kept(response.text, value),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _urls(result: object) -> tuple[str, ...]:
    if not isinstance(result, Mapping):
        return ()
    listed = result.get("urls")
    named = [result.get("primary_url"), *(listed if isinstance(listed, list) else [])]
    texts = (each for each in named if isinstance(each, str) and each)
    return tuple(dict.fromkeys(texts))[:MOST_FILES]


def _kept(text: str | None, value: Mapping[str, Any]) -> str:
    """The answer as it came, or what matters of a longer one; always JSON."""
    if text and len(text) <= KEPT:
        return text
    names = ("id", "status", "model", "reserved_credits", "final_credits", "error", "result")
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) <= KEPT:
        return whole
    part = json.dumps({name: value[name] for name in names if name in value}, ensure_ascii=False)
    return part if len(part) <= KEPT else ""


def asked_for(outcome: Outcome) -> str:
    """The id of the job that a look was for, from its address; "" for any other call."""
    if outcome.operation_id != RETRIEVE:
        return ""
    return unquote(urlsplit(outcome.request.url).path.rpartition("/")[2])[:300]


def category_of(model: str) -> str:
    """What a model makes: image, video or audio; "" for one that is not known."""
    found = catalog.get(model)
    return str(found.category) if found is not None else ""


def refusal(outcome: Outcome) -> tuple[int, str, str] | None:
    """Status, code and message of an answer that says no (4xx); None for everything else."""
    response, failure = outcome.response, outcome.failure
    if response is None or failure is None or not 400 <= response.status < 500:
        return None
    return response.status, (failure.code or "")[:80], failure.message or ""


def request_id(outcome: Outcome) -> str:
    """The API's own number of the call, "" where it says none."""
    return (outcome.failure.request_id or "")[:200] if outcome.failure is not None else ""
