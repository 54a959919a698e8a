"""What somebody tries who has no account, or another one than they would like to have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client

from debugger.teams.models import User
from tests.cast import acme, browser_of, person

pytestmark = pytest.mark.django_db
PASSWORD = "a calm horse of seven stairs"


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Limits on attempts are counted in the cache."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every hashing of a password, which is what takes a second in earnest."""
    done: list[str] = []
    real = MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str, *args: Any, **kwargs: Any) -> str:
        done.append(password)
        return str(real(self, password, salt, *args, **kwargs))

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    return done


def test_how_long_a_sign_up_takes_does_not_tell_who_has_an_account(hashed: list[str]) -> None:
    person("Alice")
    costs = {}
    for email in ("dora@example.com", "alice@example.com"):
        hashed.clear()
        Client().post("/accounts/signup/", {"email": email, "password1": PASSWORD})
        costs[email] = len(hashed)
    assert costs["alice@example.com"] == costs["dora@example.com"] > 0


def test_how_long_a_sign_in_takes_does_not_tell_who_has_an_account(hashed: list[str]) -> None:
    person("Alice")
    single = person("Sso")
    single.set_unusable_password()
    single.save()
    costs = []
    for email in ("dora@example.com", "alice@example.com", "sso@example.com"):
        hashed.clear()
        Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
        costs.append(len(hashed))
    assert costs == [1, 1, 1]


@pytest.mark.parametrize("host", ["dash.example:4443", "other.example"])
@pytest.mark.parametrize("path", ["password/reset", "signup"])
def test_no_mail_leads_to_where_a_stranger_says(path: str, host: str, settings: Any) -> None:
    """The stranger asks in a victim's name; what the victim opens would tell them the link."""
    settings.RIVYA_DASH_ORIGINS = ["https://dash.example"]
    settings.ALLOWED_HOSTS = ["dash.example", "other.example"]
    person("Alice")
    sent = {"email": "alice@example.com", "password1": PASSWORD}
    Client(headers={"host": host}).post(f"/accounts/{path}/", sent, secure=True)
    links = [word for word in str(mail.outbox[-1].body).split() if "://" in word]
    assert links
    assert all(link.startswith("https://dash.example/accounts/") for link in links)


@pytest.mark.parametrize(
    "name", ["See https://evil.example now", "Kim \u202egnp.exe", "\u200b", "a\x1bb"]
)
def test_a_name_writes_no_text_of_its_own_into_mails_to_strangers(name: str) -> None:
    """An invitation is mailed to anybody, and its first words are who invites."""
    sent = {"email": "dora@example.com", "password1": PASSWORD, "name": name}
    response = Client().post("/accounts/signup/", sent)
    assert response.status_code == 200
    assert not User.objects.filter(email="dora@example.com").exists()
    person("Alice")
    assert browser_of("Alice").post("/accounts/", {"name": name}).status_code == 422
    assert person("Alice").name == "Alice"


def test_a_name_is_one_line() -> None:
    person("Alice")
    browser_of("Alice").post("/accounts/", {"name": "Alice\n\nDear  friend"})
    assert person("Alice").name == "Alice Dear friend"


@pytest.mark.parametrize("path", ["/", "/panels/", "/panels/credits.retrieve/", "/t/none/", "/no"])
def test_a_page_that_names_who_is_signed_in_is_kept_in_no_shared_cache(path: str) -> None:
    person("Alice")
    shown = browser_of("Alice").get(path)
    assert "alice@example.com" in shown.content.decode()
    assert "private" in shown.headers.get("Cache-Control", "")


@pytest.mark.parametrize("where", ["/panels/", "/t/acme/panels/"])
def test_an_answer_that_may_show_a_secret_once_is_kept_on_no_disk(where: str) -> None:
    """Such as the signing secret of a new webhook."""
    acme()
    sent = {"mode": "mock", "anyway": "1", "editor": "form"}
    answer = browser_of("Bob").post(f"{where}webhooks.create/run", sent)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
