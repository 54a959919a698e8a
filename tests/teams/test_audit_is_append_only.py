"""Nobody changes or removes an entry of the audit log: not by the model, not by raw SQL."""

# ruff: noqa: S608  # The only name that is put into SQL here is the table's own.

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from debugger.teams import append_only, audit
from debugger.teams.models import AuditEvent
from debugger.teams.models.audit import AppendOnlyError
from tests.cast import acme

pytestmark = pytest.mark.django_db
TABLE = AuditEvent._meta.db_table
OTHER_WAYS = {
    "sqlite": [
        f"REPLACE INTO {TABLE} SELECT * FROM {TABLE}",
        f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}",
        f"UPDATE OR REPLACE {TABLE} SET id = id",
    ],
    "postgresql": [
        f"TRUNCATE {TABLE}",
        f"TRUNCATE {TABLE} CASCADE",
        f"SET LOCAL session_replication_role = replica; DELETE FROM {TABLE}",
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} ON CONFLICT (id) DO UPDATE SET place = ''",
    ],
}


@pytest.fixture
def event() -> AuditEvent:
    return audit.record(audit.SYSTEM, acme(), "team.created", obj=acme())


def refused(sql: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_the_triggers_guard_the_table_of_the_model() -> None:
    assert append_only.TABLE == TABLE


def test_raw_sql_changes_and_removes_nothing(event: AuditEvent) -> None:
    refused(f"UPDATE {TABLE} SET actor_name = 'Nobody'")
    refused(f"UPDATE {TABLE} SET id = id WHERE id = {event.pk}")
    refused(f"DELETE FROM {TABLE}")
    refused(f"DELETE FROM {TABLE} WHERE id = {event.pk}")
    assert AuditEvent.objects.get() == event


def test_nor_do_the_other_ways_that_a_database_knows(event: AuditEvent) -> None:
    for sql in OTHER_WAYS[connection.vendor]:
        refused(sql)
    assert AuditEvent.objects.get() == event


def test_the_model_refuses_before_the_database_is_asked(event: AuditEvent) -> None:
    event.actor_name = "Nobody"
    with pytest.raises(AppendOnlyError):
        event.save()
    with pytest.raises(AppendOnlyError):
        event.delete()
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.update(actor_name="Nobody")
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.filter(pk=event.pk).delete()
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.bulk_update([event], ["actor_name"])


def test_a_copy_of_an_entry_under_its_own_number_is_refused_too(event: AuditEvent) -> None:
    copy = AuditEvent(pk=event.pk, actor_name="Nobody", action="team.created")
    with pytest.raises(DatabaseError), transaction.atomic():
        copy.save()
    assert AuditEvent.objects.get().actor_name == "System"


def test_entries_outlive_their_team_and_their_person(event: AuditEvent) -> None:
    team = acme()
    people = list(team.members.all())
    team.delete()
    for person in people:
        person.delete()
    assert AuditEvent.objects.get() == event


@pytest.mark.django_db(transaction=True)
def test_the_tests_themselves_may_begin_with_an_empty_log() -> None:
    audit.record(audit.SYSTEM, None, "team.created")
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_and_the_log_is_guarded_again_after_it_was_emptied() -> None:
    assert AuditEvent.objects.count() == 0
    audit.record(audit.SYSTEM, None, "team.created")
    refused(f"DELETE FROM {TABLE}")
