"""Sizes of pictures and lengths of sounds and films, read from their headers, never decoded.

A header that makes no sense gives None: what is measured here is only told, nothing rests on it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image

# Pillow reads a file of these formats whole to open it.
_READ_WHOLE: Final = 32 * 1024 * 1024
_READ: Final = 64 * 1024
_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
_SANE: Final = 100_000
_LONGEST: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Pixels and seconds; None for what is not known."""

    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def measure(path: Path, mime: str) -> Measures:
    """What a file's header says of its size and length."""
    look = _LOOKS.get(mime) or (_picture(mime) if mime in _FORMATS else None)
    if look is None:
        return Measures()
    try:
        with path.open("rb") as file:
            return _sane(look(file))
    except Exception:  # Foreign bytes make parsers raise nearly everything.
        return Measures()


def _sane(found: Measures) -> Measures:
    sized = 0 < (found.width or 0) <= _SANE and 0 < (found.height or 0) <= _SANE
    timed = 0 < (found.seconds or 0) <= _LONGEST
    return Measures(
        width=found.width if sized else None,
        height=found.height if sized else None,
        seconds=round(found.seconds or 0, 3) if timed else None,
    )


def _picture(mime: str) -> Callable[[BinaryIO], Measures]:
    def look(file: BinaryIO) -> Measures:
        size = file.seek(0, 2)
        file.seek(0)
        if mime in {"image/webp", "image/avif"} and size > _READ_WHOLE:
            return Measures()
        # Opening reads the header only, and refuses what would be far too many pixels.
        with Image.open(file, formats=(_FORMATS[mime],)) as picture:
            return Measures(width=picture.width, height=picture.height)

    return look


def _wav(file: BinaryIO) -> Measures:
    """Bytes of sound divided by bytes in a second, both as the header states them."""
    total = file.seek(0, 2)
    at, rate = 12, 0
    for _ in range(64):
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            rate = struct.unpack("<I", file.read(16)[8:12])[0]
        if name == b"data":
            # A file that was written as a stream states an impossible length.
            return Measures(seconds=min(length, total - at - 8) / rate)
        at += 8 + length + length % 2
    return Measures()


# -- MP4 and QuickTime: boxes of length, name and content -------------------------------------


def _film(file: BinaryIO) -> Measures:
    end = file.seek(0, 2)
    width = height = 0
    seconds = 0.0
    for name, at, size in _boxes(file, 0, end):
        if name != b"moov":
            continue
        for inner, place, length in _boxes(file, at, at + size):
            if inner == b"mvhd":
                seconds = _length(_content(file, place, length))
            elif inner == b"trak":
                wide, high = _frame(file, place, length)
                width, height = max(width, wide), max(height, high)
        break
    return Measures(width=width or None, height=height or None, seconds=seconds or None)


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of the content of each box between two places."""
    for _ in range(256):
        if at + 8 > end:
            return
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", file.read(8))[0], 16
        size = (end - at if length == 0 else length) - head
        if size < 0:
            return
        yield name, at + head, min(size, end - at - head)
        at += head + size


def _content(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(min(size, 128))


def _length(box: bytes) -> float:
    scale, duration = struct.unpack_from(">IQ" if box[0] else ">II", box, 20 if box[0] else 12)
    return float(duration / scale) if scale else 0.0


def _frame(file: BinaryIO, at: int, size: int) -> tuple[int, int]:
    """Width and height of a track, which its header states as 16.16 numbers at its end."""
    for name, place, length in _boxes(file, at, at + size):
        if name == b"tkhd":
            box = _content(file, place, length)
            wide, high = struct.unpack_from(">II", box, 88 if box[0] else 76)
            return wide >> 16, high >> 16
    return 0, 0


# -- WebM and Matroska: elements of id, length and content ------------------------------------

_SEGMENT, _INFO, _TRACKS, _TRACK = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
_SCALE, _DURATION, _VIDEO, _WIDTH, _HEIGHT = 0x2AD7B1, 0x4489, 0xE0, 0xB0, 0xBA
_PARENTS: Final = frozenset((_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO))


def _matroska(file: BinaryIO) -> Measures:
    found = dict(_elements(file.read(_READ), 0, _READ, depth=0))
    scale = int.from_bytes(found.get(_SCALE, b"\x0f\x42\x40"))
    raw = found.get(_DURATION, b"")
    shape = {4: ">f", 8: ">d"}.get(len(raw))
    ticks = struct.unpack(shape, raw)[0] if shape else 0.0
    return Measures(
        width=int.from_bytes(found.get(_WIDTH, b"")) or None,
        height=int.from_bytes(found.get(_HEIGHT, b"")) or None,
        seconds=ticks * scale / 1e9 or None,
    )


def _elements(data: bytes, at: int, end: int, *, depth: int) -> Iterator[tuple[int, bytes]]:
    """The small elements inside those that are worth opening, as far as they were read."""
    end = min(end, len(data))
    while at < end and depth < 6:
        number, at = _number(data, at, marked=True)
        length, at = _number(data, at, marked=False)
        if number in _PARENTS:
            yield from _elements(data, at, at + length, depth=depth + 1)
        elif length <= 8:
            yield number, data[at : at + length]
        at += length


def _number(data: bytes, at: int, *, marked: bool) -> tuple[int, int]:
    """A number whose first set bit says how many bytes it has, and the place behind it."""
    size = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + size])
    if not marked:
        value &= (1 << 7 * size) - 1
        if value == (1 << 7 * size) - 1:  # "Not known": up to the end of what holds it.
            value = len(data)
    return value, at + size


_LOOKS: Final[dict[str, Callable[[BinaryIO], Measures]]] = {
    "audio/wav": _wav,
    "video/mp4": _film,
    "video/quicktime": _film,
    "audio/mp4": _film,
    "video/webm": _matroska,
    "video/x-matroska": _matroska,
}
