"""The site's own data key, and the second factors that it seals."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.cache import cache as attempts
from django.db import IntegrityError, transaction
from django.test import Client, override_settings

from debugger.keys import checks, vault
from debugger.keys.models import DataKey
from debugger.keys.vault.cache import cache
from debugger.keys.vault.sayings import MOST, Sayings
from debugger.teams.accounts.factors import CODES, about
from debugger.teams.models import AuditEvent
from tests.canary import find
from tests.cast import acme, person
from tests.keys.rings import NEW, OLD, stored
from tests.keys.rowbytes import stored_bytes
from tests.keys.test_vault_commands import fails, run
from tests.teams.factors import code_of, enrolled, sign_in

BOTH = f"{NEW},{OLD}"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.clear()
    attempts.clear()
    yield
    cache.clear()
    attempts.clear()


def seed_of_alice() -> str:
    row = Authenticator.objects.get(type=CODES)
    with about(person("Alice").pk, CODES):
        return str(get_adapter().decrypt(row.data["seed"]))


def comes_in(code: str) -> bool:
    client = Client()
    sign_in(client)
    return client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_neither_secret_nor_seed_nor_a_code_stands_in_a_row_or_a_session() -> None:
    client = Client()
    acme()
    sign_in(client)
    pending = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    assert len(pending) == 32
    assert find(stored_bytes(), pending) == []
    _, secret, codes = enrolled()
    data, seed = stored_bytes(), seed_of_alice()
    assert len(seed) == 80
    assert [find(data, each) for each in (secret, pending, seed)] == [[], [], []]
    assert not any(code.encode() in data for code in codes)
    assert comes_in(code_of(secret))


@pytest.mark.django_db(transaction=True)
def test_a_secret_that_was_not_sealed_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(get_adapter()), "encrypt", lambda _, text: text)
    acme()
    client = Client()
    sign_in(client)
    pending = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    assert "clear" in find(stored_bytes(), pending)


@pytest.mark.django_db
def test_a_second_step_goes_on_under_a_new_master_key() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        _, secret, codes = enrolled()
        before = Authenticator.objects.get(type="totp").data
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        assert comes_in(codes[0])
        printed = run("rotate_master_key")
        assert "Re-wrapped: 1." in printed
        assert '"old" wraps nothing' in printed
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        assert Authenticator.objects.get(type="totp").data == before
        assert comes_in(code_of(secret))
        assert comes_in(codes[1])
    event = AuditEvent.objects.get(action="master_key.rotated")
    assert (event.team_id, event.object_label) == (None, "the site")


@pytest.mark.django_db
def test_a_site_key_that_no_master_key_opens_is_named_by_the_rotation() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        enrolled()
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        assert "The site: " in fails("rotate_master_key")


@pytest.mark.django_db
def test_verifying_opens_second_factors_too() -> None:
    enrolled()
    assert "The site itself: 2 open, 0 do not." in run("verify_keys")
    row = Authenticator.objects.get(type="totp")
    row.data["secret"] = "A" * 32
    row.save()
    printed = fails("verify_keys")
    assert "second factor totp of Alice" in printed
    assert "only 0 bytes are left of it" in printed
    assert "Values that open: 1. Faults: 1." in printed


@pytest.mark.django_db
def test_verifying_names_the_lost_master_key_of_the_site() -> None:
    enrolled()
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        printed = fails("verify_keys")
    assert "data key of the site [0]" in printed
    assert "is not configured" in printed


@pytest.mark.django_db
def test_the_start_of_the_site_says_that_its_own_master_key_is_lost() -> None:
    enrolled()
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        said = {each.id: each.msg for each in checks.data_keys_can_be_opened(databases=["default"])}
    assert set(said) == {"rivya_dash.W004"}
    assert "people sign in with passkeys or not at all" in said["rivya_dash.W004"]


@pytest.mark.django_db
def test_after_a_lost_master_key_people_set_up_a_new_second_step() -> None:
    enrolled()
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        assert vault.sealing_trouble(None)
        printed = run("reset_second_factors", "--yes")
        assert "Removed: 2." in printed
        assert "alice@example.com signs in with the password alone" in printed
        assert vault.sealing_trouble(None) == ""
        attempts.clear()
        _, secret, _ = enrolled()
        attempts.clear()
        assert comes_in(code_of(secret))
        assert "Removed: 0." in run("reset_second_factors")
    removed = AuditEvent.objects.filter(action="account.second_factor_removed")
    assert {event.actor_name for event in removed} == {"System"}


@pytest.mark.django_db
def test_a_reset_asks_first_and_takes_nothing_that_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled()
    row = Authenticator.objects.get(type="totp")
    row.data["secret"] = "sealed:AAAA"
    row.save()
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert "Nothing was changed." in fails("reset_second_factors")
    assert Authenticator.objects.count() == 2
    monkeypatch.setattr("builtins.input", lambda _: "reset")
    run("reset_second_factors")
    assert [each.type for each in Authenticator.objects.all()] == [CODES]


@pytest.mark.django_db
def test_site_and_teams_have_data_keys_of_their_own() -> None:
    stored(acme())
    sealed = vault.seal(None, row="factor:1:totp", value="x")
    assert vault.open_sealed(None, row="factor:1:totp", sealed=sealed) == "x"
    assert DataKey.objects.count() == 2
    for team, row in ((acme(), "factor:1:totp"), (None, "factor:2:totp")):
        with pytest.raises(vault.CannotOpen) as refused:
            vault.open_sealed(team, row=row, sealed=sealed)
        assert refused.value.reason is vault.Reason.TAMPERED
    vault.shred(acme())
    assert vault.open_sealed(None, row="factor:1:totp", sealed=sealed) == "x"


@pytest.mark.django_db
def test_the_site_has_one_data_key() -> None:
    vault.seal(None, row="a", value="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        DataKey.objects.create(team=None)


@pytest.mark.django_db
def test_nobody_can_be_asked_for_without_being_named() -> None:
    for ask in (get_adapter().encrypt, get_adapter().decrypt):
        with pytest.raises(RuntimeError, match="whose"):
            ask("A" * 32)


@pytest.mark.django_db
def test_what_does_not_open_is_logged_once_an_hour(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    key = stored(acme())
    for _ in range(5):
        vault.unopenable(acme(), {key.public_id: b"x" * 60})
    assert len(caplog.records) == 1
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(acme(), row=key.public_id, sealed=b"x" * 60)
    assert len(caplog.records) == 1
    now[0] += 3601
    vault.unopenable(acme(), {key.public_id: b"x" * 60})
    assert len(caplog.records) == 2


def test_what_was_said_is_forgotten_beyond_a_bound() -> None:
    said = Sayings()
    assert all(said.is_new(str(number)) for number in range(MOST + 1))
    assert said.is_new("0")
    assert not said.is_new(str(MOST))
