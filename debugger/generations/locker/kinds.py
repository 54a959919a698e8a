"""What a file is, by its bytes. What a server or a name said about it counts for nothing."""

from __future__ import annotations

import re
from typing import Final

from debugger.client.media import MEDIA_TYPES
from debugger.contract import rules

HEAD: Final = 64 * 1024
"""Bytes of a file's beginning, and of its end, that are enough to tell."""
UNKNOWN: Final = "application/octet-stream"
PLAIN: Final = {
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "video/quicktime": "video/mp4",
    "audio/mp4": "video/mp4",
    "audio/webm": "video/webm",
    "video/ogg": "audio/ogg",
    "video/x-matroska": "video/webm",
}
"""Types that are told apart by use rather than by bytes, and the one that stands for them."""
# What may stand before the first element. Nothing here can be read in two ways, and nothing is
# given back once it was read, so that no text takes long.
_BEFORE: Final = (
    rb"(?>\s++|<!--(?:(?!-->).)*+-->|<\?xml[^>]*+>|<!doctype svg[^>\[]*+(?:\[[^\]]*+\]\s*+)?>)*+"
)
_HTML: Final = re.compile(
    _BEFORE + rb"<(?:!doctype html|html|head|body|script|iframe)\b", re.IGNORECASE | re.DOTALL
)
_SVG: Final = re.compile(_BEFORE + rb"<(?:\w{1,20}:)?svg\b", re.IGNORECASE | re.DOTALL)


def type_of(head: bytes, tail: bytes = b"") -> str:
    """The MIME type; UNKNOWN where the bytes show none that is known here.

    ``tail`` is the file's end, where some films describe what they hold.
    """
    found = rules.sniff(head)
    if found is not None and found.startswith("video/") and tail:
        found = rules.sniff(head + tail)
    if found is not None:
        return found
    text = head.removeprefix(b"\xef\xbb\xbf")[:8192]
    if head.startswith(b"\x1f\x8b"):
        return "application/gzip"
    if _SVG.match(text):
        return "image/svg+xml"
    return "text/html" if _HTML.match(text) else UNKNOWN


def family_of(mime: str) -> str:
    """Which element of a page shows it: image, video, audio; "other" for a mere download."""
    return mime.partition("/")[0] if is_shown(mime) else "other"


def is_shown(mime: str) -> bool:
    """Whether a browser may show it in place. SVG and HTML could act, so they never are."""
    return mime in MEDIA_TYPES
