from __future__ import annotations

import pytest

from debugger.contract import rules
from debugger.emulator.core import Emulator
from tests.emulator.faces import PNG, Answer, Caller, Clock

DATA = PNG + bytes(range(256)) * 4


def _path(url: str) -> str:
    return url.removeprefix("http://emulator.test")


@pytest.fixture
def address(alice: Caller) -> str:
    return _path(alice.upload(DATA).json["url"])


def _get(alice: Caller, path: str, method: str = "GET", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return alice.face.send(method, path, headers=names, body=b"")


def test_a_medium_needs_no_key(alice: Caller, address: str) -> None:
    answer = _get(alice, address)
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "part", "told"),
    [
        ("bytes=0-9", DATA[:10], "bytes 0-9/1096"),
        ("bytes=1000-", DATA[1000:], "bytes 1000-1095/1096"),
        ("bytes=-6", DATA[-6:], "bytes 1090-1095/1096"),
        ("bytes=1090-5000", DATA[1090:], "bytes 1090-1095/1096"),
        ("bytes=-5000", DATA, "bytes 0-1095/1096"),
    ],
)
def test_a_range_is_answered_206_with_its_part(
    alice: Caller, address: str, asked: str, part: bytes, told: str
) -> None:
    answer = _get(alice, address, Range=asked)
    assert (answer.status, answer.body) == (206, part)
    assert answer.headers["content-range"] == told
    assert answer.headers["content-length"] == str(len(part))


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "items=0-1", "bytes=-", "bytes=9-2", "nonsense"]
)
def test_a_range_that_is_not_understood_is_answered_with_everything(
    alice: Caller, address: str, asked: str
) -> None:
    answer = _get(alice, address, Range=asked)
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("asked", ["bytes=1096-", "bytes=-0"])
def test_a_range_behind_the_end_is_answered_416(alice: Caller, address: str, asked: str) -> None:
    answer = _get(alice, address, Range=asked)
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["content-range"] == "bytes */1096"


def test_an_etag_saves_the_second_transfer(alice: Caller, address: str) -> None:
    tag = _get(alice, address).headers["etag"]
    assert _get(alice, address, If_None_Match=tag).status == 304
    assert _get(alice, address, Range="bytes=0-1", If_Range=tag).status == 206
    assert _get(alice, address, Range="bytes=0-1", If_Range='"other"').status == 200


def test_head_gives_the_length_without_the_bytes(alice: Caller, address: str) -> None:
    answer = _get(alice, address, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


def test_media_are_only_read(alice: Caller, address: str) -> None:
    assert _get(alice, address, "DELETE").status == 405


@pytest.mark.parametrize(
    "path", ["/media/", "/media/x", "/media/acct_x/files/file_x", "/media/acct_x/task_x/0.png"]
)
def test_an_invented_address_is_not_found(alice: Caller, path: str) -> None:
    assert _get(alice, path).status == 404


@pytest.mark.parametrize(
    ("model", "mime"),
    [("z-image", "image/png"), ("flux-kontext-pro", "image/jpeg"), ("suno-sounds", "audio/wav")],
)
def test_a_result_is_drawn_once_it_exists(
    alice: Caller, clock: Clock, model: str, mime: str
) -> None:
    task = alice.submit(model=model).json["id"]
    ending = {"image/png": "png", "image/jpeg": "jpg", "audio/wav": "wav"}[mime]
    path = f"/media/{alice.account}/{task}/0.{ending}"
    assert _get(alice, path).status == 404
    clock.pass_(60)
    url = alice.call("GET", f"/generations/{task}").json["result"]["primary_url"]
    assert _path(url) == path
    answer = _get(alice, path)
    assert answer.headers["content-type"] == mime
    assert rules.sniff(answer.body) == mime
    assert _get(alice, path).body == answer.body
    assert _get(alice, path.replace("0.", "1.")).status == 404


def test_a_film_has_ranges_so_that_a_player_can_seek(alice: Caller, clock: Clock) -> None:
    alice.submit(model="sora-2")
    task = alice.submit(model="sora-2").json["id"]
    clock.pass_(60)
    path = _path(alice.call("GET", f"/generations/{task}").json["result"]["primary_url"])
    answer = _get(alice, path, Range="bytes=0-3")
    assert (answer.status, answer.body) == (206, b"\x1a\x45\xdf\xa3")
    assert answer.headers["content-type"] == "video/webm"


def test_a_failed_job_has_no_media(alice: Caller, clock: Clock, emulator: Emulator) -> None:
    task = alice.submit(scenario="fails-after-reserve").json["id"]
    clock.pass_(60)
    assert _get(alice, f"/media/{alice.account}/{task}/0.png").status == 404
