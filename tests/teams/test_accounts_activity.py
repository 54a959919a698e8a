"""Recent activity: what happened to one's own account, and to nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from debugger.teams.models import AuditEvent, User
from tests import cast

pytestmark = pytest.mark.django_db
PAGE = "/accounts/activity"
START = datetime(2020, 11, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Limits on attempts are kept in the cache."""
    cache.clear()
    yield
    cache.clear()


def happened(who: User | None, action: str = "account.signed_in", **fields: Any) -> AuditEvent:
    name = str(who) if who else "Visitor"
    given = {"actor_id": who.pk if who else None, "actor_name": name, "ip": "192.0.2.7", **fields}
    return AuditEvent.objects.create(action=action, **given)


def shown(name: str = "Alice", query: str = "") -> str:
    answer = cast.browser_of(name).get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def table(page: str) -> str:
    """The entries; behind them comes the table of keyboard shortcuts."""
    body = page.partition("account-body")[2].partition("</main>")[0]
    return body.partition("<tbody")[2].partition("</tbody")[0]


def test_a_sign_in_and_an_attempt_that_failed_stand_there_with_time_and_address() -> None:
    cast.acme()
    client = Client(REMOTE_ADDR="198.51.100.4")
    for password in ("wrong", cast.PASSWORD):
        client.post("/accounts/login/", {"login": "alice@example.com", "password": password})
    page = table(client.get(PAGE).content.decode())
    assert "<b>Alice</b> signed in" in page
    assert "Somebody failed to sign in as <b>Alice" in page
    assert page.count("198.51.100.4") == 2
    assert page.count("<time datetime=") == 2


def test_nobody_sees_what_happened_to_others_nor_what_was_done_in_a_team() -> None:
    team, alice, bob = cast.acme(), cast.person("Alice"), cast.person("Bob")
    happened(bob, "account.password_changed")
    happened(None, "account.sign_in_failed", object_type="user", object_id=str(bob.pk))
    happened(None, "account.sign_in_failed", object_type="team", object_id=str(alice.pk))
    happened(alice, "account.signed_in", team_id=team.pk)
    happened(alice, "audit.viewed")
    assert table(shown("Alice")) == ""
    assert "changed their password" in table(shown("Bob"))
    assert table(shown("Bob")).count("<tr") == 2


def test_what_others_typed_is_shown_as_text() -> None:
    happened(cast.person("Alice"), "account.email_added", object_label="<script>@example.com")
    assert "&lt;script&gt;@example.com" in shown()


def test_it_is_paged_without_gaps_or_repeats() -> None:
    alice = cast.person("Alice")
    made = [happened(alice, at=START + timedelta(minutes=n)).pk for n in range(70)]
    seen: list[int] = []
    query = ""
    for _ in range(3):
        page = shown(query=query)
        seen += [int(number) for number in re.findall(r'id="event-(\d+)"', page)]
        older = re.search(r'href="(\?older_than=[^"]+)"', page)
        query = older[1] if older else ""
    assert seen == made[::-1]
    assert query == ""


def test_a_link_that_was_cut_off_is_refused_clearly() -> None:
    answer = cast.browser_of("Alice").get(f"{PAGE}?older_than=2026")
    assert answer.status_code == 422
    assert "not complete" in answer.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_entries() -> None:
    alice, client = cast.person("Alice"), cast.browser_of("Alice")
    client.get(PAGE)
    counts = []
    for _ in range(2):
        for _ in range(10):
            happened(alice)
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE)
        counts.append(len(seen))
    assert counts[1] == counts[0]


def test_the_account_leads_there_and_a_stranger_is_led_to_sign_in() -> None:
    assert f'href="{PAGE}"' in cast.browser_of("Alice").get("/accounts/").content.decode()
    assert f'href="{PAGE}" aria-current="page"' in shown()
    assert Client().get(PAGE).headers["Location"].startswith("/accounts/login/")
