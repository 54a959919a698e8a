"""What is wrong with a value and where, in words short enough to stand beside a field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from jsonschema import ValidationError

_LONGEST_LIST: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One difference. ``pointer`` is an RFC 6901 JSON pointer, "" for the whole value.

    ``message`` continues the name of the place: "must be one of: 1:1, 4:3". It never repeats
    what was sent, which may be long or secret.
    """

    pointer: str
    message: str

    def __str__(self) -> str:
        place = self.pointer.removeprefix("/").replace("/", ".") or "body"
        return f"{place} {self.message}"


def pointer(parts: Iterable[str | int]) -> str:
    """The JSON pointer of a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def describe(error: ValidationError) -> Iterator[Problem]:
    """One or more problems for one error of the validator."""
    place = list(error.absolute_path)
    if error.validator == "required":
        yield from _missing(error, place)
        return
    if error.validator == "anyOf":
        yield from _alternatives(error, place)
        return
    phrase = _PHRASES.get(str(error.validator))
    message = phrase(error.validator_value) if phrase else "does not fit the schema"
    yield Problem(pointer(place), message)


def _missing(error: ValidationError, place: list[str | int]) -> Iterator[Problem]:
    """A missing key is reported at the place where it should be, once for each key."""
    if isinstance(error.instance, Mapping):
        keys: list[str] = cast("list[str]", error.validator_value)
        for key in keys:
            if key not in error.instance:
                yield Problem(pointer([*place, key]), "is required")


def _alternatives(error: ValidationError, place: list[str | int]) -> Iterator[Problem]:
    """The problems inside the first alternative that has the right type, or all the types."""
    inner = error.context or []
    telling = [item for item in inner if item.validator != "type" or item.relative_path]
    if telling:
        branch = telling[0].relative_schema_path[0]
        for item in telling:
            if item.relative_schema_path[0] == branch:
                yield from describe(item)
        return
    words = list(dict.fromkeys(word for item in inner for word in _listed(item.validator_value)))
    yield Problem(pointer(place), _type(words))


_TYPES: Final[Mapping[str, str]] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
_FORMATS: Final[Mapping[str, str]] = {
    "date-time": "a date and time such as 2026-05-11T00:00:00.000Z",
    "uri": "an absolute URL",
}


def _listed(expected: Any) -> list[str]:
    return [expected] if isinstance(expected, str) else list(expected)


def _type(expected: Any) -> str:
    return "must be " + " or ".join(_TYPES.get(word, word) for word in _listed(expected))


def choices(options: Iterable[Any]) -> str:
    """ "must be one of: ..." for a list of options, shortened when it is long."""
    words = [str(option) for option in options]
    shown = ", ".join(words[:_LONGEST_LIST])
    rest = len(words) - _LONGEST_LIST
    return f"must be one of: {shown}" + (f" and {rest} more" if rest > 0 else "")


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"


_PHRASES: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": _type,
    "enum": choices,
    "const": lambda value: f"must be {value}",
    "format": lambda value: f"must be {_FORMATS.get(value, value)}",
    "minimum": lambda value: f"must be {value:g} or more",
    "maximum": lambda value: f"must be {value:g} or less",
    "minLength": lambda value: (
        "must not be empty"
        if value == 1
        else f"must have at least {_count(value, 'character', 'characters')}"
    ),
    "maxLength": lambda value: f"must have at most {_count(value, 'character', 'characters')}",
    "minItems": lambda value: f"must have at least {_count(value, 'entry', 'entries')}",
    "maxItems": lambda value: f"must have at most {_count(value, 'entry', 'entries')}",
    "uniqueItems": lambda _: "must not have the same entry twice",
}
