"""How long a recording is, read from its container. None wherever the bytes do not tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_MP3_BITRATES: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES: Final = (44100, 48000, 32000)
_AAC_RATES: Final = (
    96000,
    88200,
    64000,
    48000,
    44100,
    32000,
    24000,
    22050,
    16000,
    12000,
    11025,
    8000,
    7350,
)
_EBML_SEGMENT: Final = 0x18538067
_EBML_INFO: Final = 0x1549A966
_EBML_SCALE: Final = 0x2AD7B1
_EBML_DURATION: Final = 0x4489


def measure(data: bytes, mime: str) -> float | None:
    """Seconds with three decimals; ``mime`` is the detected type, not the claimed one."""
    reader = _READERS.get(mime)
    if reader is None:
        return None
    try:
        seconds = reader(data)
    except (struct.error, IndexError, ValueError, OverflowError, ZeroDivisionError):
        return None
    # A file that claims more than a week is damaged, or lying.
    if seconds is None or not 0 < seconds < 7 * 86400:
        return None
    return round(seconds, 3)


def _wav(data: bytes) -> float | None:
    """Exact: the size of the data chunk over the bytes per second of the format chunk."""
    position, per_second = 12, 0
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"fmt ":
            per_second = struct.unpack_from("<I", data, position + 16)[0]
        elif name == b"data":
            # A writer that streamed leaves the size open; what is there counts.
            there = min(size, len(data) - position - 8)
            return there / per_second if per_second else None
        position += 8 + size + size % 2
    return None


def _mp3(data: bytes) -> float | None:
    """The sum of all frames, which is right for constant and for variable bit rates."""
    position, seconds = _behind_id3(data), 0.0
    while position + 4 <= len(data):
        frame = _mp3_frame(data[position : position + 4])
        if frame is None:
            break
        size, length = frame
        position += size
        seconds += length
    return seconds or None


def _behind_id3(data: bytes) -> int:
    if data[:3] != b"ID3":
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _mp3_frame(head: bytes) -> tuple[int, float] | None:
    """Bytes and seconds of a layer III frame."""
    if head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version = {3: 1.0, 2: 2.0, 0: 2.5}.get(head[1] >> 3 & 3)
    rate_index, bitrate_index = head[2] >> 2 & 3, head[2] >> 4
    if version is None or rate_index == 3 or bitrate_index in {0, 15}:
        return None
    rate = _MP3_RATES[rate_index] / {1.0: 1, 2.0: 2, 2.5: 4}[version]
    bitrate = _MP3_BITRATES[1 if version == 1.0 else 2][bitrate_index] * 1000
    samples = 1152 if version == 1.0 else 576
    return int(samples / 8 * bitrate / rate) + (head[2] >> 1 & 1), samples / rate


def _aac(data: bytes) -> float | None:
    """ADTS: every frame holds 1024 samples."""
    position, frames, rate = 0, 0, 0
    while position + 7 <= len(data):
        head = data[position : position + 7]
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            break
        rate = _AAC_RATES[head[2] >> 2 & 15]
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if size < 7:
            break
        frames += 1
        position += size
    return frames * 1024 / rate if rate else None


def _ogg(data: bytes) -> float | None:
    """The last page's position over the rate that the first packet names."""
    last = data.rfind(b"OggS")
    if last < 0:
        return None
    samples = struct.unpack_from("<q", data, last + 6)[0]
    start = data[:4096]
    if (opus := start.find(b"OpusHead")) >= 0:
        skipped = struct.unpack_from("<H", start, opus + 10)[0]
        return float(samples - skipped) / 48000
    vorbis = start.find(b"\x01vorbis")
    if vorbis < 0:
        return None
    return float(samples / struct.unpack_from("<I", start, vorbis + 12)[0])


def _mp4(data: bytes) -> float | None:
    """``moov/mvhd``: a duration and its unit."""
    for name, start, end in _boxes(data, 0, len(data)):
        if name != b"moov":
            continue
        for inner, inner_start, _ in _boxes(data, start, end):
            if inner == b"mvhd":
                wide = data[inner_start] == 1
                layout, offset = (">IQ", 20) if wide else (">II", 12)
                unit, length = struct.unpack_from(layout, data, inner_start + offset)
                return float(length / unit)
    return None


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of every box in a range."""
    while position + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, position)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, position + 8)[0], 16
        elif size == 0:
            size = end - position
        if size < head:
            return
        yield name, position + head, min(end, position + size)
        position += size


def _webm(data: bytes) -> float | None:
    """``Segment/Info/Duration`` in units of ``TimecodeScale`` nanoseconds."""
    for name, start, end in _elements(data, 0, len(data)):
        if name != _EBML_SEGMENT:
            continue
        for inner, inner_start, inner_end in _elements(data, start, end):
            if inner == _EBML_INFO:
                return _webm_info(data, inner_start, inner_end)
    return None


def _webm_info(data: bytes, start: int, end: int) -> float | None:
    scale, length = 1_000_000, None
    for name, value_start, value_end in _elements(data, start, end):
        value = data[value_start:value_end]
        if name == _EBML_SCALE:
            scale = int.from_bytes(value, "big")
        elif name == _EBML_DURATION:
            length = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
    return None if length is None else float(length * scale / 1e9)


def _elements(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the content of every EBML element in a range."""
    while position < end:
        name, position = _variable(data, position, keep_marker=True)
        width_at = position
        size, position = _variable(data, position, keep_marker=False)
        # All ones means that the size was not known when the element was begun.
        unknown = size == (1 << 7 * (position - width_at)) - 1
        stop = end if unknown else min(end, position + size)
        yield name, position, stop
        position = stop


def _variable(data: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    first = data[position]
    width = 9 - first.bit_length()
    if width > 8 or position + width > len(data):
        raise ValueError("This is not an EBML number.")
    value = first if keep_marker else first & (0xFF >> width)
    for byte in data[position + 1 : position + width]:
        value = value << 8 | byte
    return value, position + width


_READERS: Final = {
    "audio/wav": _wav,
    "audio/x-wav": _wav,
    "audio/mpeg": _mp3,
    "audio/aac": _aac,
    "audio/ogg": _ogg,
    "audio/mp4": _mp4,
    "video/mp4": _mp4,
    "video/quicktime": _mp4,
    "video/webm": _webm,
    "video/x-matroska": _webm,
}
