from __future__ import annotations

import pytest

from debugger.contract import schemas
from debugger.contract.assumptions import with_overrides
from tests.emulator.faces import (
    JPEG,
    PNG,
    WEBM,
    Caller,
    Clock,
    InProcess,
    make_emulator,
    mp4,
    multipart,
    wav,
)

MB = 2**20


def test_an_upload_is_described_as_the_contract_says(alice: Caller) -> None:
    answer = alice.upload(PNG, name="reference.png")
    assert answer.status == 201
    file = answer.json
    assert file["file_name"] == "reference.png"
    assert (file["kind"], file["mime_type"]) == ("image", "image/png")
    assert file["size_bytes"] == len(PNG)
    assert (file["duration_seconds"], file["duration_token"]) == (None, None)
    assert file["expires_at"] is None
    assert schemas.validate("PublicApiFile", file) == []
    assert alice.call("GET", f"/files/{file['id']}").json == file


def test_the_url_of_an_upload_gives_its_bytes(alice: Caller) -> None:
    file = alice.upload(JPEG).json
    answer = alice.call("GET", file["url"].removeprefix("http://emulator.test"))
    assert answer.body == JPEG
    assert answer.headers["content-type"] == "image/jpeg"


def test_another_account_does_not_see_a_file(alice: Caller, charlie: Caller) -> None:
    file = alice.upload(PNG).json
    assert charlie.call("GET", f"/files/{file['id']}").code == "not_found"


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", "image", "empty"),
        (b"just text", "image", "no known type"),
        (b"GIF89a" + b"\0" * 40, "image", "image/gif"),
        (PNG, "video", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "no known type"),
        (PNG, "document", "kind"),
        (PNG + b"\0" * (10 * MB), "image", "10 MB"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_its_own_bytes(
    alice: Caller, data: bytes, kind: str, words: str
) -> None:
    answer = alice.upload(data, kind, name="innocent.png")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert words in answer.message


def test_the_named_model_s_limits_are_enforced(alice: Caller) -> None:
    large = PNG + b"\0" * (12 * MB)
    assert alice.upload(large, model="nano-banana-pro").status == 201
    assert alice.upload(large, model="nano-banana").status == 400
    assert "takes no files" in alice.upload(PNG, model="z-image").message
    assert "kind" in alice.upload(wav(1), "audio", model="gpt-image-2").message
    assert "not a known model" in alice.upload(PNG, model="unheard-of").message
    assert alice.upload(WEBM, "video", model="wan-2-6").status == 400
    assert alice.upload(mp4(3), "video", model="wan-2-6").status == 201


def test_the_rejecting_scenario_needs_no_bad_file(alice: Caller) -> None:
    answer = alice.upload(PNG, scenario="file-rejected")
    assert (answer.status, answer.code) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\Users\\alice\\cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("고양이 बिल्ली.png", "고양이 बिल्ली.png"),
        ("x" * 400 + ".png", ("x" * 400 + ".png")[-255:]),
    ],
)
def test_only_the_last_part_of_a_file_name_is_kept(alice: Caller, name: str, kept: str) -> None:
    assert alice.upload(PNG, name=name).json["file_name"] == kept


def test_a_form_without_a_file_or_with_two_is_refused(alice: Caller) -> None:
    whole, content_type = multipart({"kind": "image"}, name="a.png", data=PNG)
    headers = {"Content-Type": content_type}
    fields_only = whole[: whole.index(b"--border-of-the-test\r\n", 10)] + whole[-26:]
    assert "file" in alice.call("POST", "/files", raw=fields_only, headers=headers).message
    border = b"--border-of-the-test--\r\n"
    twice = whole.removesuffix(border) + whole
    assert "twice" in alice.call("POST", "/files", raw=twice, headers=headers).message


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data"),
        (b'{"kind":"image"}', "application/json"),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"--\xff\r\n", 'multipart/form-data; boundary="\xff"'),
    ],
)
def test_a_broken_form_is_a_validation_error(alice: Caller, body: bytes, content_type: str) -> None:
    answer = alice.call("POST", "/files", raw=body, headers={"Content-Type": content_type})
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_an_upload_beyond_every_limit_is_answered_413(clock: Clock) -> None:
    small = with_overrides({"upload_body_max_bytes": 4096})
    alice = Caller.arrive(InProcess(make_emulator(clock, assumptions=small)))
    answer = alice.upload(PNG + b"\0" * 5000)
    assert (answer.status, answer.code) == (413, "validation_failed")


def test_an_upload_can_have_an_end(clock: Clock) -> None:
    short = with_overrides({"file_life_seconds": 60})
    alice = Caller.arrive(InProcess(make_emulator(clock, assumptions=short)))
    file = alice.upload(PNG).json
    assert file["expires_at"] == "2027-01-15T08:01:00.000Z"
    path = file["url"].removeprefix("http://emulator.test")
    assert alice.call("GET", path).status == 200
    clock.pass_(60)
    assert alice.call("GET", f"/files/{file['id']}").code == "not_found"
    assert alice.call("GET", path).status == 404
