"""What a form shows, what a changed form means, and what is wrong with a draft."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from debugger.contract import catalog, operations
from debugger.contract.operations import Operation
from debugger.panels import forms
from debugger.panels.draft import Draft, initial
from debugger.panels.forms import Field, Form, Kind
from tests.panels.browser_form import post_data_of

GENERATION = operations.get("generations.create")
CHAT = operations.get("chat.create")
UPLOAD = operations.get("files.create")
WEBHOOK = operations.get("webhooks.create")
PLACE = "body/params/aspect_ratio"


def form_of(operation: Operation, draft: Draft) -> Form:
    return forms.build(operation, draft, problems=forms.check(operation, draft))


def field_at(form: Form, name: str) -> Field:
    return next(field for field in form.fields() if field.name == name)


def generation(model_id: str, **params: Any) -> Draft:
    draft = initial(GENERATION, model_id)
    return replace(draft, body={**draft.body, "params": {**draft.body.get("params", {}), **params}})


def after(operation: Operation, draft: Draft, change: Callable[[QueryDict], None]) -> Draft:
    """The draft after a person changed something in its form."""
    data = post_data_of(form_of(operation, draft))
    change(data)
    return forms.read(operation, data, Draft())


def typed(operation: Operation, draft: Draft, **inputs: str) -> Draft:
    names = {name.replace("__", "/"): value for name, value in inputs.items()}

    def change(data: QueryDict) -> None:
        for name, value in names.items():
            data[name] = value

    return after(operation, draft, change)


# -- What a form shows ---------------------------------------------------------------------------


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_every_field_of_an_operation_is_shown_once(operation: Operation) -> None:
    names = [field.name for field in form_of(operation, initial(operation)).fields()]
    assert len(names) == len(set(names))
    asked = {f"path/{each.name}" for each in operation.path_params}
    asked |= {f"query/{each.name}" for each in operation.query_params}
    asked |= {f"body/{each}" for each in forms.known_keys(operation) if each != "params"}
    assert {name for name in names if not name.startswith("body/params/")} == asked


@pytest.mark.parametrize("model", catalog.generation_models(), ids=lambda each: each.id)
def test_a_models_own_parameters_make_its_form(model: catalog.Model) -> None:
    form = form_of(GENERATION, initial(GENERATION, model.id))
    shown = {field.label for field in form.body if field.group == "params"}
    expected = {param.key for param in model.params}
    if model.references is not None or model.requires_files_api:
        expected |= {"referenceMediaItems"}
    assert shown == expected
    prompt = field_at(form, "body/prompt")
    assert prompt.max_length == model.max_prompt_length
    assert prompt.required is model.prompt_required
    for param in model.params:
        field = field_at(form, f"body/params/{param.key}")
        assert tuple(choice.value for choice in field.choices if choice.known) == param.options
        assert (field.minimum, field.maximum, field.step) == (
            param.minimum,
            param.maximum,
            param.step,
        )


def test_the_models_to_choose_fit_the_operation() -> None:
    def offered(operation: Operation) -> set[str]:
        choices = field_at(form_of(operation, initial(operation)), "body/model").choices
        return {choice.value for choice in choices if choice.value}

    assert offered(GENERATION) == {model.id for model in catalog.generation_models()}
    assert offered(CHAT) == {model.id for model in catalog.chat_models()}
    assert "z-image" not in offered(UPLOAD)
    assert "happyhorse-1-0" in offered(UPLOAD)


def test_a_choice_says_its_price_and_what_it_needs() -> None:
    field = field_at(form_of(GENERATION, initial(GENERATION)), "body/model")
    notes = {choice.value: choice.note for choice in field.choices}
    assert notes["z-image"] == "1 credit · text"
    assert notes["nano-banana-pro"] == "8 credits · text or reference"
    assert "needs a file" in notes["sandbox-needs-file"]
    assert "not open in the API" in notes["sandbox-coming-soon"]
    assert notes["sandbox-coming-soon"].endswith("only in the emulator")
    assert {choice.group for choice in field.choices} == {"image", "video", "audio"}


def test_a_guessed_field_says_whose_convention_it_borrows() -> None:
    form = form_of(CHAT, initial(CHAT))
    assert field_at(form, "body/include_thoughts").assumed
    assert field_at(form, "body/model").assumed is None


def test_a_value_that_is_no_option_stays_visible() -> None:
    field = field_at(form_of(GENERATION, generation("z-image", aspect_ratio="5:7")), PLACE)
    chosen = [choice for choice in field.choices if choice.selected]
    assert [(choice.value, choice.known) for choice in chosen] == [("5:7", False)]
    assert field.errors == ("Must be one of: 1:1, 4:3, 3:4, 16:9, 9:16",)


def test_a_required_select_without_a_value_chooses_nothing() -> None:
    field = field_at(form_of(UPLOAD, Draft(body={})), "body/kind")
    assert [choice.value for choice in field.choices if choice.selected] == [""]


def test_unknown_keys_are_named_and_kept() -> None:
    draft = generation("z-image", seed_of_tomorrow=1)
    draft = replace(draft, body={**draft.body, "futures": [1]})
    assert set(form_of(GENERATION, draft).extras) == {"/params/seed_of_tomorrow", "/futures"}
    changed = typed(GENERATION, draft, body__prompt="New")
    assert changed.body["futures"] == [1]
    assert changed.body["params"]["seed_of_tomorrow"] == 1
    assert changed.body["prompt"] == "New"


def test_an_unknown_key_of_a_reference_is_kept() -> None:
    draft = generation("happyhorse-1-0", referenceMediaItems=[{"url": "https://a/b", "x": 1}])
    assert form_of(GENERATION, draft).extras == ("/params/referenceMediaItems/0/x",)
    changed = typed(GENERATION, draft, body__params__referenceMediaItems__0__kind="image")
    items = changed.body["params"]["referenceMediaItems"]
    assert items == [{"url": "https://a/b", "x": 1, "kind": "image"}]


# -- What a changed form means -------------------------------------------------------------------


def test_a_number_is_read_as_a_number_and_a_select_as_text() -> None:
    draft = typed(
        GENERATION,
        generation("seedream-3-0"),
        body__params__guidance_scale=" 3.5 ",
        body__params__seed="007",
        include__params__seed="on",
        body__params__image_size="square",
    )
    assert draft.body["params"] == {
        "image_size": "square",
        "guidance_scale": 3.5,
        "seed": 7,
    }
    assert isinstance(draft.body["params"]["seed"], int)


@pytest.mark.parametrize("text", ["lots", "1,5", "0x10", "1e999", "", "٣", "1_000", "--1"])
def test_a_number_that_is_none_stays_as_it_was_typed_with_its_error(text: str) -> None:
    draft = typed(GENERATION, generation("seedream-3-0"), body__params__guidance_scale=text)
    assert draft.body["params"]["guidance_scale"] == text
    field = field_at(form_of(GENERATION, draft), "body/params/guidance_scale")
    assert field.text == text
    assert field.kind is Kind.NUMBER
    assert field.errors == ("Must be a number",)


@pytest.mark.parametrize(
    ("text", "value"),
    [("+5", 5), (".5", 0.5), ("5.", 5), ("-0.25", -0.25), ("1e2", 100.0), ("00", 0), ("-007", -7)],
)
def test_numbers_may_be_written_as_people_write_them(text: str, value: float) -> None:
    draft = typed(GENERATION, generation("seedream-3-0"), body__params__guidance_scale=text)
    assert draft.body["params"]["guidance_scale"] == value


def test_an_unticked_field_is_absent_and_comes_back_with_its_value() -> None:
    draft = typed(GENERATION, generation("seedream-3-0"), body__params__guidance_scale="4.5")

    def untick(data: QueryDict) -> None:
        del data["include/params/guidance_scale"]

    without = after(GENERATION, draft, untick)
    assert "guidance_scale" not in without.body["params"]
    field = field_at(form_of(GENERATION, without), "body/params/guidance_scale")
    assert (field.included, field.text) == (False, "4.5")
    again = typed(GENERATION, without, include__params__guidance_scale="on")
    assert again.body["params"]["guidance_scale"] == 4.5
    assert again.aside == {}


def test_a_ticked_field_begins_with_its_default() -> None:
    draft = typed(CHAT, initial(CHAT), include__reasoning_effort="on")
    assert draft.body["reasoning_effort"] == "default"
    draft = typed(CHAT, initial(CHAT), include__enable_web_search="on")
    assert draft.body["enable_web_search"] is False


def test_a_switch_is_a_real_boolean() -> None:
    start = typed(CHAT, initial(CHAT), include__enable_web_search="on")
    turned_on = typed(CHAT, start, body__enable_web_search="true")
    assert turned_on.body["enable_web_search"] is True

    def turn_off(data: QueryDict) -> None:
        del data["body/enable_web_search"]

    assert after(CHAT, turned_on, turn_off).body["enable_web_search"] is False


def test_check_boxes_of_a_list_keep_their_order_and_may_be_empty() -> None:
    draft = initial(WEBHOOK)

    def tick(*values: str) -> Draft:
        def change(data: QueryDict) -> None:
            data.setlist("body/event_types", list(values))

        return after(WEBHOOK, draft, change)

    assert tick("generation.failed").body["event_types"] == ["generation.failed"]
    both = tick("generation.failed", "generation.succeeded")
    assert both.body == draft.body
    assert tick().body["event_types"] == []


def test_rows_are_added_and_removed_by_buttons() -> None:
    name = "body/params/referenceMediaItems"
    draft = generation("happyhorse-1-0")
    one = typed(GENERATION, draft, add=name)
    assert one.body["params"]["referenceMediaItems"] == [{}]
    filled = typed(GENERATION, one, body__params__referenceMediaItems__0__url="https://a/1")
    two = typed(GENERATION, filled, add=name)
    assert two.body["params"]["referenceMediaItems"] == [{"url": "https://a/1"}, {}]
    left = typed(GENERATION, two, remove=f"{name}/0")
    assert left.body["params"]["referenceMediaItems"] == [{}]
    assert "referenceMediaItems" not in typed(GENERATION, left, remove=f"{name}/0").body.get(
        "params", {}
    )


def test_rows_may_be_moved_and_new_ones_take_any_index() -> None:
    items = [{"file_id": "a"}, {"file_id": "b"}]
    draft = replace(initial(CHAT), body={**initial(CHAT).body, "attachments": items})

    def change(data: QueryDict) -> None:
        data.setlist("body/attachments", ["1", "n7", "0"])
        data["body/attachments/n7/file_id"] = "c"

    changed = after(CHAT, draft, change)
    assert [each["file_id"] for each in changed.body["attachments"]] == ["b", "c", "a"]


def test_an_optional_member_of_a_row_that_was_emptied_is_absent() -> None:
    draft = generation(
        "happyhorse-1-0",
        referenceMediaItems=[{"url": "https://a/1", "kind": "image", "name": "x"}],
    )
    changed = typed(GENERATION, draft, body__params__referenceMediaItems__0__name="")
    assert changed.body["params"]["referenceMediaItems"] == [
        {"url": "https://a/1", "kind": "image"}
    ]


def test_an_emptied_query_parameter_is_absent() -> None:
    operation = operations.get("webhooks.list")
    draft = Draft(query={"limit": "5", "unknown": "x"})
    assert typed(operation, draft, query__limit="").query == {"unknown": "x"}
    assert typed(operation, draft, query__limit="7").query == {"limit": "7", "unknown": "x"}


def test_a_mistyped_value_is_shown_as_json_and_can_be_mended_there() -> None:
    draft = replace(initial(CHAT), body={**initial(CHAT).body, "message": ["a"]})
    field = field_at(form_of(CHAT, draft), "body/message")
    assert field.kind is Kind.OBJECT
    assert field.errors
    assert typed(CHAT, draft, body__message='"mended"').body["message"] == "mended"
    broken = typed(CHAT, draft, body__message='["a"')
    assert broken.body["message"] == '["a"'


def test_line_ends_are_those_that_the_person_typed() -> None:
    draft = typed(CHAT, initial(CHAT), body__message="one\r\ntwo")
    assert draft.body["message"] == "one\ntwo"


def test_the_file_is_known_by_its_name_alone() -> None:
    draft = typed(UPLOAD, initial(UPLOAD), body__file="C:\\fakepath\\a b.png")
    assert draft.body["file"] == "a b.png"


def test_headers_are_read_in_pairs_and_never_carry_a_key() -> None:
    def change(data: QueryDict) -> None:
        data.setlist("header-name", ["X-One", "", "authorization", " X-Two "])
        data.setlist("header-value", ["1", "", "Bearer of-mine", "2"])

    draft = after(CHAT, initial(CHAT), change)
    assert draft.headers == {"X-One": "1", "X-Two": "2"}
    assert len(draft.notes) == 1
    assert "of-mine" not in repr(draft)


def test_a_key_in_the_hidden_input_is_not_kept_either() -> None:
    data = QueryDict(mutable=True)
    data["extras"] = json.dumps({"headers": {"Authorization": "of-mine"}, "body": {}})
    assert "of-mine" not in repr(forms.read(CHAT, data, initial(CHAT)))


# -- Two editors, one truth ----------------------------------------------------------------------


def test_the_json_editor_is_the_truth_while_it_is_open() -> None:
    draft = typed(CHAT, initial(CHAT), editor="json", json='{"model": "x"}', body__message="no")
    assert draft.body == {"model": "x"}


def test_a_text_that_does_not_parse_keeps_the_body_and_its_error_is_told() -> None:
    start = initial(CHAT)
    draft = typed(CHAT, start, editor="json", json='{"model": ')
    assert draft.body == start.body
    assert draft.text == '{"model": '
    (problem,) = forms.check(CHAT, draft)
    assert (problem.pointer, problem.message[:6]) == ("", "Line 1")


def test_the_addresss_fields_are_read_with_either_editor() -> None:
    operation = operations.get("webhooks.update")
    draft = typed(
        operation, initial(operation), editor="json", json="{}", path__endpointId="whend_1"
    )
    assert draft.path == {"endpointId": "whend_1"}


def test_a_post_without_the_editors_text_loses_nothing() -> None:
    start = initial(CHAT)
    assert typed(CHAT, start, editor="json").body == start.body


# -- Another model -------------------------------------------------------------------------------


def choose(draft: Draft, model_id: str) -> Draft:
    return typed(GENERATION, draft, body__model=model_id)


def test_another_model_keeps_the_prompt_and_the_parameters_that_it_has_too() -> None:
    draft = typed(GENERATION, generation("kling-2-6", aspect_ratio="9:16"), body__prompt="Mine")
    draft = choose(draft, "z-image")
    assert draft.body == {
        "model": "z-image",
        "prompt": "Mine",
        "params": {"aspect_ratio": "9:16"},
    }
    (note,) = draft.notes
    assert "duration" in note
    assert "sound" in note
    back = choose(draft, "kling-2-6")
    assert back.body["params"] == {"aspect_ratio": "9:16", "duration": "5", "sound": "false"}
    assert back.aside == {}


def test_a_value_that_the_new_model_refuses_gives_way_to_its_default_and_comes_back() -> None:
    draft = choose(generation("nano-banana-2", aspect_ratio="8:1"), "z-image")
    assert draft.body["params"] == {"aspect_ratio": "1:1"}
    assert draft.aside["/params/aspect_ratio"] == "8:1"
    assert any("aspect_ratio" in note for note in draft.notes)


def test_edits_made_in_the_same_post_as_the_new_model_count() -> None:
    draft = typed(
        GENERATION,
        generation("kling-2-6"),
        body__model="kling-3-0",
        body__params__duration="10",
        body__prompt="Edited",
    )
    assert draft.body["prompt"] == "Edited"
    assert draft.body["params"]["duration"] == "10"
    assert draft.body["params"]["mode"] == "pro"


def test_inputs_of_the_new_model_may_come_with_it() -> None:
    draft = typed(
        GENERATION,
        generation("z-image"),
        body__model="kling-2-6",
        body__params__duration="10",
        include__params__duration="on",
    )
    assert draft.body["params"]["duration"] == "10"


def test_keys_that_no_model_knows_stay_with_another_model() -> None:
    draft = choose(generation("z-image", mine=1), "4o-image")
    assert draft.body["params"]["mine"] == 1


@given(st.lists(st.sampled_from([each.id for each in catalog.generation_models()]), max_size=5))
@settings(max_examples=40, deadline=None)
def test_going_through_models_and_back_loses_nothing(model_ids: list[str]) -> None:
    start = generation("kling-2-6", duration="10", aspect_ratio="16:9", sound="true", mine=[1])
    draft = start
    for model_id in model_ids:
        draft = choose(draft, model_id)
        assert model_of(draft) == model_id
    back = choose(draft, "kling-2-6").body
    assert back["prompt"] == start.body["prompt"]
    kept = {**back["params"], "duration": "10", "aspect_ratio": "16:9"}
    assert kept["sound"] == "true"
    assert kept["mine"] == [1]


def model_of(draft: Draft) -> Any:
    return draft.body["model"]


def test_an_unknown_model_has_its_parameters_in_one_field() -> None:
    form = form_of(GENERATION, initial(GENERATION, "model-of-tomorrow"))
    assert field_at(form, "body/params").kind is Kind.OBJECT
    assert field_at(form, "body/model").errors == ("Is not a known model",)


# -- What is wrong -------------------------------------------------------------------------------


def test_each_problem_stands_at_its_field() -> None:
    draft = generation(
        "happyhorse-1-0", duration=99, referenceMediaItems=[{"url": "x", "kind": "hologram"}]
    )
    draft = replace(draft, body={**draft.body, "prompt": "x" * 5001})
    form = form_of(GENERATION, draft)
    assert field_at(form, "body/params/duration").errors == ("Must be 15 or less",)
    assert field_at(form, "body/prompt").errors == ("Must have at most 5000 characters",)
    assert field_at(form, "body/params/referenceMediaItems/0/kind").errors
    assert field_at(form, "body/params/referenceMediaItems/0/url").errors
    assert form.loose == ()
    assert {field.name for field, _ in form.problems if field} >= {"body/prompt"}


def test_a_problem_without_a_field_is_loose() -> None:
    form = form_of(GENERATION, generation("z-image", mine=1))
    assert [problem.pointer for problem in form.loose] == ["/params/mine"]
    assert form.problems[-1][0] is None
    assert form_of(GENERATION, Draft(body=[1])).body[0].errors


def test_ids_limits_and_headers_are_checked() -> None:
    operation = operations.get("webhooks.deliveries")
    draft = Draft(
        path={"endpointId": " "},
        query={"limit": "1000"},
        headers={"X Y": "1", "X-Line": "a\nb", "Idempotency-Key": ""},
    )
    found = {each.pointer for each in forms.check(operation, draft)}
    assert found == {
        "path/endpointId",
        "query/limit",
        "headers/X Y",
        "headers/X-Line",
        "headers/Idempotency-Key",
    }
    form = form_of(operation, draft)
    assert field_at(form, "query/limit").errors == ("Must be 100 or less",)
    assert all(row.errors for row in form.headers)


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://localhost/", "https://10.0.0.1/", "https://u:p@e.com/"]
)
def test_a_webhooks_address_is_checked_by_the_contract(url: str) -> None:
    draft = replace(initial(WEBHOOK), body={"url": url})
    assert [each.pointer for each in forms.check(WEBHOOK, draft)] == ["/url"]


def test_an_upload_is_checked_against_its_model() -> None:
    def pointers(**body: Any) -> set[str]:
        return {each.pointer for each in forms.check(UPLOAD, Draft(body=body))}

    assert pointers(kind="image", file="a.png") == set()
    assert pointers(kind="image") == {"/file"}
    assert pointers(kind="video", file="a.mp4", model="gpt-image-2") == {"/kind"}
    assert pointers(kind="image", file="a.png", model="z-image") == {"/model"}
    assert pointers(file="a.png") == {"/kind"}


names = st.sampled_from(
    [
        "extras",
        "editor",
        "json",
        "header-name",
        "header-value",
        "add",
        "remove",
        "body/model",
        "body/prompt",
        "body/params/duration",
        "include/params/duration",
        "body/params",
        "body/",
        "body/params/referenceMediaItems",
        "body/params/referenceMediaItems/0/url",
        "path/taskId",
        "query/limit",
        "body/event_types",
        "body/attachments",
        "body/attachments/x/file_id",
    ]
)
posted = st.sampled_from(
    [
        "json",
        "form",
        "on",
        "",
        "{",
        "[]",
        "null",
        '{"body": [1]}',
        '{"body": {"params": 1}}',
        '{"aside": 1, "path": [], "query": {"a": 1}, "headers": "x", "body": {"model": {}}}',
        "kling-2-6",
        "z-image",
        "0",
        "-1",
        "99999999999999999999",
        "body/attachments",
        "\x00",
        "body/params/referenceMediaItems",
        "body/params/referenceMediaItems/0",
    ]
)


@given(
    st.sampled_from(operations.CATALOG),
    st.dictionaries(names, st.lists(posted | st.text(max_size=8), min_size=1, max_size=3)),
)
@settings(max_examples=400, deadline=None)
def test_nothing_that_is_posted_makes_reading_raise(
    operation: Operation, inputs: dict[str, list[str]]
) -> None:
    data = QueryDict(mutable=True)
    for name, values in inputs.items():
        data.setlist(name, values)
    draft = forms.read(operation, data, initial(operation))
    form = form_of(operation, draft)
    json.dumps(draft.body)
    assert form.hidden[0][0] == "extras"
