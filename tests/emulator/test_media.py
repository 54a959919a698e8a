from __future__ import annotations

import array
import io
import random
import struct
import wave
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from debugger.contract import catalog
from debugger.emulator import media
from debugger.emulator.media import fonts, frame, lettering, mood, still, webm

PROMPT = "A clean editorial product image on a soft studio background"
HOSTILE = [
    "",
    " ",
    "\0\x07",
    "\ud800",
    "x" * 20_000,
    "{}%s",
    "\u202eabc",
    "👨‍👩‍👧‍👦🇮🇳",
    "\U0003fffd",
    "क्षत्रिय ﷽",
]


def opened(rendered: media.Rendered) -> Image.Image:
    picture = Image.open(io.BytesIO(rendered.data))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        ("16:9", 16 / 9),
        ("9:21", 9 / 21),
        ("landscape", 16 / 9),
        ("portrait", 9 / 16),
        ("square_hd", 1),
        ("portrait_4_3", 3 / 4),
        ("landscape_21_9", 21 / 9),
        ("1024x512", 2),
        (" 3:2 ", 1.5),
        ("8:1", 8),
        ("99999:1", 8),
        ("auto", 1.25),
        ("Auto", 1.25),
        ("adaptive", 1.25),
        ("portrait_0_3", 1.25),
        ("0:0", 1.25),
        ("high", 1.25),
        (None, 1.25),
    ],
)
def test_every_spelling_of_a_shape_is_understood(aspect: str | None, expected: float) -> None:
    assert frame.ratio(aspect, default=1.25) == pytest.approx(expected)


def shapes() -> Iterator[str]:
    """Every option of the catalogue that has a ratio in its name."""
    for model in catalog.generation_models():
        for key in ("aspect_ratio", "aspectRatio", "image_size", "imageSize"):
            known = model.param(key)
            yield from known.options if known else ()


@pytest.mark.parametrize("option", sorted(set(shapes()) - {"auto", "Auto", "adaptive"}))
def test_every_shape_of_the_catalogue_is_known(option: str) -> None:
    assert frame.ratio(option, default=-1.0) > 0


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1", "4:1", "1:8"])
def test_a_picture_has_the_shape_that_was_asked_for(aspect: str) -> None:
    rendered = media.render_image(prompt=PROMPT, aspect=aspect)
    picture = opened(rendered)
    assert picture.size == (rendered.width, rendered.height)
    assert picture.width / picture.height == pytest.approx(frame.ratio(aspect), rel=0.02)
    assert min(picture.size) >= 180


@pytest.mark.parametrize(
    ("form", "kind", "mime"),
    [
        ("png", "PNG", "image/png"),
        ("jpeg", "JPEG", "image/jpeg"),
        ("JPG", "JPEG", "image/jpeg"),
        ("webp", "WEBP", "image/webp"),
        ("bmp", "PNG", "image/png"),
    ],
)
def test_a_picture_comes_in_the_format_that_was_asked_for(form: str, kind: str, mime: str) -> None:
    rendered = media.render_image(prompt=PROMPT, aspect="4:1", format=form)
    assert opened(rendered).format == kind
    assert rendered.mime == mime


def test_the_same_order_gives_the_same_bytes() -> None:
    one, two = (media.render_image(prompt=PROMPT, aspect="4:1", seed=7) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("change", [{"seed": 8}, {"prompt": "Else"}, {"label": "2 of 2"}])
def test_another_order_gives_another_picture(change: dict[str, str]) -> None:
    order = {"prompt": PROMPT, "aspect": "4:1", "seed": "7"}
    assert media.render_image(**order).data != media.render_image(**(order | change)).data


@pytest.mark.parametrize("prompt", HOSTILE)
def test_any_prompt_becomes_a_picture(prompt: str) -> None:
    assert opened(media.render_image(prompt=prompt, aspect="8:1")).width


@pytest.mark.parametrize("scene", ["vase studio", "mountain sea", "planet moon", "abstract wave"])
@pytest.mark.parametrize("aspect", ["8:1", "1:8"])
def test_every_scene_fits_every_shape(scene: str, aspect: str) -> None:
    picture = opened(media.render_image(prompt=scene, aspect=aspect))
    assert len(set(picture.resize((9, 9)).tobytes())) > 20


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("A clean editorial product image", "still_life"),
        ("Mountains behind a lake", "ridges"),
        ("पहाड़ों के ऊपर", "ridges"),
        ("행성과 우주", "orbit"),
        ("an abstract poster", "cutout"),
    ],
)
def test_the_prompt_chooses_the_scene(prompt: str, scene: str) -> None:
    assert mood.motif(prompt, random.Random(1)) == scene


def lit(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Bright pixels within a box."""
    return sum(picture.convert("L").crop(box).histogram()[200:])


def test_the_caption_stands_at_the_foot_and_mock_in_the_corner() -> None:
    picture = Image.new("RGB", (800, 600), (40, 40, 60))
    still.captioned(picture, prompt=PROMPT, title="z-image", ground=(20, 20, 40))
    assert lit(picture, (0, 500, 400, 600)) > 500
    assert lit(picture, (680, 0, 800, 70)) > 50
    assert lit(picture, (0, 100, 800, 450)) == 0


@pytest.mark.parametrize(
    "text", [PROMPT * 4, "가나다 라마바 " * 30, "一张安静的海报" * 20, "w" * 500]
)
def test_a_caption_stays_within_its_width(text: str) -> None:
    if not lettering.runs(text):
        pytest.skip("No font of this machine draws this script.")
    set_lines = lettering.lines(text, size=20, width=300, most=3)
    assert 1 <= len(set_lines) <= 3
    assert all(lettering.width_of(line, 20) <= 300 for line in set_lines)


def test_a_caption_that_is_cut_ends_with_an_ellipsis() -> None:
    last = lettering.lines("word " * 200, size=20, width=300, most=2)[-1]
    assert "".join(run.text for run in last).endswith("…")


def test_a_character_without_a_font_is_left_out() -> None:
    assert lettering.runs("\U0003fffd\ue123") == []
    assert "".join(run.text for run in lettering.runs("a\U0003fffdb")) == "ab"


@given(st.text(max_size=40))
@settings(deadline=None)
def test_only_characters_that_a_face_covers_are_drawn(text: str) -> None:
    for run in lettering.runs(lettering.clean(text)):
        bare = {ord(character) for character in run.text} - {0x200C, 0x200D, 0xFE0E, 0xFE0F}
        assert bare <= run.face.covered


def test_the_built_in_face_is_always_there() -> None:
    assert {ord("A"), ord("z"), ord("…"), ord("·")} <= fonts.faces()[0].covered


def test_a_machine_without_fonts_still_sets_latin_captions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = fonts.faces()[:1]
    monkeypatch.setattr(fonts, "faces", lambda: only)
    assert "".join(run.text for run in lettering.runs("A teapot, 찻주전자")) == "A teapot, "
    assert opened(media.render_image(prompt="찻주전자", aspect="8:1")).width


def test_a_file_that_is_no_font_is_passed_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    broken = tmp_path_factory.mktemp("fonts") / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0" + b"\xff" * 60)
    assert fonts._load(str(broken), colour=False) is None


def samples(rendered: media.Rendered) -> array.array[int]:
    with wave.open(io.BytesIO(rendered.data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        assert file.getnframes() / file.getframerate() == pytest.approx(rendered.seconds)
        return array.array("h", file.readframes(file.getnframes()))


def test_a_sound_is_audible_unclipped_and_faded() -> None:
    rendered = media.render_audio(prompt="A story", model="Suno")
    heard = samples(rendered)
    assert rendered.mime == "audio/wav"
    assert rendered.seconds == pytest.approx(3.0)
    assert 20_000 < max(map(abs, heard)) < 32_000
    assert max(map(abs, heard[:20])) < 1000
    assert max(map(abs, heard[-200:])) < 200


@pytest.mark.parametrize(("wanted", "given_seconds"), [(0, 1.5), (2, 2.0), (500, 8.0)])
def test_a_sound_is_neither_too_short_nor_too_long(wanted: float, given_seconds: float) -> None:
    rendered = media.render_audio(prompt="A story", seconds=wanted)
    assert rendered.seconds == pytest.approx(given_seconds)
    assert len(samples(rendered)) == round(given_seconds * 44_100) * 2


def test_sounds_differ_by_prompt_and_repeat_by_seed() -> None:
    first, again, other = (
        media.render_audio(prompt=text, seed=1, seconds=1.5) for text in ("one", "one", "two")
    )
    assert first == again
    assert first.data != other.data


Element = tuple[int, int, bytes]
_MASTERS = {0x1A45DFA3, 0x18538067, 0x114D9B74, 0x4DBB, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0}
_MASTERS |= {0x1C53BB6B, 0xBB, 0xB7, 0x1F43B675}


def elements(data: bytes, start: int = 0) -> Iterator[Element]:
    """Id, place and content of every EBML element, written apart from the muxer."""
    at = 0
    while at < len(data):
        place, width = start + at, 9 - data[at].bit_length()
        name = int.from_bytes(data[at : at + width], "big")
        at += width
        width = 9 - data[at].bit_length()
        length = int.from_bytes(data[at : at + width], "big") - (1 << (7 * width))
        at += width
        body = data[at : at + length]
        assert len(body) == length
        yield name, place, body
        if name in _MASTERS:
            yield from elements(body, start + at)
        at += length


@pytest.fixture(scope="module")
def film() -> media.Rendered:
    return media.render_video(prompt="A cinematic product reveal", aspect="16:9")


@pytest.fixture(scope="module")
def parts(film: media.Rendered) -> list[Element]:
    return list(elements(film.data))


def found(parts: list[Element], name: int) -> list[bytes]:
    return [body for known, _, body in parts if known == name]


def test_a_film_is_a_webm_of_three_seconds(film: media.Rendered, parts: list[Element]) -> None:
    assert found(parts, 0x4282) == [b"webm"]
    assert found(parts, 0x86) == [b"V_VP8"]
    assert struct.unpack(">d", found(parts, 0x4489)[0])[0] == pytest.approx(3000)
    assert film.seconds == pytest.approx(3.0)
    sizes = [int.from_bytes(found(parts, name)[0], "big") for name in (0xB0, 0xBA)]
    assert sizes == [film.width, film.height]
    assert film.width / film.height == pytest.approx(16 / 9, rel=0.02)


def test_every_frame_of_a_film_is_a_key_frame_of_its_size(
    film: media.Rendered, parts: list[Element]
) -> None:
    blocks = found(parts, 0xA3)
    assert len(blocks) == 60
    for block in blocks:
        assert block[0] == 0x81
        assert block[3] == 0x80
        assert block[4] & 1 == 0
        assert block[7:10] == b"\x9d\x01\x2a"
        assert struct.unpack("<HH", block[10:14]) == (film.width, film.height)


def test_the_cues_of_a_film_lead_to_its_clusters(parts: list[Element]) -> None:
    segment = next(place for name, place, _ in parts if name == 0x18538067) + 12
    clusters = {
        place - segment: int.from_bytes(found(list(elements(body)), 0xE7)[0], "big")
        for name, place, body in parts
        if name == 0x1F43B675
    }
    times = [int.from_bytes(body, "big") for body in found(parts, 0xB3)]
    places = [int.from_bytes(body, "big") for body in found(parts, 0xF1)]
    assert dict(zip(places, times, strict=True)) == clusters
    assert times == sorted(times)


def test_the_seek_head_of_a_film_leads_to_its_parts(parts: list[Element]) -> None:
    segment = next(place for name, place, _ in parts if name == 0x18538067) + 12
    names = [int.from_bytes(body, "big") for body in found(parts, 0x53AB)]
    places = [int.from_bytes(body, "big") + segment for body in found(parts, 0x53AC)]
    assert {(name, place) for name, place, _ in parts} >= set(zip(names, places, strict=True))
    assert names == [0x1549A966, 0x1654AE6B, 0x1C53BB6B]


def test_a_film_moves_and_repeats_byte_for_byte(film: media.Rendered, parts: list[Element]) -> None:
    assert len({block[4:] for block in found(parts, 0xA3)}) > 30
    assert media.render_video(prompt="A cinematic product reveal", aspect="16:9") == film


@pytest.mark.parametrize(("wanted", "given_seconds"), [(0, 1.0), (99, 6.0)])
def test_a_film_is_neither_too_short_nor_too_long(wanted: float, given_seconds: float) -> None:
    assert media.render_video(prompt="x", aspect="8:1", seconds=wanted).seconds == pytest.approx(
        given_seconds
    )


def test_a_webp_without_a_lossy_frame_is_refused() -> None:
    held = io.BytesIO()
    Image.new("RGB", (8, 8)).save(held, "WEBP", lossless=True)
    with pytest.raises(ValueError, match="no lossy frame"):
        webm.frame_of(held.getvalue())
