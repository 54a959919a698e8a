"""Values as text in an input and back, so that nothing is lost on the way.

The one rule behind everything: an input that comes back with the text it went out with means that
the value is unchanged, whatever its type. Only a text that a person changed is parsed.
"""

from __future__ import annotations

import re
from typing import Any, Final

from debugger.contract.rules.values import as_option
from debugger.panels.forms.field import LISTS, MISSING, Kind, Missing
from debugger.panels.forms.shape import Spec
from debugger.panels.jsontext import Parsed, parse_json, write_json

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
# What an HTML page cannot carry in an input: control characters, lone surrogates, and the
# non-characters that some parsers replace.
_UNSHOWABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def kind_for(spec: Spec, value: Any) -> Kind:
    """The kind that can show this value: the field's own, or JSON where that one cannot."""
    if isinstance(value, Missing):
        return spec.kind
    if not _fits(spec.kind, value):
        return Kind.OBJECT
    if spec.kind is Kind.TEXT and ("\n" in value or "\r" in value):
        return Kind.TEXTAREA
    return spec.kind


def text_of(kind: Kind, value: Any) -> str:
    """The text that stands in the input for a value."""
    if isinstance(value, Missing) or kind in LISTS or kind in (Kind.MULTI, Kind.SWITCH):
        return ""
    if isinstance(value, str) and (kind is not Kind.OBJECT or _is_broken_json(value)):
        return value
    if kind is Kind.SELECT and (option := as_option(value)) is not None:
        return option
    return write_json(value, indent=2 if kind is Kind.OBJECT else None)


def value_of(kind: Kind, text: str) -> Any:
    """The value that a changed text means; a text that means nothing is kept as a string."""
    if kind is Kind.OBJECT:
        found = parse_json(text)
        return found.value if isinstance(found, Parsed) else text
    return number_of(text) if kind is Kind.NUMBER else text


def number_of(text: str) -> Any:
    """The number that a text spells, or the text itself."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain):
        return text
    found = parse_json(_as_json(plain))
    return found.value if isinstance(found, Parsed) else text


def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal but for the line ends that browsers rewrite."""
    return _plain_lines(one) == _plain_lines(other)


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed(text: str) -> str:
    """A text as a person typed it: browsers send every line end as CR LF."""
    return _plain_lines(text)


def _as_json(plain: str) -> str:
    """A number as people write it ("+5", ".5", "5.", "007") in the spelling of JSON."""
    sign, rest = ("-", plain[1:]) if plain[0] == "-" else ("", plain.lstrip("+"))
    mantissa, mark, exponent = rest.lower().partition("e")
    whole, point, digits = mantissa.partition(".")
    fraction = point + digits if digits else ""
    return f"{sign}{whole.lstrip('0') or '0'}{fraction}{mark}{exponent}"


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.OBJECT:
        return True
    if kind is Kind.SWITCH:
        return isinstance(value, bool)
    if kind is Kind.MULTI:
        return isinstance(value, list) and all(_showable(each) for each in value)
    if kind in LISTS:
        return isinstance(value, list)
    if kind is Kind.NUMBER:
        return _number_like(value)
    if kind is Kind.SELECT and isinstance(value, int | float):
        return True
    return _showable(value)


def _showable(value: object) -> bool:
    return isinstance(value, str) and _UNSHOWABLE.search(value) is None


def _number_like(value: object) -> bool:
    if isinstance(value, str):
        one_line = "\n" not in value and "\r" not in value
        return one_line and _showable(value) and number_of(value) is value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_broken_json(text: str) -> bool:
    return _showable(text) and not isinstance(parse_json(text), Parsed)


def missing(value: object) -> bool:
    """Whether this is the mark for what is not there."""
    return value is MISSING
