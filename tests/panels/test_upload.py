"""Uploading: checked before it is sent, forwarded without being held in memory, ready for use."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

from debugger.client.outcome import Mode
from debugger.contract.operations import get
from debugger.panels import calls, submission
from debugger.panels.draft import Draft

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(2000)


def form(content: bytes, name: str = "a.png", mime: str = "image/png", **values: str) -> Any:
    upload = SimpleUploadedFile(name, content, content_type=mime)
    start = {"nonce": "n" * 16, "body/kind": "image", "body/file": name, "upload": upload}
    return start | values


def run(browser: Client, data: dict[str, Any]) -> str:
    response = browser.post("/panels/files.create/run", data)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_an_uploaded_image_comes_back_as_a_file_with_two_ways_to_use_it() -> None:
    browser = Client(headers={"hx-request": "true"})
    raw = browser.post("/panels/files.create/run", form(PNG)).content.decode()
    assert "HTTP 201" in raw
    handed = [json.loads(unescape(each)) for each in re.findall(r'"handover" value="([^"]*)"', raw)]
    reference, attachment = (each["body"] for each in handed)
    item = reference["params"]["referenceMediaItems"][0]
    assert item["kind"] == "image"
    assert item["mimeType"] == "image/png"
    assert attachment["attachments"][0]["file_id"].startswith("file_")
    page = browser.post("/panels/generations.create/", {"handover": json.dumps(handed[0])})
    assert item["url"] in unescape(page.content.decode())


def test_a_sound_cannot_be_attached_to_a_chat() -> None:
    data = form(WAV, "a.wav", "audio/wav", **{"body/kind": "audio"})
    fragment = run(Client(headers={"hx-request": "true"}), data)
    assert "HTTP 201" in fragment
    assert "Attach to a chat turn" not in fragment


def test_the_bytes_decide_not_the_name() -> None:
    held = run(Client(headers={"hx-request": "true"}), form(b"<html></html>" * 50))
    assert "Not sent." in held
    assert 'href="#field-body-file"' in held


def test_a_file_that_is_too_large_is_told_before_it_is_forwarded() -> None:
    held = run(Client(headers={"hx-request": "true"}), form(PNG + bytes(11 * 2**20)))
    assert "at most 10 MB" in held
    assert 'id="send-anyway"' in held


def test_a_model_that_takes_no_such_file_is_told_before_it_is_forwarded() -> None:
    chosen = {"body/model": "z-image", "include/model": "on"}
    held = run(Client(headers={"hx-request": "true"}), form(PNG, **chosen))
    assert "Not sent." in held
    assert 'href="#field-body-model"' in held


def test_without_a_file_nothing_is_sent_unasked() -> None:
    held = run(Client(headers={"hx-request": "true"}), {"nonce": "n" * 16, "body/kind": "image"})
    assert "Not sent." in held


def test_the_rule_of_the_chosen_kind_stands_at_the_file() -> None:
    page = Client(headers={"hx-request": "true"}).get("/panels/files.create/").content.decode()
    assert 'accept="image/jpeg,image/png,image/webp"' in page
    assert f'data-max-bytes="{10 * 2**20}"' in page
    data = {"body/kind": "image", "body/model": "nano-banana-pro", "include/model": "on"}
    fragment = Client().post("/panels/files.create/preview", data).content.decode()
    assert 'type="file"' not in fragment, "the chosen file stays where it is"
    assert f'data-max-bytes="{30 * 2**20}"' in fragment


def test_a_preview_names_the_file_without_having_it() -> None:
    data = {"body/kind": "image", "body/file": "holiday.png", "file_size": "123"}
    fragment = unescape(
        Client(headers={"hx-request": "true"})
        .post("/panels/files.create/preview", data)
        .content.decode()
    )
    assert 'filename="holiday.png"' in fragment


def test_a_large_file_goes_from_disk_to_the_client_without_a_copy() -> None:
    large = TemporaryUploadedFile("a.png", "image/png", 3, None)
    large.write(b"abc")
    state = submission.Submission(
        operation=get("files.create"),
        draft=Draft(body={"kind": "image", "file": "a.png"}),
        mode=Mode.MOCK,
        nonce="n" * 16,
        upload=large,
    )
    upload = calls.call_for(state).upload
    assert upload is not None
    assert upload.file is large.file
    assert upload.fields == {"kind": "image"}
    large.close()
