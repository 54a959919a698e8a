from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from debugger.keys import choosing
from debugger.keys.live import purse, spend
from debugger.keys.models import ApiKey
from tests.cast import browser_of, person, place, zenith
from tests.keys.purses import a_key, team

pytestmark = pytest.mark.django_db
URL = "/t/acme/live/strip"


def shown(name: str = "Bob", *, client: Client | None = None, **query: str) -> str:
    answer = (client or browser_of(name)).get(URL, query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_it_shows_the_key_its_balance_with_its_age_and_what_is_left() -> None:
    owner = team(day=500)
    now = timezone.now()
    key = a_key(owner, balance=Decimal(1462), balance_at=now - timedelta(seconds=12))
    spend.hold(
        team=owner,
        key=key,
        user_id=person("Bob").pk,
        operation="generations.create",
        estimated=20,
        now=now,
    )
    html = shown()
    for part in ("Production", "rvya_sk_…a1b2", "1,462", 'data-ago="1', "rivya.ai", "480"):
        assert part in html


@pytest.mark.parametrize(
    ("age", "words"),
    [(300, "5 min ago"), (3 * 3600, "3 h ago"), (5 * 86400, "5 days ago"), (-50, "0 s ago")],
)
def test_an_old_balance_says_its_age_in_a_unit_that_fits(age: int, words: str) -> None:
    a_key(team(), balance=3, balance_at=timezone.now() - timedelta(seconds=age))
    assert words in shown()


def test_the_key_that_was_chosen_comes_before_the_one_used_last() -> None:
    owner, now = team(), timezone.now()
    a_key(owner, label="Newest")
    a_key(owner, label="Used", last_used_at=now)
    old = a_key(owner, label="Old", last_used_at=now - timedelta(days=1))
    assert "Used" in shown()
    assert "Old" in shown(key=old.public_id)


def test_a_key_of_another_team_is_never_shown() -> None:
    other = a_key(zenith(), label="Foreign")
    a_key(team())
    assert "Foreign" not in shown(key=other.public_id)


def test_without_a_key_it_says_what_to_do() -> None:
    team()
    assert "Add a key" in shown("Alice")
    assert "Ask Alice" in shown("Bob")
    assert "Add a key" not in shown("Bob")


def test_a_revoked_key_is_not_what_a_page_uses() -> None:
    a_key(team(), revoked_at=timezone.now())
    assert "Production" not in shown()


def test_a_balance_that_is_not_known_offers_to_ask_for_it() -> None:
    a_key(team())
    assert "Test the key" in shown("Bob")
    assert "Test the key" not in shown("Vera")
    assert "Balance not known" not in shown("Vera")


def test_who_may_not_use_a_key_sees_no_money_of_it_as_on_the_page_of_keys() -> None:
    a_key(team(), balance=Decimal(1462), balance_at=timezone.now())
    assert "1,462" in shown("Bob")
    assert "1,462" not in shown("Vera")
    assert "Production" in shown("Vera")
    assert "1,462" not in browser_of("Vera").get("/t/acme/keys/").content.decode()


def test_a_viewer_sees_that_a_key_exists_and_not_how_it_ends() -> None:
    a_key(team(), balance=Decimal(1462), balance_at=timezone.now())
    html = shown("Vera")
    assert "Production" in html
    assert "a1b2" not in html
    assert "1,462" not in html


def test_a_viewer_is_not_offered_to_arm() -> None:
    a_key(team())
    assert "data-arm " in shown("Bob")
    assert "data-arm" not in shown("Vera")


def test_a_pasted_key_has_no_balance_and_the_ceiling_of_the_team() -> None:
    a_key(team(day=70))
    html = shown(key="paste")
    assert "A pasted key" in html
    assert "70" in html
    assert "Balance" not in html


def test_a_stand_in_on_this_machine_is_named_as_such() -> None:
    owner = team()
    key = a_key(owner, base_url="http://127.0.0.1:8401")
    found = purse.purse(place("Bob", owner), key.public_id, now=timezone.now())
    assert found.local
    assert "local stand-in" in shown()
    assert not choosing.is_local("https://rivya.ai")
    assert choosing.is_local("http://[::1]:80")
    assert not choosing.is_local("https://127.0.0.1.evil.example")


def test_a_key_that_was_refused_says_so() -> None:
    a_key(team(), health=ApiKey.Health.FAILING)
    assert "refused" in shown()


def test_names_are_escaped() -> None:
    a_key(team(), label='<img src=x onerror="1">')
    assert "<img" not in shown()


def test_a_stranger_does_not_learn_that_the_team_exists() -> None:
    team()
    zenith()
    assert browser_of("Charlie").get(URL).status_code == 404


def test_it_costs_few_queries_however_many_keys_there_are() -> None:
    owner = team(day=10)
    for number in range(8):
        a_key(owner, label=f"Key {number}")
    client = browser_of("Bob")
    shown(client=client)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown(client=client)
    # Session, person, membership, key, day; allauth may look at its list of sessions.
    assert len(queries) <= 6, [each["sql"] for each in queries]
