"""What came of a call: plain values, already redacted, that every screen can show.

Failures form a tree; a value, never an exception:

    unreachable            nothing answered: DNS, refused, reset before the first byte
    tls                    the connection could not be made safe
    timed_out              connected, but silent for too long
    broken                 the answer was cut off or was not HTTP
    redirected             a redirect, which is never followed with a key
    too_large              more than the limit; the rest was counted, not kept
    not_json               an answer that should be JSON and is not
    refused                401 or 403: the key
    rate_limited           429
    rejected               any other 4xx
    unavailable            5xx
    not_sent               refused on our side before a connection was made
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Headers = tuple[tuple[str, str], ...]


class Mode(StrEnum):
    """Which transport carried the call."""

    MOCK = "mock"
    LIVE = "live"


class FailureKind(StrEnum):
    """The kinds of trouble; see the tree above."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMED_OUT = "timed_out"
    BROKEN = "broken"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a call did not give what was asked for.

    ``code`` and ``message`` are the API's own words when it said any; ``detail`` is ours, for a
    technical reader. ``retry_after`` is in seconds.
    """

    kind: FailureKind
    code: str | None = None
    message: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSnapshot:
    """The request as it was sent, without its secrets. ``body`` is text, or None for none.

    ``intact`` says that ``body`` is exactly what was sent, so that sending it again is the same
    request; False for an upload, and where a secret or an unprintable byte was replaced.
    """

    method: str
    url: str
    headers: Headers
    body: str | None = None
    body_size: int = 0
    intact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSnapshot:
    """The response as it came, without its secrets.

    ``text`` is the body decoded as UTF-8 with replacement, None when it is binary; ``value`` is
    the parsed JSON where ``is_json``. ``size`` counts every byte of the decoded body, kept or
    not; ``truncated`` says that only the beginning was kept.
    """

    status: int
    headers: Headers
    text: str | None
    is_json: bool = False
    value: Any = None
    size: int = 0
    truncated: bool = False
    http_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Milliseconds since the call began; None where the transport does not know.

    ``connect_ms`` is the time the connection took (None when one was reused).
    """

    connect_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeSecret:
    """A secret that the API shows once; for the one page that answers this call, nowhere else."""

    pointer: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One call, from its request to its end.

    ``drift`` says where a JSON answer differs from the contract, as "pointer: what", first ten.
    """

    operation_id: str
    mode: Mode
    request: RequestSnapshot
    response: ResponseSnapshot | None
    timings: Timings
    failure: Failure | None = None
    drift: tuple[str, ...] = ()
    one_time_secrets: tuple[OneTimeSecret, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """True when a 2xx answer arrived whole."""
        return self.failure is None
