"""The model catalogue as data, and its typed reader.

``catalog.json`` holds the models in the shape of ``GET /models``. Keys that start with an
underscore are notes about where a fact was read and what was guessed: they are read here and
never leave through ``Model.public``. Four synthetic models show the states that no documented
model shows; they exist only in the emulator and say so.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final


class Category(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    CHAT = "chat"


class ParamType(StrEnum):
    """How a parameter is typed; ``dialogue`` is the list of lines of one audio model."""

    SELECT = "select"
    NUMBER = "number"
    TEXT = "text"
    DIALOGUE = "dialogue"


AVAILABLE: Final = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindLimit:
    """The largest size (in MB) and the MIME types of one kind of file."""

    max_mb: int
    mime: tuple[str, ...]


_VIDEO_MIME: Final = ("video/mp4", "video/quicktime", "video/webm")
_AUDIO_MIME: Final = (
    "audio/mpeg",
    "audio/mp4",
    "audio/wav",
    "audio/x-wav",
    "audio/aac",
    "audio/ogg",
)
DEFAULT_LIMITS: Final[Mapping[str, KindLimit]] = {
    "image": KindLimit(max_mb=10, mime=("image/jpeg", "image/png", "image/webp")),
    "video": KindLimit(max_mb=50, mime=_VIDEO_MIME),
    "audio": KindLimit(max_mb=10, mime=_AUDIO_MIME),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRules:
    """Which reference media a model takes; ``max_files`` is None where no page tells it."""

    max_files: int | None
    kinds: tuple[str, ...]
    limits: Mapping[str, KindLimit] = field(hash=False)
    rule: str | None

    def limit(self, kind: str) -> KindLimit:
        """The model's own limit of a kind, or the default one; KeyError for an unknown kind."""
        return self.limits.get(kind) or DEFAULT_LIMITS[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelParam:
    """One parameter of a model, under the exact key that the API expects."""

    key: str
    type: ParamType
    required: bool
    default: str | int | float | None
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCapabilities:
    """What a chat model can do; None where no page tells it."""

    non_streaming: bool | None
    streaming: bool | None
    web_search: bool | None
    image_attachments: bool | None
    thoughts: bool | None
    reasoning_efforts: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. ``assumed`` and ``inferred`` name the fields that no page states."""

    id: str
    display_name: str
    category: Category
    runtime: str
    base_credits: float
    billing_type: str
    supported_modes: tuple[str, ...]
    max_prompt_length: int | None
    references: ReferenceRules | None
    params: tuple[ModelParam, ...]
    api_status: str
    api_input_status: str
    supported_api_inputs: tuple[str, ...]
    requires_files_api: bool
    requires_upload_for_modes: tuple[str, ...]
    url_input_supported: bool
    file_kinds: tuple[str, ...]
    chat_capabilities: ChatCapabilities | None
    notices: tuple[str, ...]
    prompt_required: bool
    params_required: bool
    synthetic: bool
    assumed: tuple[str, ...]
    inferred: tuple[str, ...]
    gaps: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def is_chat(self) -> bool:
        """True when the model belongs to the Chat API and not to generations."""
        return self.category is Category.CHAT

    @property
    def available(self) -> bool:
        """True when at least one way of the API reaches the model."""
        return self.api_status == AVAILABLE

    def param(self, key: str) -> ModelParam | None:
        """The parameter with this key."""
        return next((item for item in self.params if item.key == key), None)

    def limit(self, kind: str) -> KindLimit:
        """The limit that an upload of this kind meets; KeyError for an unknown kind."""
        return self.references.limit(kind) if self.references else DEFAULT_LIMITS[kind]

    def public(self) -> dict[str, Any]:
        """The model as ``GET /models`` shows it: a fresh copy without our notes."""
        shown = {key: value for key, value in self.raw.items() if not key.startswith("_")}
        return copy.deepcopy(shown)


def models() -> tuple[Model, ...]:
    """Every model, synthetic ones last, in the order of the documentation."""
    return _read()


def get(model_id: object) -> Model | None:
    """The model with this id; None for anything else, whatever its type."""
    return _by_id().get(model_id) if isinstance(model_id, str) else None


def generation_models() -> tuple[Model, ...]:
    """Every model that makes media, available or not."""
    return tuple(model for model in _read() if not model.is_chat)


def chat_models() -> tuple[Model, ...]:
    """Every model of the Chat API."""
    return tuple(model for model in _read() if model.is_chat)


def category_counts(*, synthetic: bool = False) -> dict[Category, int]:
    """How many models each category holds; documented ones only unless ``synthetic``."""
    counts = dict.fromkeys(Category, 0)
    for model in _read():
        if synthetic or not model.synthetic:
            counts[model.category] += 1
    return counts


@cache
def _read() -> tuple[Model, ...]:
    text = resources.files(__package__).joinpath("catalog.json").read_text(encoding="utf-8")
    return tuple(_model(raw) for raw in json.loads(text)["data"])


@cache
def _by_id() -> dict[str, Model]:
    return {model.id: model for model in _read()}


def _model(raw: dict[str, Any]) -> Model:
    return Model(
        id=raw["id"],
        display_name=raw["display_name"],
        category=Category(raw["category"]),
        runtime=raw["runtime"],
        base_credits=raw["base_credits"],
        billing_type=raw["billing_type"],
        supported_modes=tuple(raw["supported_modes"]),
        max_prompt_length=raw["max_prompt_length"],
        references=_references(raw["reference_media"]),
        params=tuple(_param(item) for item in raw["params"]),
        api_status=raw["api_status"],
        api_input_status=raw["api_input_status"],
        supported_api_inputs=tuple(raw["supported_api_inputs"]),
        requires_files_api=raw["requires_files_api"],
        requires_upload_for_modes=tuple(raw["requires_upload_for_modes"]),
        url_input_supported=raw["url_input_supported"],
        file_kinds=tuple(raw["file_kinds"]),
        chat_capabilities=_capabilities(raw["chat_capabilities"]),
        notices=tuple(raw["notices"]),
        prompt_required=raw["_prompt_required"],
        params_required=raw["_params_required"],
        synthetic=raw.get("_synthetic", False),
        assumed=tuple(raw["_assumed"]),
        inferred=tuple(raw["_inferred"]),
        gaps=raw["_gaps"],
        raw=raw,
    )


def _references(raw: dict[str, Any] | None) -> ReferenceRules | None:
    if raw is None:
        return None
    limits = {
        kind: KindLimit(max_mb=limit["max_mb"], mime=tuple(limit["mime"]))
        for kind, limit in raw["limits"].items()
    }
    return ReferenceRules(
        max_files=raw["max_files"], kinds=tuple(raw["kinds"]), limits=limits, rule=raw["rule"]
    )


def _param(raw: dict[str, Any]) -> ModelParam:
    return ModelParam(
        key=raw["key"],
        type=ParamType(raw["type"]),
        required=raw["required"],
        default=raw.get("default"),
        options=tuple(raw.get("options", ())),
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        step=raw.get("step"),
        label=raw.get("label"),
    )


def _capabilities(raw: dict[str, Any] | None) -> ChatCapabilities | None:
    if raw is None:
        return None
    efforts = raw["reasoning_efforts"]
    return ChatCapabilities(
        non_streaming=raw["non_streaming"],
        streaming=raw["streaming"],
        web_search=raw["web_search"],
        image_attachments=raw["image_attachments"],
        thoughts=raw["thoughts"],
        reasoning_efforts=None if efforts is None else tuple(efforts),
    )
