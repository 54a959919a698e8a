"""Single sign-on with a provider of our own on loopback: the whole round trip is really made."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.cache import cache
from django.test import Client

from debugger.teams.models import AuditEvent, User
from tests import cast
from tests.site.test_settings import read
from tests.teams.issuer import CLIENT, SECRET, Issuer

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings: Any) -> Iterator[Issuer]:
    """A provider at which Dora is known, named in the settings."""
    cache.clear()
    dora = {"sub": "d-1", "email": "dora@corp.example", "email_verified": True, "name": "Dora D."}
    found = Issuer(claims=dora)
    app = {"provider_id": "sso", "name": "Corp", "client_id": CLIENT, "secret": SECRET}
    app["settings"] = {"server_url": found.url}  # type: ignore[assignment]
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    }
    yield found
    found.stop()


def leave(client: Client, query: str = "process=login") -> str:
    """Press the button; gives the provider's address that the page leads to."""
    page = client.post(f"/accounts/oidc/sso/login/?{query}")
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())
    assert found
    return unescape(found[1])


def ask(address: str) -> str:
    """What the provider answers to the browser: the address that it leads back to."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        back = connection.getresponse().headers["Location"]
    finally:
        connection.close()
    return back.removeprefix("http://testserver")


def come_back(client: Client, query: str = "process=login") -> Any:
    return client.get(ask(leave(client, query)))


def test_who_is_known_there_is_in_here_with_a_verified_address_and_a_name(issuer: Issuer) -> None:
    cast.person("Alice")
    client = Client()
    assert "Continue with Corp" in client.get("/accounts/login/").content.decode()
    assert come_back(client).headers["Location"] == "/teams/new"
    dora = User.objects.get(email="dora@corp.example")
    assert (dora.name, dora.has_usable_password()) == ("Dora D.", False)
    assert EmailAddress.objects.get(user=dora).verified
    assert issuer.asked == [
        "/.well-known/openid-configuration",
        "/authorize",
        "/.well-known/openid-configuration",
        "/token",
        "/userinfo",
    ]
    again = Client()
    come_back(again)
    assert User.objects.filter(email="dora@corp.example").count() == 1
    assert again.get("/accounts/").status_code == 200


def test_the_way_out_carries_a_state_and_a_proof_but_not_the_secret(issuer: Issuer) -> None:
    address = leave(Client())
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == ["http://testserver/accounts/oidc/sso/login/callback/"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"][0]
    assert SECRET not in address


def test_an_answer_that_another_browser_asked_for_signs_nobody_in(issuer: Issuer) -> None:
    back = ask(leave(Client()))
    stranger = Client()
    assert "did not work" in stranger.get(back).content.decode()
    assert stranger.get("/accounts/").status_code == 302
    assert not User.objects.exists()


def test_a_refusal_there_is_said_here(issuer: Issuer) -> None:
    issuer.refuses = True
    client = Client()
    answer = client.get(ask(leave(client)), follow=True)
    assert "You came back without signing in" in answer.content.decode()


def test_an_account_with_the_same_address_is_not_taken_over(issuer: Issuer) -> None:
    cast.person("Alice")
    issuer.claims["email"] = "alice@example.com"
    client = Client()
    come_back(client)
    assert client.get("/accounts/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_who_is_signed_in_connects_it_and_takes_it_away_again(issuer: Issuer) -> None:
    cast.person("Alice")
    client = Client()
    sent = {"login": "alice@example.com", "password": cast.PASSWORD}
    client.post("/accounts/login/", sent)
    assert come_back(client, "process=connect").headers["Location"] == "/accounts/3rdparty/"
    assert SocialAccount.objects.get().user == cast.person("Alice")
    other = Client()
    come_back(other)
    assert "alice@example.com" in other.get("/accounts/").content.decode()
    client.post("/accounts/3rdparty/", {"account": str(SocialAccount.objects.get().pk)})
    assert not SocialAccount.objects.exists()
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"account.sign_on_connected", "account.sign_on_removed"} <= actions


def test_an_invited_site_stays_closed_for_strangers_from_there(
    issuer: Issuer, settings: Any
) -> None:
    settings.RIVYA_DASH_SIGN_UP = "invited"
    cast.person("Alice")
    client = Client()
    page = client.get(ask(leave(client)), follow=True).content.decode()
    assert "by invitation" in page
    assert not User.objects.filter(email="dora@corp.example").exists()


def test_no_token_of_the_provider_is_kept(issuer: Issuer) -> None:
    come_back(Client())
    assert not SocialToken.objects.exists()


def test_a_provider_that_does_not_answer_is_a_page_not_a_crash(issuer: Issuer) -> None:
    issuer.stop()
    page = Client().post("/accounts/oidc/sso/login/").content.decode()
    assert "Single sign-on did not work" in page
    issuer.__post_init__()


def test_one_that_is_gone_when_a_person_comes_back_is_one_too(issuer: Issuer) -> None:
    client = Client()
    back = ask(leave(client))
    issuer.stop()
    assert "Single sign-on did not work" in client.get(back).content.decode()
    issuer.__post_init__()


def test_without_a_provider_there_is_no_button_and_no_address() -> None:
    assert "Continue with" not in Client().get("/accounts/login/").content.decode()
    assert Client().post("/accounts/oidc/sso/login/").status_code == 404


def test_the_environment_names_the_provider(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    found = read(
        "SOCIALACCOUNT_PROVIDERS",
        data=tmp_path,
        RIVYA_DASH_OIDC_ISSUER="https://id.example.com/",
        RIVYA_DASH_OIDC_CLIENT_ID=CLIENT,
        RIVYA_DASH_OIDC_CLIENT_SECRET_FILE=str(secret),
        RIVYA_DASH_OIDC_NAME="Corp",
    )
    assert found["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"] == [
        {
            "provider_id": "sso",
            "name": "Corp",
            "client_id": CLIENT,
            "secret": SECRET,
            "settings": {"server_url": "https://id.example.com"},
        }
    ]
