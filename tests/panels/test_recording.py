"""What a team runs is kept: one row for each run, a job for what is followed, and no secret."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from debugger.contract.operations import CATALOG
from debugger.emulator import accounts
from debugger.exchanges.models import Exchange, ExchangeContent, HistoryRules
from debugger.generations import engine
from debugger.generations.models import Generation, Moment
from debugger.panels import keeping
from debugger.sandbox.rows import RowStore
from debugger.teams.progress import Step, steps_of
from tests.canary import canary, find
from tests.cast import acme, person, zenith
from tests.keys.rowbytes import as_bytes
from tests.panels.live import BOTTLE, Person

pytestmark = pytest.mark.django_db

CHAT = {"body/model": "gpt-5-2-chat", "body/message": "Hello there"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
BODIES: dict[str, dict[str, str]] = {
    "generations.create": BOTTLE,
    "chat.create": CHAT,
    "chat.stream": CHAT,
    "webhooks.create": {"body/name": "Ours", "body/url": "https://example.com/hook"},
}


def upload(name: str = "a.png") -> dict[str, Any]:
    file = SimpleUploadedFile(name, PNG, content_type="image/png")
    return {"body/kind": "image", "body/file": name, "upload": file}


def run(who: Person, operation: str, **fields: Any) -> str:
    verb = "stream" if operation == "chat.stream" else "run"
    data = {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": "", "anyway": "1"}
    status, text = who.post(f"{operation}/{verb}", data | BODIES.get(operation, {}) | fields)
    assert status == 200
    return text


def stored_bytes() -> bytes:
    """Every row of the history and of the jobs."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if "sandbox" not in table:
                cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - Our own tables.
                parts += [as_bytes(value) for row in cursor.fetchall() for value in row]
    return b"\0".join(parts)


PLAIN = [each for each in CATALOG if each.id != "chat.stream"]


@pytest.mark.parametrize("operation", PLAIN, ids=lambda each: each.id)
def test_a_run_of_every_operation_leaves_one_row(operation: Any) -> None:
    team = acme()
    given = upload() if operation.id == "files.create" else {}
    text = run(Person("Bob"), operation.id, **given)
    row = Exchange.objects.get(team=team)
    assert (row.operation, row.mode, row.user_id) == (operation.id, "mock", person("Bob").pk)
    assert row.user_name == "Bob"
    assert row.fingerprint
    assert ExchangeContent.objects.get(exchange=row).draft
    assert row.name in text


def test_a_job_that_a_team_makes_is_followed_and_its_card_is_on_the_page() -> None:
    team = acme()
    text = run(Person("Bob"), "generations.create", scenario="happy")
    row, job = Exchange.objects.get(), Generation.objects.get()
    assert (row.summary, row.model, row.made) == ("A bottle", "z-image", job.task_id)
    assert row.estimated == row.reserved == job.reserved
    assert (job.exchange, job.team, job.title) == (row, team, "A bottle")
    assert (job.state, job.key, job.account) == ("active", None, team_account())
    assert job.balance_before is not None
    assert f"/t/acme/generations/{job.name}" in text
    assert 'id="job-state"' not in text, "the page does not look by itself as well"


@pytest.mark.django_db(transaction=True)
def test_a_job_in_mock_mode_is_followed_by_the_worker_to_its_result() -> None:
    acme()
    run(Person("Bob"), "generations.create", scenario="happy")
    job = Generation.objects.get()
    later = timezone.now() + timedelta(hours=1)
    with RowStore().transaction(job.account) as unit:
        accounts.set_clock(unit, real=time.time(), step=3600)
    assert engine.round(now=later) == 1
    job.refresh_from_db()
    assert job.state == Generation.State.SUCCEEDED
    assert job.files.count() == 1
    assert Step.POLLED in steps_of(acme())


def team_account() -> str:
    team = acme()
    team.refresh_from_db()
    return team.sandbox_account


def test_an_uploaded_file_is_kept_by_its_name_and_size_alone() -> None:
    acme()
    run(Person("Bob"), "files.create", **upload("bottle.png"))
    row = Exchange.objects.get()
    assert row.summary == "bottle.png"
    assert row.request_size > len(PNG)
    kept = ExchangeContent.objects.get().request_text or ""
    assert "bytes of the file" in kept
    assert "PNG" not in kept
    assert json.loads(ExchangeContent.objects.get().draft)["body"]["file"] == "bottle.png"


@pytest.mark.django_db(transaction=True)
def test_a_streamed_turn_is_kept_with_all_that_it_said() -> None:
    acme()
    run(Person("Bob"), "chat.stream")
    row = Exchange.objects.get()
    assert (row.operation, row.user_name) == ("chat.stream", "Bob")
    assert row.made
    assert row.final is not None
    assert "chat.completion" in (ExchangeContent.objects.get().response_text or "")


def test_a_refused_run_is_kept_as_well() -> None:
    acme()
    run(Person("Bob"), "credits.retrieve", scenario="rate-limited")
    row = Exchange.objects.get()
    assert (row.status, row.failed, row.scenario) == (429, True, "rate-limited")


def test_what_a_visitor_runs_is_kept_nowhere() -> None:
    browser = Client(headers={"hx-request": "true"})
    data = {"mode": "mock", "editor": "form", "nonce": "n" * 16, **BOTTLE}
    text = browser.post("/panels/generations.create/run", data).content.decode()
    assert "Answered" in text
    assert 'id="job-state"' in text
    assert not Exchange.objects.exists()
    assert not Generation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_row_holds_a_secret_wherever_it_was_typed() -> None:
    acme()
    bob = Person("Bob")
    secret = canary("recording")
    words = f"A bottle {secret} on a table"
    run(bob, "generations.create", **{"body/model": "z-image", "body/prompt": words})
    run(bob, "chat.stream", **CHAT | {"body/message": words})
    run(bob, "files.create", **upload(f"{secret}.png"))
    run(bob, "generations.retrieve", **{"path/taskId": secret})
    run(bob, "chat.sessions.list", extras=json.dumps({"query": {"after": secret}}))
    header = {"header-name": "X-Debug", "header-value": f"Bearer {secret}"}
    run(bob, "credits.retrieve", **header)
    run(bob, "generations.create", idempotency_key=secret, nonce="m" * 16)
    run(bob, "generations.create", editor="json", json='{"prompt": "' + secret)
    assert Exchange.objects.count() == 8
    assert find(stored_bytes(), secret) == []


def test_a_request_whose_key_held_a_secret_is_never_sent_again_with_another() -> None:
    acme()
    run(Person("Bob"), "generations.create", idempotency_key=canary("key"), scenario="cut")
    assert Exchange.objects.get().idempotency_key == ""
    assert Generation.objects.get().state == Generation.State.LOST


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exchanges.record", "This run could not be stored."),
        ("generations.track", "could not be stored, so nobody follows it"),
    ],
)
def test_an_answer_is_shown_although_it_could_not_be_stored(
    name: str, words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    acme()
    secret = canary("broken")

    def fails(*_given: object, **_more: object) -> None:
        raise RuntimeError(name)

    room, function = name.split(".")
    monkeypatch.setattr(getattr(keeping, room), function, fails)
    caplog.set_level(logging.ERROR)
    text = run(Person("Bob"), "generations.create", **{"body/prompt": f"A bottle {secret}"})
    assert "HTTP 202" in text
    assert words in text
    assert 'id="job-state"' in text, "the page follows the job by itself"
    assert name in caplog.text
    assert secret not in caplog.text


def test_a_job_is_one_however_often_its_answer_comes() -> None:
    acme()
    bob = Person("Bob")
    for _ in range(3):
        run(bob, "generations.create")
    assert Exchange.objects.count() == 3
    assert Generation.objects.count() == 1


def test_a_look_from_the_status_panel_is_seen_by_the_job_itself() -> None:
    acme()
    bob = Person("Bob")
    run(bob, "generations.create")
    job = Generation.objects.get()
    run(bob, "generations.retrieve", **{"path/taskId": job.task_id})
    job.refresh_from_db()
    assert job.polls == 1
    assert Exchange.objects.latest("pk").made == job.task_id


def test_a_copy_names_the_run_that_it_was_taken_from_and_no_other_teams() -> None:
    acme()
    bob = Person("Bob")
    run(bob, "generations.create")
    first = Exchange.objects.get()
    run(bob, "generations.create", nonce="m" * 16, origin=first.name)
    assert Exchange.objects.latest("pk").origin == first
    zenith()
    run(Person("Charlie", slug="zenith"), "generations.create", origin=first.name)
    assert Exchange.objects.latest("pk").origin is None
    run(bob, "credits.retrieve", origin="run_nothing' OR 1=1")
    assert Exchange.objects.latest("pk").origin is None


def test_a_handed_over_run_fills_the_panel_and_arms_nothing() -> None:
    acme()
    bob = Person("Bob")
    run(bob, "generations.create", scenario="slow", **{"body/prompt": "A red boat"})
    row = Exchange.objects.get()
    handed = {
        "imported": ExchangeContent.objects.get().draft,
        "origin": row.name,
        "mode": "live",
        "scenario": "slow",
        "idempotency_key": "order-17",
    }
    page = bob.post("generations.create/", handed)[1]
    assert "A red boat" in page
    assert f'name="origin" value="{row.name}"' in page
    assert 'data-mode="live"' in page
    assert 'name="armed" id="armed" value=""' in page
    assert 'value="order-17"' in page
    assert 'data-mode="mock"' in Person("Vera").post("generations.create/", handed)[1]
    visitor = Client().post("/panels/generations.create/", handed).content.decode()
    assert 'data-mode="mock"' in visitor


def test_a_lost_answer_is_asked_for_again_and_the_page_says_so() -> None:
    acme()
    text = run(Person("Bob"), "generations.create", scenario="cut")
    job = Generation.objects.get()
    assert job.state == Generation.State.SUBMITTING
    assert "The answer was lost." in text
    assert "with the same idempotency key" in text
    assert f"/t/acme/generations/{job.name}" in text
    assert Moment.objects.filter(generation=job, kind="sent").exists()


def test_a_job_of_a_team_that_keeps_no_bodies_is_not_called_by_what_was_asked_for() -> None:
    HistoryRules.objects.create(team=acme(), bodies=False)
    run(Person("Bob"), "generations.create")
    job = Generation.objects.get()
    assert (job.title, job.request_text) == ("", "")
    assert job.moments.get(kind=Moment.Kind.SENT).payload == ""
