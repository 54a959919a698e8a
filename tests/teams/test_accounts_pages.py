"""What holds for every page of an account: who may see it, its policy, its fields, its browsers."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone

from debugger.teams.accounts import browsers, sessions
from tests import cast

pytestmark = pytest.mark.django_db

OPEN = ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/"]
PRIVATE = [
    "",
    "email/",
    "password/change/",
    "2fa/",
    "2fa/totp/activate/",
    "2fa/webauthn/",
    "2fa/webauthn/add/",
    "sessions/",
    "3rdparty/",
    "reauthenticate/",
]


def signed_in() -> Client:
    cast.acme()
    cache.clear()
    client = Client()
    client.post("/accounts/login/", {"login": "alice@example.com", "password": cast.PASSWORD})
    return client


@pytest.mark.parametrize("path", PRIVATE)
def test_an_account_page_is_for_who_is_signed_in(path: str) -> None:
    answer = Client().get(f"/accounts/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=")
    assert signed_in().get(f"/accounts/{path}").status_code == 200


@pytest.mark.parametrize("path", [*OPEN, *PRIVATE])
def test_no_account_page_has_a_script_or_a_style_inside(path: str) -> None:
    page = (Client() if path in OPEN else signed_in()).get(f"/accounts/{path}").content.decode()
    scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page)
    assert scripts == []
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page)
    assert 'class="logo"' in page


@pytest.mark.parametrize("path", [*OPEN, *PRIVATE])
def test_every_field_has_a_label_and_every_secret_says_what_it_is(path: str) -> None:
    page = (Client() if path in OPEN else signed_in()).get(f"/accounts/{path}").content.decode()
    page = page.partition("<main")[2].partition("</main>")[0]
    for field in re.findall(r"<(?:input|select|textarea)[^>]*>", page):
        if re.search(r'type="hidden"|\shidden\b', field):
            continue
        identity = re.search(r'\bid="([^"]+)"', field)
        assert identity, field
        assert f'for="{identity[1]}"' in page
        if 'type="password"' in field:
            assert re.search(r'autocomplete="(current|new)-password"', field)
            assert f'data-show="{identity[1]}"' in page
        assert "onpaste" not in field


def test_the_address_for_the_sign_in_is_a_username_to_a_password_manager() -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert re.search(r'name="login"[^>]*autocomplete="username"', page)


def test_the_first_wrong_field_takes_the_focus_and_names_its_error() -> None:
    sent = {"email": "dora@example.com", "password1": "short"}
    page = Client().post("/accounts/signup/", sent).content.decode()
    field = re.search(r'<input type="password"[^>]*>', page)
    assert field
    assert "autofocus" in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert "id_password1_error" in field[0]
    assert 'id="id_password1_error"' in page
    assert page.count("autofocus") == 1


def test_no_browser_keeps_a_page_of_an_account_on_disk() -> None:
    client = signed_in()
    for path in ("", "2fa/totp/activate/", "login/"):
        assert "no-store" in client.get(f"/accounts/{path}").headers["Cache-Control"]


def test_too_many_requests_have_a_page_of_ours() -> None:
    cache.clear()
    client = Client()
    for _ in range(20):
        client.post("/accounts/signup/")
    answer = client.post("/accounts/signup/")
    cache.clear()
    assert answer.status_code == 429
    assert "That was too often" in answer.content.decode()


def test_a_browser_is_noted_once_a_minute_not_at_every_request() -> None:
    client = signed_in()
    client.get("/accounts/")
    UserSession.objects.update(last_seen_at="2020-01-01T00:00:00Z")
    client.get("/accounts/email/")
    assert UserSession.objects.get().last_seen_at.year == 2020
    client.get("/accounts/email/", headers={"User-Agent": "Another/1.0"})
    assert UserSession.objects.get().last_seen_at.year > 2020
    assert UserSession.objects.get().user_agent == "Another/1.0"


def test_sessions_whose_time_is_over_are_swept_with_their_browsers() -> None:
    stays, ends = signed_in(), signed_in()
    Session.objects.filter(session_key=ends.session.session_key).update(
        expire_date=timezone.now() - timedelta(minutes=1)
    )
    assert sessions.sweep(now=timezone.now()) == 1
    assert stays.get("/accounts/").status_code == 200
    assert UserSession.objects.get().session_key == stays.session.session_key


def test_a_page_that_asks_nothing_about_the_person_is_not_made_to(
    django_assert_num_queries: Any,
) -> None:
    client = signed_in()
    cache.clear()
    with django_assert_num_queries(1):  # Its own, which asks whether the database answers.
        assert client.get("/healthz").status_code == 200


def test_the_session_holds_no_password_and_no_secret_of_an_app_after_it_is_set_up() -> None:
    client = signed_in()
    assert cast.PASSWORD not in str(dict(client.session))


def test_under_an_async_server_the_note_is_made_and_the_answer_is_passed_on() -> None:
    cache.clear()
    seen: list[str] = []

    class Person:
        is_authenticated = True

    class Browser:
        session_key = "abc"

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("fine")

    async def run() -> HttpResponse:
        request = HttpRequest()
        request.session = Browser()  # type: ignore[assignment]
        request._acached_user = Person()  # type: ignore[attr-defined]
        request.user = Person()  # type: ignore[assignment]
        answer: HttpResponse = await sessions.track(view)(request)  # type: ignore[misc]
        return answer

    note = UserSession.objects.create_from_request
    try:
        UserSession.objects.create_from_request = lambda _: seen.append("noted")
        assert asyncio.run(run()).content == b"fine"
        asyncio.run(run())
    finally:
        UserSession.objects.create_from_request = note
    assert seen == ["noted"]


async def _stream_of(client: AsyncClient) -> int:
    answer = await client.get("/panels/")
    return answer.status_code


def test_async_views_answer_under_the_whole_middleware() -> None:
    from asgiref.sync import async_to_sync

    assert async_to_sync(_stream_of)(AsyncClient()) == 200


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0",
            "Edge 131 on Windows",
        ),
        ("Mozilla/5.0 (iPhone) Version/18.1 Mobile/15E148 Safari/604.1", "Safari 18 on iOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox 133 on Linux",
        ),
        ("curl/8.5.0", "curl 8"),
        ("", "An unknown browser"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ],
)
def test_a_browser_is_named_as_a_person_would(header: str, said: str) -> None:
    assert str(browsers.read(header)) == said
