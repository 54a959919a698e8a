"""The values that a form is made of; see the package for what a template does with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from debugger.contract.schemas import Problem


class Kind(StrEnum):
    """Which inputs a field needs."""

    TEXT = "text"
    TEXTAREA = "textarea"
    SELECT = "select"
    NUMBER = "number"
    SWITCH = "switch"
    MULTI = "multi"
    MODEL = "model"
    REFERENCES = "references"
    DIALOGUE = "dialogue"
    ATTACHMENTS = "attachments"
    FILE = "file"
    OBJECT = "object"


LISTS: Final = frozenset({Kind.REFERENCES, Kind.DIALOGUE, Kind.ATTACHMENTS})
BLANK_INDEX: Final = "__index__"


class Missing:
    """The value of what is not in the body; JSON's null is a value."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option. ``note`` says in few words what choosing it needs."""

    value: str
    label: str
    selected: bool = False
    group: str = ""
    note: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One place in the request.

    ``pointer`` is an RFC 6901 pointer into the body ("/params/duration"), or "path/taskId" or
    "query/limit". ``value`` is the JSON value (None when absent), ``text`` its text in an input.
    ``included`` says whether it is sent now. ``assumed`` names the convention that a guess
    borrows. ``group`` is "params" for the chosen model's own parameters.
    """

    pointer: str
    name: str
    label: str
    kind: Kind
    help: str = ""
    constraint: str = ""
    placeholder: str = ""
    required: bool = False
    included: bool = True
    include_name: str = ""
    value: Any = None
    text: str = ""
    choices: tuple[Choice, ...] = ()
    items: tuple[Item, ...] = ()
    blank: Item | None = None
    errors: tuple[str, ...] = ()
    assumed: str | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    group: str = ""

    @property
    def id(self) -> str:
        """An HTML id that the page can link to."""
        return "field-" + self.name.replace("/", "-")

    @property
    def on(self) -> bool:
        """Whether a switch is on."""
        return self.value is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of a list; ``name`` is what a remove button sends."""

    index: str
    name: str
    fields: tuple[Field, ...]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRow:
    """One extra header."""

    name: str
    value: str
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Everything that a panel's left side shows."""

    path: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    headers: tuple[HeaderRow, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    extras: tuple[str, ...] = ()
    loose: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def fields(self) -> Iterator[Field]:
        """Every field from top to bottom, rows of lists included."""
        for field in (*self.path, *self.query, *self.body):
            yield field
            for item in field.items:
                yield from item.fields

    @property
    def problems(self) -> tuple[tuple[Field | None, str], ...]:
        """The summary: every error with the field it stands at, None for the loose ones."""
        found: list[tuple[Field | None, str]] = []
        for field in self.fields():
            found += [(field, error) for error in field.errors]
            found += [(field, error) for item in field.items for error in item.errors]
        loose = ((None, str(problem)) for problem in self.loose)
        return (*found, *loose)
