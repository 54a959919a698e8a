"""A stored run as HAR 1.2, which browsers and other tools open.

http://www.softwareishard.com/blog/har-12-spec/: numbers are milliseconds, -1 is "not known".
Members of our own begin with an underscore, as the format asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from http import HTTPStatus
from importlib import metadata
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from debugger.exchanges.exports.curl import address
from debugger.exchanges.exports.document import stamp
from debugger.exchanges.models import Exchange

_HTTP: Final = "HTTP/1.1"


def har(exchanges: Iterable[Exchange], *, base_url: str) -> dict[str, Any]:
    """The whole document; each exchange has its content loaded."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "rivya-dash", "version": metadata.version("rivya-dash")},
            "entries": [_entry(each, base_url=base_url) for each in exchanges],
            "comment": "Secrets were removed before this was stored; headers are a selection.",
        }
    }


def _entry(exchange: Exchange, *, base_url: str) -> dict[str, Any]:
    began = exchange.at - timedelta(milliseconds=exchange.total_ms)
    return {
        "startedDateTime": stamp(began),
        "time": round(exchange.total_ms, 3),
        "request": _request(exchange, base_url=base_url),
        "response": _response(exchange),
        "cache": {},
        "timings": _timings(exchange),
        "comment": "MOCK: answered by the emulator" if exchange.mode == "mock" else "LIVE",
        "_mode": exchange.mode,
        "_run": exchange.name,
        "_operation": exchange.operation,
        "_requestId": exchange.request_id,
        "_idempotencyKey": exchange.idempotency_key,
    }


def _request(exchange: Exchange, *, base_url: str) -> dict[str, Any]:
    content = exchange.content
    url = address(exchange, base_url=base_url)
    found: dict[str, Any] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": content.http_version or _HTTP,
        "cookies": [],
        "headers": _headers(content.request_headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": exchange.request_size,
    }
    if content.request_text is not None:
        found["postData"] = {
            "mimeType": _named(content.request_headers, "content-type") or "application/json",
            "text": content.request_text,
        }
        if content.request_trimmed:
            found["postData"]["comment"] = "Only the beginning was kept."
    return found


def _response(exchange: Exchange) -> dict[str, Any]:
    content = exchange.content
    body: dict[str, Any] = {
        "size": exchange.response_size,
        "mimeType": _named(content.response_headers, "content-type") or "x-unknown",
    }
    if content.response_text is not None:
        body["text"] = content.response_text
    if content.response_trimmed:
        body["comment"] = "Only the beginning was kept."
    found: dict[str, Any] = {
        "status": exchange.status or 0,
        "statusText": _phrase(exchange.status),
        "httpVersion": content.http_version or _HTTP,
        "cookies": [],
        "headers": _headers(content.response_headers),
        "content": body,
        "redirectURL": _named(content.response_headers, "location"),
        "headersSize": -1,
        "bodySize": exchange.response_size if exchange.status else -1,
    }
    if exchange.failure_kind:
        found["_error"] = exchange.failure_kind
    return found


def _timings(exchange: Exchange) -> dict[str, float]:
    """Sending is not measured by itself: it is part of waiting, as far as we can tell."""
    first = exchange.first_byte_ms
    connect = exchange.content.connect_ms
    waited = exchange.total_ms if first is None else first
    return {
        "blocked": -1,
        "dns": -1,
        "connect": -1 if connect is None else round(connect, 3),
        "ssl": -1,
        "send": 0,
        "wait": round(max(0.0, waited - (connect or 0.0)), 3),
        "receive": round(max(0.0, exchange.total_ms - waited), 3),
    }


def _headers(pairs: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _named(pairs: Iterable[Sequence[str]], wanted: str) -> str:
    return next((value for name, value in pairs if name.lower() == wanted), "")


def _phrase(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""
