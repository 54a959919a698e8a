"""The pieces that a readable view is made of: cells, rows, next steps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from debugger.panels.jsontext import write_json

ROWS: Final = 200
TEXT: Final = 300
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_GOOD: Final = frozenset({"succeeded", "active", "available", "delivered", "complete"})
_BAD: Final = frozenset({"failed", "revoked", "disabled", "rejected", "studio_only"})
_BUSY: Final = frozenset({"queued", "processing", "pending", "retrying", "coming_soon"})


def tone(word: object) -> str:
    """The chip's class for a state word; a word that nobody knows is quiet, not wrong."""
    if not isinstance(word, str):
        return "quiet"
    if word in _GOOD:
        return "ok"
    if word in _BAD:
        return "bad"
    return "busy" if word in _BUSY else "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of a table. ``kind`` is text, named, mono, chip, number, size or time.

    ``under`` is a second, smaller line: the id of what ``text`` names. Of a moment in UTC, which is
    shown to the second, it is what the API said.
    """

    text: str
    under: str = ""
    kind: str = "text"
    tone: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a row or a result leads: another panel, by link or with a draft handed over.

    ``path`` fills path parameters by link; ``body`` is posted, because a prompt or an address of
    a file belongs in no URL.
    """

    operation_id: str
    label: str
    path: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def query(self) -> str:
        """What follows the panel's address, so that its path parameters are filled in."""
        return f"?{urlencode(self.path)}" if self.path else ""

    @property
    def body_json(self) -> str:
        """The draft to hand over, as the panel's page reads it."""
        return write_json({"body": self.body}, indent=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cells in the order of the columns, and what can be done next."""

    cells: tuple[Cell, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``kind`` names the template ``panels/_out_<kind>.html``; the rest is what it shows."""

    kind: str
    value: Any = None
    columns: tuple[Cell, ...] = ()
    rows: tuple[Row, ...] = ()
    steps: tuple[Step, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    empty: str = ""
    note: str = ""
    assumed: str = ""

    @property
    def leads(self) -> bool:
        """Whether any row leads on to another panel."""
        return any(row.steps for row in self.rows)


def text_of(value: object) -> str:
    """A short text for any JSON value."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(text_of(each) for each in value[:20])
    text = str(value)
    return text if len(text) <= TEXT else text[:TEXT] + "…"


def cell_of(item: Mapping[str, Any], key: str, kind: str, *, wide: bool = False) -> Cell:
    """One member of an object as a cell."""
    value = item.get(key)
    if kind == "time" and isinstance(value, str) and _MOMENT.fullmatch(value):
        return Cell(text=f"{value[:10]} {value[11:19]}", under=value, kind=kind, wide=wide)
    shade = tone(value) if kind == "chip" and isinstance(value, str) else "quiet"
    under = text_of(item.get("id")) if kind == "named" else ""
    return Cell(text=text_of(value), under=under, kind=kind, tone=shade, wide=wide)


def safe_json(value: object) -> str:
    """A parsed answer as text, whatever it holds; numbers that JSON lacks become words."""
    try:
        return write_json(value)
    except (ValueError, RecursionError):
        return json.dumps(str(value)[:10_000], ensure_ascii=True)
