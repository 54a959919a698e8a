"""Reading and writing inside a JSON body by keys, without changing the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from debugger.panels.forms.field import MISSING


def get(value: Any, keys: Sequence[str]) -> Any:
    """What stands at the place, or ``MISSING``."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return MISSING
        value = value[key]
    return value


def put(value: Any, keys: Sequence[str], new: Any) -> Any:
    """A copy with ``new`` at the place; objects on the way are made where there is nothing.

    What is on the way and is not an object stays as it is: a form has no field below it.
    """
    if not keys:
        return new
    if value is None or value is MISSING:
        value = {}
    if not isinstance(value, Mapping):
        return value
    return {**value, keys[0]: put(value.get(keys[0], MISSING), keys[1:], new)}


def without(value: Any, keys: Sequence[str]) -> Any:
    """A copy in which the place is absent."""
    if not isinstance(value, Mapping) or keys[0] not in value:
        return value
    if len(keys) == 1:
        return {key: each for key, each in value.items() if key != keys[0]}
    return {**value, keys[0]: without(value[keys[0]], keys[1:])}
