"""Events and comments as bytes."""

from __future__ import annotations

import re
from typing import Final

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_UNSAFE: Final = re.compile(r"[\r\n]")


def encode(
    data: str, *, name: str | None = None, last_id: str | None = None, retry: int | None = None
) -> bytes:
    """One event. Line ends inside the data become line feeds for the reader.

    ValueError for a name or an id that would end its line, for an id with NUL, which readers
    ignore, and for a negative retry, in milliseconds.
    """
    lines: list[str] = []
    if name is not None:
        lines.append(f"event: {_one_line(name)}")
    if last_id is not None:
        if "\0" in last_id:
            raise ValueError("An event id must not contain NUL.")
        lines.append(f"id: {_one_line(last_id)}")
    if retry is not None:
        if retry < 0:
            raise ValueError("A reconnection time must not be negative.")
        lines.append(f"retry: {retry}")
    lines.extend(f"data: {part}" for part in _LINE_ENDS.split(data))
    return ("\n".join(lines) + "\n\n").encode()


def comment(text: str = "") -> bytes:
    """A comment, for example a heartbeat, with the empty line that ends it."""
    return f": {_one_line(text)}\n\n".encode()


def _one_line(text: str) -> str:
    if _UNSAFE.search(text):
        raise ValueError("A name, an id or a comment must not contain a line end.")
    return text
