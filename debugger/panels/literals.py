"""JSON values written as literals of the languages that the snippets are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from debugger.panels.jsontext import write_json

_SAFE_INTEGER: Final = 2**53


@dataclass(frozen=True, slots=True)
class Language:
    """How a language spells what JSON spells otherwise."""

    words: Mapping[str, str]
    name: Callable[[str], str]
    step: int


def text(value: str) -> str:
    """A string literal: JSON's own form, which Python and JavaScript read the same way."""
    return write_json(value)


def _js_name(name: str) -> str:
    # A plain "__proto__" in an object literal would set the prototype instead of a property.
    return f"[{text(name)}]" if name == "__proto__" else text(name)


PYTHON: Final = Language({"true": "True", "false": "False", "null": "None"}, text, 4)
JAVASCRIPT: Final = Language({}, _js_name, 2)


def literal(value: Any, language: Language, *, depth: int = 0) -> str:
    """The value over several lines; ``depth`` is how far its first line is indented already."""
    outer, inner = (" " * language.step * level for level in (depth, depth + 1))
    if isinstance(value, Mapping) and value:
        rows = (
            f"{inner}{language.name(key)}: {literal(each, language, depth=depth + 1)},\n"
            for key, each in value.items()
        )
        return "{\n" + "".join(rows) + outer + "}"
    if isinstance(value, list) and value:
        rows = (f"{inner}{literal(each, language, depth=depth + 1)},\n" for each in value)
        return "[\n" + "".join(rows) + outer + "]"
    plain = write_json(value)
    return language.words.get(plain, plain)


def exact_in_javascript(value: Any) -> bool:
    """Whether every number survives JavaScript, which knows no integers above 2**53."""
    if isinstance(value, Mapping):
        return all(exact_in_javascript(each) for each in value.values())
    if isinstance(value, list):
        return all(exact_in_javascript(each) for each in value)
    return not isinstance(value, int) or abs(value) <= _SAFE_INTEGER


def utf8_safe(value: Any) -> bool:
    """Whether the value can be written as UTF-8: it has no half of a surrogate pair."""
    if isinstance(value, Mapping):
        return all(utf8_safe(key) and utf8_safe(each) for key, each in value.items())
    if isinstance(value, list):
        return all(utf8_safe(each) for each in value)
    return not isinstance(value, str) or not any("\ud800" <= mark <= "\udfff" for mark in value)
