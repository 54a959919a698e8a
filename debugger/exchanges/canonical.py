"""Messages in one spelling, so that what differs between two of them is what was meant differently.

JSON is written with sorted names, one member a line. What changes with every run (ids, moments,
signed addresses) is covered unless it is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from debugger.client.jsontext import Parsed, read_json
from debugger.contract.parts import split

ID: Final = "‹id›"
TIME: Final = "‹time›"
ADDRESS: Final = "‹address›"
MOST: Final = 2_001
"""Lines that are written: more than are compared, so that it is seen that more follow."""
_ID_NAMES: Final = frozenset(
    {
        "id",
        "requestid",
        "taskid",
        "sessionid",
        "messageid",
        "fileid",
        "endpointid",
        "eventid",
        "deliveryid",
        "idempotencykey",
        "xrequestid",
        "etag",
    }
)
_TIME_NAMES: Final = frozenset(
    {
        "createdat",
        "updatedat",
        "expiresat",
        "date",
        "expires",
        "lastmodified",
        "age",
        "ratelimitreset",
        "xratelimitreset",
    }
)
_LETTERS: Final = re.compile(r"[^a-z]+")
_ID: Final = re.compile(
    r"(?:task|file|req|evt|chatcmpl|chat|msg|whend|whdel)_[A-Za-z0-9_-]{6,}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")


def lines(text: str | None, *, masked: bool) -> list[str]:
    """The first lines of a body: JSON canonically, any other text as it stands, [] for none."""
    if not text:
        return []
    found = read_json(text.encode(errors="replace"))
    if not isinstance(found, Parsed):
        plain = text.splitlines()[:MOST]
        return [covered(line) if masked else line for line in plain]
    shown = mask(found.value) if masked else found.value
    return list(islice(_written(shown), MOST))


def _written(value: Any) -> Iterator[str]:
    """JSON line by line: what is nested deeply and wide is never whole in memory."""
    line = ""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=2, sort_keys=True)
    for piece in encoder.iterencode(value):
        *ended, rest = piece.split("\n")
        for each in ended:
            yield line + each
            line = ""
        line += rest
    yield line


def header_lines(headers: Iterable[Sequence[str]], *, masked: bool) -> list[str]:
    """Headers in the order of their names, which says nothing otherwise."""
    pairs = sorted((name.lower(), value) for name, value in headers)
    if masked:
        pairs = [(name, str(_member(name, value))) for name, value in pairs]
    return [f"{name}: {value}" for name, value in pairs]


def mask(value: Any) -> Any:
    """A JSON value with what changes from run to run covered; nesting is bounded by its reader."""
    if isinstance(value, dict):
        return {name: _member(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [mask(item) for item in value]
    return covered(value) if isinstance(value, str) else value


def _member(name: str, item: Any) -> Any:
    plain = _LETTERS.sub("", name.lower())
    if isinstance(item, str | int) and not isinstance(item, bool) and item != "":
        if plain in _ID_NAMES:
            return ID
        if plain in _TIME_NAMES:
            return TIME
    return mask(item)


def covered(text: str) -> str:
    """A text with ids, moments and signed or result addresses covered wherever they stand."""
    if text.startswith(("https://", "http://")) and " " not in text:
        return _address(text)
    return _TIME.sub(TIME, _ID.sub(ID, text))


def _address(url: str) -> str:
    """An address keeps where it leads to and loses what is made anew for each run."""
    try:
        parts = split(url)
    except ValueError:
        return ADDRESS
    if "/media/" in parts.path or parts.query:
        ending = parts.path.rpartition(".")[2]
        return f"{ADDRESS}.{ending}" if ending.isalnum() and len(ending) <= 5 else ADDRESS
    return _ID.sub(ID, url)
