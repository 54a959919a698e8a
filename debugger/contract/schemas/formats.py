"""The two string formats that the API uses, checked the same on every machine."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from jsonschema import FormatChecker

from debugger.contract.parts import split

CHECKER: Final = FormatChecker(())

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)


@CHECKER.checks("date-time")
def is_date_time(value: object) -> bool:
    """RFC 3339; anything but text is left to the type check."""
    if not isinstance(value, str):
        return True
    if not _DATE_TIME.fullmatch(value):
        return False
    # A leap second is legal in RFC 3339 and unknown to datetime.
    try:
        datetime.fromisoformat(value[:17].upper() + value[17:19].replace("60", "59"))
    except ValueError:
        return False
    return True


@CHECKER.checks("uri")
def is_uri(value: object) -> bool:
    """An absolute URL with a host and without spaces or control characters."""
    if not isinstance(value, str):
        return True
    if any(character <= " " or character == "\x7f" for character in value):
        return False
    try:
        parts = split(value)
        return bool(parts.scheme and parts.hostname)
    except ValueError:
        return False
