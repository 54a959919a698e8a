"""Drafts that arrive with a page: from an answer's button, a pasted command, or an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from debugger.contract.operations import Operation
from debugger.panels.draft import Draft, JsonTrouble, initial, parse_json


def from_address(operation: Operation, query: QueryDict) -> Draft:
    """The sample draft with ids from the address. Prompts and files never travel in addresses."""
    draft = initial(operation)
    path = {name: query.get(name, value)[:300] for name, value in draft.path.items()}
    return replace(draft, path=path)


def from_post(operation: Operation, data: QueryDict) -> Draft | None:
    """The draft that was handed over; None when the post holds none that can be read."""
    if "handover" in data:
        return _merged(operation, _object(data.get("handover", "")))
    if "imported" in data:
        return _whole(_object(data.get("imported", "")))
    return None


def stored(text: str) -> Draft | None:
    """The draft of a stored run; None where the team keeps no drafts."""
    return _whole(_object(text)) if text else None


def as_json(draft: Draft) -> dict[str, Any]:
    """A whole draft as plain values, for a hidden input."""
    return {
        "path": draft.path,
        "query": draft.query,
        "headers": draft.headers,
        "body": draft.body,
        "text": draft.text,
    }


def _object(text: str) -> Mapping[str, Any]:
    found = parse_json(text)
    if isinstance(found, JsonTrouble) or not isinstance(found.value, dict):
        return {}
    return found.value


def _merged(operation: Operation, given: Mapping[str, Any]) -> Draft | None:
    """A few values laid over the sample draft of the model that they name."""
    body = given.get("body")
    if not isinstance(body, dict):
        return None
    model = body.get("model")
    start = initial(operation, model if isinstance(model, str) else None)
    base = start.body if isinstance(start.body, dict) else {}
    merged = base | body
    if isinstance(base.get("params"), dict) and isinstance(body.get("params"), dict):
        merged["params"] = base["params"] | body["params"]
    return replace(start, body=merged)


def _whole(given: Mapping[str, Any]) -> Draft:
    draft = Draft(
        path=_texts(given.get("path")),
        query=_texts(given.get("query")),
        headers=_texts(given.get("headers")),
        body=given.get("body"),
    )
    text = given.get("text")
    return replace(draft, text=text) if isinstance(text, str) else draft


def _texts(value: object) -> dict[str, str]:
    given = value if isinstance(value, dict) else {}
    return {str(name): str(each) for name, each in given.items()}
