"""Whether one value fits one parameter of a model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from debugger.contract.assumptions import Assumptions
from debugger.contract.catalog import ModelParam, ParamType
from debugger.contract.schemas import Problem
from debugger.contract.schemas.problems import choices

_LONGEST_WHOLE = 10**15


def value_problems(
    value: object, *, param: ModelParam, assumptions: Assumptions
) -> Iterator[Problem]:
    """What is wrong with a value; pointers are relative to the parameter."""
    match param.type:
        case ParamType.SELECT:
            text = as_option(value) if assumptions.select_coercion else value
            if text not in param.options:
                yield Problem("", choices(param.options))
        case ParamType.NUMBER:
            yield from _number_problems(value, param)
        case ParamType.TEXT:
            if not isinstance(value, str):
                yield Problem("", "must be text")
        case ParamType.DIALOGUE:
            yield from _dialogue_problems(value)


def as_option(value: object) -> str | None:
    """A select's value as the string that the documentation would send: 5 is "5", true "true".

    None for a value that stands for no string, such as a list or null.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < _LONGEST_WHOLE else None
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return None


def _number_problems(value: object, param: ModelParam) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
        yield Problem("", "must be a number")
        return
    if param.minimum is not None and value < param.minimum:
        yield Problem("", f"must be {param.minimum:.15g} or more")
    elif param.maximum is not None and value > param.maximum:
        yield Problem("", f"must be {param.maximum:.15g} or less")
    elif param.step is not None and not _on_step(value, param.step, param.minimum or 0):
        words = "a whole number" if param.step == 1 else f"a multiple of {param.step:g}"
        yield Problem("", f"must be {words}")


def _finite(value: float) -> bool:
    # A huge integer does not fit a float, and is finite nevertheless.
    return isinstance(value, int) or math.isfinite(value)


def _on_step(value: float, step: float, start: float) -> bool:
    """Whether a value is a whole number of steps from the start, in decimal as people mean it."""
    return ((_decimal(value) - _decimal(start)) / _decimal(step)).denominator == 1


def _decimal(value: float) -> Fraction:
    """0.1 as one tenth; nine places forgive the noise of computed floats."""
    return Fraction(value) if isinstance(value, int) else Fraction(f"{value:.9f}")


def _dialogue_problems(value: object) -> Iterator[Problem]:
    """The shape of the lines is the schema's matter; here only that there is one."""
    if isinstance(value, list) and not value:
        yield Problem("", "must have at least 1 line")
