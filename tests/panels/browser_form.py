"""What a browser would post from a form whose templates follow the rules of ``forms``."""

from __future__ import annotations

import re

from django.http import QueryDict

from debugger.panels.forms import Field, Form, Kind


def post_data_of(form: Form) -> QueryDict:
    """The post of an untouched form, with everything that HTML and browsers do to texts."""
    data = QueryDict(mutable=True)
    for name, value in form.hidden:
        data.appendlist(name, _attribute(value))
    data.appendlist("editor", "form")
    for row in form.headers:
        data.appendlist("header-name", row.name)
        data.appendlist("header-value", row.value)
    for field in (*form.path, *form.query, *form.body):
        _post(field, data)
    return data


def _post(field: Field, data: QueryDict) -> None:
    if field.include_name and field.included:
        data.appendlist(field.include_name, "on")
    match field.kind:
        case Kind.SWITCH:
            if field.on:
                data.appendlist(field.name, "true")
        case Kind.MULTI:
            for choice in field.choices:
                if choice.selected:
                    data.appendlist(field.name, _attribute(choice.value))
        case Kind.SELECT | Kind.MODEL:
            # Without a selected option a browser posts the first one.
            chosen = next((each for each in field.choices if each.selected), None)
            assert chosen is not None, field
            data.appendlist(field.name, _attribute(chosen.value))
        case Kind.REFERENCES | Kind.DIALOGUE | Kind.ATTACHMENTS:
            for item in field.items:
                data.appendlist(field.name, item.index)
                for inner in item.fields:
                    _post(inner, data)
        case Kind.TEXTAREA | Kind.OBJECT:
            # The template's own line feed is what the browser drops.
            data.appendlist(field.name, _lines(_page(field.text)))
        case _:
            # A one-line input strips line ends; Kind.TEXT must not hold any.
            data.appendlist(field.name, re.sub("[\r\n]", "", _page(field.text)))


def _page(text: str) -> str:
    """A text after its way through UTF-8 and an HTML parser."""
    text.encode("utf-8")
    assert "\x00" not in text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> str:
    return text.replace("\n", "\r\n")


def _attribute(value: str) -> str:
    return _lines(_page(value))
