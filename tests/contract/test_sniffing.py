"""What a file is, told by its bytes."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from debugger.contract.catalog import DEFAULT_LIMITS
from debugger.contract.rules import sniff


def image(form: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(target, form)
    return target.getvalue()


def sound() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 80)
    return target.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def handler(kind: bytes) -> bytes:
    return box(b"hdlr", b"\0" * 8 + kind + b"\0" * 13)


FTYP = box(b"ftyp", b"isom\0\0\2\0isommp42")

# The beginning of a WebM file in which every length is written with eight bytes.
_LONG_NUMBERS = bytes.fromhex(
    "01000000000000504286010000000000000101"
    "42f7010000000000000101"
    "42f2010000000000000104"
    "42f3010000000000000108"
    "4282010000000000000004"
)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (image("JPEG"), "image/jpeg"),
        (image("PNG"), "image/png"),
        (image("WEBP"), "image/webp"),
        (image("GIF"), "image/gif"),
        (sound(), "audio/wav"),
        (FTYP + box(b"moov", handler(b"vide") + handler(b"soun")), "video/mp4"),
        (FTYP + box(b"moov", handler(b"soun")), "audio/mp4"),
        (FTYP + box(b"mdat", b"\0" * 50), "video/mp4"),
        (box(b"ftyp", b"M4A \0\0\2\0"), "audio/mp4"),
        (box(b"ftyp", b"qt  \0\0\2\0"), "video/quicktime"),
        (box(b"ftyp", b"avif\0\0\0\0"), "image/avif"),
        (box(b"ftyp", b"heic\0\0\0\0"), "image/heic"),
        (box(b"moov"), "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3" + _LONG_NUMBERS + b"webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "video/x-matroska"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + b"\0" * 100, "audio/mpeg"),
        (b"\xff\xf3\x40\xc4", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"ADIF", "audio/aac"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x01vorbis", "audio/ogg"),
        (b"OggS\0\2" + b"\0" * 22 + b"OpusHead", "audio/ogg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x80theora", "video/ogg"),
        (b"fLaC\0", "audio/flac"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
    ],
)
def test_a_file_is_known_by_its_bytes(data: bytes, mime: str) -> None:
    assert sniff(data) == mime


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"RIFF",
        b"RIFF\0\0\0\0ABCD",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html>",
        b"hello",
        b"\xff\xff\xff\xff",
        b"\xff\xfe\x90\x00"[:3],
        b"\0" * 100,
        b"MZ\x90\0",
    ],
)
def test_anything_else_is_not_guessed(data: bytes) -> None:
    assert sniff(data) is None


def test_every_documented_type_can_be_detected_or_has_an_alias_that_can() -> None:
    detectable = {
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "audio/mpeg",
        "audio/mp4",
        "audio/wav",
        "audio/aac",
        "audio/ogg",
    }
    documented = {mime for limit in DEFAULT_LIMITS.values() for mime in limit.mime}
    assert documented - detectable == {"audio/x-wav"}


@given(data=st.binary(max_size=64), name=st.sampled_from([b"ftyp", b"hdlr", b"moov", b"OggS"]))
def test_no_bytes_raise(data: bytes, name: bytes) -> None:
    sniff(data)
    sniff(data[:4] + name + data[4:])
    sniff(name + data)
