"""The text of the JSON editor: read strictly, written readably, with troubles that have a place.

Stricter than ``json.loads``: NaN and Infinity are refused (RFC 8259), a name that appears twice is
told instead of losing the first value, and numbers and depths that would not survive are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 400

# A string that is never closed is one word up to the end: looking for its end anew at every quote
# inside it would take time that grows with the square of its length.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|-?Infinity|NaN|-?\d[\d.eE+-]*|true|false|null',
    re.DOTALL,
)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MEANINGS: Final = {
    "Expecting ',' delimiter": gettext_lazy("A comma is missing here, or a bracket before it."),
    "Expecting ':' delimiter": gettext_lazy("A colon is missing after this name."),
    "Expecting property name enclosed in double quotes": gettext_lazy(
        "A name in double quotes is expected here."
    ),
    "Illegal trailing comma before end of object": gettext_lazy("This comma is one too many."),
    "Illegal trailing comma before end of array": gettext_lazy("This comma is one too many."),
    "Expecting value": gettext_lazy("A value is expected here."),
    "Extra data": gettext_lazy("The document ends before this point: what follows is too much."),
    "Unterminated string starting at": gettext_lazy("This string is not closed."),
    "Invalid control character at": gettext_lazy(
        "Inside a string, a line break is written as \\n and a tab as \\t."
    ),
    "Invalid \\escape": gettext_lazy("This backslash begins an escape that JSON does not know."),
    "Invalid \\uXXXX escape": gettext_lazy("After \\u, four hexadecimal digits are expected."),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value that was read whole, in the order in which it was written."""

    value: Any


@dataclass(frozen=True, slots=True)
class JsonTrouble:
    """Why a text is not the JSON we can keep; ``line`` and ``column`` count from 1."""

    line: int
    column: int
    message: str


class _RefusedError(Exception):
    """Raised inside this module with the offset of the trouble."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


@dataclass(slots=True)
class _Level:
    """One open bracket: the names seen in an object, and whether a name comes next."""

    is_object: bool
    names: set[str] = field(default_factory=set)
    name_next: bool = True


def parse_json(text: str, *, max_depth: int = MAX_DEPTH) -> Parsed | JsonTrouble:
    """What the text means, or where and why it means nothing. Never raises.

    A byte order mark at the beginning, as some editors leave it, is passed over. ``max_depth`` is
    how many brackets may be open at once.
    """
    text = text.removeprefix("\ufeff")
    try:
        _check_depth(text, max_depth)
        value = json.loads(text, parse_int=_integer)
        _check_words(text)
    except json.JSONDecodeError as trouble:
        return JsonTrouble(trouble.lineno, trouble.colno, _meaning(trouble.msg))
    except _RefusedError as refused:
        return JsonTrouble(*_place(text, refused.offset), refused.message)
    return Parsed(value)


def write_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON text for people: order kept, characters as they are, lone surrogates escaped.

    A lone surrogate can stand in JSON as an escape only: UTF-8 has no bytes for it.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, indent=indent, ensure_ascii=False, allow_nan=False, separators=separators
    )
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _integer(digits: str) -> int:
    # Python refuses to convert thousands of digits; _check_words then says where they stand.
    return int(digits) if len(digits) <= MAX_DIGITS else 0


def _meaning(message: str) -> str:
    return str(_MEANINGS.get(message.rstrip(), message))


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _words(text: str) -> Iterator[tuple[int, str]]:
    return ((found.start(), found[0]) for found in _TOKEN.finditer(text))


def _check_depth(text: str, max_depth: int) -> None:
    depth = 0
    for offset, word in _words(text):
        depth += (word in "{[") - (word in "}]")
        if depth > max_depth:
            raise _RefusedError(offset, _("This is nested too deeply: %d levels.") % max_depth)


def _check_words(text: str) -> None:
    levels: list[_Level] = []
    for offset, word in _words(text):
        if word in ("{", "["):
            levels.append(_Level(is_object=word == "{"))
        elif word in ("}", "]"):
            levels.pop()
        elif word in (",", ":"):
            levels[-1].name_next = word == ","
        elif word.startswith('"'):
            _check_name(levels, offset, word)
        else:
            _check_number(offset, word)


def _check_name(levels: list[_Level], offset: int, word: str) -> None:
    if not levels or not levels[-1].is_object or not levels[-1].name_next:
        return
    # Decoding every plain name would take most of the time that a large document takes.
    name = json.loads(word) if "\\" in word else word[1:-1]
    if name in levels[-1].names:
        raise _RefusedError(
            offset, _("“%(name)s” is here for the second time.") % {"name": name[:80]}
        )
    levels[-1].names.add(name)


def _check_number(offset: int, word: str) -> None:
    if word in ("NaN", "Infinity", "-Infinity"):
        raise _RefusedError(offset, _("JSON knows no %(word)s.") % {"word": word})
    is_number = word[0] in "-0123456789"
    if is_number and (len(word) > MAX_DIGITS or abs(float(word)) == float("inf")):
        raise _RefusedError(offset, _("This number is too large to be kept exactly."))
