"""What the data of a chat event means, read tolerantly.

The text is the first one found at ``delta.content``, ``delta``, ``content`` or ``text``, or where
OpenAI puts it. A frame that carries ``usage`` or ``message`` is final. Nothing here raises.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from debugger.contract.streams.decoder import Event

DONE: Final = "[DONE]"


class FrameKind(StrEnum):
    """What a frame is for."""

    CREATED = "created"
    DELTA = "delta"
    FINAL = "final"
    ERROR = "error"
    DONE = "done"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event as chat reads it.

    ``text`` is the next piece of a delta, the whole reply of a final frame, the message of an
    error, and empty otherwise. ``payload`` is the parsed data, None when it is no JSON.
    """

    kind: FrameKind
    text: str = ""
    payload: Any = None


def read_frame(event: Event) -> Frame:
    """What an event means. Never raises, whatever its data."""
    if event.data.strip() == DONE:
        return Frame(kind=FrameKind.DONE)
    return frame_of(event, _parse(event.data))


def frame_of(event: Event, payload: Any) -> Frame:
    """What an event means whose data was parsed already; ``payload`` is None when it is no JSON."""
    if not isinstance(payload, dict):
        if event.name == "error":
            return Frame(kind=FrameKind.ERROR, text=_clean(event.data), payload=payload)
        return Frame(kind=FrameKind.OTHER, payload=payload)
    kind, text = _meaning(event.name, payload)
    return Frame(kind=kind, text=_clean(text), payload=payload)


def _meaning(name: str, payload: dict[str, Any]) -> tuple[FrameKind, str]:
    if payload.get("error") or name == "error":
        return FrameKind.ERROR, _error_text(payload)
    if payload.get("usage") is not None or payload.get("message") is not None:
        return FrameKind.FINAL, _string_at(payload, "message", "content") or ""
    if name.endswith(".completed"):
        return FrameKind.FINAL, ""
    if (text := _delta_text(payload)) is not None:
        return FrameKind.DELTA, text
    return (FrameKind.CREATED if name.endswith(".created") else FrameKind.OTHER), ""


def _delta_text(payload: dict[str, Any]) -> str | None:
    for path in _TEXT_PATHS:
        if (text := _string_at(payload, *path)) is not None:
            return text
    return None


_TEXT_PATHS: Final = (
    ("delta", "content"),
    ("delta",),
    ("content",),
    ("text",),
    ("choices", 0, "delta", "content"),
)


def _error_text(payload: dict[str, Any]) -> str:
    for path in (("error", "message"), ("error",), ("message",)):
        if (text := _string_at(payload, *path)) is not None:
            return text
    return ""


def _string_at(value: Any, *path: str | int) -> str | None:
    for part in path:
        if isinstance(part, int):
            if not isinstance(value, list) or part >= len(value):
                return None
        elif not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else None


def _parse(text: str) -> Any:
    """The JSON value, or None: too deep, too long a number and NaN are no JSON here."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(word: str) -> None:
    raise ValueError(word)


def _clean(text: str) -> str:
    """Text that can be encoded: half a surrogate pair becomes the replacement character."""
    return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
