"""Result media on our own origin: signed, isolated, seekable, and never a way to anywhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import signing
from django.test import Client

from debugger.client.media import Media
from debugger.client.outcome import Failure, FailureKind, Mode
from debugger.panels import media, upstreams

SITE = "https://dash.example"


def result(*urls: Any, primary: Any = None) -> dict[str, Any]:
    return {"result": {"primary_url": primary, "urls": list(urls)}}


def shown(value: Any, mode: Mode = Mode.LIVE, category: str = "image") -> tuple[media.Medium, ...]:
    return media.of_result(value, mode=mode, category=category, site=SITE)


def body_of(response: Any) -> bytes:
    async def whole() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(whole)()


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"result": None}, {"result": []}, result(5, None), {"result": {"urls": "x"}}],
)
def test_a_result_of_any_shape_is_no_trouble(value: Any) -> None:
    assert shown(value) == ()


def test_the_primary_address_is_shown_once() -> None:
    url = "https://media.example/a.png"
    assert [each.url for each in shown(result(url, primary=url))] == [url]
    assert [each.url for each in shown(result(primary=url))] == [url]


def test_the_ending_says_the_kind_and_the_models_category_where_there_is_none() -> None:
    assert media.kind_of("https://m.example/a.png?x=1", "video") == "image"
    assert media.kind_of("https://m.example/a.webm", "image") == "video"
    assert media.kind_of("https://m.example/result", "audio") == "audio"
    assert media.kind_of("https://m.example/a.html", "chat") == "other"


def test_live_media_come_from_an_address_of_ours_that_names_the_foreign_one() -> None:
    url = "https://media.example/a.png"
    (medium,) = shown(result(url))
    assert medium.src.startswith("/panels/media/")
    signed = media.unsign(medium.src.rsplit("/", 1)[1])
    assert signed == media.Signed(url=url, base_url="", team_id=None)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_an_address_that_is_no_web_address_is_not_shown(url: str) -> None:
    (medium,) = shown(result(url))
    assert medium.src == ""


def test_mock_media_are_read_from_this_site_only() -> None:
    inside = f"{SITE}/mock/media/acct/task/0.png"
    assert shown(result(inside), Mode.MOCK)[0].src == "/mock/media/acct/task/0.png"
    assert shown(result("https://elsewhere.example/a.png"), Mode.MOCK)[0].src == ""


def test_nobody_but_this_site_can_make_an_address() -> None:
    forged = signing.dumps("https://media.example/a.png", salt="another")
    for token in (forged, "x", "a:b:c", "../../etc"):
        assert media.unsign(token) is None
    assert Client(headers={"hx-request": "true"}).get(f"/panels/media/{forged}").status_code == 404


def test_an_address_works_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    (medium,) = shown(result("https://media.example/a.png"))
    token = medium.src.rsplit("/", 1)[1]
    monkeypatch.setattr(media, "LIFE", -1)
    assert media.unsign(token) is None


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/pdf", "", "video/x"])
def test_what_could_act_is_a_download(mime: str) -> None:
    response = media.relay(
        status=200, headers=[("content-type", mime)], body=_nothing(), head=False
    )
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"


def test_media_are_isolated_and_foreign_headers_stay_outside() -> None:
    headers = [("Content-Type", "image/png; charset=x"), ("Set-Cookie", "a=b"), ("ETag", '"e"')]
    response = media.relay(status=206, headers=headers, body=_nothing(), head=False)
    assert response["Content-Type"] == "image/png"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["ETag"] == '"e"'
    assert "Set-Cookie" not in response


def test_a_live_medium_that_may_not_be_fetched_says_why() -> None:
    (medium,) = shown(result("http://169.254.169.254/latest/meta-data"))
    response = Client(headers={"hx-request": "true"}).get(medium.src)
    assert response.status_code == 502
    assert "cannot be shown here" in response.content.decode()


def test_a_live_medium_is_passed_on_with_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    closed: list[bool] = []

    class Fake(Media):
        async def aclose(self) -> None:
            closed.append(True)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async def fetch(url: str, **options: Any) -> Media | Failure:
        asked.update(options, url=url)
        return Fake(
            status=206,
            content_type="video/webm",
            headers={"content-range": "bytes 0-3/9", "content-length": "4"},
            body=pieces(),
            _response=None,  # type: ignore[arg-type]
            _transport=None,  # type: ignore[arg-type]
        )

    monkeypatch.setattr(upstreams, "fetch_media", fetch)
    (medium,) = shown(result("https://media.example/a.webm"))
    response = Client(headers={"hx-request": "true"}).get(
        medium.src, headers={"range": "bytes=0-3"}
    )
    assert (response.status_code, body_of(response)) == (206, b"abcd")
    assert response["Content-Range"] == "bytes 0-3/9"
    assert (asked["url"], asked["range_header"]) == ("https://media.example/a.webm", "bytes=0-3")
    assert closed == [True]


def test_a_failure_of_the_media_server_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(_url: str, **_options: Any) -> Media | Failure:
        return Failure(kind=FailureKind.TIMED_OUT, detail="<b>No answer in time.</b>")

    monkeypatch.setattr(upstreams, "fetch_media", fetch)
    (medium,) = shown(result("https://media.example/a.webm"))
    response = Client(headers={"hx-request": "true"}).get(medium.src)
    assert response.status_code == 502
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.django_db(transaction=True)
def test_mock_media_answer_ranges_and_heads() -> None:
    browser = Client(headers={"hx-request": "true"})
    from django.core.files.uploadedfile import SimpleUploadedFile

    png = b"\x89PNG\r\n\x1a\n" + bytes(500)
    data = {
        "nonce": "n" * 16,
        "body/kind": "image",
        "body/file": "a.png",
        "upload": SimpleUploadedFile("a.png", png, content_type="image/png"),
    }
    fragment = unescape(browser.post("/panels/files.create/run", data).content.decode())
    source = re.findall(r'<img src="(/mock/media/[^"]+)"', fragment)[0]
    whole = browser.get(source)
    assert body_of(whole) == png
    part = browser.get(source, headers={"range": "bytes=0-3"})
    assert (part.status_code, body_of(part)) == (206, b"\x89PNG")
    head = browser.head(source)
    assert head["Content-Length"] == str(len(png))
    assert head.content == b""


@pytest.mark.django_db
def test_mock_media_that_are_not_there_are_not_found() -> None:
    assert (
        Client(headers={"hx-request": "true"}).get("/mock/media/nobody/nothing/0.png").status_code
        == 404
    )
