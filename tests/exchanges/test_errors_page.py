"""The errors page: groups by code, parameter and status, counted where they are."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from debugger.exchanges import troubles
from debugger.exchanges.models import Exchange
from tests.cast import acme, browser_of, zenith
from tests.exchanges.rows import NOON, run_row

pytestmark = pytest.mark.django_db
PAGE = "/t/acme/errors/"
DAY = troubles.window_of("24h")
SAID = "params.resolution must be one of: 480p, 720p."


def trouble(**facts: Any) -> Exchange:
    plain: dict[str, Any] = {"failed": True, "status": 400, "error_code": "validation_failed"}
    return run_row(acme(), **{**plain, "error_message": SAID, "failure_kind": "rejected", **facts})


def test_runs_are_grouped_by_code_then_parameter_then_status() -> None:
    for message in (SAID, SAID, "prompt is too long."):
        trouble(error_message=message, at=NOON - timedelta(hours=1))
    trouble(status=422, at=NOON - timedelta(hours=1))
    trouble(error_code="rate_limited", status=429, error_message="", at=NOON)
    seen = troubles.found(acme(), window=DAY, now=NOON)
    assert [(group.code, group.count) for group in seen.groups] == [
        ("validation_failed", 4),
        ("rate_limited", 1),
    ]
    lines = [(line.parameter, line.status, line.count) for line in seen.groups[0].lines]
    assert lines == [
        ("params.resolution", 400, 2),
        ("params.resolution", 422, 1),
        ("prompt", 400, 1),
    ]


def test_trouble_without_a_code_stands_under_its_kind() -> None:
    trouble(error_code="", failure_kind="timed_out", status=None, error_message="", at=NOON)
    (group,) = troubles.found(acme(), window=DAY, now=NOON).groups
    assert (group.title, group.is_code, group.documented) == ("Silent for too long", False, False)


def test_a_code_that_nobody_documented_is_shown_as_it_is() -> None:
    trouble(error_code="quota_of_moons", at=NOON)
    (group,) = troubles.found(acme(), window=DAY, now=NOON).groups
    assert (group.title, group.documented, group.meaning) == ("quota_of_moons", False, "")


def test_what_went_well_what_is_older_and_other_teams_are_left_out() -> None:
    run_row(acme(), at=NOON)
    trouble(at=NOON - timedelta(hours=25))
    run_row(zenith(), by="Charlie", at=NOON, failed=True, error_code="not_found")
    assert troubles.found(acme(), window=DAY, now=NOON).groups == ()


def test_the_bars_say_when_it_happened() -> None:
    trouble(at=NOON - timedelta(hours=23, minutes=59))
    for minutes in (1, 2):
        trouble(at=NOON - timedelta(minutes=minutes))
    (line,) = troubles.found(acme(), window=DAY, now=NOON).groups[0].lines
    assert line.bars == (1, *[0] * 22, 2)
    assert [x for x, _y, _height in line.rects] == [0, 23 * troubles.BAR]
    assert (line.first_at, line.last_at) == (
        NOON - timedelta(hours=23, minutes=59),
        NOON - timedelta(minutes=1),
    )


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (SAID, "params.resolution"),
        ("params.referenceMediaItems[0].url is required.", "params.referenceMediaItems[0].url"),
        ("model is unknown.", "model"),
        ("client_request_id is too long.", "client_request_id"),
        ("The prompt is too long.", ""),
        ("Something went wrong.", ""),
        ("", ""),
    ],
)
def test_a_parameter_is_read_only_from_the_beginning_of_a_message(message: str, named: str) -> None:
    assert troubles.parameter_of("validation_failed", message) == named
    assert troubles.parameter_of("not_found", message) == ""


def test_the_number_of_statements_does_not_grow(django_assert_num_queries: Any) -> None:
    team = acme()
    for number in range(12):
        trouble(error_message=f"prompt {number} is wrong.", at=NOON)
    with django_assert_num_queries(1):
        troubles.found(team, window=DAY, now=NOON)


def test_the_page_names_the_group_the_sample_and_the_documentation() -> None:
    sample = trouble(at=timezone.now(), error_message="prompt <script> नमस्ते 🙂 is wrong.")
    html = browser_of("Vera").get(PAGE).content.decode()
    assert "<script> नमस्ते" not in html
    assert "prompt <script> नमस्ते 🙂 is wrong." in unescape(html)
    assert f"/history/{sample.name}/" in html
    assert "/docs/errors/#validation_failed" in html or "#validation_failed" in html
    assert re.search(r'<svg[^>]+role="img" aria-label="1 time', html)


def test_a_page_without_trouble_says_so_and_a_word_that_is_no_window_is_a_day() -> None:
    acme()
    html = browser_of("Bob").get(f"{PAGE}?window=%00%F0%9F%99%82&mode=nothing").content.decode()
    assert "Nothing went wrong" in html
    assert "24 hours" in html


def test_the_last_hour_is_asked_for_with_one_look() -> None:
    trouble(at=NOON - timedelta(minutes=59))
    assert troubles.lately(acme(), now=NOON)
    assert not troubles.lately(acme(), now=NOON + timedelta(minutes=2))
