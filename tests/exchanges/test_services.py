"""Finding a run, its kin, and what people add to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from debugger.exchanges import services
from debugger.web.errors import Invalid, NotFound
from tests.canary import canary, find
from tests.cast import acme, place, zenith
from tests.exchanges.rows import NOON, run_row

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["", "run_", "gen_1jz3k8x2m4q9", "run_0", "run_!", "\0", "x" * 99])
def test_a_name_that_no_run_has_is_not_found(name: str) -> None:
    run_row(acme())
    with pytest.raises(NotFound):
        services.find(acme(), name)


def test_the_previous_run_with_an_idempotency_key_is_the_teams_latest() -> None:
    run_row(acme(), at=NOON, idempotency_key="dash-1")
    latest = run_row(acme(), at=NOON + timedelta(seconds=1), idempotency_key="dash-1")
    run_row(acme(), at=NOON + timedelta(seconds=2), idempotency_key="")
    assert services.previous_with_key(acme(), "dash-1") == latest
    assert services.previous_with_key(zenith(), "dash-1") is None
    assert services.previous_with_key(acme(), "") is None


def test_the_same_body_in_the_other_mode_is_the_latest_such_run() -> None:
    mock = run_row(acme(), prompt="Bottle")
    run_row(acme(), at=NOON + timedelta(seconds=1), prompt="Bottle", mode="live")
    live = run_row(acme(), at=NOON + timedelta(seconds=2), prompt="Bottle", mode="live")
    run_row(acme(), at=NOON + timedelta(seconds=3), prompt="Other", mode="live")
    run_row(zenith(), at=NOON + timedelta(seconds=3), by="Charlie", prompt="Bottle", mode="live")
    assert services.same_body(mock, "live") == live
    assert services.same_body(live, "mock") == mock
    assert services.same_body(mock, "mock") is None
    assert services.same_body(run_row(acme()), "live") is None


def test_comments_stand_in_their_order_and_belong_to_the_team() -> None:
    row = run_row(acme())
    for number, name in enumerate(("Bob", "Ada")):
        at = NOON + timedelta(seconds=number)
        services.comment(place(name, acme()), row.name, f"  {name} said\r\nso ", now=at)
    said = services.comments(acme(), row.name)
    assert [each.text for each in said] == ["Bob said\nso", "Ada said\nso"]
    assert not services.comments(zenith(), row.name)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4_001])
def test_a_comment_says_something_and_not_too_much(text: str) -> None:
    with pytest.raises(Invalid):
        services.comment(place("Bob", acme()), "run_1", text, now=NOON)


def test_a_key_in_a_comment_is_not_kept() -> None:
    key = canary("comment")
    services.comment(place("Bob", acme()), "run_1", f"It was {key}\0", now=NOON)
    assert not find(services.comments(acme(), "run_1")[0].text, key)
