"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_PREFIXES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"ADIF", "audio/aac"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
}
_OLD_QUICKTIME: Final = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


def sniff(data: bytes) -> str | None:
    """The MIME type that the bytes show; None when they show none that is known here.

    A few kilobytes are enough, except for an MP4 whose tracks are described at its end: that one
    counts as video until the description is among the bytes.
    """
    for prefix, mime in _PREFIXES:
        if data.startswith(prefix):
            return mime
    for look in _LOOKS:
        if (found := look(data)) is not None:
            return found
    return None


def _riff(data: bytes) -> str | None:
    return _RIFF.get(data[8:12]) if data.startswith(b"RIFF") else None


def _iso_media(data: bytes) -> str | None:
    """The MP4 family: the brand tells, and the track handlers where the brand does not."""
    if data[4:8] in _OLD_QUICKTIME:
        return "video/quicktime"
    if data[4:8] != b"ftyp":
        return None
    if (mime := _BRANDS.get(data[8:12])) is not None:
        return mime
    handlers = _handlers(data)
    return "audio/mp4" if b"soun" in handlers and b"vide" not in handlers else "video/mp4"


def _handlers(data: bytes) -> set[bytes]:
    """The handler types of the tracks: each follows its box's name, version and a reserved word."""
    found: set[bytes] = set()
    at = data.find(b"hdlr")
    while at != -1:
        found.add(data[at + 12 : at + 16])
        at = data.find(b"hdlr", at + 4)
    return found


def _matroska(data: bytes) -> str | None:
    if not data.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    # The word stands in the first element, whose numbers may each be written with eight bytes.
    return "video/webm" if b"webm" in data[:128] else "video/x-matroska"


def _ogg(data: bytes) -> str | None:
    if not data.startswith(b"OggS"):
        return None
    head = data[:256]
    return "video/ogg" if b"\x80theora" in head or b"OVP80" in head else "audio/ogg"


def _mpeg_frame(data: bytes) -> str | None:
    """A bare audio frame: eleven set bits, then version, layer, bitrate and sample rate."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return "audio/aac"
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bitrate, rate = data[2] >> 4, data[2] >> 2 & 3
    plausible = version != 1 and layer != 0 and bitrate not in (0, 15) and rate != 3
    return "audio/mpeg" if plausible else None


_LOOKS: Final[tuple[Callable[[bytes], str | None], ...]] = (
    _riff,
    _iso_media,
    _matroska,
    _ogg,
    _mpeg_frame,
)
