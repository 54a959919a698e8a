"""What a guess is made of: its default, its explanation, and the values that may replace it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any, Final, cast

_ENDLESS: Final = float("inf")

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]


class AssumptionError(ValueError):
    """An override that names no assumption, or whose value does not fit."""


def guess(
    default: Any,
    about: str,
    convention: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float = 0,
    maximum: float = _ENDLESS,
    pattern: str = r"[ -~]+",
    fixed: bool = False,
) -> Any:
    """A field with its explanation.

    ``minimum`` and ``maximum`` hold for numbers and members of tuples, ``pattern`` for text.
    ``fixed`` is for what the emulator's code is built on and no value can change.
    """
    return field(
        default=default,
        metadata={
            "about": about,
            "convention": convention,
            "choices": choices,
            "minimum": minimum,
            "maximum": maximum,
            "pattern": pattern,
            "fixed": fixed,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One guess as a screen shows it: its value, its default, and whose convention it borrows.

    A ``fixed`` one describes the emulator's code and cannot be overridden.
    """

    name: str
    value: Value
    default: Value
    about: str
    convention: str
    fixed: bool = False

    @property
    def overridden(self) -> bool:
        """True when an operator has put another value in the guess's place."""
        return self.value != self.default


def checked(item: Field[Any], value: object) -> Value:
    """The value in the field's own type."""
    default = default_of(item)
    if item.metadata["fixed"] and value != default:
        raise AssumptionError(f"{item.name} describes the emulator and cannot be changed.")
    if not isinstance(default, tuple):
        return _scalar(item, value, default)
    if not isinstance(value, (list, tuple)) or not value:
        raise AssumptionError(f"{item.name} must be a list with at least one member.")
    return tuple(_scalar(item, member, default[0]) for member in value)


def default_of(item: Field[Any]) -> Value:
    """The value that a field has without an override."""
    return cast("Value", item.default)


def _scalar(item: Field[Any], value: object, like: Scalar) -> Scalar:
    """One value of the same type as ``like``; an integer is welcome where a float is meant."""
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        # Beyond any float there is only infinity, which the limits refuse.
        value = float(value) if value.bit_length() < 1024 else _ENDLESS
    if type(value) is not type(like):
        raise AssumptionError(f"{item.name} must be {_WORDS[type(like)]}.")
    assert isinstance(value, (bool, int, float, str))  # noqa: S101 -- narrows for the type checker.
    if isinstance(value, str):
        _check_text(item, value)
    elif not isinstance(value, bool):
        _check_number(item, value)
    return value


def _check_text(item: Field[Any], value: str) -> None:
    choices = item.metadata["choices"]
    if choices and value not in choices:
        raise AssumptionError(f"{item.name} must be one of: {', '.join(choices)}.")
    if not re.fullmatch(item.metadata["pattern"], value):
        raise AssumptionError(f"{item.name} must not be empty or hold characters that do not fit.")


def _check_number(item: Field[Any], value: float) -> None:
    minimum, maximum = item.metadata["minimum"], item.metadata["maximum"]
    if not minimum <= value <= maximum or value == _ENDLESS:
        words = f"{minimum:g} or more" if maximum == _ENDLESS else f"{minimum:g} to {maximum:g}"
        raise AssumptionError(f"{item.name} must be a finite number, {words}.")


_WORDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}
