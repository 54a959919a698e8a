"""Hostile JSON, read safely: what comes out can be stored, redacted, drawn and encoded.

``json.loads`` raises RecursionError on deep text and ValueError on long integers, accepts NaN, and
gives lone surrogates and NUL that neither UTF-8 nor PostgreSQL can hold. Here each of these is a
sentence or a visible escape, never an exception.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

MAX_DEPTH: Final = 100
MAX_DIGITS: Final = 1000
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value; characters that text cannot hold stand in it as visible escapes."""

    value: Any


@dataclass(frozen=True, slots=True)
class NotJson:
    """Why the bytes are not JSON, or not JSON that is read here."""

    why: str


class _RefusedError(ValueError):
    """A number that is not read."""


def read_json(data: bytes) -> Parsed | NotJson:
    """The value of a JSON text in UTF-8, with or without a byte order mark. Never raises."""
    if not data.strip():
        return NotJson("The body is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        return NotJson(f"The body is not valid UTF-8 at byte {trouble.start}.")
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_int=_integer, parse_float=_fraction
        )
    except json.JSONDecodeError as trouble:
        place = f"line {trouble.lineno}, column {trouble.colno}"
        return NotJson(f"The body is not JSON: {trouble.msg} at {place}.")
    except _RefusedError as trouble:
        return NotJson(str(trouble))
    except RecursionError:
        return NotJson(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    if _deeper_than(value, MAX_DEPTH):
        return NotJson(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    return Parsed(_visible(value) if _suspicious(text) else value)


def visible_text(text: str) -> str:
    """Text that can be encoded and stored: NUL and half surrogate pairs become escapes."""
    return _UNSTORABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _constant(word: str) -> float:
    raise _RefusedError(f"The body holds {word}, which is not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _RefusedError(f"The body holds a number of {len(digits)} digits, which is not read.")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_DIGITS else float("inf")
    if number in (float("inf"), float("-inf")):
        raise _RefusedError("The body holds a number that is too large to be read.")
    return number


def _suspicious(text: str) -> bool:
    # Decoded UTF-8 holds no surrogates, so these can only come from escapes.
    folded = text.lower() if "\\u" in text else ""
    return "\\ud" in folded or "\\u0000" in folded


def _deeper_than(value: Any, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [child for child in item.values() if isinstance(child, dict | list)]
    if isinstance(item, list):
        return [child for child in item if isinstance(child, dict | list)]
    return []


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible_text(value)
    if isinstance(value, list):
        return [_visible(item) for item in value]
    if isinstance(value, dict):
        return {visible_text(name): _visible(item) for name, item in value.items()}
    return value
