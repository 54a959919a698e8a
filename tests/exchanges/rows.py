"""Rows of the history, as plain as possible: what is not told is what a mock run would have."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import UTC, datetime
from typing import Any

from debugger.contract.operations import get
from debugger.exchanges import words
from debugger.exchanges.models import Exchange, ExchangeContent, ExchangeWords
from debugger.teams.models import Team
from debugger.web import moments
from tests.cast import person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_CONTENT = {field.name for field in ExchangeContent._meta.fields} - {"exchange"}
_CHANCE = itertools.cycle(range(1024))  # Rows of one moment must not get one number by chance.
_OBJECT = '{"id":"task_8Hn2kQ","status":"processing"}'


def run_row(team: Team, *, at: datetime = NOON, by: str = "Bob", **facts: Any) -> Exchange:
    """One run with its content and its words.

    ``facts`` are fields of Exchange and ExchangeContent; ``prompt`` is a short way to a body.
    """
    prompt = facts.pop("prompt", None)
    found_by = facts.pop("words", None)
    body = json.dumps({"model": "z-image", "prompt": prompt}, ensure_ascii=False)
    given = {name: facts.pop(name) for name in list(facts) if name in _CONTENT}
    content = _content(prompt=prompt, body=body) | given
    row = _exchange(team, at=at, by=by, prompt=prompt, content=content, facts=facts)
    ExchangeContent.objects.create(exchange=row, **content)
    ExchangeWords.objects.create(exchange=row, words=found_by or _words(row, content))
    return row


def _content(*, prompt: str | None, body: str) -> dict[str, Any]:
    return {
        "url": "https://rivya.ai/api/v1/generations",
        "request_headers": [["Content-Type", "application/json"], ["Authorization", "[hidden]"]],
        "request_text": body if prompt is not None else None,
        "intact": True,
        "response_headers": [["Content-Type", "application/json"]],
        "response_text": _OBJECT,
        "is_json": True,
        "http_version": "HTTP/1.1",
        "draft": json.dumps({"body": json.loads(body)} if prompt is not None else {}),
    }


def _exchange(
    team: Team,
    *,
    at: datetime,
    by: str,
    prompt: str | None,
    content: dict[str, Any],
    facts: dict[str, Any],
) -> Exchange:
    somebody = person(by)
    operation = get(facts.pop("operation", "generations.create"))
    sent = content["request_text"] or ""
    plain: dict[str, Any] = {
        "id": moments.first_id(at) + next(_CHANCE),
        "mode": "mock",
        "operation": operation.id,
        "user_id": somebody.pk,
        "user_name": str(somebody),
        "scenario": "happy",
        "method": operation.method,
        "path": operation.path,
        "status": 200,
        "summary": (prompt or "")[:200],
        "total_ms": 412.0,
        "first_byte_ms": 400.0,
        "request_size": len(sent.encode(errors="replace")),
        "response_size": len((content["response_text"] or "").encode(errors="replace")),
        "fingerprint": hashlib.sha256(sent.encode(errors="replace")).hexdigest() if sent else "",
    }
    return Exchange.objects.create(team=team, at=at, **plain | facts)


def _words(row: Exchange, content: dict[str, Any]) -> str:
    parts = (
        row.name,
        row.request_id,
        row.idempotency_key,
        row.made,
        row.summary,
        content["request_text"] or "",
        content["response_text"] or "",
    )
    return words.of_texts(parts, team_id=row.team_id)
