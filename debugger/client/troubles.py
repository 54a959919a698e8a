"""Trouble as a value: exceptions of the transport and statuses of the API become a Failure."""

from __future__ import annotations

import math
import os
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from debugger.client.bodies import BadEncoding
from debugger.client.jsontext import visible_text
from debugger.client.outcome import Failure, FailureKind
from debugger.client.request import BrokenUpload

LONGEST_RETRY_AFTER: Final = 86_400.0
_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "rivya-request-id")
MAYBE_HANDLED: Final = "Whether the request was carried out is not known."


def of_exception(trouble: BaseException, *, url: str, phase: str, answered: bool) -> Failure:
    """The Failure that an exception stands for.

    ``phase`` is how far the connection came ("", "connect", "tls", "sent"); ``answered`` says
    whether the response's headers had arrived.
    """
    kind, detail = _transport(trouble, place=_place(url), phase=phase, answered=answered)
    return Failure(kind=kind, detail=detail)


def _transport(
    trouble: BaseException, *, place: str, phase: str, answered: bool
) -> tuple[FailureKind, str]:
    if isinstance(trouble, BadEncoding):
        return FailureKind.BROKEN, str(trouble)
    if isinstance(trouble, BrokenUpload):
        return FailureKind.NOT_SENT, "The file could not be read whole; its upload was broken off."
    if isinstance(trouble, httpx.PoolTimeout):
        return FailureKind.NOT_SENT, "All connections were busy; nothing was sent."
    if isinstance(trouble, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return FailureKind.NOT_SENT, "The request cannot be sent over HTTP as it is."
    if isinstance(trouble, httpx.ConnectTimeout):
        if phase == "tls":
            return FailureKind.TLS, f"{place} did not answer the TLS handshake in time."
        return FailureKind.UNREACHABLE, f"{place} did not accept a connection in time."
    if isinstance(trouble, httpx.TimeoutException | TimeoutError):
        return _silent(place, answered=answered)
    if phase == "tls" or _has_ssl_error(trouble):
        return FailureKind.TLS, f"No safe connection to {place}: {_ssl_reason(trouble)}."
    if isinstance(trouble, httpx.ConnectError):
        return FailureKind.UNREACHABLE, f"No connection to {place}: {_reason(trouble)}."
    if answered:
        return FailureKind.BROKEN, "The connection ended before the whole body had arrived."
    if isinstance(trouble, httpx.RemoteProtocolError) and not _hung_up(trouble):
        return FailureKind.BROKEN, f"{place} answered with something that is not HTTP."
    return (
        FailureKind.UNREACHABLE,
        f"{place} closed the connection before it answered. {MAYBE_HANDLED}",
    )


def _silent(place: str, *, answered: bool) -> tuple[FailureKind, str]:
    if answered:
        return FailureKind.TIMED_OUT, f"{place} began to answer and then took too long."
    return (
        FailureKind.TIMED_OUT,
        f"{place} accepted the connection and did not answer in time. {MAYBE_HANDLED}",
    )


def _hung_up(trouble: BaseException) -> bool:
    return "without sending a response" in str(trouble)


def _place(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc or "The upstream"


def _causes(trouble: BaseException) -> Iterable[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = trouble
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _has_ssl_error(trouble: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(trouble))


def _ssl_reason(trouble: BaseException) -> str:
    for cause in _causes(trouble):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return f"the other side does not speak TLS as expected ({cause.reason})"
    return "the TLS handshake was broken off"


def _reason(trouble: BaseException) -> str:
    for cause in _causes(trouble):
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    return "nothing answers there"


def of_status(
    status: int, *, headers: httpx.Headers, value: Any, now: float, detail: str = ""
) -> Failure | None:
    """The Failure that a status stands for, None for a 2xx. ``value`` is the parsed body or None.

    ``now`` (POSIX seconds) turns a Retry-After date into seconds.
    """
    kind = _kind_of_status(status)
    if kind is None:
        return None
    code, message, request_id = error_words(value)
    if kind is FailureKind.REDIRECTED:
        target = visible_text(headers.get("location", ""))[:500]
        detail = f"The answer points to {target}." if target else "The answer names no address."
    return Failure(
        kind=kind,
        code=code,
        message=message,
        request_id=request_id or _request_id(headers),
        retry_after=retry_after(headers.get("retry-after"), now=now),
        detail=detail,
    )


def _kind_of_status(status: int) -> FailureKind | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return FailureKind.REDIRECTED
    if status in (401, 403):
        return FailureKind.REFUSED
    if status == 429:
        return FailureKind.RATE_LIMITED
    if 400 <= status < 500:
        return FailureKind.REJECTED
    return FailureKind.UNAVAILABLE if 500 <= status < 600 else FailureKind.BROKEN


def error_words(value: Any) -> tuple[str | None, str | None, str | None]:
    """Code, message and request id of an error body, each only where it is text."""
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str):
        return None, _short(error, 2000), None
    if not isinstance(error, dict):
        return None, None, None
    request_id = error.get("requestId") or error.get("request_id")
    return (
        _short(error.get("code"), 200),
        _short(error.get("message"), 2000),
        _short(request_id, 200),
    )


def _short(value: Any, longest: int) -> str | None:
    return value[:longest] if isinstance(value, str) and value else None


def _request_id(headers: httpx.Headers) -> str | None:
    return next((_short(headers[n], 200) for n in _REQUEST_ID_HEADERS if n in headers), None)


def retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds to wait, from seconds or from an HTTP date; None when it says nothing usable."""
    if value is None or len(value) > 64:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
