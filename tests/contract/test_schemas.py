"""The bodies' schemas, and what is said about a value that does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from debugger.contract import schemas
from debugger.contract.operations import CATALOG
from debugger.contract.schemas import Problem, component, names, pointer, resolved, validate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def properties_in(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every property schema below a node, with its place."""
    found: list[tuple[str, dict[str, Any]]] = []
    if isinstance(node, list):
        for item in node:
            found += properties_in(item, path)
    if isinstance(node, dict):
        for key, value in (node.get("properties") or {}).items():
            found.append((f"{path}.{key}", value))
            found += properties_in(value, f"{path}.{key}")
        for key in ("items", "anyOf", "additionalProperties"):
            found += properties_in(node.get(key), path)
    return found


def test_every_component_of_the_catalogue_has_a_schema() -> None:
    wanted = {name for op in CATALOG for name in (op.request, op.response) if name}
    assert wanted <= set(names())


@pytest.mark.parametrize("name", names())
def test_a_component_is_a_valid_schema_and_its_references_lead_somewhere(name: str) -> None:
    Draft202012Validator.check_schema(component(name))
    assert "$ref" not in str(resolved(name))


@pytest.mark.parametrize("name", names())
def test_the_examples_of_a_component_fit_it(name: str) -> None:
    for example in component(name).get("examples", []):
        assert validate(name, example) == []
    for place, schema in properties_in(resolved(name), name):
        checker = Draft202012Validator(schema)
        for example in schema.get("examples", []):
            assert not list(checker.iter_errors(example)), (place, example)


@pytest.mark.parametrize("name", names())
def test_every_property_has_a_title_and_a_description(name: str) -> None:
    for place, schema in properties_in(resolved(name), name):
        assert schema.get("title"), place
        assert schema.get("description", "").endswith("."), place


@pytest.mark.parametrize("name", names())
def test_marks_are_never_empty_words(name: str) -> None:
    for place, schema in [(name, component(name)), *properties_in(resolved(name), name)]:
        for mark in ("x-assumed", "x-inferred"):
            assert schema.get(mark, "x").strip(), place


def test_a_response_may_carry_unknown_fields() -> None:
    generation = component("PublicApiGeneration")["examples"][0]
    grown = {**generation, "new_field": 1, "result": {"primary_url": "https://a.b/c", "etag": "x"}}
    assert validate("PublicApiGeneration", grown) == []


def test_a_caller_cannot_change_a_component() -> None:
    component("PublicApiCredits")["properties"].clear()
    resolved("PublicApiModelList")["properties"].clear()
    assert validate("PublicApiCredits", {"current_credits": "many"}) == [
        Problem("/current_credits", "must be a number")
    ]


def test_a_keyword_beside_a_reference_wins() -> None:
    item = resolved("PublicApiChatCompletion")["properties"]["usage"]
    assert item["title"] == "Usage"
    assert "$schema" not in item


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PublicApiCredits", [], [("", "must be an object")]),
        ("PublicApiCredits", {}, [("/current_credits", "is required")]),
        (
            "PublicApiGenerationCreate",
            {"model": "", "params": [], "prompt": None},
            [
                ("/model", "must not be empty"),
                ("/params", "must be an object"),
                ("/prompt", "must be text"),
            ],
        ),
        (
            "PublicApiGenerationCreate",
            {"model": "z", "params": {"referenceMediaItems": [{"kind": "text", "url": "x"}, 5]}},
            [
                ("/params/referenceMediaItems/0/kind", "must be one of: image, video, audio"),
                ("/params/referenceMediaItems/0/url", "must be an absolute URL"),
                ("/params/referenceMediaItems/1", "must be an object"),
            ],
        ),
        (
            "PublicApiGeneration",
            {"id": "t", "status": "paused", "model": "m", "created_at": "today", "error": 5},
            [
                ("/created_at", "must be a date and time such as 2026-05-11T00:00:00.000Z"),
                ("/error", "must be an object or null"),
                ("/status", "must be one of: queued, processing, succeeded, failed"),
            ],
        ),
        (
            "PublicApiGeneration",
            {"id": "t", "status": "failed", "model": "m", "error": {"code": 5}},
            [("/error/code", "must be text"), ("/error/message", "is required")],
        ),
        (
            "PublicApiFileCreate",
            {"file": "", "kind": "image", "client_request_id": "x" * 129},
            [("/client_request_id", "must have at most 128 characters")],
        ),
        (
            "PublicApiWebhookEndpointCreate",
            {"url": "https://a.b", "event_types": []},
            [("/event_types", "must have at least 1 entry")],
        ),
        (
            "PublicApiWebhookEndpointUpdate",
            {"event_types": ["generation.failed", "generation.failed"]},
            [("/event_types", "must not have the same entry twice")],
        ),
        (
            "PublicApiFile",
            {"id": "f", "kind": "image", "url": "https://a.b", "object": "x"},
            [("/object", "must be file")],
        ),
        (
            "PublicApiWebhookDelivery",
            {"id": "d", "status": "failed", "attempt": -1},
            [("/attempt", "must be 0 or more")],
        ),
    ],
)
def test_problems_stand_at_their_place_in_short_words(
    name: str, value: Any, expected: list[tuple[str, str]]
) -> None:
    assert [(item.pointer, item.message) for item in validate(name, value)] == expected


def test_a_problem_never_repeats_what_was_sent() -> None:
    secret = "swordfish" * 100
    body = {"model": 5, "prompt": [secret], "params": {"referenceMediaItems": [{"kind": secret}]}}
    found = validate("PublicApiGenerationCreate", body)
    assert found
    assert "swordfish" not in repr(found)


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(Problem("/params/duration", "is required")) == "params.duration is required"
    assert str(Problem("", "must be an object")) == "body must be an object"


def test_a_pointer_escapes_as_rfc_6901_says() -> None:
    assert pointer([]) == ""
    assert pointer(["params", "a/b~c", 0]) == "/params/a~1b~0c/0"


def test_an_unknown_component_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        validate("PublicApiUnicorn", {})
    with pytest.raises(KeyError):
        component("PublicApiUnicorn")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2026-05-11T00:00:00.000Z", True),
        ("2026-05-11t00:00:00z", True),
        ("2026-05-11T00:00:00+05:30", True),
        ("2026-12-31T23:59:60Z", True),
        ("2026-05-11T00:00:00", False),
        ("2026-02-30T00:00:00Z", False),
        ("2026-05-11", False),
        ("2026-05-11T00:00:00+24:00", False),
        ("２０２６-05-11T00:00:00Z", False),
        ("", False),
    ],
)
def test_dates_are_those_of_rfc_3339(text: str, fits: bool) -> None:
    event = {"id": "evt_1", "type": "generation.failed", "created_at": text}
    assert (validate("PublicApiWebhookEvent", event) == []) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("https://media.example/a.png", True),
        ("http://127.0.0.1:8081/a", True),
        ("media.example/a.png", False),
        ("https://", False),
        ("https://a b/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_urls_are_absolute(text: str, fits: bool) -> None:
    assert (validate("PublicApiGenerationResult", {"primary_url": text}) == []) is fits


@given(name=st.sampled_from(schemas.names()), value=JSON)
def test_any_json_value_is_judged_without_an_exception_and_always_the_same(
    name: str, value: Any
) -> None:
    assert validate(name, value) == validate(name, value)


@pytest.mark.parametrize("depth", [150, 900, 50_000])
def test_a_very_deep_value_is_told_as_such(depth: int) -> None:
    deep: Any = 5
    for _ in range(depth):
        deep = [deep]
    assert validate("PublicApiGenerationCreate", {"model": "z", "prompt": deep}) == [
        Problem("", "must not be nested deeper than 100 levels")
    ]


def test_a_number_of_thousands_of_digits_is_told_as_such() -> None:
    assert validate("PublicApiCredits", {"current_credits": [10**5000]}) == [
        Problem("", "must not hold a number of more than 1000 digits")
    ]


def test_a_long_list_is_judged_to_its_end() -> None:
    items: list[Any] = [{"id": "evt", "type": "generation.failed", "data": {"id": "t"}}] * 2_000
    assert validate("PublicApiWebhookEventList", {"data": [*items, {"id": "evt"}]}) == [
        Problem("/data/2000/type", "is required")
    ]
