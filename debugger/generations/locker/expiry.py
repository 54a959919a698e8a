"""Until when a signed address works, where it says so itself; nothing is guessed.

Only parameters that a storage's documentation names are read. How long an answer may be cached says
nothing about how long its address lives, so no header is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from debugger.contract.parts import split

# A date and a number of seconds: the first is the moment of signing.
_PAIRS: Final = ("x-amz", "x-goog", "x-tos", "x-oss")
_EPOCH: Final = re.compile(r"\d{9,11}", re.ASCII)
_LONGEST: Final = 10 * 366 * 86_400
_COMPACT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Stated:
    """The moment after which an address does not work, and the parameter that says so."""

    at: datetime
    by: str


def stated(url: str) -> Stated | None:
    """What an address says about its own end; None when it says nothing that is known here."""
    try:
        pairs = parse_qsl(split(url).query, max_num_fields=100)
        values = {name.lower(): (name, value) for name, value in pairs}
        return _dated(values) or _epoch(values) or _shared_access(values) or _span(values)
    except (ValueError, OverflowError):  # No address, or no moment of any calendar.
        return None


def _dated(values: Mapping[str, tuple[str, str]]) -> Stated | None:
    for prefix in _PAIRS:
        begin, length = values.get(f"{prefix}-date"), values.get(f"{prefix}-expires")
        if begin is None or length is None:
            continue
        try:
            start = datetime.strptime(begin[1], _COMPACT).replace(tzinfo=UTC)
        except ValueError:
            continue
        if length[1].isascii() and length[1].isdigit() and int(length[1][:12]) <= _LONGEST:
            return Stated(start + timedelta(seconds=int(length[1])), length[0])
    return None


def _epoch(values: Mapping[str, tuple[str, str]]) -> Stated | None:
    """``Expires`` of older signatures, seconds since 1970, beside the signature itself."""
    found = values.get("expires")
    if found is None or "signature" not in values or not _EPOCH.fullmatch(found[1]):
        return None
    return Stated(datetime.fromtimestamp(int(found[1]), UTC), found[0])


def _shared_access(values: Mapping[str, tuple[str, str]]) -> Stated | None:
    """``se`` of a shared access signature, an ISO moment."""
    found = values.get("se")
    if found is None or "sig" not in values:
        return None
    try:
        moment = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    return Stated(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC), found[0])


def _span(values: Mapping[str, tuple[str, str]]) -> Stated | None:
    """``q-sign-time``: two moments in seconds since 1970, the second one is the end."""
    found = values.get("q-sign-time")
    end = found[1].partition(";")[2] if found is not None else ""
    if found is None or not _EPOCH.fullmatch(end):
        return None
    return Stated(datetime.fromtimestamp(int(end), UTC), found[0])
