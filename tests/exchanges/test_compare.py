"""Two runs side by side: canonical, covered where every run differs, bounded."""

from __future__ import annotations

import json
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.exchanges import canonical, comparing, diff
from debugger.exchanges.diff import Kind
from debugger.exchanges.models import Exchange
from tests.cast import acme, browser_of, zenith
from tests.exchanges.rows import NOON, run_row
from tests.patience import no_hang

FIRST = {
    "id": "task_first12",
    "status": "succeeded",
    "created_at": "2026-11-21T12:00:00.000Z",
    "result": {"primary_url": "https://media.example/media/a/0.png?sig=1", "urls": []},
}
SECOND = {
    "result": {"urls": [], "primary_url": "https://media.example/media/b/0.png?sig=2"},
    "created_at": "2026-11-21T13:30:00.000Z",
    "status": "succeeded",
    "id": "task_second3",
}


def joined(rows: tuple[diff.Row, ...], side: str) -> list[str]:
    halves = [getattr(row, side) for row in rows]
    return [half.before + half.changed + half.after for half in halves if half is not None]


def test_two_answers_of_one_request_are_the_same_once_ids_and_moments_are_covered() -> None:
    one, other = (canonical.lines(json.dumps(each), masked=True) for each in (FIRST, SECOND))
    assert one == other
    assert any(canonical.ID in line for line in one)


def test_uncovered_they_differ_in_exactly_what_changes_from_run_to_run() -> None:
    one, other = (canonical.lines(json.dumps(each), masked=False) for each in (FIRST, SECOND))
    assert diff.compare(one, other).differing == 3


def test_a_member_that_is_meant_differently_is_never_covered() -> None:
    one = canonical.lines('{"status": "succeeded", "model": "z-image", "seed": 1}', masked=True)
    other = canonical.lines('{"status": "failed", "model": "z-image", "seed": 2}', masked=True)
    assert diff.compare(one, other).differing == 2


def test_the_order_of_names_means_nothing_and_the_order_of_a_list_does() -> None:
    assert canonical.lines('{"a":1,"b":2}', masked=True) == canonical.lines(
        '{"b":2,"a":1}', masked=True
    )
    assert canonical.lines("[1,2]", masked=True) != canonical.lines("[2,1]", masked=True)


def test_headers_that_tell_of_the_moment_are_covered_and_others_are_not() -> None:
    one = canonical.header_lines([["Date", "now"], ["X-RateLimit-Reset", "3"]], masked=True)
    assert one == [f"date: {canonical.TIME}", f"x-ratelimit-reset: {canonical.TIME}"]
    assert canonical.header_lines([["Server", "a"]], masked=True) == ["server: a"]


def test_text_that_is_no_json_is_compared_line_by_line() -> None:
    assert canonical.lines("<html>\nno\n</html>", masked=True) == ["<html>", "no", "</html>"]
    assert canonical.lines(None, masked=True) == []
    deep = "[" * 5000 + "]" * 5000
    assert canonical.lines(deep, masked=True) == [deep]


_LINES = st.lists(st.sampled_from(["a", "b", "ab", "", "नमस्ते", "x" * 9]), max_size=14)


@given(left=_LINES, right=_LINES)
def test_a_comparison_loses_and_invents_no_line(left: list[str], right: list[str]) -> None:
    found = diff.compare(left, right, everything=True)
    assert joined(found.rows, "left") == left
    assert joined(found.rows, "right") == right
    assert found.identical is (left == right)


@given(left=_LINES, right=_LINES)
def test_folding_hides_equal_lines_only(left: list[str], right: list[str]) -> None:
    folded = diff.compare(left, right).rows
    whole = diff.compare(left, right, everything=True).rows
    assert [r for r in folded if r.kind not in (Kind.SAME, Kind.SKIPPED)] == [
        r for r in whole if r.kind is not Kind.SAME
    ]
    hidden = sum(row.count for row in folded)
    assert hidden + sum(row.kind is not Kind.SKIPPED for row in folded) == len(whole)


def test_the_part_of_a_line_that_differs_is_marked() -> None:
    (row,) = diff.compare(['"size": "480p"'], ['"size": "720p"']).rows
    assert row.kind is Kind.CHANGED
    assert row.left is not None and row.right is not None  # noqa: PT018 - Both or neither.
    assert (row.left.changed, row.right.changed) == ("48", "72")


def test_two_long_texts_without_anything_in_common_do_not_take_for_ever() -> None:
    one = [f"left {number % 7}" for number in range(5000)]
    other = [f"right {number % 11}" for number in range(5000)]
    with no_hang():
        found = diff.compare(one, other)
    assert found.cut
    assert len(found.rows) == diff.MOST


def pair(**facts: Any) -> tuple[Exchange, Exchange]:
    live = {"mode": "live", "scenario": "", "key_label": "Prod"}
    one = run_row(acme(), prompt="a fox", response_text=json.dumps(FIRST), at=NOON)
    later = NOON + timedelta(hours=1)
    two = run_row(
        acme(), prompt="a fox", response_text=json.dumps(SECOND), at=later, **live, **facts
    )
    return one, two


@pytest.mark.django_db
def test_mock_against_live_of_one_request_is_one_click_away() -> None:
    mock, live = pair()
    for start in (mock, live):
        answer = browser_of("Vera").get(f"/t/acme/history/{start.name}/same", follow=True)
        html = unescape(answer.content.decode())
        assert answer.redirect_chain[0][0].endswith(f"?a={mock.name}&b={live.name}")
        assert "Nothing differs in the messages" in html


@pytest.mark.django_db
def test_a_run_without_a_partner_leads_to_its_panel_and_spends_nothing() -> None:
    run = run_row(acme(), prompt="a fox", mode="mock")
    html = browser_of("Bob").get(f"/t/acme/history/{run.name}/same").content.decode()
    assert "has not been run live yet" in html
    assert f'name="origin" value="{run.name}"' in html


@pytest.mark.django_db
def test_facts_that_disagree_are_told_apart_and_unstated_credits_are_no_zero() -> None:
    one, two = pair(reserved="2.00")
    facts = {fact.label: fact for fact in comparing.compare(one, two).facts}
    assert facts["Mode"].differs
    assert (facts["Credits reserved"].left, facts["Credits reserved"].right) == ("not stated", "2")
    assert not facts["Model"].differs if "Model" in facts else True


@pytest.mark.django_db
def test_what_was_not_kept_or_cut_is_said_where_it_is_missed() -> None:
    one, two = pair(kept=False, request_text=None)
    parts = {part.name: part for part in comparing.compare(one, two).parts}
    assert "not kept" in parts["sent"].note
    one, two = pair(response_trimmed=True)
    assert "beginning" in comparing.compare(one, two).parts[1].note


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status"),
    [("", 422), ("?a=run_1", 404), ("?a=run_1&b=run_2", 404), ("?a=%00&b=<b>", 404)],
)
def test_a_link_that_names_no_two_runs_says_what_is_missing(query: str, status: int) -> None:
    acme()
    answer = browser_of("Bob").get(f"/t/acme/history/compare{query}")
    assert answer.status_code == status


@pytest.mark.django_db
def test_a_run_of_another_team_is_not_compared() -> None:
    mine = run_row(acme(), prompt="a fox")
    theirs = run_row(zenith(), by="Charlie", prompt="a secret plan")
    address = f"/t/acme/history/compare?a={mine.name}&b={theirs.name}"
    answer = browser_of("Bob").get(address)
    assert answer.status_code == 404
    assert b"secret plan" not in answer.content


@pytest.mark.django_db
def test_hostile_text_stays_text() -> None:
    one, two = pair(request_text='{"prompt": "<script>alert(1)</script> 🙂"}')
    html = browser_of("Bob").get(f"/t/acme/history/compare?a={one.name}&b={two.name}")
    assert "<script>alert(1)" not in html.content.decode()
    assert "<script>alert(1)</script> 🙂" in unescape(html.content.decode()).replace(
        "<ins>", ""
    ).replace("</ins>", "")
