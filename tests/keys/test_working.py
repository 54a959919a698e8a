"""Keys for work that no person asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from debugger.keys.lifecycle import Overlap
from debugger.keys.models import ApiKey
from debugger.keys.working import key_for_work
from tests.cast import acme, new_key, place, zenith
from tests.keys.deeds import NOON, added, revoked, rotated

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def secret(key: ApiKey, *, after: timedelta = timedelta()) -> str:
    """The opened key, or the sentence that says why there is none."""
    found = key_for_work(key.pk, now=NOON + after)
    return found if isinstance(found, str) else found.secret


def test_a_key_works_without_anybody_who_asks() -> None:
    key = added("k")
    usable = key_for_work(key.pk, now=NOON)
    assert not isinstance(usable, str)
    assert (usable.secret, usable.base_url) == (new_key("k"), key.base_url)


def test_a_replaced_key_works_on_during_its_overlap_and_then_its_successor() -> None:
    old = added("k")
    rotated(old, "n", overlap=Overlap.HOUR)
    assert secret(old, after=HOUR - timedelta(seconds=1)) == new_key("k")
    assert secret(old, after=HOUR) == new_key("n")


def test_the_chain_is_followed_to_its_end() -> None:
    first = added("k")
    second = rotated(first, "n", overlap=Overlap.NONE)
    rotated(second, "m", overlap=Overlap.NONE)
    assert secret(first) == new_key("m")


def test_a_revoked_key_without_a_successor_is_said_to_be_revoked() -> None:
    assert secret(revoked(added())) == "“Production” was revoked."


def test_a_revoked_key_comes_back_with_its_restoration() -> None:
    key = revoked(added("k"))
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=None, shred_at=None)
    assert secret(key) == new_key("k")


def test_a_shredded_key_gives_way_to_its_successor() -> None:
    old = added("k")
    rotated(old, "n", overlap=Overlap.NONE)
    ApiKey.objects.filter(pk=old.pk).update(sealed=None, shredded_at=NOON, shred_at=None)
    assert secret(old) == new_key("n")


def test_a_key_that_cannot_be_opened_is_said_to_be_so(settings: Any) -> None:
    key = added()
    settings.RIVYA_DASH_MASTER_KEYS = ""
    settings.RIVYA_DASH_DATA_KEYS_KEPT = 0
    assert "cannot be used" in secret(key)


def test_another_teams_key_never_follows() -> None:
    old = revoked(added("k"))
    theirs = added("z", who=place("Charlie", zenith()))
    ApiKey.objects.filter(pk=old.pk).update(replaced_by=theirs)
    assert secret(old) == "“Production” was revoked."


def test_a_key_for_another_address_never_follows(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["http://127.0.0.1:9"]
    old = revoked(added("k"))
    other = added("e", label="Elsewhere", base_url="http://127.0.0.1:9")
    ApiKey.objects.filter(pk=old.pk).update(replaced_by=other)
    assert secret(old) == "“Production” was revoked."


def test_a_circle_of_keys_ends() -> None:
    one = revoked(added("k"))
    two = revoked(added("n", label="Two"))
    ApiKey.objects.filter(pk=one.pk).update(replaced_by=two)
    ApiKey.objects.filter(pk=two.pk).update(replaced_by=one)
    assert secret(one) == "“Two” was revoked."


def test_a_deleted_teams_key_is_not_there() -> None:
    key = added()
    team = acme()
    team.slug, team.deleted_at = None, NOON
    team.save()
    assert secret(key) == "The key is not there any more."


def test_a_key_that_never_was_is_not_there() -> None:
    assert key_for_work(10**9, now=NOON) == "The key is not there any more."
