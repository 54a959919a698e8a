"""A WebM file around finished VP8 frames: just enough of EBML, with lengths and cues.

Element ids and their order are those of the Matroska specification (RFC 9559); the cues stand
before the frames, so that a player can seek after reading the beginning only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TIMESTAMP_SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_MUXING_APP, _WRITING_APP = 0x4D80, 0x5741
_TRACKS, _TRACK_ENTRY = 0x1654AE6B, 0xAE
_CUES, _CUE_POINT, _CUE_TIME, _CUE_PLACES = 0x1C53BB6B, 0xBB, 0xB3, 0xB7
_CUE_TRACK, _CUE_CLUSTER = 0xF7, 0xF1
_CLUSTER, _TIMESTAMP, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
_KEY_FRAME: Final = 0x80
_CLUSTER_FRAMES: Final = 15
_APP: Final = b"rivya-dash"


def muxed(frames: Sequence[bytes], *, width: int, height: int, rate: int) -> bytes:
    """The file for key frames shown at ``rate`` per second; sizes are pixels."""
    clusters = _clusters(frames, rate=rate)
    info, tracks = _info(len(frames) * 1000 / rate), _tracks(width, height, rate)
    # Every number in the seek head and in the cues has eight bytes, so that lengths are known
    # before places are.
    head_length = len(_seek_head(0, 0, 0))
    at_info = head_length
    at_tracks = at_info + len(info)
    at_cues = at_tracks + len(tracks)
    place = at_cues + len(_cues([(time, 0) for time, _ in clusters]))
    points = []
    for time, cluster in clusters:
        points.append((time, place))
        place += len(cluster)
    body = b"".join(
        (
            _seek_head(at_info, at_tracks, at_cues),
            info,
            tracks,
            _cues(points),
            *(cluster for _, cluster in clusters),
        )
    )
    return _header() + _element(_SEGMENT, body)


def frame_of(webp: bytes) -> bytes:
    """The VP8 key frame inside a lossy WebP file; ValueError when there is none."""
    place = 12
    while place + 8 <= len(webp):
        name, length = struct.unpack_from("<4sI", webp, place)
        if name == b"VP8 ":
            return webp[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    raise ValueError("The WebP file holds no lossy frame.")


def _element(name: int, body: bytes) -> bytes:
    return _id(name) + (0x0100000000000000 | len(body)).to_bytes(8, "big") + body


def _id(name: int) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big")


def _number(name: int, value: int, *, size: int | None = None) -> bytes:
    return _element(name, value.to_bytes(size or max(1, (value.bit_length() + 7) // 8), "big"))


def _header() -> bytes:
    parts = (
        _number(0x4286, 1),
        _number(0x42F7, 1),
        _number(0x42F2, 4),
        _number(0x42F3, 8),
        _element(0x4282, b"webm"),
        _number(0x4287, 2),
        _number(0x4285, 2),
    )
    return _element(_EBML, b"".join(parts))


def _seek_head(info: int, tracks: int, cues: int) -> bytes:
    places = ((_INFO, info), (_TRACKS, tracks), (_CUES, cues))
    seeks = [
        _element(_SEEK, _element(_SEEK_ID, _id(name)) + _number(_SEEK_POSITION, place, size=8))
        for name, place in places
    ]
    return _element(_SEEK_HEAD, b"".join(seeks))


def _info(milliseconds: float) -> bytes:
    parts = (
        _number(_TIMESTAMP_SCALE, 1_000_000),
        _element(_DURATION, struct.pack(">d", milliseconds)),
        _element(_MUXING_APP, _APP),
        _element(_WRITING_APP, _APP),
    )
    return _element(_INFO, b"".join(parts))


def _tracks(width: int, height: int, rate: int) -> bytes:
    picture = _element(0xE0, _number(0xB0, width) + _number(0xBA, height))
    parts = (
        _number(0xD7, 1),
        _number(0x73C5, 1),
        _number(0x83, 1),
        _number(0x9C, 0),
        _element(0x22B59C, b"und"),
        _element(0x86, b"V_VP8"),
        _number(0x23E383, 1_000_000_000 // rate),
        picture,
    )
    return _element(_TRACKS, _element(_TRACK_ENTRY, b"".join(parts)))


def _cues(points: Sequence[tuple[int, int]]) -> bytes:
    """Where each moment begins; places count from the start of the segment's content."""
    entries = []
    for time, place in points:
        places = _number(_CUE_TRACK, 1) + _number(_CUE_CLUSTER, place, size=8)
        entries.append(
            _element(_CUE_POINT, _number(_CUE_TIME, time, size=8) + _element(_CUE_PLACES, places))
        )
    return _element(_CUES, b"".join(entries))


def _clusters(frames: Sequence[bytes], *, rate: int) -> list[tuple[int, bytes]]:
    """Each cluster with its time in milliseconds."""
    found = []
    for start in range(0, len(frames), _CLUSTER_FRAMES):
        time = round(start * 1000 / rate)
        blocks = [_number(_TIMESTAMP, time)]
        for index, data in enumerate(frames[start : start + _CLUSTER_FRAMES], start):
            offset = round(index * 1000 / rate) - time
            head = b"\x81" + struct.pack(">hB", offset, _KEY_FRAME)
            blocks.append(_element(_SIMPLE_BLOCK, head + data))
        found.append((time, _element(_CLUSTER, b"".join(blocks))))
    return found
