"""Lists: the envelope, the size of a page and the place where it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from debugger.emulator.store import Record
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def page(turn: Turn, kind: str, render: Callable[[Record], Any]) -> Response:
    """Records of one kind, newest first, each as ``render`` shows it.

    ``limit`` and ``starting_after`` are read from the query; both are answered with
    validation_failed when they make no sense.
    """
    assumed = turn.assumptions
    text = turn.query.get("limit", str(assumed.page_size))
    limit = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
    if not 1 <= limit <= assumed.page_size_max:
        message = f"limit must be a whole number from 1 to {assumed.page_size_max}."
        return turn.error("validation_failed", message)
    after = turn.query.get("starting_after")
    if after is not None and not (_ID.fullmatch(after) and turn.unit.get(kind, after)):
        return turn.error("validation_failed", "starting_after must be the id of a listed item.")
    found = turn.unit.list(kind, limit=limit + 1, after=after)
    data = [render(record) for record in found[:limit]]
    return turn.reply(200, {"object": "list", "data": data, "has_more": len(found) > limit})
