"""Bytes in, events out, whatever the boundaries of the chunks.

The rules are those of "Interpreting an event stream" in the HTML standard of the WHATWG. They work
on lines, and no byte of a longer UTF-8 sequence looks like the end of a line, so that decoding each
value by itself gives what decoding the whole stream would.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

DEFAULT_NAME: Final = "message"
MAX_LINE: Final = 1024 * 1024
MAX_FRAME: Final = 4 * 1024 * 1024

_LINE_ENDS: Final = b"\r\n"
_CR: Final = 0x0D
_DIGITS: Final = re.compile(r"[0-9]+")
_LONGEST_RETRY: Final = 18


class FrameTooLarge(ValueError):  # noqa: N818 -- the name says what happened.
    """A line or an event exceeds its limit: the stream cannot be read any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One dispatched event.

    ``last_id`` is the last event id of the stream so far, which later events inherit. ``retry`` is
    the reconnection time in milliseconds when this very frame set one. ``raw`` holds the frame's
    exact bytes, from its first field through the empty line that ended it; when a carriage return
    ended it, a line feed that came later opens the next frame's bytes.
    """

    name: str = DEFAULT_NAME
    data: str = ""
    last_id: str = ""
    retry: int | None = None
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A line that starts with a colon, such as a heartbeat; nothing is dispatched for it."""

    text: str
    raw: bytes = field(default=b"", repr=False)


Item = Event | Comment


class Decoder:
    """Feeds on bytes and gives events. Not to be used after ``close`` or an exception.

    Memory is bounded by the two limits, in bytes: of one line, and of all bytes of one event.
    ``last_id`` and ``retry`` are the present values of the stream.
    """

    def __init__(
        self,
        *,
        keep_comments: bool = False,
        max_line: int = MAX_LINE,
        max_frame: int = MAX_FRAME,
    ) -> None:
        self.last_id = ""
        self.retry: int | None = None
        self._keep_comments = keep_comments
        self._max_line = max_line
        self._max_frame = max_frame
        self._begun = bytearray()
        self._raw = bytearray()
        self._after_cr = False
        self._first_line = True
        self._items: list[Item] = []
        self._trouble: FrameTooLarge | None = None
        self._id = ""
        self._name = ""
        self._data: list[str] = []
        self._frame_retry: int | None = None
        self._has_fields = False

    def feed(self, chunk: bytes) -> list[Item]:
        """The events, and comments if they are kept, that these bytes complete.

        Raises FrameTooLarge; when events came whole before the trouble, they are given first and
        the next call raises.
        """
        if self._trouble is not None:
            raise self._trouble
        try:
            # For bytes, unlike for text, only CR, LF and CRLF end a line.
            for piece in chunk.splitlines(keepends=True):
                self._take(piece)
        except FrameTooLarge as trouble:
            self._trouble = trouble
            if not self._items:
                raise
        items, self._items = self._items, []
        return items

    def close(self) -> None:
        """The end of the stream: an event that no empty line has ended is discarded."""
        self._begun.clear()
        self._raw.clear()
        self._forget_frame()

    def _take(self, piece: bytes) -> None:
        """One line, or as much of it as its chunk held."""
        if self._after_cr:
            self._after_cr = False
            if piece == b"\n":
                # The second half of a CRLF that was split: it ends no line of its own.
                self._raw += piece
                return
        if piece[-1] not in _LINE_ENDS:
            self._begun += piece
            self._check(len(self._begun))
            return
        if self._begun:
            self._begun += piece
            piece = bytes(self._begun)
            self._begun.clear()
        self._after_cr = piece[-1] == _CR
        line = piece.rstrip(_LINE_ENDS)
        self._check(len(line))
        self._raw += piece
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(codecs.BOM_UTF8)
        self._end_line(line, piece)

    def _check(self, length: int) -> None:
        """Refuse a line of this many bytes that is too long, or makes its event too long."""
        if length > self._max_line:
            raise FrameTooLarge(f"A line of the stream is longer than {self._max_line} bytes.")
        if len(self._raw) + length > self._max_frame:
            raise FrameTooLarge(f"An event of the stream is longer than {self._max_frame} bytes.")

    def _end_line(self, line: bytes, raw: bytes) -> None:
        if not line:
            self._end_frame()
            return
        name, _, value = line.partition(b":")
        if not name:
            self._end_comment(value, raw)
            return
        self._has_fields = True
        self._end_field(name, value.removeprefix(b" ").decode(errors="replace"))

    def _end_comment(self, text: bytes, raw: bytes) -> None:
        if self._keep_comments:
            shown = text.removeprefix(b" ").decode(errors="replace")
            self._items.append(Comment(text=shown, raw=raw))
        if not self._has_fields:
            # Heartbeats without empty lines would otherwise add up to a frame that is too large.
            self._raw.clear()

    def _end_field(self, name: bytes, value: str) -> None:
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        elif name == b"id" and "\0" not in value:
            self._id = value
        elif name == b"retry" and _DIGITS.fullmatch(value):
            self._frame_retry = self.retry = _milliseconds(value)

    def _end_frame(self) -> None:
        """An empty line: the id counts even when there is no data, and then nothing else does."""
        self.last_id = self._id
        if self._data:
            event = Event(
                name=self._name or DEFAULT_NAME,
                data="\n".join(self._data),
                last_id=self.last_id,
                retry=self._frame_retry,
                raw=bytes(self._raw),
            )
            self._items.append(event)
        self._raw.clear()
        self._forget_frame()

    def _forget_frame(self) -> None:
        self._name = ""
        self._data = []
        self._frame_retry = None
        self._has_fields = False


def _milliseconds(digits: str) -> int:
    """The number; one of very many digits is cut to what is for ever in any case."""
    meaningful = digits.lstrip("0")
    return int(meaningful or "0") if len(meaningful) <= _LONGEST_RETRY else 10**_LONGEST_RETRY
