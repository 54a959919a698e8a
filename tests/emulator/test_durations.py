from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.emulator.durations import measure
from tests.emulator.faces import mp4, wav

# One frame of 128 kbit/s at 44.1 kHz: 417 bytes, 1152 samples.
_MP3_FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
_ADTS_FRAME = bytes([0xFF, 0xF1, 0x50, 0x80, 0x02, 0x1F, 0xFC]) + b"\0" * 9


def _ogg(position: int, first_packet: bytes) -> bytes:
    page = b"OggS\0\2" + struct.pack("<q", 0) + b"\0" * 12 + first_packet
    return page + b"OggS\0\4" + struct.pack("<q", position) + b"\0" * 12


def _webm(seconds: float, *, endless: bool = False) -> bytes:
    info = b"\x2a\xd7\xb1\x83\x0f\x42\x40" + b"\x44\x89\x88" + struct.pack(">d", seconds * 1000)
    info = b"\x15\x49\xa9\x66" + bytes([0x80 | len(info)]) + info
    size = b"\x01" + b"\xff" * 7 if endless else bytes([0x80 | len(info)])
    return b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67" + size + info


def test_a_wav_is_measured_exactly() -> None:
    assert measure(wav(2.345), "audio/wav") == 2.345
    assert measure(wav(1.5, rate=44100), "audio/x-wav") == 1.5


def test_a_wav_that_was_streamed_is_measured_by_what_is_there() -> None:
    data = bytearray(wav(2.0))
    data[40:44] = b"\xff\xff\xff\xff"
    assert measure(bytes(data), "audio/wav") == 2.0


def test_an_mp3_is_the_sum_of_its_frames() -> None:
    seconds = 100 * 1152 / 44100
    assert measure(_MP3_FRAME * 100, "audio/mpeg") == round(seconds, 3)
    tagged = b"ID3\4\0\0\0\0\0\x0a" + b"\0" * 10 + _MP3_FRAME * 100
    assert measure(tagged, "audio/mpeg") == round(seconds, 3)


def test_an_aac_counts_its_frames() -> None:
    assert measure(_ADTS_FRAME * 100, "audio/aac") == round(100 * 1024 / 44100, 3)


def test_an_ogg_ends_at_its_last_page() -> None:
    opus = b"OpusHead\1\2" + struct.pack("<H", 312) + b"\0" * 8
    assert measure(_ogg(48000 * 3 + 312, opus), "audio/ogg") == 3.0
    vorbis = b"\1vorbis" + b"\0\0\0\0\2" + struct.pack("<I", 44100)
    assert measure(_ogg(44100 * 2, vorbis), "audio/ogg") == 2.0


@pytest.mark.parametrize("mime", ["video/mp4", "video/quicktime", "audio/mp4"])
def test_an_mp4_says_its_duration_in_its_header(mime: str) -> None:
    assert measure(mp4(7.25), mime) == 7.25


@pytest.mark.parametrize("endless", [False, True])
def test_a_webm_says_its_duration_in_its_info(endless: bool) -> None:
    assert measure(_webm(3.5, endless=endless), "video/webm") == 3.5


def test_the_emulator_s_own_film_and_sound_are_measured() -> None:
    from debugger.emulator import media

    sound = media.render_audio(prompt="A quiet lake", seconds=2.0)
    assert measure(sound.data, sound.mime) == pytest.approx(sound.seconds, abs=0.002)
    film = media.render_video(prompt="A quiet lake", seconds=1.0)
    assert measure(film.data, film.mime) == pytest.approx(film.seconds, abs=0.1)


def test_what_has_no_duration_is_none() -> None:
    assert measure(b"\x89PNG\r\n\x1a\n", "image/png") is None
    assert measure(wav(0.0), "audio/wav") is None
    assert measure(mp4(0), "video/mp4") is None
    assert measure(mp4(30 * 86400), "video/mp4") is None


_STARTS = [b"", wav(0.1), _MP3_FRAME, _ADTS_FRAME, mp4(1), _webm(1), _ogg(9, b"OpusHead\1\2")]
_MIMES = ["audio/wav", "audio/mpeg", "audio/aac", "audio/ogg", "video/mp4", "video/webm"]


@given(
    st.sampled_from(_STARTS), st.integers(0, 200), st.binary(max_size=60), st.sampled_from(_MIMES)
)
def test_damaged_bytes_never_raise(start: bytes, cut: int, noise: bytes, mime: str) -> None:
    found = measure(start[:cut] + noise + start[cut:], mime)
    assert found is None or found > 0
