"""Which generations are accepted: rules of every model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract import catalog
from debugger.contract.assumptions import DEFAULTS, with_overrides
from debugger.contract.catalog import Model, ModelParam, ParamType
from debugger.contract.rules import Problem, chat_credits, generation_problems, reserved_credits

AVAILABLE = [model for model in catalog.generation_models() if model.available]
PARAMS = [(model, param) for model in AVAILABLE for param in model.params]
WITH_REFERENCES = [model for model in AVAILABLE if model.references]


def item(kind: str = "image", **changes: Any) -> dict[str, Any]:
    token = {} if kind == "image" else {"durationToken": "token"}
    return {"url": f"https://media.example/a.{kind}", "kind": kind, **token, **changes}


def valid_params(model: Model) -> dict[str, Any]:
    """The least that a model needs."""
    params: dict[str, Any] = {}
    for param in model.params:
        if param.type is ParamType.DIALOGUE:
            params[param.key] = [{"voice": "Adam", "text": "Hello."}]
        elif param.required:
            params[param.key] = param.default or "https://media.example/a.png"
    if model.requires_files_api:
        params["referenceMediaItems"] = [item()]
    return params


def body_of(model: Model | str, /, **params: Any) -> dict[str, Any]:
    found = catalog.get(model) if isinstance(model, str) else model
    assert found is not None
    return {"model": found.id, "prompt": "A rose", "params": {**valid_params(found), **params}}


def problems(body: object, **overrides: object) -> list[tuple[str, str]]:
    assumptions = with_overrides(overrides)
    found = generation_problems(body, assumptions=assumptions)
    return [(problem.pointer, problem.message) for problem in found]


def places(body: object) -> list[str]:
    return [problem.pointer for problem in generation_problems(body)]


@pytest.mark.parametrize("model", AVAILABLE, ids=lambda model: model.id)
def test_the_least_request_of_every_model_is_accepted(model: Model) -> None:
    assert problems(body_of(model)) == []


@pytest.mark.parametrize("model", AVAILABLE, ids=lambda model: model.id)
def test_every_model_accepts_all_of_its_defaults(model: Model) -> None:
    defaults = {param.key: param.default for param in model.params if param.default is not None}
    assert problems(body_of(model, **defaults)) == []


@pytest.mark.parametrize(
    ("model", "param"), PARAMS, ids=[f"{model.id}-{param.key}" for model, param in PARAMS]
)
def test_every_parameter_accepts_its_range_and_refuses_the_rest(
    model: Model, param: ModelParam
) -> None:
    good, bad = samples(param)
    for value in good:
        assert problems(body_of(model, **{param.key: value})) == [], value
    for value in bad:
        found = places(body_of(model, **{param.key: value}))
        assert found, value
        assert all(place.startswith(f"/params/{param.key}") for place in found), value


def samples(param: ModelParam) -> tuple[list[Any], list[Any]]:
    """Values inside and outside of a parameter's range."""
    if param.type is ParamType.SELECT:
        return list(param.options), ["no such option", "", None, [], {}, float("nan")]
    if param.type is ParamType.TEXT:
        return ["", "text", "1"], [1, None, True, []]
    if param.type is ParamType.DIALOGUE:
        return [[{"voice": "A", "text": "B"}]], [[], None, "x", [{}], [{"voice": "", "text": "x"}]]
    good: list[Any] = []
    bad: list[Any] = ["1", None, True, float("nan"), float("inf"), []]
    for bound, outside in ((param.minimum, -1), (param.maximum, 1)):
        if bound is not None:
            good.append(bound)
            bad.append(bound + outside * (param.step or 1))
    if param.step:
        bad.append((param.minimum or 0) + param.step * 1.5)
        good.append((param.minimum or 0) + param.step)
    return good, bad


@pytest.mark.parametrize("model", AVAILABLE, ids=lambda model: model.id)
def test_the_prompt_of_every_model_is_limited_in_characters(model: Model) -> None:
    limit = model.max_prompt_length
    if limit is None:
        assert problems({**body_of(model), "prompt": "क" * 50_000}) == []
        return
    assert problems({**body_of(model), "prompt": "क" * limit}) == []
    assert problems({**body_of(model), "prompt": "क" * (limit + 1)}) == [
        ("/prompt", f"must have at most {limit} characters")
    ]


@pytest.mark.parametrize("model", WITH_REFERENCES, ids=lambda model: model.id)
def test_every_model_with_references_counts_them(model: Model) -> None:
    assert model.references is not None
    most = model.references.max_files
    if model.id == "happyhorse-1-0":
        most = 9
    assert places(body_of(model, referenceMediaItems=[item()] * (most or 50))) == []
    if most is not None:
        many = body_of(model, referenceMediaItems=[item()] * (most + 1))
        assert places(many) == ["/params/referenceMediaItems"]


@pytest.mark.parametrize("model", AVAILABLE, ids=lambda model: model.id)
def test_every_model_takes_the_kinds_that_it_documents_only(model: Model) -> None:
    for kind in ("image", "video", "audio"):
        found = places(body_of(model, referenceMediaItems=[item(kind)]))
        if model.references is None:
            assert found == ["/params/referenceMediaItems"]
        elif kind in model.references.kinds:
            assert found == []
        else:
            assert found == ["/params/referenceMediaItems/0/kind"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([item()] * 9, None),
        ([item("video"), *[item()] * 5], None),
        ([item()] * 10, "must have at most 9 images"),
        ([item("video"), *[item()] * 6], "must have at most 5 images beside a video"),
        ([item("video")] * 2, "must have at most 1 video"),
    ],
)
def test_happyhorse_takes_nine_images_or_a_video_with_five(
    items: list[dict[str, Any]], message: str | None
) -> None:
    expected = [("/params/referenceMediaItems", message)] if message else []
    assert problems(body_of("happyhorse-1-0", referenceMediaItems=items)) == expected


def test_wan_2_6_takes_one_image_or_one_video() -> None:
    assert problems(body_of("wan-2-6", referenceMediaItems=[item("video")])) == []
    both = problems(body_of("wan-2-6", referenceMediaItems=[item(), item("video")]))
    assert both == [("/params/referenceMediaItems", "must be 1 image or 1 video")]


def test_a_model_that_works_from_a_file_needs_one() -> None:
    body = body_of("sandbox-needs-file")
    assert problems(body) == []
    assert places({**body, "params": {}}) == ["/params/referenceMediaItems"]
    empty = {**body, "params": {"referenceMediaItems": []}}
    assert places(empty) == ["/params/referenceMediaItems"]
    assert "/params/referenceMediaItems" in places({"model": body["model"], "prompt": "x"})


def test_a_timed_reference_needs_its_duration_token() -> None:
    without = body_of("wan-2-6", referenceMediaItems=[item("video", durationToken="")])
    assert places(without) == ["/params/referenceMediaItems/0/durationToken"]
    assert problems(without, duration_token_required=False) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data:image/png;base64,AA", "ftp://a.b/c"])
def test_a_reference_is_an_http_address(url: str) -> None:
    body = body_of("gpt-image-1-5", referenceMediaItems=[item(url=url)])
    assert "/params/referenceMediaItems/0/url" in places(body)


@pytest.mark.parametrize("broken", [5, "x", None, [], {"url": 5}, {"kind": "image"}])
def test_a_malformed_reference_is_told_at_its_place(broken: Any) -> None:
    found = places(body_of("gpt-image-1-5", referenceMediaItems=[item(), broken]))
    assert found
    assert all(place.startswith("/params/referenceMediaItems/1") for place in found)


def test_a_chat_model_an_unknown_and_a_closed_one_are_refused_with_a_reason() -> None:
    def reason(model: str) -> list[tuple[str, str]]:
        return problems({"model": model, "prompt": "x"})

    assert reason("gpt-5-2-chat") == [("/model", "is a chat model; use a chat turn instead")]
    assert reason("z-image-9") == [("/model", "is not a known model")]
    assert reason("sandbox-coming-soon") == [("/model", "is not open to the API yet")]
    assert reason("sandbox-studio-only") == [
        ("/model", "is open to the Studio only, never to the API")
    ]


def test_a_prompt_is_needed_where_the_model_says_so() -> None:
    assert problems({"model": "z-image"}) == [("/prompt", "is required")]
    assert problems({"model": "z-image", "prompt": " \n\u3000"}) == [
        ("/prompt", "must not be empty")
    ]
    dialogue = {"dialogue": [{"voice": "Adam", "text": "Hello."}]}
    assert problems({"model": "elevenlabs-dialogue-v3", "params": dialogue}) == []


def test_required_parameters_are_told_at_their_place() -> None:
    assert problems({"model": "elevenlabs-turbo-2-5", "prompt": "x"}) == [
        ("/params/voice", "is required")
    ]
    assert problems({"model": "elevenlabs-dialogue-v3"}) == [("/params/dialogue", "is required")]


def test_the_lines_of_a_dialogue_share_the_limit_of_the_prompt() -> None:
    line = {"voice": "Adam", "text": "a" * 2500}
    assert problems(body_of("elevenlabs-dialogue-v3", dialogue=[line] * 2)) == []
    assert problems(body_of("elevenlabs-dialogue-v3", dialogue=[line] * 3)) == [
        ("/params/dialogue", "must have at most 5000 characters in all")
    ]


def test_a_select_takes_the_plain_value_of_its_option_too() -> None:
    body = body_of("kling-2-6", duration=5, sound=True)
    assert problems(body) == []
    assert [place for place, _ in problems(body, select_coercion=False)] == [
        "/params/duration",
        "/params/sound",
    ]
    assert problems(body_of("elevenlabs-dialogue-v3", stability=0.5)) == []
    assert problems(body_of("elevenlabs-dialogue-v3", stability=1.0)) == []


def test_steps_are_meant_in_decimal() -> None:
    for value in (0.1 + 0.2, 2.5, 1, 9.9):
        body = body_of("seedream-3-0", guidance_scale=value if value >= 1 else value + 1)
        assert problems(body) == []
    assert places(body_of("seedream-3-0", guidance_scale=2.55)) == ["/params/guidance_scale"]


def test_a_number_of_any_size_is_judged() -> None:
    assert places(body_of("wan-2-7-image", seed=10**300)) == ["/params/seed"]
    assert problems(body_of("google-imagen4-fast", seed=10**300)) == []


def test_an_unknown_parameter_is_refused_or_let_through_as_assumed() -> None:
    body = body_of("z-image", **{"size/large~": 1})
    assert problems(body) == [("/params/size~1large~0", "is not a parameter of this model")]
    assert problems(body, unknown_params="ignore") == []


def test_files_at_the_top_are_refused_and_the_right_place_is_named() -> None:
    body = {**body_of("z-image"), "files": []}
    assert problems(body) == [("/files", "is not accepted; use params.referenceMediaItems")]


def test_a_trace_id_is_limited_as_assumed() -> None:
    body = {**body_of("z-image"), "client_request_id": "x" * 129}
    assert places(body) == ["/client_request_id"]
    assert problems(body, client_request_id_max=200) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["url", "kind", "voice", "text", "durationToken"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from(catalog.models()))
    keys = [param.key for param in model.params] + ["referenceMediaItems", "other"]
    params = draw(st.dictionaries(st.sampled_from(keys), JSON, max_size=4) | JSON)
    body: dict[str, Any] = {"model": model.id, "prompt": draw(JSON), "params": params}
    return {**body, **draw(st.dictionaries(st.sampled_from(["model", "files"]), JSON, max_size=1))}


@given(body=bodies() | JSON)
def test_no_body_raises_and_every_problem_has_a_place_and_words(body: Any) -> None:
    found = generation_problems(body)
    assert found == generation_problems(body)
    for problem in found:
        assert isinstance(problem, Problem)
        assert problem.message
        assert problem.pointer == "" or problem.pointer.startswith("/")


@pytest.mark.parametrize("kind", [[], {}, ["image"], 7, None, True])
def test_a_kind_that_is_no_word_raises_nothing(kind: object) -> None:
    for model in catalog.models():
        params = {"referenceMediaItems": [{"kind": kind, "url": "https://media.example/a.png"}]}
        generation_problems({"model": model.id, "prompt": "A boat", "params": params})


def test_the_reservation_is_the_base_price_times_the_assumed_factor() -> None:
    model = catalog.get("suno-music")
    assert model is not None
    assert reserved_credits(model, {"model": "V5"}) == 12
    assert reserved_credits(model, assumptions=with_overrides({"price_multiplier": 1.5})) == 18
    assert reserved_credits(model, assumptions=with_overrides({"price_multiplier": 0.01})) == 1


def test_a_chat_turn_costs_what_the_documented_sample_cost() -> None:
    assert DEFAULTS.token_price_per_1000 == 1.0
    assert chat_credits(1520) == 2
    assert chat_credits(0) == 1
    assert chat_credits(1000) == 1
    assert chat_credits(1520, assumptions=with_overrides({"token_price_per_1000": 10})) == 16
