"""What every answer carries, whatever it answers."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path

from debugger.web.errors import Invalid, NotAllowed, NotFound
from debugger.web.logs import RedactingFormatter, current_request_id

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def answer(request: HttpRequest, kind: str) -> HttpResponse:
    errors: dict[str, Exception] = {
        "missing": NotFound("There is no run 17."),
        "denied": NotAllowed("Only an owner may do that."),
        "invalid": Invalid("The date lies in the future."),
        "forbidden": PermissionDenied(),
        "suspicious": SuspiciousOperation(),
        "broken": RuntimeError("rvya_sk_" + "a" * 32),
    }
    if kind in errors:
        raise errors[kind]
    return HttpResponse(current_request_id.get(), content_type="text/plain")


def read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> Any:
        yield b"one "
        yield b"two"

    return StreamingHttpResponse(parts(), content_type="text/plain")


urlpatterns = [
    path("answer/<kind>", answer),
    path("read", read),
    path("stream", stream),
    path("", include("rivya_dash.urls")),
]
handler500 = "debugger.web.errors.server_error"


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    "address", ["/answer/fine", "/answer/broken", "/answer/missing", "/nowhere", "/healthz"]
)
def test_every_answer_has_the_same_strict_headers_and_an_id(visitor: Client, address: str) -> None:
    headers = visitor.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert len(headers["X-Request-ID"]) == 32


def test_an_id_is_never_taken_from_the_request(visitor: Client) -> None:
    first = visitor.get("/answer/fine", headers={"X-Request-ID": "mine"})
    second = visitor.get("/answer/fine")
    assert first["X-Request-ID"] == first.content.decode()
    assert len({first["X-Request-ID"], second["X-Request-ID"], "mine"}) == 3


@pytest.mark.parametrize(
    ("kind", "status", "sentence"),
    [
        ("missing", 404, "There is no run 17."),
        ("denied", 403, "Only an owner may do that."),
        ("invalid", 422, "The date lies in the future."),
        ("forbidden", 403, "Your account has no access to this."),
        ("suspicious", 400, "Something in it was missing or malformed."),
        ("broken", 500, "The request was not finished."),
    ],
)
def test_each_error_is_a_page_that_says_what_and_which(
    visitor: Client, kind: str, status: int, sentence: str
) -> None:
    response = visitor.get(f"/answer/{kind}")
    page = response.content.decode()
    assert response.status_code == status
    assert sentence in page
    assert response["X-Request-ID"] in page
    assert "Traceback" not in page
    assert "rvya_sk_" not in page


def test_a_server_error_page_needs_neither_database_nor_static_files(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> str:
        raise ValueError(name)

    monkeypatch.setattr("debugger.web.errors.static", fail)
    response = visitor.get("/answer/broken")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_a_form_without_its_token_is_refused_with_advice() -> None:
    response = Client(enforce_csrf_checks=True).post("/read", {"a": "b"})
    assert response.status_code == 403
    assert "Load the page again" in response.content.decode()


def test_under_asgi_the_answers_are_the_same() -> None:
    client = AsyncClient(raise_request_exception=False)

    async def ask() -> list[Any]:
        return [await client.get(f"/answer/{kind}") for kind in ("fine", "missing", "broken")]

    fine, missing, broken = async_to_sync(ask)()
    assert [r.status_code for r in (fine, missing, broken)] == [200, 404, 500]
    assert fine.content.decode() == fine["X-Request-ID"]
    assert all("frame-ancestors 'none'" in r["Content-Security-Policy"] for r in (fine, broken))


def test_a_stream_passes_the_whole_chain_piece_by_piece() -> None:
    async def ask() -> tuple[Any, list[bytes]]:
        response: Any = await AsyncClient().get("/stream")
        return response, [part async for part in response.streaming_content]

    response, parts = async_to_sync(ask)()
    assert parts == [b"one ", b"two"]
    assert response["X-Request-ID"]


def test_health_is_known_by_the_database(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert visitor.get("/healthz").content == b"ok\n"

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("debugger.web.health.connection.cursor", fail)
    assert visitor.get("/healthz").status_code == 500


@pytest.fixture
def a_static_file() -> str:
    folder = Path(settings.STATICFILES_DIRS[0])
    return next(f"/static/css/{found.name}" for found in sorted((folder / "css").glob("*.css")))


def test_a_static_file_is_served_in_both_worlds(visitor: Client, a_static_file: str) -> None:
    def check(response: Any) -> None:
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/css")
        assert int(response["Content-Length"]) == len(response.content) > 0
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]

    async def ask(**headers: str) -> Any:
        return await AsyncClient().get(a_static_file, headers=headers)

    check(visitor.get(a_static_file))
    check(async_to_sync(ask)())
    part = async_to_sync(ask)(Range="bytes=0-9")
    assert (part.status_code, len(part.content)) == (206, 10)
    modified = visitor.get(a_static_file)["Last-Modified"]
    again = visitor.get(a_static_file, headers={"If-Modified-Since": modified})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../settings.py", "%2e%2e/%2e%2e/manage.py", "nothing.css"])
def test_nothing_outside_the_static_folder_is_served(visitor: Client, name: str) -> None:
    assert visitor.get(f"/static/{name}").status_code == 404


def test_a_page_claims_no_language_that_it_does_not_speak(visitor: Client) -> None:
    for asked in ("en", "hi", "ko"):
        response = visitor.get("/nowhere", headers={"Accept-Language": f"{asked};q=0.9"})
        assert response["Content-Language"] == "en"
        assert '<html lang="en"' in response.content.decode()


def test_a_key_that_reaches_the_log_is_not_in_it() -> None:
    formatter = RedactingFormatter("{request_id} {message}", style="{")
    secret = "rvya_sk_" + "b" * 32
    try:
        raise ValueError(f"with {secret}")
    except ValueError:
        trouble = sys.exc_info()
    record = logging.LogRecord("n", logging.ERROR, "p", 1, "key %s", (secret,), trouble)
    line = formatter.format(record)
    assert secret not in line
    assert "ValueError" in line


def test_the_debug_page_for_an_unknown_address_repeats_no_key(visitor: Client) -> None:
    key = "rvya_sk_" + "d" * 32
    encoded = "".join(f"%{ord(char):02x}" for char in key)
    with override_settings(DEBUG=True):
        for address in (f"/nothing/{key}", f"/nothing?key={key}", f"/nothing/{encoded}"):
            answered = visitor.get(address)
            assert answered.status_code == 404
            assert key not in answered.content.decode()
            assert "Page not found" in answered.content.decode()
            assert answered["Content-Length"] == str(len(answered.content))


@pytest.mark.parametrize("debug", [False, True])
def test_a_form_that_cannot_be_read_is_refused_and_told(visitor: Client, debug: bool) -> None:
    key = "rvya_sk_" + "d" * 32
    with override_settings(DEBUG=debug):
        answered = visitor.post(
            "/panels/generations.create/run",
            data=f"live_key={key}".encode(),
            content_type="application/x-www-form-urlencoded; charset=utf-7",
        )
    assert answered.status_code == 400
    assert key not in answered.content.decode()
    assert answered["Content-Security-Policy"]


def test_an_answer_to_a_form_is_kept_by_no_cache(visitor: Client) -> None:
    assert visitor.post("/panels/curl", {"command": "curl x"})["Cache-Control"] == "no-store"
    assert "no-store" not in visitor.get("/panels/").get("Cache-Control", "")
