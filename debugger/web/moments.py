"""Row numbers that say when: sorting by them is sorting by time, and a day is a range of them.

A number is the microsecond of a moment times 1024, plus chance, so that two processes hardly ever
make the same one. Rows that are numbered so need no index on their time.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils import timezone

_SPREAD: Final = 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Without i, l, o and u, which are misread.


def new_id(moment: datetime | None = None) -> int:
    """A number for a row of this moment, of now without one."""
    return first_id(moment or timezone.now()) + secrets.randbelow(_SPREAD)


def first_id(moment: datetime) -> int:
    """The smallest number that a row of this moment can have; earlier rows have smaller ones."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * _SPREAD


def moment_of(number: int) -> datetime:
    """The moment, in UTC, of which a number tells."""
    return _EPOCH + timedelta(microseconds=number // _SPREAD)


def name_of(prefix: str, number: int) -> str:
    """A number as people see and copy it: "run_1jz3k8x2m4q9"."""
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return f"{prefix}_{digits or '0'}"


def number_of(prefix: str, name: str) -> int | None:
    """The reverse of ``name_of``; None for a text that is no such name."""
    start, _, digits = name.partition("_")
    if start != prefix or not digits or len(digits) > 13 or not set(digits) <= set(_DIGITS):
        return None
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number if number < 2**63 else None
