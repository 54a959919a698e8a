"""Requests and responses as values without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx

from debugger.client.bodies import Body
from debugger.client.jsontext import NotJson, Parsed, read_json, visible_text
from debugger.client.outcome import OneTimeSecret, RequestSnapshot, ResponseSnapshot
from debugger.client.redact import Redactor
from debugger.client.request import Prepared
from debugger.contract import schemas
from debugger.contract.operations import Operation

EXCERPT: Final = 64 * 1024
# Comparing with the contract is a courtesy: it may not cost seconds on a huge answer.
DRIFT_LIMIT: Final = 1024 * 1024
DRIFT_SHOWN: Final = 10
_ONE_TIME_NAMES: Final = ("signing_secret",)
_TEXTUAL: Final = ("text/", "application/json", "application/xml", "application/javascript")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A response body, read: the snapshot, the parsed value before redaction, and what is odd."""

    snapshot: ResponseSnapshot
    value: Any = None
    not_json: str | None = None
    drift: tuple[str, ...] = ()
    one_time_secrets: tuple[OneTimeSecret, ...] = ()


def of_request(prepared: Prepared, redactor: Redactor) -> RequestSnapshot:
    """What goes out. An upload's file is named, not copied."""
    body = _sent_text(prepared, redactor)
    return RequestSnapshot(
        method=prepared.method,
        url=redactor.text(prepared.url),
        headers=redactor.headers(prepared.headers),
        body=body,
        body_size=prepared.size,
        intact=prepared.upload is None and _bytes_of(body) == prepared.body,
    )


def _bytes_of(body: str | None) -> bytes | None:
    return None if body is None else body.encode()


def _sent_text(prepared: Prepared, redactor: Redactor) -> str | None:
    if prepared.upload is not None:
        before = prepared.preamble.decode(errors="replace")
        after = prepared.epilogue.decode(errors="replace")
        text = f"{before}({prepared.upload.size} bytes of the file){after}"
        return visible_text(redactor.text(text))
    if prepared.body is None:
        return None
    return visible_text(redactor.text(prepared.body.decode(errors="replace")))


def of_response(
    response: httpx.Response, body: Body, *, operation: Operation, redactor: Redactor
) -> Reading:
    """What came back. Takes time on a large body: call it in a thread then."""
    data = body.data if body.whole else body.data[:EXCERPT]
    complete = body.whole and body.ended
    parsed = read_json(data) if complete else NotJson("Only the beginning of the body is known.")
    value = parsed.value if isinstance(parsed, Parsed) else None
    drift = _drift(operation, response.status_code, parsed, size=body.size)
    return Reading(
        snapshot=ResponseSnapshot(
            status=response.status_code,
            headers=response_headers(response, redactor),
            text=_text(data, response, is_json=isinstance(parsed, Parsed), redactor=redactor),
            is_json=isinstance(parsed, Parsed),
            value=redactor.value(value),
            size=body.size,
            truncated=not body.whole,
            http_version=http_version(response),
        ),
        value=value,
        not_json=parsed.why if isinstance(parsed, NotJson) else None,
        drift=tuple(redactor.text(line) for line in drift),
        one_time_secrets=one_time_secrets(value) if response.is_success else (),
    )


def response_headers(response: httpx.Response, redactor: Redactor) -> tuple[tuple[str, str], ...]:
    """The response's headers in their order, without secrets."""
    pairs = [
        (visible_text(name.decode("latin-1")), visible_text(value.decode("latin-1")))
        for name, value in response.headers.raw
    ]
    return redactor.headers(pairs)


def http_version(response: httpx.Response) -> str:
    """The protocol's name, such as "HTTP/1.1"."""
    version = response.extensions.get("http_version", b"")
    return version.decode("ascii", "replace") if isinstance(version, bytes) else ""


def _text(
    data: bytes, response: httpx.Response, *, is_json: bool, redactor: Redactor
) -> str | None:
    kind = response.headers.get("content-type", "").lower()
    textual = is_json or kind.startswith(_TEXTUAL) or "+json" in kind or "+xml" in kind
    text = data.decode(errors="replace")
    if not textual and ("\0" in text or text.count("\ufffd") > len(text) // 20):
        return None
    return visible_text(redactor.text(text))


def _drift(
    operation: Operation, status: int, parsed: Parsed | NotJson, *, size: int
) -> tuple[str, ...]:
    if not isinstance(parsed, Parsed) or size > DRIFT_LIMIT:
        return ()
    if status >= 400:
        return drift_from("PublicApiError", parsed.value)
    return drift_from(operation.response, parsed.value) if 200 <= status < 300 else ()


def drift_from(component: str | None, value: Any) -> tuple[str, ...]:
    """Where a value differs from a component of the contract: "data.0.params: what", first ten."""
    if component is None or component not in schemas.names():
        return ()
    lines = []
    for problem in schemas.validate(component, value)[:DRIFT_SHOWN]:
        place = problem.pointer.removeprefix("/").replace("/", ".") or "body"
        lines.append(visible_text(f"{place}: {problem.message}"))
    return tuple(lines)


def one_time_secrets(value: Any, *, at: str = "") -> tuple[OneTimeSecret, ...]:
    """Signing secrets in an answer, with their JSON pointers, before they are redacted."""
    found: list[OneTimeSecret] = []
    if isinstance(value, dict):
        for name, item in value.items():
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in _ONE_TIME_NAMES and isinstance(item, str) and item:
                found.append(OneTimeSecret(pointer=place, value=item))
            else:
                found += one_time_secrets(item, at=place)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += one_time_secrets(item, at=f"{at}/{number}")
    return tuple(found)
