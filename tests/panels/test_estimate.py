from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract import catalog, operations
from debugger.contract.assumptions import with_overrides
from debugger.contract.operations import Operation
from debugger.panels.draft import Draft, initial
from debugger.panels.estimate import estimate, fingerprint, idempotency_key

GENERATION = operations.get("generations.create")
CHAT = operations.get("chat.create")


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_only_what_spends_costs_anything(operation: Operation) -> None:
    found = estimate(operation, initial(operation))
    assert (found.credits != 0) is operation.spends
    assert found.basis.endswith(".")


@pytest.mark.parametrize("model", catalog.generation_models(), ids=lambda each: each.id)
def test_a_generation_is_estimated_at_its_models_base_price(model: catalog.Model) -> None:
    found = estimate(GENERATION, initial(GENERATION, model.id))
    assert found.credits == model.base_credits
    assert str(model.base_credits) in found.basis


def test_a_chat_turn_says_that_its_price_follows_from_its_tokens() -> None:
    found = estimate(CHAT, initial(CHAT))
    assert found.credits == 3
    assert "tokens" in found.basis
    assert found.assumed


def test_one_credit_is_not_called_credits() -> None:
    assert estimate(GENERATION, initial(GENERATION)).basis.startswith("1 credit,")


def test_an_operators_price_counts() -> None:
    assumptions = with_overrides({"price_multiplier": 2.5})
    found = estimate(GENERATION, initial(GENERATION, "4o-image"), assumptions=assumptions)
    assert found.credits == 8


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"model": 5}, {"model": "unknown"}, {"model": "gpt-5-2-chat"}]
)
def test_an_unknown_price_is_not_called_zero(body: Any) -> None:
    assert estimate(GENERATION, Draft(body=body)).credits is None


def test_odd_params_do_not_stop_the_estimate() -> None:
    draft = Draft(body={"model": "z-image", "params": [1]})
    assert estimate(GENERATION, draft).credits == 1


def test_the_same_request_has_the_same_fingerprint_in_any_order() -> None:
    one = Draft(body={"a": 1, "b": {"c": 2, "d": 3}})
    other = Draft(body={"b": {"d": 3, "c": 2}, "a": 1}, headers={"X": "1"}, aside={"/e": 1})
    assert fingerprint(GENERATION, one) == fingerprint(GENERATION, other)


def test_another_request_has_another_fingerprint() -> None:
    draft = Draft(body={"a": 1}, path={"id": "1"}, query={"limit": "1"})
    others = [
        replace(draft, body={"a": True}),
        replace(draft, body={"a": "1"}),
        replace(draft, body=None),
        replace(draft, path={"id": "2"}),
        replace(draft, query={}),
        replace(draft, text='{"a": 1'),
    ]
    found = {fingerprint(GENERATION, each) for each in (draft, *others)}
    assert len(found) == len(others) + 1
    assert fingerprint(CHAT, draft) not in found


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert len(fingerprint(GENERATION, Draft(body={text: text}))) == 32


def test_a_retry_has_the_same_key_and_another_run_another_one() -> None:
    print_one = fingerprint(GENERATION, Draft(body={"a": 1}))
    print_two = fingerprint(GENERATION, Draft(body={"a": 2}))
    key = idempotency_key(print_one, "nonce-1")
    assert key == idempotency_key(print_one, "nonce-1")
    assert key != idempotency_key(print_one, "nonce-2")
    assert key != idempotency_key(print_two, "nonce-1")
    assert 1 <= len(key) <= 255
    assert key.isprintable()
    assert key.isascii()
