from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract import catalog, operations
from debugger.contract.operations import Operation
from debugger.panels import forms
from debugger.panels.draft import Draft, JsonTrouble, Parsed, initial, parse_json
from debugger.panels.jsontext import MAX_DEPTH, write_json

texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def value_of(text: str) -> Any:
    found = parse_json(text)
    assert isinstance(found, Parsed), found
    return found.value


def trouble_of(text: str) -> JsonTrouble:
    found = parse_json(text)
    assert isinstance(found, JsonTrouble), found
    return found


@given(json_values)
def test_what_is_written_as_json_reads_back_as_the_same_value(value: Any) -> None:
    assert json.dumps(value_of(write_json(value))) == json.dumps(value)


@given(json_values)
def test_written_json_can_always_leave_as_utf_8(value: Any) -> None:
    assert json.loads(write_json(value).encode("utf-8")) == value


@given(st.text(st.sampled_from('{}[]",:\\\n 0-1.e+aN'), max_size=40))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    assert isinstance(parse_json(text), Parsed | JsonTrouble)


@given(st.text(st.sampled_from('{}[]",:01ab '), max_size=30))
def test_whatever_is_accepted_is_json_for_everybody_else_too(text: str) -> None:
    found = parse_json(text)
    if isinstance(found, Parsed):
        assert json.loads(text) == found.value


def test_the_order_of_names_is_kept() -> None:
    assert list(value_of('{"b": 1, "a": 2}')) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,\n "b": }', 2, 7),
        ('{"a": 1,\n "b": NaN}', 2, 7),
        ('{"a": [1, -Infinity]}', 1, 11),
        ('{"a": 1,\n  "a": 2}', 2, 3),
        ('{"a": {"b": 1, "b": 2}}', 1, 16),
        ("[1, 1e999]", 1, 5),
        ("[" + "1" * 500 + "]", 1, 2),
        ("", 1, 1),
        ("{} {}", 1, 4),
        ('["a\nb"]', 1, 4),
    ],
)
def test_a_trouble_says_its_line_and_its_column(text: str, line: int, column: int) -> None:
    found = trouble_of(text)
    assert (found.line, found.column) == (line, column)
    assert found.message.endswith((".", "s"))


def test_a_name_may_come_again_in_another_object() -> None:
    assert value_of('[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_a_string_that_looks_like_a_name_is_not_taken_for_one() -> None:
    assert value_of('{"a": "b", "b": "b", "c": ["b", "b"]}')["c"] == ["b", "b"]


def test_deep_nesting_is_refused_before_it_can_harm() -> None:
    assert isinstance(parse_json("[" * 200_000), JsonTrouble)
    assert isinstance(parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH), Parsed)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert value_of('\ufeff{"a": 1}') == {"a": 1}


def test_a_broken_text_is_kept_and_the_body_stays() -> None:
    draft = Draft(body={"a": 1}).with_text('{"a": ')
    assert draft.body == {"a": 1}
    assert draft.pretty() == '{"a": '
    assert draft.trouble() is not None


def test_a_text_that_parses_becomes_the_body() -> None:
    draft = Draft(body={"a": 1}, text="{").with_text('{"b": [1, 2]}')
    assert draft == Draft(body={"b": [1, 2]})
    assert draft.trouble() is None


def test_an_empty_text_means_no_body_and_null_is_still_sent() -> None:
    assert Draft(body={"a": 1}).with_text("  ") == Draft(body=None)
    assert Draft().with_text("null") == Draft(body=None, text="null")
    assert Draft().with_text("null").trouble() is None


@given(json_values.filter(lambda value: value is not None))
def test_the_editors_text_read_back_gives_the_same_draft(value: Any) -> None:
    draft = Draft(body=value)
    assert json.dumps(draft.with_text(draft.pretty()).body) == json.dumps(value)


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_the_first_draft_lacks_nothing_but_ids_and_files(operation: Operation) -> None:
    places = {problem.pointer for problem in forms.check(operation, initial(operation))}
    asked = {f"path/{each.name}" for each in operation.path_params}
    assert places == asked | ({"/file"} if operation.id == "files.create" else set())


@pytest.mark.parametrize("model", catalog.generation_models(), ids=lambda each: each.id)
def test_the_first_draft_of_a_model_is_complete_but_for_what_must_be_uploaded(
    model: catalog.Model,
) -> None:
    operation = operations.get("generations.create")
    problems = forms.check(operation, initial(operation, model.id))
    if model.synthetic:
        assert len(problems) == 1
    else:
        assert problems == ()


def test_the_documented_sample_comes_first() -> None:
    assert initial(operations.get("generations.create")).body == {
        "model": "z-image",
        "prompt": "A clean editorial product image on a soft studio background",
        "params": {"aspect_ratio": "1:1"},
    }
    assert initial(operations.get("chat.stream")).body["model"] == "gpt-5-2-chat"


def test_an_unknown_model_is_kept_in_the_draft() -> None:
    draft = initial(operations.get("generations.create"), "model-of-tomorrow")
    assert draft.body["model"] == "model-of-tomorrow"
