"""Rotating, revoking, bringing back and shredding."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from debugger.keys import lifecycle, services, storing
from debugger.keys.lifecycle import UNDO, Overlap
from debugger.keys.models import ApiKey, DataKey, KeyUse
from debugger.keys.states import State, state_of
from debugger.keys.tasks import shred_due
from debugger.teams.models import AuditEvent
from debugger.teams.signals import team_deleting
from debugger.web.errors import Invalid, NotAllowed, NotFound
from tests.cast import acme, new_key, person, place, zenith
from tests.keys.deeds import NOON, added, by, fresh, revoked, rotated

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def state(key: ApiKey, *, after: timedelta = timedelta()) -> State:
    return state_of(fresh(key), now=NOON + after)


def undo(key: ApiKey, *, after: timedelta = timedelta()) -> ApiKey:
    member = place("Alice", key.team)
    return services.undo(member, key.public_id, by=by(member), now=NOON + after)


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_new_key_takes_label_address_and_ceilings_of_the_old() -> None:
    old = added(environment="production")
    ApiKey.objects.filter(pk=old.pk).update(run_ceiling=5, day_ceiling=50)
    new = fresh(rotated(old))
    assert (new.label, new.environment, new.base_url) == ("Production", "production", old.base_url)
    assert (new.run_ceiling, new.day_ceiling) == (5, 50)
    assert fresh(old).replaced_by == new
    assert actions() == ["key.added", "key.rotated"]


@pytest.mark.parametrize("overlap", list(Overlap))
def test_the_old_key_is_shredded_when_its_overlap_and_the_undo_are_over(overlap: Overlap) -> None:
    old = added()
    new = rotated(old, overlap=overlap)
    ends = max(overlap.length, UNDO)
    assert lifecycle.shred_due(now=NOON + ends - MINUTE) == 0
    assert lifecycle.shred_due(now=NOON + ends) == 1
    assert lifecycle.shred_due(now=NOON + ends) == 0
    assert fresh(old).sealed is None
    assert fresh(new).sealed is not None
    assert actions()[-1] == "key.shredded"


def test_without_an_overlap_the_old_key_stops_at_once_and_can_be_brought_back() -> None:
    old = added()
    new = rotated(old, overlap=Overlap.NONE)
    assert state(old) is State.RETIRED
    undo(old, after=UNDO - MINUTE)
    assert state(old) is State.ACTIVE
    assert state(new) is State.REVOKED
    assert lifecycle.shred_due(now=NOON + 3 * UNDO) == 1
    assert state(old) is State.ACTIVE


def test_a_key_is_replaced_once() -> None:
    old = added()
    rotated(old, "n")
    with pytest.raises(Invalid, match="replaced already"):
        rotated(old, "m")
    assert ApiKey.objects.count() == 2


def test_a_rotation_needs_a_new_key() -> None:
    old, other = added("k"), added("o", label="Other")
    with pytest.raises(storing.Wrong, match="stored already: it is “Production”"):
        rotated(old, "k")
    with pytest.raises(storing.Wrong, match="stored already: it is “Other”"):
        rotated(old, "o")
    assert state(old) is State.ACTIVE
    assert fresh(other).sealed


def test_a_chain_of_rotations_is_undone_from_its_end() -> None:
    first = added("a")
    second = rotated(first, "b")
    third = rotated(second, "c")
    with pytest.raises(Invalid, match="Undo that first"):
        undo(first)
    undo(second)
    undo(first)
    assert [state(key) for key in (first, second, third)] == [
        State.ACTIVE,
        State.REVOKED,
        State.REVOKED,
    ]


def test_a_revocation_can_be_undone_for_ten_minutes() -> None:
    key = revoked(added())
    undo(key, after=UNDO - MINUTE)
    assert state(key) is State.ACTIVE
    assert fresh(key).shred_at is None
    assert actions() == ["key.added", "key.revoked", "key.restored"]


def test_after_ten_minutes_a_revoked_key_is_gone_though_the_task_is_late() -> None:
    key = revoked(added())
    with pytest.raises(Invalid, match="time to undo this is over"):
        undo(key, after=UNDO)
    lifecycle.shred_due(now=NOON + UNDO)
    with pytest.raises(Invalid, match="shredded"):
        undo(key, after=UNDO)
    assert state(key) is State.SHREDDED


def test_a_key_is_revoked_once() -> None:
    key = revoked(added())
    with pytest.raises(Invalid, match="revoked already"):
        revoked(key)


def test_a_key_can_be_revoked_while_it_is_being_replaced() -> None:
    old = added()
    rotated(old, overlap=Overlap.DAY)
    revoked(old)
    assert state(old) is State.REVOKED
    undo(old, after=MINUTE)
    assert state(old) is State.REPLACED
    assert fresh(old).shred_at == NOON + timedelta(days=1)


def test_a_revocation_is_not_undone_beyond_the_overlap() -> None:
    old = added()
    rotated(old, overlap=Overlap.HOUR)
    late = timedelta(minutes=55)
    revoked(old, now=NOON + late)
    with pytest.raises(Invalid, match="overlap has ended"):
        undo(old, after=timedelta(minutes=61))


def test_a_label_that_was_taken_meanwhile_is_numbered() -> None:
    key = revoked(added("k"))
    added("o")
    assert undo(key).label == "Production (2)"


def test_the_same_key_twice_is_refused_with_the_others_label() -> None:
    added("k", label="First")
    with pytest.raises(storing.Wrong, match="it is “First”") as refused:
        added("k", label="Second")
    assert refused.value.field == "value"
    assert new_key("k") not in str(refused.value)


def test_a_revoked_key_is_recognised_and_a_shredded_one_may_come_back() -> None:
    key = revoked(added("k"))
    with pytest.raises(storing.Wrong, match="just revoked"):
        added("k")
    lifecycle.shred_due(now=NOON + UNDO)
    assert added("k").pk != key.pk


def test_two_teams_may_have_the_same_key() -> None:
    charlie = place("Charlie", zenith())
    assert added("k", who=charlie).fingerprint != added("k").fingerprint


def test_a_label_is_given_once_in_any_case() -> None:
    added("k", label="Straße 🔑")
    with pytest.raises(storing.Wrong, match="has this label"):
        added("o", label="STRASSE 🔑")
    assert added("o", label="उत्पादन").label == "उत्पादन"


@pytest.mark.parametrize("who", ["Bob", "Vera"])
def test_who_may_not_manage_keys_changes_none(who: str) -> None:
    key, member = added(), place(who, acme())
    with pytest.raises(NotAllowed):
        services.revoke(member, key.public_id, by=by(member), now=NOON)
    with pytest.raises(NotAllowed):
        services.restore(member, key.public_id, by=by(member), now=NOON)
    with pytest.raises(NotAllowed):
        added("o", label="Other", who=member)


def test_a_strangers_hands_do_not_reach_a_key() -> None:
    key, charlie = added(), place("Charlie", zenith())
    for deed in (services.revoke, services.restore, services.undo_rotation, services.undo):
        with pytest.raises(NotFound):
            deed(charlie, key.public_id, by=by(charlie), now=NOON)
    assert state(key) is State.ACTIVE


def test_deleting_a_team_shreds_its_keys_with_it() -> None:
    key, other = added(), added("z", who=place("Charlie", zenith()))
    team, alice = acme(), by(place("Alice", acme()))
    with transaction.atomic():
        team_deleting.send(sender=type(team), team=team, by=alice)
    assert (fresh(key).sealed, fresh(other).sealed is None) == (None, False)
    assert DataKey.objects.get(team=team).wrapped is None
    assert AuditEvent.objects.filter(action="key.shredded", actor_name="Alice").count() == 1


def test_a_deletion_that_fails_keeps_the_keys() -> None:
    key, team = added(), acme()
    with transaction.atomic():
        team_deleting.send(sender=type(team), team=team, by=by(place("Alice", team)))
        transaction.set_rollback(True)
    usable = services.key_for_call(place("Bob", team), key.public_id, now=NOON)
    assert usable.secret == new_key("k")


def test_no_row_is_half_shredded() -> None:
    key = added()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(sealed=None)


def test_the_task_takes_nothing_and_shreds_what_is_due(settings: Any) -> None:
    key = revoked(added(), now=NOON - timedelta(days=400))
    assert shred_due.run() == 1
    assert fresh(key).sealed is None
    entry = settings.CELERY_BEAT_SCHEDULE["shred keys whose time is over"]
    assert entry["task"] == shred_due.name
    assert "args" not in entry


def test_the_log_holds_fingerprints_and_no_key() -> None:
    old = added("k")
    rotated(old, "n")
    revoked(old)
    text = json.dumps(list(AuditEvent.objects.values_list("changed", "object_label")))
    assert old.fingerprint in text
    assert "rvya_sk_" not in text
    assert "k" * 12 not in text


def test_what_is_said_of_a_key_can_be_changed_and_its_value_cannot() -> None:
    key, alice = added(), place("Alice", acme())
    sealed = fresh(key).sealed
    stated = storing.Stated(label="Main", environment="production", scopes=("chat:read",))
    services.edit(alice, key, stated=stated, by=by(alice), now=NOON)
    assert (fresh(key).label, fresh(key).scopes) == ("Main", ["chat:read"])
    assert fresh(key).sealed == sealed
    event = AuditEvent.objects.get(action="key.edited")
    assert event.changed["label"] == ["Production", "Main"]


def test_the_blast_counts_a_week_of_people_and_operations() -> None:
    from debugger.keys.blast import blast

    key = added()
    rows = (("Bob", 0, 3), ("Bob", 6, 2), ("Ada", 1, 1), ("Ada", 7, 50))
    for name, days, count in rows:
        at = NOON - timedelta(days=days)
        KeyUse.objects.create(
            key=key,
            user_id=person(name).pk,
            operation="credits.retrieve",
            day=at.date(),
            count=count,
            last_at=at,
        )
    found = blast(key, now=NOON)
    assert [(used.name, used.calls) for used in found.people] == [("Bob", 5), ("Ada", 1)]
    assert (found.calls, len(found.operations), found.open_runs) == (6, 1, 0)
