from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.utils import timezone

from debugger.keys import storing
from debugger.keys.live import arming
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.teams import audit
from debugger.teams.models import AuditEvent, Membership, Role, Team
from debugger.web.errors import NotAllowed
from tests.cast import acme, browser_of, new_key, person, place, zenith
from tests.keys.purses import a_key

NOW = datetime(2026, 5, 11, 12, tzinfo=UTC)
SESSION = "s" * 32
URL = "/t/acme/live/arm"
pytestmark = pytest.mark.django_db


def token(name: str = "Bob", *, key: str = "k1", session: str = SESSION) -> str:
    return arming.arm(place(name, acme()), key, session, NOW)


def works(
    given: str,
    name: str = "Bob",
    *,
    key: str = "k1",
    session: str = SESSION,
    team: Team | None = None,
    now: datetime = NOW,
) -> bool:
    return arming.armed(given, place(name, team or acme()), key, session, now) is not None


def sealed_key(label: str = "Production") -> ApiKey:
    return storing.add(
        place("Alice", acme()),
        pasted=Pasted(value=new_key()),
        stated=storing.Stated(label=label),
        base_url=settings.RIVYA_BASE_URL,
        by=audit.SYSTEM,
        now=timezone.now(),
    )


def arm_in(client: Client, key: str, **fields: str) -> str:
    """The token of a page that was armed."""
    answer = client.post(URL, {"key": key, "confirm": "yes", **fields})
    found = re.search(r'data-armed-token="([^"]+)"', answer.content.decode())
    assert found, answer.content.decode()[:2000]
    return found[1]


def test_a_token_works_for_its_person_team_key_and_session_for_thirty_minutes() -> None:
    given = token()
    assert works(given)
    assert works(given, now=NOW + timedelta(minutes=29, seconds=59))
    assert not works(given, now=NOW + timedelta(minutes=30))


def test_a_token_says_until_when_it_lasts() -> None:
    found = arming.armed(token(), place("Bob", acme()), "k1", SESSION, NOW)
    assert found == arming.Armed(key_id="k1", until=NOW + timedelta(minutes=30))


def test_a_token_is_worth_nothing_to_another_person() -> None:
    assert not works(token("Bob"), "Ada")


def test_a_token_is_worth_nothing_for_another_key() -> None:
    assert not works(token(), key="k2")
    assert not works(token(), key=arming.PASTE)


def test_a_token_is_worth_nothing_in_another_session() -> None:
    assert not works(token(), session="t" * 32)
    assert not works(arming.arm(place("Bob", acme()), "k1", "", NOW), session="")


def test_a_token_is_worth_nothing_in_another_team() -> None:
    other = zenith()
    Membership.objects.create(team=other, user=person("Bob"), role=Role.MEMBER)
    assert not works(token("Bob"), "Bob", team=other)


def test_a_change_of_role_ends_what_was_armed() -> None:
    given = token("Ada")
    Membership.objects.filter(user=person("Ada")).update(role=Role.MEMBER)
    assert not works(given, "Ada")
    Membership.objects.filter(user=person("Ada")).update(role=Role.VIEWER)
    assert not works(given, "Ada")


def test_a_viewer_cannot_arm() -> None:
    with pytest.raises(NotAllowed):
        token("Vera")


@pytest.mark.parametrize(
    "given", ["", "x", "a:b", "a:b:c", "\x00", "é" * 40, "x" * 5000, "." * 900, "{}:x", "null:y"]
)
def test_what_is_no_token_arms_nothing_and_breaks_nothing(given: str) -> None:
    assert not works(given)


def test_a_token_that_was_changed_or_signed_for_something_else_arms_nothing() -> None:
    given = token()
    assert not works(given[:-1] + ("A" if given[-1] != "A" else "B"))
    assert not works("A" + given)
    assert not works(signing.dumps({"user": person("Bob").pk}, salt="other"))
    payload: object
    for payload in ([], "text", 3, {"until": "never"}, {"until": 10**30}):
        assert not works(signing.Signer(salt=arming._SALT).sign_object(payload))


def test_a_token_that_claims_to_last_longer_arms_nothing() -> None:
    late = arming.arm(place("Bob", acme()), "k1", SESSION, NOW + timedelta(hours=1))
    assert not works(late)


def test_a_token_holds_no_key_and_no_session() -> None:
    given = token(session="abcdef" * 5)
    payload = signing.Signer(salt=arming._SALT).unsign_object(given)
    assert "abcdef" * 5 not in str(payload)


def test_opening_the_page_arms_nothing_and_shows_what_it_would_use() -> None:
    key = sealed_key()
    html = browser_of("Bob").get(URL, {"key": key.public_id}).content.decode()
    assert "data-armed-token" not in html
    for shown in ("Production", f"…{key.last_four}", "rivya.ai", "200", "500", "not known"):
        assert shown in html
    assert not AuditEvent.objects.filter(action="live.armed").exists()


def test_arming_hands_out_a_token_for_this_session_and_is_written_down() -> None:
    key, client = sealed_key(), browser_of("Bob")
    given = arm_in(client, key.public_id)
    session = client.session.session_key or ""
    assert works(given, key=key.public_id, session=session, now=timezone.now())
    event = AuditEvent.objects.get(action="live.armed")
    assert (event.actor_name, event.object_label) == ("Bob", "Production")


def test_signing_in_anew_ends_what_was_armed() -> None:
    key, client = sealed_key(), browser_of("Bob")
    given = arm_in(client, key.public_id)
    client.force_login(person("Bob"))
    client.logout()
    client.force_login(person("Bob"))
    session = client.session.session_key or ""
    assert not works(given, key=key.public_id, session=session, now=timezone.now())


def test_a_pasted_key_is_armed_as_such() -> None:
    acme()
    given = arm_in(browser_of("Bob"), "paste")
    assert given
    assert AuditEvent.objects.get(action="live.armed").object_label == "a pasted key"


def test_a_dialog_gets_a_fragment_and_a_browser_without_script_a_page() -> None:
    key, client = sealed_key(), browser_of("Bob")
    data = {"key": key.public_id, "confirm": "yes"}
    fragment = client.post(URL, data, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "data-armed-token" in fragment
    assert "<html" in client.post(URL, data).content.decode()


def test_without_script_the_draft_goes_through_and_back_with_the_token() -> None:
    key, client = sealed_key(), browser_of("Bob")
    pasted = new_key("p")
    draft = {
        "key": key.public_id,
        "prompt": '"><script>alert(1)</script>',
        "live_key": pasted,
        "next": "/t/acme/panels/generations.create",
    }
    page = client.post(URL, draft).content.decode()
    armed = client.post(URL, {**draft, "confirm": "yes"}).content.decode()
    for html in (page, armed):
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert(1)" not in html
        assert pasted not in html
    assert 'action="/t/acme/panels/generations.create"' in armed
    assert 'name="armed" value="' in armed
    assert f'name="key_choice" value="{key.public_id}"' in armed


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/t/zenith/panels/", "javascript:x", "/\\evil", ""],
)
def test_the_way_back_stays_in_the_team(wanted: str) -> None:
    key = sealed_key()
    html = browser_of("Bob").get(URL, {"key": key.public_id, "next": wanted}).content.decode()
    assert "evil" not in html
    assert 'name="next" value="/t/acme/panels/"' in html


def test_a_key_of_another_team_cannot_be_armed() -> None:
    other = a_key(zenith())
    acme()
    client = browser_of("Bob")
    assert client.get(URL, {"key": other.public_id}).status_code == 404
    data = {"key": other.public_id, "confirm": "yes"}
    assert client.post(URL, data).status_code == 404


def test_a_revoked_key_cannot_be_armed_and_the_page_says_why() -> None:
    key = sealed_key()
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    answer = browser_of("Bob").post(URL, {"key": key.public_id, "confirm": "yes"})
    assert "was revoked" in answer.content.decode()
    assert b"data-armed-token" not in answer.content


@pytest.mark.parametrize(("name", "status"), [("Vera", 403), ("Charlie", 404)])
def test_who_may_not_use_keys_may_not_arm(name: str, status: int) -> None:
    key = sealed_key()
    client = browser_of(name)
    assert client.get(URL, {"key": key.public_id}).status_code == status
    data = {"key": key.public_id, "confirm": "yes"}
    assert client.post(URL, data).status_code == status


def test_disarming_is_written_down_once_it_was_armed() -> None:
    key, client = sealed_key(), browser_of("Bob")
    given = arm_in(client, key.public_id)
    data = {"armed": given, "key": key.public_id}
    assert client.post("/t/acme/live/disarm", data).json() == {"disarmed": True}
    assert AuditEvent.objects.get(action="live.disarmed").object_label == "Production"
    stolen = browser_of("Ada").post("/t/acme/live/disarm", data)
    assert stolen.json() == {"disarmed": False}
    assert AuditEvent.objects.filter(action="live.disarmed").count() == 1


def test_the_token_is_in_no_answer_that_a_browser_keeps() -> None:
    key = sealed_key()
    answer = browser_of("Bob").post(URL, {"key": key.public_id, "confirm": "yes"})
    assert answer["Cache-Control"] == "no-store"


def test_without_script_the_armed_panel_runs_live_from_there() -> None:
    key, client = sealed_key(), browser_of("Bob")
    given = arm_in(client, key.public_id)
    fields = {"armed": given, "mode": "live", "key_choice": key.public_id}
    html = client.post("/t/acme/panels/generations.create/", fields).content.decode()
    assert f'value="{given}"' in html
    assert 'name="mode" value="live"' in html
