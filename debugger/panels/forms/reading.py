"""From a posted form to a draft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Protocol

from django.utils.translation import gettext as _

from debugger.contract.operations import Operation
from debugger.panels.draft import Draft
from debugger.panels.forms import building, places
from debugger.panels.forms.field import LISTS, MISSING, Kind
from debugger.panels.forms.models import change_model, model_of
from debugger.panels.forms.shape import Spec
from debugger.panels.forms.values import (
    kind_for,
    missing,
    same_text,
    text_of,
    typed,
    value_of,
)
from debugger.panels.jsontext import MAX_DEPTH, Parsed, parse_json

# A key has its own field and is never kept with the draft, whatever name it comes under.
SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"}
)


class Posted(Protocol):
    """What ``read`` needs of a QueryDict."""

    def __contains__(self, key: object, /) -> bool: ...

    def get(self, key: str, /) -> Any:
        """The last value of a name, or None."""

    def getlist(self, key: str, /) -> list[Any]:
        """Every value of a name."""


def read(operation: Operation, data: Posted, previous: Draft) -> Draft:
    """The draft that a posted form means. Never raises on what was posted.

    ``previous`` is the draft that the form was built from; the hidden input ``extras`` wins over
    it where the form has one. An input that is not there at all leaves its place as it was,
    except that an optional field whose check-box is not ticked is absent.
    """
    base = replace(_base(data, previous), notes=())
    base = _read_headers(data, base)
    if data.get("editor") == "json":
        base = _read_fields(_outside_body(operation, base), data, base)
        return base.with_text(typed(str(data.get("json")))) if "json" in data else base
    base = replace(base, text=None)
    specs = building.all_specs(operation, base)
    wanted = _wanted_model(specs, data, base)
    draft = _read_fields(specs, data, base)
    if wanted is None:
        return draft
    draft = change_model(operation, draft, previous=model_of(base.body), wanted=wanted)
    seen = {spec.name for spec in specs}
    fresh = tuple(
        spec
        for spec in building.all_specs(operation, draft)
        if spec.name not in seen and (spec.include_name or spec.name) in data
    )
    return _read_fields(fresh, data, draft)


def _outside_body(operation: Operation, draft: Draft) -> tuple[Spec, ...]:
    return tuple(spec for spec in building.all_specs(operation, draft) if spec.part != "body")


def _base(data: Posted, previous: Draft) -> Draft:
    # The draft wraps its body in a level or two, and the body may be as deep as is allowed.
    found = parse_json(str(data.get("extras") or ""), max_depth=MAX_DEPTH + 4)
    whole = found.value if isinstance(found, Parsed) else None
    if not isinstance(whole, dict):
        return previous
    return replace(
        previous,
        path=_strings(whole.get("path")),
        query=_strings(whole.get("query")),
        headers=_strings(whole.get("headers")),
        body=whole.get("body"),
        aside=_mapping(whole.get("aside")),
        text=None,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> dict[str, str]:
    return {key: each for key, each in _mapping(value).items() if isinstance(each, str)}


def _read_headers(data: Posted, draft: Draft) -> Draft:
    if "header-name" in data:
        pairs = zip(data.getlist("header-name"), data.getlist("header-value"), strict=False)
        rows = {str(name).strip(): str(value).strip() for name, value in pairs if name or value}
        draft = replace(draft, headers=rows)
    kept = {name: value for name, value in draft.headers.items() if not _is_secret(name)}
    if len(kept) == len(draft.headers):
        return draft
    note = _("The key has its own field: the header that carried one was not kept.")
    return replace(draft, headers=kept, notes=(*draft.notes, note))


def _is_secret(name: str) -> bool:
    return name.strip().lower() in SECRET_HEADERS


def _wanted_model(specs: tuple[Spec, ...], data: Posted, base: Draft) -> str | None:
    """The newly chosen model; None while it is the same one."""
    spec = next((each for each in specs if each.kind is Kind.MODEL), None)
    if spec is None or not spec.required:
        return None
    wanted = _posted(spec, building.displayed(spec, base), data, name=spec.name)
    is_new = isinstance(wanted, str) and wanted not in ("", model_of(base.body))
    return wanted if is_new else None


def _read_fields(specs: tuple[Spec, ...], data: Posted, draft: Draft) -> Draft:
    for spec in specs:
        draft = _read_field(spec, data, draft)
    return draft


def _read_field(spec: Spec, data: Posted, draft: Draft) -> Draft:
    shown = building.displayed(spec, draft)
    value = _posted(spec, shown, data, name=spec.name)
    if spec.include_name:
        return _optional(spec, value, data, draft)
    if not missing(value) and not spec.required and _is_empty(value):
        # Empty means absent, unless it was empty before, as an imported "?limit=" is.
        before = building.current(spec, draft)
        value = value if not missing(before) and before == value else MISSING
    return _put(spec, value, draft)


def _is_empty(value: Any) -> bool:
    return value in ("", [])


def _optional(spec: Spec, value: Any, data: Posted, draft: Draft) -> Draft:
    aside = dict(draft.aside)
    if spec.include_name in data:
        aside.pop(spec.pointer, None)
        value = _empty_value(spec) if missing(value) else value
        was_there = not missing(building.current(spec, draft))
        return _put(spec, value, draft if was_there else replace(draft, aside=aside))
    if missing(value) or value == spec.default or _is_empty(value):
        aside.pop(spec.pointer, None)
    else:
        aside[spec.pointer] = value
    return _put(spec, MISSING, replace(draft, aside=aside))


def _empty_value(spec: Spec) -> Any:
    """What an optional field begins with when it is included without an input."""
    if spec.default is not None:
        return spec.default
    return "" if spec.kind is not Kind.MULTI else []


def _put(spec: Spec, value: Any, draft: Draft) -> Draft:
    if missing(value):
        return _take_out(spec, draft)
    if spec.part == "path":
        return replace(draft, path={**draft.path, spec.keys[0]: value})
    if spec.part == "query":
        return replace(draft, query={**draft.query, spec.keys[0]: value})
    return replace(draft, body=places.put(draft.body, spec.keys, value))


def _take_out(spec: Spec, draft: Draft) -> Draft:
    if spec.part == "path":
        return draft
    if spec.part == "query":
        left = {key: each for key, each in draft.query.items() if key != spec.keys[0]}
        return replace(draft, query=left)
    return replace(draft, body=places.without(draft.body, spec.keys) if spec.keys else draft.body)


def _posted(spec: Spec, shown: Any, data: Posted, *, name: str) -> Any:
    """The value that an input holds now; ``shown`` where it was not touched or not there."""
    kind = kind_for(spec, shown)
    if kind in LISTS:
        return _rows(spec, shown, data, name)
    if kind is Kind.SWITCH:
        return _switch(spec, shown, data, name)
    if kind is Kind.MULTI:
        return _multi(spec, shown, data, name)
    if name not in data:
        return shown
    text = str(data.get(name))
    if same_text(text, text_of(kind, shown)):
        return shown
    if spec.part != "body":
        return typed(text)
    return _file_name(text) if kind is Kind.FILE else value_of(kind, typed(text))


def _file_name(text: str) -> str:
    """The name alone: some browsers put an invented folder before it."""
    return text.replace("\\", "/").rsplit("/", 1)[-1]


def _switch(spec: Spec, shown: Any, data: Posted, name: str) -> Any:
    if spec.include_name in data or name in data:
        return name in data
    return shown


def _multi(spec: Spec, shown: Any, data: Posted, name: str) -> Any:
    if spec.include_name not in data and name not in data:
        return shown
    ticked = [typed(str(each)) for each in data.getlist(name)]
    before = [] if missing(shown) else shown
    if set(ticked) == {typed(each) for each in before}:
        return shown if not missing(shown) else ticked
    kept = [each for each in before if typed(each) in ticked]
    return [*kept, *(each for each in ticked if each not in {typed(old) for old in before})]


def _rows(spec: Spec, shown: Any, data: Posted, name: str) -> Any:
    """The rows of a list in the order in which they were posted, with the buttons obeyed."""
    before = [] if missing(shown) else shown
    adds = data.get("add") == name
    if name not in data:
        # No row came: they were all removed, or the list was not on the page at all.
        removed = bool(before) and "extras" in data
        rows: list[Any] = [] if removed else list(before)
    else:
        rows = list(_posted_rows(spec, before, data, name))
    if adds:
        rows.append({})
    return shown if missing(shown) and not rows else rows


def _posted_rows(spec: Spec, before: list[Any], data: Posted, name: str) -> Iterator[Any]:
    for index in dict.fromkeys(str(each) for each in data.getlist(name)):
        row_name = f"{name}/{index}"
        if data.get("remove") != row_name:
            yield _row(spec, _row_before(before, index), data, row_name)


def _row_before(before: list[Any], index: str) -> Any:
    is_known = index.isascii() and index.isdigit() and len(index) < 6 and int(index) < len(before)
    return before[int(index)] if is_known else {}


def _row(spec: Spec, row: Any, data: Posted, row_name: str) -> Any:
    for sub in building.row_specs(spec, row):
        name = "/".join((row_name, *sub.keys))
        shown = places.get(row, sub.keys)
        value = _posted(sub, shown, data, name=name)
        if missing(value) or (_is_empty(value) and missing(shown)):
            continue
        if _is_empty(value) and value != shown and not sub.required:
            row = places.without(row, sub.keys)
        else:
            row = places.put(row, sub.keys, value)
    return row
