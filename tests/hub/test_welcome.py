"""Who comes to the start page: the first person of a site, a visitor, a person with teams."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import acme, browser_of, person

pytestmark = pytest.mark.django_db

BEGIN = "Create the owner account"


def start(client: Client) -> str:
    page = client.get("/")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'data-panel="generations.create"' in text
    return text


def test_a_site_without_any_account_asks_for_the_owners() -> None:
    text = start(Client())
    assert BEGIN in text
    assert "/accounts/signup/" in text


def test_a_visitor_of_a_site_with_accounts_sees_the_product_alone() -> None:
    person("Alice")
    text = start(Client())
    assert BEGIN not in text
    assert 'class="welcome' not in text


def test_a_person_is_offered_their_teams_and_no_others() -> None:
    acme()
    assert 'href="/t/acme/"' in start(browser_of("Vera"))
    assert 'href="/t/acme/"' not in start(browser_of("Charlie"))


def test_a_person_without_a_team_is_offered_to_make_one() -> None:
    text = start(browser_of("Charlie"))
    assert "You are in no team yet" in text
    assert "/teams/new" in text
