"""The pages of keys, asked for as browsers of each role would, and as an attacker would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from debugger.keys import services
from debugger.keys.lifecycle import UNDO, Overlap
from debugger.keys.models import ApiKey, KeyUse
from debugger.teams.models import AuditEvent
from tests.cast import acme, browser_of, new_key, person, place, zenith
from tests.client.servers import free_port
from tests.emulator.faces import Caller, Clock, OverHttp, make_emulator, over_http
from tests.keys.deeds import added, fresh, revoked, rotated
from tests.keys.rings import NEW

pytestmark = pytest.mark.django_db
HOME = "/t/acme/keys/"


@pytest.fixture(scope="module")
def face() -> Iterator[OverHttp]:
    with over_http(make_emulator(Clock())) as running:
        yield running


@pytest.fixture
def standin(face: OverHttp, settings: Any) -> OverHttp:
    """The API answers on this machine, and keys are bound to it."""
    settings.RIVYA_BASE_URL = face.base_url
    return face


@pytest.fixture
def dead(settings: Any) -> str:
    """The API does not answer."""
    settings.RIVYA_BASE_URL = f"http://127.0.0.1:{free_port()}"
    return str(settings.RIVYA_BASE_URL)


def form(value: str, **fields: Any) -> dict[str, Any]:
    base = services.base_urls()[0]
    return {"value": value, "label": "Main", "base_url": base, "scope_choice": "all", **fields}


def text_of(response: Any) -> str:
    return str(response.content.decode())


def page(who: str = "Alice", address: str = HOME) -> str:
    response = browser_of(who).get(address)
    assert response.status_code == 200
    return text_of(response)


def the_key() -> ApiKey:
    return ApiKey.objects.get(label="Main")


def now_added(**fields: Any) -> ApiKey:
    return added(now=timezone.now(), **fields)


# -- Adding ----------------------------------------------------------------------------------------


def test_without_a_key_the_page_says_where_one_comes_from_and_that_mock_needs_none() -> None:
    acme()
    assert "Mock mode needs none" in page("Alice")
    assert "Add a key" in page("Alice")
    bobs = page("Bob")
    assert "Alice (Owner) can add one" in bobs
    assert f"{HOME}new" not in bobs


def test_a_pasted_key_is_stored_tested_and_never_shown(standin: OverHttp) -> None:
    acme()
    caller = Caller.arrive(standin, credits=1204)
    alice = browser_of("Alice")
    response = alice.post(f"{HOME}new", form(f" Bearer {caller.key} ", test="on"), follow=True)
    shown = text_of(response)
    assert response.redirect_chain[0][0] == f"{HOME}?key={the_key().public_id}"
    assert "sealed and stored" in shown
    assert "1,204" in shown
    assert "was left out" in shown
    assert caller.key not in shown
    assert caller.key[-8:] not in shown
    assert (the_key().health, the_key().seen) == ("ok", {"credits:read": "granted"})
    assert {"key.added", "key.tested"} <= set(AuditEvent.objects.values_list("action", flat=True))


def test_a_key_without_credits_read_works_and_the_page_explains_it(standin: OverHttp) -> None:
    acme()
    caller = Caller.arrive(standin, scopes=["chat:read"])
    response = browser_of("Alice").post(f"{HOME}new", form(caller.key, test="on"), follow=True)
    assert "it lacks credits:read" in text_of(response)
    assert (the_key().health, the_key().seen) == ("ok", {"credits:read": "denied"})


def test_a_key_that_the_api_refuses_is_stored_and_said_to_be_refused(standin: OverHttp) -> None:
    acme()
    shown = text_of(
        browser_of("Alice").post(f"{HOME}new", form(new_key("x"), test="on"), follow=True)
    )
    assert "The key was refused (api_key_invalid)" in shown
    assert the_key().health_code == "api_key_invalid"


def test_an_api_that_does_not_answer_is_a_state_and_no_error_page(dead: str) -> None:
    acme()
    response = browser_of("Alice").post(f"{HOME}new", form(new_key("x"), test="on"), follow=True)
    assert response.status_code == 200
    assert "could not be asked" in text_of(response)
    assert the_key().health == "unknown"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"value": ""}, "Paste the key."),
        ({"value": "sk-other"}, "begin with rvya_sk_"),
        ({"label": ""}, "Give it a label"),
        ({"label": "x" * 61}, "at most 60"),
        ({"base_url": "https://evil.example"}, "not configured here"),
        ({"scope_choice": "chosen"}, "Choose at least one"),
        ({"scope_choice": "chosen", "scopes": ["admin:all"]}, "admin:all is not one"),
        ({"scope_choice": "no"}, "no is not one"),
        ({"expires": "2001-01-01"}, "That day has passed"),
        ({"expires": "9999-12-31"}, "beyond every calendar"),
        ({"expires": "soon"}, "Write a day as"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_key_is_forgotten(
    changed: dict[str, Any], wrong: str
) -> None:
    acme()
    key = new_key("w")
    sent = form(key, label="Kept label", environment="kept place") | changed
    response = browser_of("Alice").post(f"{HOME}new", sent)
    shown = text_of(response)
    assert response.status_code == 422
    assert wrong in shown
    assert "kept place" in shown
    assert key not in shown
    assert not ApiKey.objects.exists()
    if changed.get("value") is None:
        assert "paste it again" in shown


def test_a_key_that_was_pasted_into_the_label_is_not_shown_either() -> None:
    acme()
    key = new_key("l")
    response = browser_of("Alice").post(f"{HOME}new", form(new_key("v"), label=f"My {key}"))
    assert "There is a key in this field" in text_of(response)
    assert key not in text_of(response)


def test_a_label_in_any_script_is_kept_and_escaped() -> None:
    acme()
    label = "उत्पादन 🔑 <b>\"'&"
    browser_of("Alice").post(f"{HOME}new", form(new_key("v"), label=label))
    key = ApiKey.objects.get()
    assert key.label == label
    shown = page()
    assert "उत्पादन 🔑 &lt;b&gt;" in shown
    for address in ("", "edit", "rotate", "revoke"):
        assert "उत्पादन 🔑 &lt;b&gt;" in page(address=f"{HOME}{key.public_id}/{address}")


def test_ten_megabytes_in_the_field_are_refused() -> None:
    acme()
    response = browser_of("Alice").post(f"{HOME}new", form("rvya_sk_" + "a" * 10_000_000))
    assert response.status_code == 413
    assert not ApiKey.objects.exists()


def test_the_same_key_again_is_refused_with_the_label_of_the_other() -> None:
    now_added(filling="k", label="First")
    response = browser_of("Ada").post(f"{HOME}new", form(new_key("k")))
    assert response.status_code == 422
    assert "it is “First”" in text_of(response)
    assert new_key("k") not in text_of(response)


def test_the_field_for_a_key_asks_browsers_to_forget() -> None:
    acme()
    shown = page(address=f"{HOME}new")
    field = re.search(r'<input[^>]*name="value"[^>]*>', shown)
    assert field is not None
    assert 'type="password"' in field[0]
    assert 'autocomplete="off"' in field[0]
    assert "value=" not in field[0]


def test_without_a_master_key_adding_says_so_and_keeps_what_was_typed(settings: Any) -> None:
    acme()
    settings.RIVYA_DASH_MASTER_KEYS = ""
    assert "Nothing can be stored now" in page(address=f"{HOME}new")
    response = browser_of("Alice").post(f"{HOME}new", form(new_key("k"), environment="kept"))
    assert response.status_code == 422
    assert "kept" in text_of(response)
    assert new_key("k") not in text_of(response)


# -- Seeing ----------------------------------------------------------------------------------------


def test_a_member_sees_the_card_and_no_way_to_change_it() -> None:
    key = now_added(scopes=("chat:read",))
    shown = page("Bob")
    assert "rvya_sk_…kkkk" in shown
    assert "not stated" in shown
    for word in ("/test", "/edit", "/rotate", "/revoke"):
        assert f"{key.public_id}{word}" not in shown


def test_a_viewer_sees_that_a_key_is_there_and_how_it_is() -> None:
    key = now_added(environment="production")
    ApiKey.objects.filter(pk=key.pk).update(
        last_used_at=timezone.now(), last_used_by=person("Bob"), balance=987654
    )
    shown = page("Vera")
    assert "Production" in shown
    assert "Not tested" in shown
    for hidden in ("kkkk", ">Bob", "987,654", "chat:read", f"{HOME}{key.public_id}/"):
        assert hidden not in shown
    assert browser_of("Vera").get(f"{HOME}{key.public_id}/").status_code == 403


def test_scopes_are_marked_as_stated_seen_or_unknown() -> None:
    key = now_added(scopes=("chat:read", "files:read"))
    ApiKey.objects.filter(pk=key.pk).update(seen={"chat:read": "denied", "chat:create": "granted"})
    shown = page("Bob")
    assert "though the key was stored with it" in shown
    assert "though the key was stored without it" in shown
    assert shown.count("is-absent") == 6
    ApiKey.objects.filter(pk=key.pk).update(scopes=None, seen={})
    assert page("Bob").count("is-unknown") == 9


def test_health_tells_refused_idle_expired_and_address_gone(settings: Any) -> None:
    key, rows = now_added(), ApiKey.objects
    rows.update(health="failing", health_code="api_key_revoked", health_at=timezone.now())
    assert "api_key_revoked" in page()
    long_ago = timezone.now() - timedelta(days=61)
    rows.update(health="ok", last_used_at=long_ago)
    assert "Unused for 61 days" in page()
    rows.update(expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in page()
    rows.update(expires_at=None)
    settings.RIVYA_BASE_URL = "https://other.example"
    shown = page()
    assert "bound to rivya.ai, which is not configured any more" in shown
    assert f"{key.public_id}/test" not in shown
    assert browser_of("Alice").get(f"{HOME}{key.public_id}/rotate").status_code == 422


def test_keys_that_cannot_be_opened_are_told_from_damaged_ones(settings: Any) -> None:
    key, other = now_added(filling="k"), now_added(filling="o", label="Other")
    ApiKey.objects.filter(pk=other.pk).update(sealed=b"\x01" * 60)
    shown = page()
    assert "Damaged" in shown
    assert "Revoke it here and store the key anew" in shown
    settings.RIVYA_DASH_MASTER_KEYS = NEW
    shown = page()
    assert "No key of this team can be opened now" in shown
    assert "RIVYA_DASH_MASTER_KEYS" in shown
    alice = browser_of("Alice")
    for address in ("", "edit", "rotate", "revoke"):
        assert alice.get(f"{HOME}{key.public_id}/{address}").status_code == 200
    response = alice.post(f"{HOME}{key.public_id}/test", follow=True)
    assert "cannot be opened with the configured master keys" in text_of(response)


def test_looking_is_recorded_once_an_hour_and_for_those_who_see_something() -> None:
    key = now_added()
    for who in ("Bob", "Bob", "Ada", "Vera"):
        page(who)
    page("Bob", f"{HOME}{key.public_id}/")
    page("Bob", f"{HOME}{key.public_id}/")
    events = AuditEvent.objects.filter(action__endswith="viewed").order_by("pk")
    assert [(event.actor_name, event.action) for event in events] == [
        ("Bob", "key.list_viewed"),
        ("Ada", "key.list_viewed"),
        ("Bob", "key.viewed"),
    ]


def test_a_shredded_key_is_a_line_of_history() -> None:
    key = revoked(added(), now=timezone.now() - timedelta(hours=1))
    services.shred_due(now=timezone.now())
    shown = page("Bob")
    assert "1 shredded key" in shown
    assert f'id="key-{key.public_id}"' in shown
    assert "nothing of it can be brought back" in page("Bob", f"{HOME}{key.public_id}/")
    for deed in ("rotate", "revoke"):
        assert browser_of("Alice").get(f"{HOME}{key.public_id}/{deed}").status_code == 422


# -- Testing ---------------------------------------------------------------------------------------


def test_htmx_gets_the_card_anew_with_the_result(standin: OverHttp) -> None:
    key = now_added(value=Caller.arrive(standin, credits=9).key)
    client = Client(headers={"hx-request": "true"})
    client.force_login(person("Ada"))
    shown = text_of(client.post(f"{HOME}{key.public_id}/test"))
    assert shown.count("<article") == 1
    assert "The key works." in shown
    assert "9 credits" in shown
    assert "never" in shown
    assert not KeyUse.objects.exists()


def test_a_key_is_tested_at_the_address_it_was_stored_for(face: OverHttp, settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = [face.base_url]
    settings.RIVYA_BASE_URL = f"http://127.0.0.1:{free_port()}"
    key = now_added(value=Caller.arrive(face).key, base_url=face.base_url)
    browser_of("Alice").post(f"{HOME}{key.public_id}/test")
    assert fresh(key).health == "ok"


def test_a_test_from_a_keys_own_page_leads_back_to_it(dead: str) -> None:
    key = now_added()
    response = browser_of("Alice").post(f"{HOME}{key.public_id}/test", {"back": "key"})
    assert response["Location"] == f"{HOME}{key.public_id}/"


# -- Rotating --------------------------------------------------------------------------------------


def rotation(value: str, **fields: Any) -> dict[str, Any]:
    return {"value": value, "overlap": "1h", "scope_choice": "all", "how": "tested", **fields}


def test_a_wrong_paste_does_not_replace_a_working_key(standin: OverHttp) -> None:
    key, alice = now_added(), browser_of("Alice")
    wrong = new_key("w")
    response = alice.post(f"{HOME}{key.public_id}/rotate", rotation(wrong, overlap="24h"))
    shown = text_of(response)
    assert response.status_code == 422
    assert "api_key_invalid" in shown
    assert "Nothing was changed" in shown
    assert re.search(r'value="24h"[^>]*checked', shown)
    assert wrong not in shown
    assert fresh(key).replaced_by is None
    alice.post(f"{HOME}{key.public_id}/rotate", rotation(wrong, how="untested"))
    assert fresh(key).replaced_by is not None


def test_a_right_paste_replaces_it_and_is_known_to_work(standin: OverHttp) -> None:
    key = now_added()
    new = Caller.arrive(standin, credits=55).key
    response = browser_of("Alice").post(f"{HOME}{key.public_id}/rotate", rotation(new), follow=True)
    shown = text_of(response)
    assert "goes on working for 1 h" in shown or "goes on working for 60 min" in shown
    assert "Being replaced, works for" in shown
    assert new not in shown
    follower = fresh(key).replaced_by
    assert follower is not None
    assert (follower.health, float(follower.balance or 0)) == ("ok", 55)


def test_a_second_rotation_of_the_same_key_is_refused() -> None:
    key, alice = now_added(), browser_of("Alice")
    address = f"{HOME}{key.public_id}/rotate"
    alice.post(address, rotation(new_key("n"), how="untested"))
    response = alice.post(address, rotation(new_key("m"), how="untested"))
    assert response.status_code == 422
    assert "replaced already" in text_of(response)
    assert ApiKey.objects.count() == 2


def test_the_same_key_does_not_replace_itself() -> None:
    key = now_added(filling="k")
    response = browser_of("Alice").post(
        f"{HOME}{key.public_id}/rotate", rotation(new_key("k"), how="untested")
    )
    assert response.status_code == 422
    assert "stored already" in text_of(response)


# -- Revoking --------------------------------------------------------------------------------------


def used(key: ApiKey) -> None:
    now = timezone.now()
    KeyUse.objects.create(
        key=key,
        user_id=person("Bob").pk,
        operation="generations.create",
        day=now.date(),
        count=14,
        last_at=now,
    )


def test_a_key_in_use_shows_whom_it_would_hit_and_is_confirmed_by_its_end() -> None:
    key, alice = now_added(), browser_of("Alice")
    used(key)
    address = f"{HOME}{key.public_id}/revoke"
    shown = text_of(alice.get(address))
    assert "Bob" in shown
    assert "Create a generation" in shown
    assert "<b>14</b> calls" in shown
    assert "does not revoke the key at Rivya" in shown
    response = alice.post(address, {"typed": "nope"})
    assert response.status_code == 422
    assert fresh(key).revoked_at is None
    assert alice.post(address, {"typed": "kkkk"}).status_code == 302
    assert fresh(key).revoked_at is not None


def test_a_key_that_nobody_uses_needs_one_press_and_can_be_brought_back() -> None:
    key, alice = now_added(), browser_of("Alice")
    shown = text_of(alice.post(f"{HOME}{key.public_id}/revoke", follow=True))
    assert "Undo the revocation" in shown
    alice.post(f"{HOME}{key.public_id}/undo")
    assert fresh(key).revoked_at is None


def test_after_ten_minutes_undo_is_refused() -> None:
    key = revoked(added(), now=timezone.now() - UNDO)
    response = browser_of("Alice").post(f"{HOME}{key.public_id}/undo")
    assert response.status_code == 422
    assert "Undo the revocation" not in page()


def test_a_rotation_without_an_overlap_can_be_undone_from_its_card() -> None:
    old = now_added()
    rotated(old, overlap=Overlap.NONE, now=timezone.now())
    assert "Undo the rotation" in page()
    browser_of("Alice").post(f"{HOME}{old.public_id}/undo")
    assert fresh(old).retire_at is None


# -- Attacks ---------------------------------------------------------------------------------------

DEEDS = ("", "test", "edit", "rotate", "revoke", "undo")


@pytest.mark.parametrize("deed", DEEDS)
def test_a_key_of_another_team_is_not_there_whatever_the_address(deed: str) -> None:
    key, _zenith = now_added(), zenith()
    charlie = browser_of("Charlie")
    for team in ("acme", "zenith"):
        address = f"/t/{team}/keys/{key.public_id}/{deed}"
        sent = rotation(new_key("c"), how="untested", label="x", typed="kkkk")
        answers = {charlie.get(address).status_code, charlie.post(address, sent).status_code}
        assert answers <= {404, 405}
        assert 404 in answers
    assert fresh(key).revoked_at is None
    assert fresh(key).replaced_by is None


@pytest.mark.parametrize("deed", ["test", "edit", "rotate", "revoke", "undo"])
@pytest.mark.parametrize("who", ["Bob", "Vera"])
def test_a_wrong_role_gets_403_and_changes_nothing(who: str, deed: str) -> None:
    key = now_added()
    before = ApiKey.objects.filter(pk=key.pk).values().get()
    sent = rotation(new_key("c"), how="untested", label="x")
    assert browser_of(who).post(f"{HOME}{key.public_id}/{deed}", sent).status_code == 403
    assert browser_of(who).post(f"{HOME}new", form(new_key("d"))).status_code == 403
    assert ApiKey.objects.filter(pk=key.pk).values().get() == before
    assert ApiKey.objects.count() == 1


def test_a_member_who_was_removed_has_no_key_left() -> None:
    key, bob = now_added(), browser_of("Bob")
    place("Bob", acme()).delete()
    assert bob.get(HOME).status_code == 404
    assert bob.get(f"{HOME}{key.public_id}/").status_code == 404


def test_nobody_signed_out_sees_a_key() -> None:
    key = now_added()
    for address in (HOME, f"{HOME}new", f"{HOME}{key.public_id}/"):
        response = Client().get(address)
        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]


def test_a_form_from_elsewhere_is_refused() -> None:
    key = now_added()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("Alice"))
    assert client.post(f"{HOME}{key.public_id}/revoke").status_code == 403
    assert fresh(key).revoked_at is None


def test_no_get_changes_anything() -> None:
    key, alice = now_added(), browser_of("Alice")
    assert alice.get(f"{HOME}{key.public_id}/test").status_code == 405
    assert alice.get(f"{HOME}{key.public_id}/undo").status_code == 405
    alice.get(f"{HOME}{key.public_id}/revoke")
    assert fresh(key).revoked_at is None


def test_no_page_holds_the_key_or_its_seal() -> None:
    key = now_added(filling="k")
    sealed = bytes(fresh(key).sealed or b"").hex()
    for address in ("", *(f"{key.public_id}/{deed}" for deed in ("", "edit", "rotate", "revoke"))):
        shown = page(address=HOME + address)
        assert "k" * 8 not in shown
        assert sealed[:24] not in shown
        assert key.fingerprint not in shown
