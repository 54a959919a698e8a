"""Values that are legal JSON and yet cannot be described, such as a list in a list, 900 times over.

The validator writes every offending value into its messages, which fails for these. No body of the
API comes near the limits.
"""

from __future__ import annotations

from typing import Any, Final

from debugger.contract.schemas.problems import Problem

_DEEPEST: Final = 100
_LONGEST_NUMBER_BITS: Final = 4096


def extreme(value: object) -> Problem | None:
    """The problem with a value that is too deep or holds a number that is too long."""
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        if any(
            isinstance(item, int) and item.bit_length() > _LONGEST_NUMBER_BITS for item in level
        ):
            return Problem("", "must not hold a number of more than 1000 digits")
        level = [inner for item in level for inner in _members(item)]
        if not level:
            return None
    return Problem("", f"must not be nested deeper than {_DEEPEST} levels")


def _members(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
