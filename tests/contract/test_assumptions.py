"""Every guess in one place, explained, and open to correction."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.contract.assumptions import DEFAULTS, AssumptionError, facts, with_overrides


def test_every_guess_says_what_it_is_and_whose_convention_it_borrows() -> None:
    assert len(facts()) > 40
    for fact in facts():
        assert fact.about.endswith("."), fact.name
        assert fact.convention, fact.name
        assert fact.value == fact.default
        assert not fact.overridden


def test_the_defaults_are_accepted_as_their_own_overrides() -> None:
    assert with_overrides({fact.name: fact.value for fact in facts()}) == DEFAULTS


def test_an_override_changes_one_value_and_is_told_as_such() -> None:
    changed = with_overrides({"insufficient_credits_status": 403})
    assert changed.insufficient_credits_status == 403
    assert [fact.name for fact in changed.facts() if fact.overridden] == [
        "insufficient_credits_status"
    ]
    assert DEFAULTS.insufficient_credits_status == 402


def test_an_unknown_name_is_refused_by_its_name() -> None:
    with pytest.raises(AssumptionError, match="'rate_limt'"):
        with_overrides({"rate_limt": 5})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("page_size", "20", "a whole number"),
        ("page_size", 20.0, "a whole number"),
        ("page_size", True, "a whole number"),
        ("page_size", None, "a whole number"),
        ("page_size", 0, "1 or more"),
        ("refund_on_failure", 1, "true or false"),
        ("price_multiplier", "2", "a number"),
        ("price_multiplier", float("nan"), "finite"),
        ("price_multiplier", float("inf"), "finite"),
        ("price_multiplier", -1, "0 or more"),
        ("price_multiplier", 10**400, "finite"),
        ("webhook_scheme", "rot13", "standard, stripe"),
        ("webhook_scheme", 5, "text"),
        ("webhook_id_header", "", "empty"),
        ("webhook_id_header", "a: b\r\n", "do not fit"),
        ("chat_stream_end", "a\nb", "do not fit"),
        ("generation_created_status", 404, "200 to 299"),
        ("check_order", ["key"], "cannot be changed"),
        ("webhook_retry_schedule", 5, "list"),
        ("webhook_retry_schedule", [], "at least one"),
        ("webhook_retry_schedule", ["soon"], "a number"),
        ("webhook_retry_schedule", "05", "list"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_what_is_right(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(AssumptionError, match=words) as caught:
        with_overrides({name: value})
    assert name in str(caught.value)


def test_whole_numbers_and_json_lists_are_taken_where_they_fit() -> None:
    changed = with_overrides({"webhook_retry_schedule": [0, 1, 2.5], "price_multiplier": 2})
    assert changed.webhook_retry_schedule == (0.0, 1.0, 2.5)
    assert changed.price_multiplier == 2.0


def test_overrides_add_up() -> None:
    changed = with_overrides({"page_size": 5}).with_overrides({"page_size_max": 50})
    assert (changed.page_size, changed.page_size_max) == (5, 50)


def test_a_page_is_not_larger_than_the_largest_page() -> None:
    with pytest.raises(AssumptionError, match="page_size_max"):
        with_overrides({"page_size": 200})
    assert with_overrides({"page_size": 200, "page_size_max": 300}).page_size == 200
