"""Server-sent events: a decoder to the letter of the WHATWG text, an encoder, a reader of frames.

Rivya's own event names are not documented. ``read_frame`` therefore reads what the common
conventions would send and calls the rest ``other``; a debugger shows the raw bytes beside it.
"""

from __future__ import annotations

from debugger.contract.streams.decoder import (
    MAX_FRAME,
    MAX_LINE,
    Comment,
    Decoder,
    Event,
    FrameTooLarge,
    Item,
)
from debugger.contract.streams.encoder import comment, encode
from debugger.contract.streams.frames import Frame, FrameKind, frame_of, read_frame

__all__ = [
    "MAX_FRAME",
    "MAX_LINE",
    "Comment",
    "Decoder",
    "Event",
    "Frame",
    "FrameKind",
    "FrameTooLarge",
    "Item",
    "comment",
    "encode",
    "frame_of",
    "read_frame",
]
