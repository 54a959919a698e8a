"""Which keys can be used, by whom, and where they are sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from debugger.contract import operations
from debugger.keys import services
from debugger.keys.lifecycle import Overlap
from debugger.keys.models import ApiKey, DataKey
from debugger.web.errors import Invalid, NotAllowed, NotFound
from tests.cast import acme, new_key, place, zenith
from tests.keys.deeds import NOON, added, fresh, revoked, rotated
from tests.keys.rings import NEW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def use(key: ApiKey, who: str = "Bob", **when: Any) -> services.Usable:
    return services.key_for_call(place(who, acme()), key.public_id, now=when.get("now", NOON))


def test_a_member_uses_a_key_at_the_address_it_was_stored_for(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["http://127.0.0.1:9"]
    usable = use(added("k", base_url="http://127.0.0.1:9"))
    assert (usable.secret, usable.base_url) == (new_key("k"), "http://127.0.0.1:9")
    assert new_key("k") not in repr(usable)


def test_a_key_whose_address_was_changed_in_the_database_does_not_open(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["http://127.0.0.1:9"]
    key = added()
    ApiKey.objects.filter(pk=key.pk).update(base_url="http://127.0.0.1:9")
    with pytest.raises(Invalid, match="changed"):
        use(key)


def test_a_key_is_not_sent_elsewhere_when_its_address_is_configured_no_more(settings: Any) -> None:
    key = added()
    settings.RIVYA_BASE_URL = "https://other.example"
    with pytest.raises(Invalid, match=r"bound to rivya\.ai, which is not configured any more"):
        use(key)
    (choice,) = services.choices(acme(), now=NOON)
    assert not choice.usable
    assert choice.host == "rivya.ai"


def test_an_address_counts_with_and_without_its_last_slash(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["http://127.0.0.1:9/", settings.RIVYA_BASE_URL]
    assert services.base_urls() == (settings.RIVYA_BASE_URL, "http://127.0.0.1:9")


def test_a_viewer_uses_no_key() -> None:
    with pytest.raises(NotAllowed):
        use(added(), "Vera")


def test_a_key_of_another_team_does_not_exist() -> None:
    charlie = place("Charlie", zenith())
    with pytest.raises(NotFound):
        services.key_for_call(charlie, added().public_id, now=NOON)


def test_an_expired_key_is_not_sent() -> None:
    key = added(expires_at=NOON + HOUR)
    assert use(key).secret
    with pytest.raises(Invalid, match="expired"):
        use(key, now=NOON + HOUR)


def test_a_replaced_key_works_until_its_overlap_ends_though_the_task_is_late() -> None:
    old = added()
    new = rotated(old, overlap=Overlap.HOUR)
    assert use(old, now=NOON + HOUR - timedelta(seconds=1)).secret == new_key("k")
    with pytest.raises(Invalid, match="overlap has ended"):
        use(old, now=NOON + HOUR)
    assert use(new).secret == new_key("n")


def test_a_revoked_key_stops_at_once() -> None:
    key = revoked(added())
    with pytest.raises(Invalid, match="was revoked"):
        use(key)
    assert services.choices(acme(), now=NOON) == []


def test_a_key_under_a_missing_master_key_says_so_and_nothing_breaks(settings: Any) -> None:
    key = added()
    settings.RIVYA_DASH_MASTER_KEYS = NEW
    with pytest.raises(Invalid, match="cannot be opened with the configured master keys"):
        use(key)
    (choice,) = services.choices(acme(), now=NOON)
    assert "master keys" in choice.trouble


def test_a_changed_ciphertext_is_told_from_a_missing_master_key() -> None:
    key = added()
    flipped = bytes(fresh(key).sealed or b"")
    ApiKey.objects.filter(pk=key.pk).update(sealed=flipped[:-1] + bytes([flipped[-1] ^ 1]))
    with pytest.raises(Invalid, match="was changed"):
        use(key)


def test_a_ciphertext_of_another_key_does_not_open() -> None:
    key, other = added("k"), added("o", label="Other")
    ApiKey.objects.filter(pk=key.pk).update(sealed=fresh(other).sealed)
    with pytest.raises(Invalid, match="belongs to another row"):
        use(key)


def test_a_lost_data_key_breaks_no_page() -> None:
    key = added()
    DataKey.objects.all().delete()
    with pytest.raises(Invalid):
        use(key)


def denial(key: ApiKey, operation: str, reader: str | None = None) -> str:
    member = place(reader, acme()) if reader else None
    return services.predicted_denial(fresh(key), operations.get(operation), reader=member)


def test_a_scope_that_was_not_stated_is_named_with_who_can_mend_it() -> None:
    key = added(scopes=("credits:read",))
    said = denial(key, "generations.create", "Bob")
    assert said.startswith("This key was stored without generations:create.")
    assert "Ask Alice (owner)" in said
    assert "changed at Rivya" in said
    assert denial(key, "credits.retrieve") == ""


def test_an_owner_is_not_sent_to_herself() -> None:
    said = denial(added(scopes=("credits:read",)), "generations.create", "Alice")
    assert "Alice" not in said
    assert "rotate to it" in said


def test_unknown_scopes_and_public_operations_predict_nothing() -> None:
    key = added(scopes=None)
    assert denial(key, "generations.create") == ""
    assert denial(key, "models.list") == ""


def test_what_was_seen_beats_what_was_stated() -> None:
    every = tuple(scope.value for scope in operations.Scope)
    key = added(scopes=every)
    ApiKey.objects.filter(pk=key.pk).update(seen={"files:create": "denied"})
    said = denial(key, "files.create")
    assert "refused this key for lack of files:create, though it was stored with it" in said
    ApiKey.objects.filter(pk=key.pk).update(scopes=[], seen={"files:create": "granted"})
    assert denial(key, "files.create") == ""


def test_a_choice_predicts_what_its_key_predicts() -> None:
    key = added(scopes=("credits:read",))
    (choice,) = services.choices(acme(), now=NOON)
    create = operations.get("generations.create")
    assert services.predicted_denial(choice, create) == services.predicted_denial(key, create)
    assert choice.hint == "rvya_sk_…kkkk"
