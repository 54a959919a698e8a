"""A page with many keys, people and teams asks the database as often as one with few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from debugger.keys import vault
from debugger.keys.choosing import choices
from debugger.keys.models import ApiKey
from debugger.teams.models import Membership, Role, Team
from tests.cast import acme, browser_of, person
from tests.keys.deeds import added

pytestmark = pytest.mark.django_db

PAGES = (
    "",
    "keys/",
    "live/arm",
    "live/ceilings",
    "live/strip",
    "members/",
    "panels/",
    "panels/generations.create/",
)


def asked(browser: Client) -> dict[str, int]:
    """How many queries each page takes."""
    found = {}
    for page in PAGES:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/t/acme/{page}").status_code == 200
        found[page] = len(queries)
    return found


@pytest.mark.parametrize("name", ["Alice", "Bob"])
def test_a_page_asks_as_often_for_eleven_keys_as_for_one(name: str) -> None:
    # Without any scope, so that the panel has to say of each whom to ask.
    team, browser, now = acme(), browser_of(name), timezone.now()
    added("a", label="a", now=now, scopes=())
    asked(browser)  # The first look is written down, and the team opens its sandbox.
    few = asked(browser)
    for filling in "bcdefghijk":
        added(filling, label=filling, now=now, scopes=())
        Membership.objects.create(team=team, user=person(f"Guest {filling}"), role=Role.MEMBER)
        other = Team.objects.create(slug=f"team-{filling}", name=filling)
        Membership.objects.create(team=other, user=person(name), role=Role.OWNER)
    assert asked(browser) == few


def test_in_a_list_each_key_has_its_own_trouble() -> None:
    now = timezone.now()
    fine, moved, gone = (added(each, label=each, now=now) for each in "abc")
    ApiKey.objects.filter(pk=moved.pk).update(sealed=fine.sealed)
    ApiKey.objects.filter(pk=gone.pk).update(sealed=None, shredded_at=now)
    found = {each.label: each.trouble for each in choices(fine.team, now=now)}
    assert found["a"] == ""
    assert "does not open" in found["b"]
    assert "c" not in found
    assert list(vault.unopenable(fine.team, {})) == []
