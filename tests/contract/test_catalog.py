"""The models as data."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.contract import catalog, schemas
from debugger.contract.catalog import Category, ParamType


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys_of(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(keys_of(item) for item in value))
    return set()


def test_the_54_documented_models_are_there_by_category() -> None:
    assert catalog.category_counts() == {
        Category.IMAGE: 23,
        Category.VIDEO: 21,
        Category.AUDIO: 5,
        Category.CHAT: 5,
    }
    assert len(catalog.generation_models()) + len(catalog.chat_models()) == len(catalog.models())


def test_ids_are_unique_and_found() -> None:
    ids = [model.id for model in catalog.models()]
    assert len(set(ids)) == len(ids)
    assert all(catalog.get(name) is not None for name in ids)


@pytest.mark.parametrize("name", ["", "Z-image", None, 5, [], {}])
def test_anything_else_is_no_model(name: object) -> None:
    assert catalog.get(name) is None


def test_every_state_is_shown_by_some_model() -> None:
    assert {model.api_status for model in catalog.models()} == {
        "available",
        "coming_soon",
        "studio_only",
    }
    assert {model.api_input_status for model in catalog.models()} == {
        "available_text",
        "available_url_input",
        "partial_requires_files",
        "requires_files_api",
    }


def test_synthetic_models_say_so_to_programs_and_to_people() -> None:
    synthetic = [model for model in catalog.models() if model.synthetic]
    assert [model.id for model in synthetic] == [
        "sandbox-needs-file",
        "sandbox-url-input",
        "sandbox-coming-soon",
        "sandbox-studio-only",
    ]
    for model in synthetic:
        assert model.notices == ("Synthetic: exists only in the emulator.",)
    assert not any(model.notices for model in catalog.models() if not model.synthetic)


def test_our_notes_never_leave_and_a_caller_cannot_change_the_data() -> None:
    for model in catalog.models():
        shown = model.public()
        assert not [key for key in keys_of(shown) if key.startswith("_")]
        assert schemas.validate("PublicApiModel", shown) == []
        shown["params"].append("mine")
        assert "mine" not in model.public()["params"]


def test_the_first_model_is_the_documented_sample() -> None:
    model = catalog.get("z-image")
    assert model is not None
    assert model.public() == {
        "id": "z-image",
        "display_name": "Z-Image",
        "category": "image",
        "runtime": "async_task",
        "base_credits": 1,
        "billing_type": "FIXED",
        "supported_modes": ["text-to-image"],
        "max_prompt_length": 1000,
        "reference_media": None,
        "params": [
            {
                "key": "aspect_ratio",
                "type": "select",
                "required": False,
                "default": "1:1",
                "options": ["1:1", "4:3", "3:4", "16:9", "9:16"],
            }
        ],
        "api_status": "available",
        "api_input_status": "available_text",
        "supported_api_inputs": ["text"],
        "requires_files_api": False,
        "requires_upload_for_modes": [],
        "url_input_supported": False,
        "file_kinds": [],
        "chat_capabilities": None,
        "notices": [],
    }
    assert model.assumed == ("params",)


def test_every_parameter_is_consistent_with_itself() -> None:
    for model in catalog.models():
        keys = [param.key for param in model.params]
        assert len(set(keys)) == len(keys), model.id
        for param in model.params:
            assert (param.type is ParamType.SELECT) == bool(param.options), (model.id, param.key)
            if param.default is not None and param.options:
                assert param.default in param.options, (model.id, param.key)
            if isinstance(param.default, (int, float)):
                assert param.minimum is None or param.default >= param.minimum
                assert param.maximum is None or param.default <= param.maximum


def test_limits_of_a_model_stand_before_the_default_ones() -> None:
    happyhorse = catalog.get("happyhorse-1-0")
    seedream = catalog.get("seedream-4-0")
    assert happyhorse is not None
    assert seedream is not None
    assert happyhorse.limit("video").max_mb == 95
    assert happyhorse.limit("video").mime == ("video/mp4", "video/quicktime")
    assert seedream.limit("image") == catalog.DEFAULT_LIMITS["image"]


def test_what_is_guessed_of_a_model_names_its_fields() -> None:
    for model in catalog.models():
        assert set(model.assumed) | set(model.inferred) <= set(model.public()), model.id


def test_only_models_that_read_images_take_chat_attachments() -> None:
    able = {
        model.id: model.chat_capabilities.image_attachments
        for model in catalog.chat_models()
        if model.chat_capabilities
    }
    assert able.pop("claude-sonnet-4-6-chat") is False
    assert len(able) == 4
    assert all(able.values())


def test_models_can_be_members_of_a_set() -> None:
    assert len(set(catalog.models())) == len(catalog.models())
