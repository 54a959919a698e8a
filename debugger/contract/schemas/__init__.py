"""The API's request and response bodies as JSON Schema 2020-12, one file per component.

Files refer to each other as ``"Name.json"``. Beside the standard keywords they use two marks:
``x-assumed`` stands next to what no page states and names the convention it borrows;
``x-inferred`` stands next to what follows from stated facts. Response bodies allow unknown
fields, because new optional fields may appear without a new version of the API.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from debugger.contract.schemas.extremes import extreme
from debugger.contract.schemas.formats import CHECKER
from debugger.contract.schemas.problems import Problem, describe, pointer

__all__ = ["Problem", "component", "names", "pointer", "resolved", "validate"]

_SUFFIX: Final = ".json"


@cache
def _read() -> Mapping[str, dict[str, Any]]:
    folder = resources.files(__package__)
    found = {
        entry.name.removesuffix(_SUFFIX): json.loads(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(_SUFFIX)
    }
    return MappingProxyType(dict(sorted(found.items())))


@cache
def names() -> tuple[str, ...]:
    """The name of every component, in alphabetical order."""
    return tuple(_read())


def component(name: str) -> dict[str, Any]:
    """A copy of one component as its file holds it; KeyError when there is none."""
    return copy.deepcopy(_read()[name])


def resolved(name: str) -> dict[str, Any]:
    """A copy of one component with every reference replaced by what it refers to.

    Keywords that stand beside a reference win over those of its target.
    """
    whole: dict[str, Any] = _expand(_read()[name])
    return whole


def _expand(node: Any) -> Any:
    if isinstance(node, list):
        return [_expand(item) for item in node]
    if not isinstance(node, dict):
        return node
    expanded = {key: _expand(value) for key, value in node.items() if key != "$ref"}
    if isinstance(target := node.get("$ref"), str):
        base = _expand(_read()[target.removesuffix(_SUFFIX)])
        base.pop("$schema", None)
        return {**base, **expanded}
    return expanded


@cache
def _validator(name: str) -> Draft202012Validator:
    resources_by_uri = (
        (f"{key}{_SUFFIX}", DRAFT202012.create_resource(schema)) for key, schema in _read().items()
    )
    registry: Registry[Any] = Registry().with_resources(resources_by_uri)
    return Draft202012Validator(
        {"$ref": f"{name}{_SUFFIX}"}, registry=registry, format_checker=CHECKER
    )


def validate(name: str, value: object) -> list[Problem]:
    """Where a JSON value differs from a component; an empty list when it does not.

    The order is that of the pointers, then of the messages, so that the same value gives the
    same list. KeyError when there is no such component.
    """
    if name not in _read():
        raise KeyError(name)
    if (problem := extreme(value)) is not None:
        return [problem]
    return sorted(set(_problems(name, value)))


def _problems(name: str, value: object) -> Iterator[Problem]:
    for error in _validator(name).iter_errors(value):
        yield from describe(error)
