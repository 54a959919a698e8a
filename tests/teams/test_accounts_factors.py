"""The second step: authenticator apps, recovery codes, and how the account pages speak of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache
from django.test import Client

from debugger.teams.models import AuditEvent
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Limits on attempts, and codes that were used, are kept in the cache."""
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client) -> str:
    sent = {"login": "alice@example.com", "password": cast.PASSWORD}
    return client.post("/accounts/login/", sent).headers.get("Location", "")


def code_of(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def enrolled() -> tuple[Client, str, list[str]]:
    """Alice with an app: her browser, the app's secret, her recovery codes."""
    cast.acme()
    client = Client()
    sign_in(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'id="totp-secret"[^>]*>([A-Z2-7]+)<', page)
    assert found
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_of(found[1])}, follow=True)
    listed = re.search(r'<pre class="codes"[^>]*>([\d\s]+)</pre>', done.content.decode())
    assert listed
    return client, found[1], listed[1].split()


def test_with_an_app_the_password_alone_does_not_sign_in() -> None:
    _, secret, codes = enrolled()
    assert len(codes) == 10
    client = Client()
    assert sign_in(client) == "/accounts/2fa/authenticate/"
    assert client.get("/accounts/").status_code == 302
    done = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert done.headers["Location"] == "/t/acme/"


def test_a_code_of_the_app_works_once() -> None:
    _, secret, _ = enrolled()
    code = code_of(secret)
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client)
    assert first.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    again = second.post("/accounts/2fa/authenticate/", {"code": code})
    assert "This code is not right." in again.content.decode()


def test_a_recovery_code_works_once_and_says_so_in_the_audit_log() -> None:
    _, _, codes = enrolled()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert first.get("/accounts/").status_code == 200
    assert second.get("/accounts/").status_code == 302
    actions = AuditEvent.objects.values_list("action", flat=True)
    assert actions.filter(action="account.recovery_code_used").count() == 1
    assert actions.filter(action="account.second_factor_failed").count() == 1
    assert not any(code in str(list(AuditEvent.objects.values())) for code in codes)


def test_recovery_codes_are_shown_once() -> None:
    client, _, codes = enrolled()
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "not shown again" in page
    assert not any(code in page for code in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403


def test_guessing_codes_is_stopped_even_for_the_right_one() -> None:
    _, secret, _ = enrolled()
    client = Client()
    sign_in(client)
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert "Too many attempts failed." in answer.content.decode()
    assert client.get("/accounts/").status_code == 302


def test_an_old_sign_in_has_to_be_shown_again_before_the_second_step_changes() -> None:
    cast.acme()
    client = Client()
    sign_in(client)
    session = client.session
    for step in session["account_authentication_methods"]:
        step["at"] -= 601
    session.save()
    answer = client.get("/accounts/2fa/totp/activate/")
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    shown = client.post(answer.headers["Location"], {"password": cast.PASSWORD})
    assert shown.headers["Location"] == "/accounts/2fa/totp/activate/"
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_switching_the_app_off_ends_the_codes_too_and_is_mailed() -> None:
    client, _, _ = enrolled()
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert "Authenticator app switched off" in mail.outbox[-1].subject
    assert sign_in(Client()) == "/t/acme/"


def test_what_a_passkey_answers_is_not_believed_without_its_signature() -> None:
    cast.acme()
    client = Client()
    options = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert options.json()["request_options"]["publicKey"]["challenge"]
    for credential in ("", "[]", '{"id": 1}', "nonsense"):
        answer = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})
        assert answer.headers["Location"] == "/accounts/login/"
    assert client.get("/accounts/").status_code == 302


def test_passkeys_are_offered_where_they_work_and_explained_where_not() -> None:
    here = Client(headers={"host": "localhost"}).get("/accounts/login/").content.decode()
    assert "Sign in with a passkey" in here
    number = Client(headers={"host": "127.0.0.1:8000"}).get("/accounts/login/").content.decode()
    assert "Sign in with a passkey" not in number
    assert 'href="http://localhost:8000/accounts/login/"' in number


def test_the_overview_asks_for_a_second_step_until_there_is_one() -> None:
    client = cast.browser_of("Alice")
    assert "Only a password protects this account." in client.get("/accounts/").content.decode()
    client, _, _ = enrolled()
    assert "Only a password protects" not in client.get("/accounts/").content.decode()
