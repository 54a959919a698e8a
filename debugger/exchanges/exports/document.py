"""A stored run as plain JSON: everything that its page shows, under names that last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from debugger.client.jsontext import Parsed, read_json
from debugger.exchanges.models import Exchange, ExchangeContent


def document(exchange: Exchange) -> dict[str, Any]:
    """One run with its content loaded. Times are UTC, amounts are credits, durations are ms."""
    content = exchange.content
    return {
        **line(exchange),
        "request": {
            "method": exchange.method,
            "url": content.url,
            "headers": _pairs(content.request_headers),
            "body": _body(content.request_text),
            "body_bytes": exchange.request_size,
            "body_is_whole": content.intact,
        },
        "response": _response(exchange, content),
        "failure": _failure(exchange, content),
        "differs_from_the_contract": content.drift,
    }


def line(exchange: Exchange) -> dict[str, Any]:
    """One run in a line: what its row in the list shows."""
    return {
        "run": exchange.name,
        "at": stamp(exchange.at),
        "mode": exchange.mode,
        "operation": exchange.operation,
        "path": exchange.path,
        "status": exchange.status,
        "ok": not exchange.failed,
        "job_status": exchange.job_status or None,
        "error_code": exchange.error_code or None,
        "error_message": exchange.error_message or None,
        "request_id": exchange.request_id or None,
        "idempotency_key": exchange.idempotency_key or None,
        "made": exchange.made or None,
        "model": exchange.model or None,
        "summary": exchange.summary or None,
        "by": exchange.user_name or None,
        "key_label": exchange.key_label or None,
        "scenario": exchange.scenario or None,
        "credits": {
            "estimated": number(exchange.estimated),
            "reserved": number(exchange.reserved),
            "final": number(exchange.final),
        },
        "first_byte_ms": exchange.first_byte_ms,
        "total_ms": exchange.total_ms,
        "starred": exchange.starred,
    }


def stamp(moment: datetime) -> str:
    """A moment as the API writes them: ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(amount: Decimal | None) -> int | float | None:
    """Credits as JSON has numbers: 20 and 0.5, None for "not stated"."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _response(exchange: Exchange, content: ExchangeContent) -> dict[str, Any] | None:
    if exchange.status is None:
        return None
    return {
        "status": exchange.status,
        "headers": _pairs(content.response_headers),
        "body": _body(content.response_text),
        "body_bytes": exchange.response_size,
        "body_is_whole": content.kept and not content.response_trimmed,
    }


def _failure(exchange: Exchange, content: ExchangeContent) -> dict[str, Any] | None:
    if not exchange.failure_kind:
        return None
    return {
        "kind": exchange.failure_kind,
        "code": exchange.error_code or None,
        "message": exchange.error_message or None,
        "detail": content.failure_detail or None,
        "retry_after_seconds": content.retry_after,
    }


def _pairs(headers: Iterable[Sequence[str]]) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _body(text: str | None) -> Any:
    """The value of a JSON text, any other text as it is."""
    if text is None:
        return None
    found = read_json(text.encode(errors="replace"))
    return found.value if isinstance(found, Parsed) else text
