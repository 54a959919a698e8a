"""Which fonts this machine has, and which of their characters they can really draw.

A character that no font covers is left out: an empty box says nothing to anybody. Coverage is
read from each font's own ``cmap`` table, since Pillow does not tell.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import ImageFont, features

_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
# In order of preference; a family of the wide kind stands before one that covers a single script.
_WANTED: Final = (
    "NotoSans-Regular",
    "DejaVuSans",
    "LiberationSans-Regular",
    "SegoeUI",
    "NotoSansDevanagari-Regular",
    "Nirmala",
    "Kohinoor",
    "Devanagari Sangam MN",
    "NotoSansCJK-Regular",
    "NotoSansKR-Regular",
    "AppleSDGothicNeo",
    "malgun",
    "NanumGothic",
    "PingFang",
    "Hiragino Sans GB",
    "msyh",
    "YuGothM",
    "NotoSansThai-Regular",
    "NotoSansBengali-Regular",
    "NotoSansTamil-Regular",
    "NotoSansTelugu-Regular",
    "NotoSansGujarati-Regular",
    "NotoSansGurmukhi-Regular",
    "NotoSansKannada-Regular",
    "NotoSansMalayalam-Regular",
    "NotoNaskhArabic-Regular",
    "NotoSansArabic-Regular",
    "NotoSansHebrew-Regular",
    "NotoSansSymbols2-Regular",
    "NotoSansSymbols-Regular",
)
_EMOJI: Final = "NotoColorEmoji"
_SUFFIXES: Final = {".ttf", ".otf", ".ttc"}
_EMOJI_SIZE: Final = 109
SHAPES_SCRIPTS: Final = bool(features.check("raqm"))


class Face:
    """One font file: what it covers, and itself in any size."""

    def __init__(self, source: str | bytes, *, colour: bool = False) -> None:
        self._source = source
        self.colour = colour
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        self.covered = frozenset(_covered(data))
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels; colour emoji exist in one size only."""
        size = _EMOJI_SIZE if self.colour else size
        if size not in self._sizes:
            self._sizes[size] = self._open(size)
        return self._sizes[size]

    def _open(self, size: int) -> ImageFont.FreeTypeFont:
        if isinstance(self._source, bytes):
            # The built-in face is Latin; the simple layout keeps its spaces wide enough.
            held = BytesIO(self._source)
            return ImageFont.truetype(held, size, layout_engine=ImageFont.Layout.BASIC)
        return ImageFont.truetype(self._source, size)


@cache
def faces() -> tuple[Face, ...]:
    """The faces to draw with, the preferred first. The first comes with Pillow itself."""
    found: dict[str, str] = {}
    for path in _files():
        found.setdefault(path.stem, str(path))
    names = [name for name in _WANTED if name in found]
    loaded = [face for name in names if (face := _load(found[name], colour=False))]
    emoji = _load(found[_EMOJI], colour=True) if _EMOJI in found else None
    return tuple(face for face in (_built_in(), *loaded, emoji) if face is not None)


def _load(path: str, *, colour: bool) -> Face | None:
    """A face, or None for a file that cannot be read: fonts belong to the machine, not to us."""
    try:
        face = Face(path, colour=colour)
        face.at(20)
    except (OSError, ValueError, struct.error, IndexError):
        return None
    return face


def _built_in() -> Face | None:
    default = ImageFont.load_default(20)
    data = getattr(default, "font_bytes", None)
    return Face(data) if isinstance(data, bytes) else None


def _files() -> Iterator[Path]:
    for folder in _FOLDERS:
        for root, folders, names in os.walk(Path(folder).expanduser()):
            folders.sort()
            for name in sorted(names):
                path = Path(root, name)
                if path.suffix.lower() in _SUFFIXES:
                    yield path


def _covered(data: bytes) -> Iterator[int]:
    """Every code point in a font's (or a collection's first font's) Unicode table."""
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    for index in range(struct.unpack_from(">H", data, start + 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * index)
        if tag == b"cmap":
            yield from _table(data, offset)


def _table(data: bytes, offset: int) -> Iterator[int]:
    for index in range(struct.unpack_from(">H", data, offset + 2)[0]):
        platform, _, place = struct.unpack_from(">HHI", data, offset + 4 + 8 * index)
        if platform not in (0, 3):
            continue
        table = offset + place
        kind = struct.unpack_from(">H", data, table)[0]
        if kind == 4:
            yield from _segments(data, table)
        elif kind == 12:
            yield from _groups(data, table)


def _segments(data: bytes, table: int) -> Iterator[int]:
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    lasts = struct.unpack_from(f">{count}H", data, table + 14)
    firsts = struct.unpack_from(f">{count}H", data, table + 16 + 2 * count)
    for first, last in zip(firsts, lasts, strict=True):
        if first != 0xFFFF:
            yield from range(first, last + 1)


def _groups(data: bytes, table: int) -> Iterator[int]:
    for index in range(struct.unpack_from(">I", data, table + 12)[0]):
        first, last, _ = struct.unpack_from(">III", data, table + 16 + 12 * index)
        yield from range(first, min(last, 0x10FFFF) + 1)
