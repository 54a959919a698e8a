"""From a draft to its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from debugger.contract.operations import Operation
from debugger.contract.schemas import Problem, pointer
from debugger.panels.draft import Draft
from debugger.panels.forms import places, shape
from debugger.panels.forms.errors import Errors
from debugger.panels.forms.field import (
    BLANK_INDEX,
    LISTS,
    MISSING,
    Choice,
    Field,
    Form,
    HeaderRow,
    Item,
    Kind,
)
from debugger.panels.forms.shape import Spec
from debugger.panels.forms.values import kind_for, missing, text_of
from debugger.panels.jsontext import write_json

_HEADERS: Final = "headers/"


def build(operation: Operation, draft: Draft, *, problems: Iterable[Problem] = ()) -> Form:
    """The form that shows this draft, each problem at the deepest field that holds its place."""
    specs = all_specs(operation, draft)
    errors = Errors(_places_shown(specs, draft), problems)
    return Form(
        path=tuple(field_of(spec, draft, errors) for spec in specs if spec.part == "path"),
        query=tuple(field_of(spec, draft, errors) for spec in specs if spec.part == "query"),
        body=tuple(field_of(spec, draft, errors) for spec in specs if spec.part == "body"),
        headers=tuple(
            HeaderRow(name=name, value=value, errors=errors.at(_HEADERS + name))
            for name, value in draft.headers.items()
        ),
        hidden=(("extras", extras_text(draft)),),
        extras=tuple(_extras(operation, draft, specs)),
        loose=errors.loose,
        notes=draft.notes,
    )


def all_specs(operation: Operation, draft: Draft) -> tuple[Spec, ...]:
    """Every field of the draft's form, before it has a value."""
    return (
        *shape.path_specs(operation),
        *shape.query_specs(operation),
        *shape.body_specs(operation, draft.body),
    )


def _places_shown(specs: tuple[Spec, ...], draft: Draft) -> Iterator[str]:
    """Every pointer at which the form can show an error."""
    yield from (_HEADERS + name for name in draft.headers)
    for spec in specs:
        yield spec.pointer
        rows = current(spec, draft)
        if spec.kind in LISTS and isinstance(rows, list):
            for index, row in enumerate(rows):
                yield pointer((*spec.keys, index))
                yield from (pointer((*spec.keys, index, *sub.keys)) for sub in row_specs(spec, row))


def extras_text(draft: Draft) -> str:
    """The whole draft as JSON, for the hidden input that brings it back."""
    whole = {
        "path": draft.path,
        "query": draft.query,
        "headers": draft.headers,
        "body": draft.body,
        "aside": draft.aside,
    }
    return write_json(whole, indent=None)


def current(spec: Spec, draft: Draft) -> Any:
    """What the request holds at the field's place, or ``MISSING``."""
    if spec.part == "path":
        return draft.path.get(spec.keys[0], MISSING)
    if spec.part == "query":
        return draft.query.get(spec.keys[0], MISSING)
    if draft.body is None:
        return MISSING
    return places.get(draft.body, spec.keys)


def displayed(spec: Spec, draft: Draft) -> Any:
    """What the input shows: the request's value, else the one set aside, else the default."""
    value = current(spec, draft)
    if not missing(value) or not spec.include_name:
        return value
    if spec.pointer in draft.aside:
        return draft.aside[spec.pointer]
    return MISSING if spec.default is None else spec.default


def field_of(spec: Spec, draft: Draft, errors: Errors) -> Field:
    """The field with its value, its choices and its errors."""
    value = displayed(spec, draft)
    field = _filled(spec, value, errors, name=spec.name, pointer_=spec.pointer)
    return replace(
        field, included=not missing(current(spec, draft)), include_name=spec.include_name
    )


def _filled(spec: Spec, value: Any, errors: Errors, *, name: str, pointer_: str) -> Field:
    kind = kind_for(spec, value)
    is_list = kind in LISTS
    return Field(
        pointer=pointer_,
        name=name,
        label=spec.label,
        kind=kind,
        help=spec.help,
        constraint=spec.constraint,
        placeholder=spec.placeholder,
        required=spec.required,
        included=not missing(value),
        value=None if missing(value) else value,
        text=text_of(kind, value),
        choices=_choices(spec, kind, value),
        items=_items(spec, value, errors, name) if is_list else (),
        blank=_item(spec, BLANK_INDEX, MISSING, errors, name) if is_list else None,
        errors=errors.at(pointer_),
        assumed=spec.assumed,
        max_length=spec.max_length,
        minimum=spec.minimum,
        maximum=spec.maximum,
        step=spec.step,
        group=spec.group,
    )


def _choices(spec: Spec, kind: Kind, value: Any) -> tuple[Choice, ...]:
    """The options, with the values that are none of them added so that they are not lost.

    Where nothing is chosen an empty option stands first: a browser would choose the first one.
    """
    if kind not in (Kind.SELECT, Kind.MODEL, Kind.MULTI):
        return ()
    if kind is Kind.MULTI:
        chosen = list(dict.fromkeys(value)) if not missing(value) else []
    else:
        chosen = [text_of(kind, value)]
    known = {choice.value for choice in spec.choices}
    added = tuple(
        Choice(value=each, label=each, known=False) for each in chosen if each not in known
    )
    offered = (*spec.choices, *added) if kind is Kind.MULTI else (*added, *spec.choices)
    return tuple(replace(choice, selected=choice.value in chosen) for choice in offered)


def _items(spec: Spec, value: Any, errors: Errors, name: str) -> tuple[Item, ...]:
    rows = [] if missing(value) else value
    return tuple(_item(spec, str(index), row, errors, name) for index, row in enumerate(rows))


def _item(spec: Spec, index: str, row: Any, errors: Errors, name: str) -> Item:
    row_name = f"{name}/{index}"
    row_pointer = pointer((*spec.keys, index))
    fields = tuple(
        _filled(
            sub,
            places.get(row, sub.keys) if sub.keys else row,
            errors,
            name="/".join((row_name, *sub.keys)),
            pointer_=row_pointer + sub.pointer,
        )
        for sub in row_specs(spec, row)
    )
    stray = errors.at(row_pointer) if all(each.pointer != row_pointer for each in fields) else ()
    return Item(index=index, name=row_name, fields=fields, errors=stray)


def row_specs(spec: Spec, row: Any) -> tuple[Spec, ...]:
    """The fields of one row; a row that is not an object is one field of JSON."""
    if missing(row) or isinstance(row, Mapping):
        return spec.items
    whole = Spec(part="body", keys=(), kind=Kind.OBJECT, label=spec.label, in_item=True)
    return (whole,)


def _extras(operation: Operation, draft: Draft, specs: tuple[Spec, ...]) -> Iterator[str]:
    """The pointers of what the body holds and no field shows."""
    if not isinstance(draft.body, Mapping) or operation.request is None:
        return
    shown = {spec.keys for spec in specs if spec.part == "body"}
    for key, value in draft.body.items():
        if (key,) in shown:
            continue
        if key != "params" or not isinstance(value, Mapping):
            yield pointer((key,))
            continue
        yield from (pointer((key, sub)) for sub in value if (key, sub) not in shown)
    for spec in specs:
        yield from _row_extras(spec, draft)


def _row_extras(spec: Spec, draft: Draft) -> Iterator[str]:
    rows = current(spec, draft)
    if spec.kind not in LISTS or not isinstance(rows, list):
        return
    shown = {sub.keys[0] for sub in spec.items}
    for index, row in enumerate(rows):
        if isinstance(row, Mapping):
            yield from (pointer((*spec.keys, index, key)) for key in row if key not in shown)
