"""The second step: authenticator apps, recovery codes, and how the account pages speak of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client

from debugger.teams.models import AuditEvent
from tests import cast
from tests.teams.factors import code_of, enrolled, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Limits on attempts, and codes that were used, are kept in the cache."""
    cache.clear()
    yield
    cache.clear()


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


# -- What is stored is sealed; what does not open is said ----------------------------------------

CHECKED = "/accounts/2fa/authenticate/"


def change(kind: str, **data: object) -> None:
    row = Authenticator.objects.get(user__email="alice@example.com", type=kind)
    row.data = {**row.data, **data}
    row.save()


def second_step(code: str) -> Any:
    """What the page says to a code after the right password."""
    client = Client()
    sign_in(client)
    return client.post(CHECKED, {"code": code})


@pytest.mark.parametrize("address", ["totp/activate/", "webauthn/add/", "recovery-codes/generate/"])
def test_without_a_master_key_no_second_step_is_begun_and_the_page_says_why(
    settings: Any, address: str
) -> None:
    client, _, _ = enrolled() if "recovery" in address else (cast.browser_of("Alice"), "", [])
    before = list(Authenticator.objects.values("type", "data"))
    settings.RIVYA_DASH_MASTER_KEYS = ""
    for ask in (client.get, client.post):
        answer = ask(f"/accounts/2fa/{address}", follow=True)
        assert answer.redirect_chain[-1][0] == "/accounts/2fa/"
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "this site has no master key" in page or "there are none" in page
    assert list(Authenticator.objects.values("type", "data")) == before
    assert "mfa.totp.secret" not in client.session


def test_when_the_master_key_is_gone_the_second_step_says_so_and_nobody_comes_in(
    settings: Any,
) -> None:
    client, secret, codes = enrolled()
    settings.RIVYA_DASH_MASTER_KEYS = ""
    for code in (code_of(secret), codes[0], "000000"):
        answer = second_step(code)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "This code cannot be checked." in page
        assert "It cannot be opened with the configured master keys" in page
        assert "A passkey works all the same." in page
    shown = client.get("/accounts/2fa/").content.decode()
    assert shown.count("Cannot be read") == 2
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 422


def test_a_secret_that_was_changed_opens_nothing_and_a_recovery_code_still_does() -> None:
    client, secret, codes = enrolled()
    sealed = Authenticator.objects.get(type="totp").data["secret"]
    change("totp", secret=sealed[:-6] + ("AAAAAA" if sealed[-6:] != "AAAAAA" else "BBBBBB"))
    assert "This code cannot be checked." in second_step(code_of(secret)).content.decode()
    assert "Cannot be read" in client.get("/accounts/2fa/").content.decode()
    assert second_step(codes[0]).headers["Location"] == "/t/acme/"


@pytest.mark.parametrize("stored", ["clear", "", "sealed:", "sealed:!", None, 7])
def test_a_secret_that_is_not_sealed_is_not_taken_for_one(stored: object) -> None:
    _, secret, _ = enrolled()
    change("totp", secret=secret if stored == "clear" else stored)
    answer = second_step(code_of(secret))
    assert answer.status_code == 200
    assert "This code cannot be checked." in answer.content.decode()


def test_the_secret_of_one_person_does_not_open_for_another() -> None:
    _, secret, _ = enrolled()
    row = Authenticator.objects.get(type="totp")
    Authenticator.objects.filter(pk=row.pk).update(user=cast.person("Bob"))
    client = Client()
    client.post("/accounts/login/", {"login": "bob@example.com", "password": cast.PASSWORD})
    answer = client.post(CHECKED, {"code": code_of(secret)})
    assert "This code cannot be checked." in answer.content.decode()


def test_a_seed_in_the_place_of_a_secret_does_not_open() -> None:
    _, secret, _ = enrolled()
    change("totp", secret=Authenticator.objects.get(type="recovery_codes").data["seed"])
    assert "This code cannot be checked." in second_step(code_of(secret)).content.decode()


def test_recovery_codes_that_do_not_open_are_replaced_by_new_ones() -> None:
    client, _, codes = enrolled()
    change("recovery_codes", seed="sealed:AAAA")
    address = "/accounts/2fa/recovery-codes/generate/"
    assert "cannot be read any more" in client.get(address).content.decode()
    page = client.post(address, follow=True).content.decode()
    assert "Keep these now" in page
    assert not any(code in page for code in codes)


def test_a_pending_secret_that_is_gone_makes_a_new_one_to_scan() -> None:
    cast.acme()
    client = Client()
    sign_in(client)
    client.get("/accounts/2fa/totp/activate/")
    session = client.session
    session["mfa.totp.secret"] = "A" * 32
    session.save()
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of("A" * 32)})
    page = answer.content.decode()
    assert "The secret that you scanned is gone. Scan the new one." in page
    assert "A" * 32 not in page
    assert not Authenticator.objects.exists()


def test_a_wrong_first_code_keeps_the_secret_that_was_scanned() -> None:
    cast.acme()
    client = Client()
    sign_in(client)
    first = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    again = client.post("/accounts/2fa/totp/activate/", {"code": "x"}).context["form"]
    assert again.secret == first
    assert again.errors["code"] == ["This code is not right. Wait for the next one and try again."]
