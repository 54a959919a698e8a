"""Which headers of a message are kept with their values: a list of those that may, not of others.

Of every other header the name stays, so that a reader knows that it was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from debugger.client.jsontext import visible_text
from debugger.client.redact import redact_headers

NOT_KEPT: Final = "[not kept]"
_MOST: Final = 80
_LONGEST_NAME: Final = 100
_LONGEST_VALUE: Final = 1_000
_KEPT: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-ranges",
        "age",
        "allow",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "host",
        "idempotency-key",
        "idempotency-replayed",
        "last-modified",
        "location",
        "range",
        "request-id",
        "retry-after",
        "rivya-request-id",
        "server",
        "server-timing",
        "transfer-encoding",
        "user-agent",
        "vary",
        "via",
        "www-authenticate",
        "x-request-id",
        "x-trace-id",
    }
)
_KEPT_STARTS: Final = ("ratelimit", "x-ratelimit-", "x-rate-limit-")


def is_kept(name: str) -> bool:
    """Whether a header is kept with its value."""
    folded = name.lower()
    return folded in _KEPT or folded.startswith(_KEPT_STARTS)


def kept_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Headers as they are kept, in their order: [name, value or "[not kept]"]."""
    kept: list[list[str]] = []
    more = 0
    for name, value in redact_headers(headers):
        if len(kept) == _MOST:
            more += 1
            continue
        shown = visible_text(value)[:_LONGEST_VALUE] if is_kept(name) else NOT_KEPT
        kept.append([visible_text(name)[:_LONGEST_NAME], shown])
    if more:
        kept.append([f"({more} more)", NOT_KEPT])
    return kept


def named(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The value of the first header of a name; "" where there is none."""
    return next((value for each, value in headers if each.lower() == name), "")
