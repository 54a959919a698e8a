"""The form loses nothing: an untouched form reads back as the draft it was built from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debugger.contract import catalog, operations
from debugger.contract.operations import Operation
from debugger.panels import forms
from debugger.panels.draft import Draft, initial
from debugger.panels.jsontext import MAX_DEPTH, write_json
from tests.panels.browser_form import post_data_of

GENERATION = operations.get("generations.create")
MODEL_IDS = [model.id for model in catalog.models()]

texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=12) | st.sampled_from(
    [
        "",
        "5",
        "-1",
        "1e3",
        " 5",
        "true",
        "null",
        "{}",
        '"a"',
        "a\r\nb",
        "\n",
        "\r",
        "नमस्ते",
        "z-image",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(-1e6, 1e6) | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
names = words.map(lambda word: "X-" + word.strip())
headers = st.dictionaries(names, words.map(str.strip), max_size=2)


def same(one: Draft, other: Draft) -> bool:
    """Equal, true and 1 told apart; the order of names is compared too."""
    first, second = (
        json.dumps([each.path, each.query, each.headers, each.body, each.aside])
        for each in (one, other)
    )
    return one == other and first == second


def assert_round_trip(operation: Operation, draft: Draft) -> None:
    form = forms.build(operation, draft, problems=forms.check(operation, draft))
    data = post_data_of(form)
    assert same(forms.read(operation, data, draft), draft)
    # A server keeps nothing between two posts: the hidden input alone must be enough.
    assert same(forms.read(operation, data, Draft()), draft)
    # And a form without the hidden input still says everything that it shows.
    del data["extras"]
    assert same(forms.read(operation, data, draft), draft)


def drafts(operation: Operation) -> st.SearchStrategy[Draft]:
    """Drafts of every shape: sensible, mistyped and foreign values at known and unknown places."""
    return st.builds(
        Draft,
        path=st.fixed_dictionaries({each.name: words for each in operation.path_params}),
        query=st.fixed_dictionaries(
            {}, optional={each.name: words | st.just("") for each in operation.query_params}
        ),
        headers=headers,
        body=bodies(operation),
    )


def bodies(operation: Operation) -> st.SearchStrategy[Any]:
    if operation.request is None:
        return st.none()
    start = initial(operation).body
    known = sorted(forms.shape.known_keys(operation))
    extra = st.dictionaries(st.sampled_from(known) | texts, json_values, max_size=4)
    return st.none() | extra.map(lambda more: {**start, **more}) | extra | json_values


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_operation_gives_its_draft_back(operation: Operation, data: st.DataObject) -> None:
    assert_round_trip(operation, data.draw(drafts(operation)))


@pytest.mark.parametrize("model_id", MODEL_IDS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_every_model_gives_its_draft_back(model_id: str, data: st.DataObject) -> None:
    draft = initial(GENERATION, model_id)
    assert_round_trip(GENERATION, draft)
    keys = [param.key for param in catalog.get(model_id).params] + ["referenceMediaItems"]  # type: ignore[union-attr]
    more = data.draw(st.dictionaries(st.sampled_from(keys) | texts, json_values, max_size=4))
    params = {**draft.body.get("params", {}), **more}
    assert_round_trip(GENERATION, replace(draft, body={**draft.body, "params": params}))


rows = st.fixed_dictionaries(
    {},
    optional={
        "url": texts,
        "kind": st.sampled_from(["image", "video", "audio", "hologram"]),
        "name": texts,
        "durationSeconds": scalars,
        "durationToken": texts,
        "unknown": json_values,
    },
)


@given(st.lists(rows | json_values, max_size=4))
@settings(max_examples=60, deadline=None)
def test_lists_of_references_survive_whatever_stands_in_them(items: list[Any]) -> None:
    draft = initial(GENERATION, "happyhorse-1-0")
    params = {**draft.body["params"], "referenceMediaItems": items}
    assert_round_trip(GENERATION, replace(draft, body={**draft.body, "params": params}))


@given(st.lists(st.fixed_dictionaries({"voice": texts, "text": texts}) | json_values, max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_dialogue_survives(lines: list[Any]) -> None:
    draft = initial(GENERATION, "elevenlabs-dialogue-v3")
    params = {**draft.body["params"], "dialogue": lines}
    assert_round_trip(GENERATION, replace(draft, body={**draft.body, "params": params}))


@given(st.lists(st.fixed_dictionaries({"file_id": texts}) | json_values, max_size=4))
@settings(max_examples=40, deadline=None)
def test_attachments_survive(items: list[Any]) -> None:
    operation = operations.get("chat.create")
    draft = initial(operation)
    assert_round_trip(operation, replace(draft, body={**draft.body, "attachments": items}))


def test_the_deepest_body_that_is_allowed_survives() -> None:
    body: Any = {}
    for _level in range(MAX_DEPTH - 1):
        body = {"deeper": body}
    draft = Draft().with_text(write_json(body))
    assert draft.text is None
    assert_round_trip(GENERATION, draft)


def test_what_was_set_aside_survives() -> None:
    draft = initial(GENERATION, "seedream-3-0")
    params = {key: each for key, each in draft.body["params"].items() if key != "guidance_scale"}
    aside = {"/params/guidance_scale": 4.5, "/params/duration": "10", "/params/other": [1]}
    draft = replace(draft, body={**draft.body, "params": params}, aside=aside)
    form = forms.build(GENERATION, draft)
    assert same(forms.read(GENERATION, post_data_of(form), Draft()), draft)
