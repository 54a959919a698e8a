"""Which fields a request has: from the operation's schema and from the chosen model.

A spec says what a field is before it has a value. Bounds, options and texts come from the
contract's schemas and catalogue; this module only decides which inputs show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from debugger.contract import catalog, operations, schemas
from debugger.contract.operations import Operation
from debugger.panels.forms.field import LISTS, Choice, Kind
from debugger.panels.forms.words import (
    constraint,
    needs,
    reference_limits,
    schema_constraint,
    shown,
)
from debugger.panels.jsontext import write_json

GENERATION: Final = "generations.create"
UPLOAD: Final = "files.create"
REFERENCES_KEY: Final = "referenceMediaItems"
_LONG_TEXT: Final = 1000
_LIST_KINDS: Final = {
    REFERENCES_KEY: Kind.REFERENCES,
    "attachments": Kind.ATTACHMENTS,
    "dialogue": Kind.DIALOGUE,
}
_NAMED_KINDS: Final = {
    "model": Kind.MODEL,
    "file": Kind.FILE,
    "prompt": Kind.TEXTAREA,
    "message": Kind.TEXTAREA,
}
_TYPED_KINDS: Final = {
    "boolean": Kind.SWITCH,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "object": Kind.OBJECT,
}
_PARAM_KINDS: Final = {
    catalog.ParamType.SELECT: Kind.SELECT,
    catalog.ParamType.NUMBER: Kind.NUMBER,
    catalog.ParamType.TEXT: Kind.TEXT,
    catalog.ParamType.DIALOGUE: Kind.DIALOGUE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A field without its value; ``keys`` is its way inside its part of the request."""

    part: str
    keys: tuple[str, ...]
    kind: Kind
    label: str
    help: str = ""
    constraint: str = ""
    placeholder: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    items: tuple[Spec, ...] = ()
    assumed: str | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    group: str = ""
    in_item: bool = False

    @property
    def name(self) -> str:
        """The input's name."""
        return "/".join((self.part, *self.keys))

    @property
    def pointer(self) -> str:
        """Where problems about this field point to."""
        return schemas.pointer(self.keys) if self.part == "body" else self.name

    @property
    def include_name(self) -> str:
        """The include check-box's name; empty where there is none, because empty means absent."""
        if self.required or self.in_item or self.part != "body" or self.kind in LISTS:
            return ""
        return "include" + self.pointer


def path_specs(operation: Operation) -> tuple[Spec, ...]:
    """The parameters inside the address."""
    return tuple(_parameter("path", each, required=True) for each in operation.path_params)


def query_specs(operation: Operation) -> tuple[Spec, ...]:
    """The parameters behind the question mark."""
    return tuple(_parameter("query", each, required=False) for each in operation.query_params)


def body_specs(operation: Operation, body: Any) -> tuple[Spec, ...]:
    """The fields of the body as it is now: its model decides which parameters there are."""
    if operation.request is None:
        return () if body is None else (_whole(),)
    if body is not None and not isinstance(body, dict):
        return (_whole(),)
    schema = schemas.resolved(operation.request)
    required = frozenset(schema.get("required", ()))
    specs: list[Spec] = []
    for key, sub in schema["properties"].items():
        if key == "params" and operation.id == GENERATION:
            specs.extend(_params_specs(sub, body or {}))
        else:
            spec = _property((key,), sub, required=key in required)
            specs.append(_with_model(operation, body or {}, spec))
    return tuple(specs)


def known_keys(operation: Operation) -> frozenset[str]:
    """The names at the top of the body that the schema describes."""
    if operation.request is None:
        return frozenset()
    return frozenset(schemas.component(operation.request)["properties"])


def model_choices(operation: Operation) -> tuple[Choice, ...]:
    """The models that the operation can name, in groups, each with its price and its needs."""
    models: Iterable[catalog.Model] = catalog.chat_models()
    if operation.id == UPLOAD:
        models = (each for each in catalog.models() if each.file_kinds)
    elif operation.id == GENERATION:
        models = catalog.generation_models()
    return tuple(
        Choice(value=each.id, label=each.display_name, group=each.category, note=needs(each))
        for each in models
    )


def _parameter(part: str, parameter: operations.Parameter, *, required: bool) -> Spec:
    is_integer = parameter.type == "integer"
    return Spec(
        part=part,
        keys=(parameter.name,),
        kind=Kind.NUMBER if is_integer else Kind.TEXT,
        label=shown(parameter.title),
        help=shown(parameter.help),
        constraint=constraint(minimum=parameter.minimum, maximum=parameter.maximum),
        placeholder=parameter.example,
        required=required,
        assumed=parameter.assumed,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        step=1 if is_integer else None,
    )


def _whole() -> Spec:
    return Spec(
        part="body",
        keys=(),
        kind=Kind.OBJECT,
        label=_("Body"),
        help=_("This body has no fields of its own, so it is shown as JSON."),
        required=True,
    )


def _property(
    keys: tuple[str, ...], schema: Mapping[str, Any], *, required: bool, in_item: bool = False
) -> Spec:
    """The field for one property of a resolved schema."""
    kind = _kind(keys[-1], schema)
    return Spec(
        part="body",
        keys=keys,
        kind=kind,
        label=keys[-1] if in_item else shown(schema.get("title", keys[-1])),
        help=shown(schema.get("description", "")),
        constraint=schema_constraint(schema, kind, said=shown(schema.get("description", ""))),
        placeholder=_example(schema),
        required=required,
        default=schema.get("default"),
        choices=_options(_enum(schema), schema.get("default")),
        items=_item_specs(schema) if kind in LISTS else (),
        assumed=schema.get("x-assumed"),
        max_length=schema.get("maxLength"),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        step=schema.get("multipleOf"),
        in_item=in_item,
    )


def _kind(key: str, schema: Mapping[str, Any]) -> Kind:
    if key in _NAMED_KINDS:
        return _NAMED_KINDS[key]
    if schema.get("type") == "array":
        return _LIST_KINDS.get(key, Kind.MULTI if _enum(schema) else Kind.OBJECT)
    if _enum(schema):
        return Kind.SELECT
    if found := _TYPED_KINDS.get(str(schema.get("type"))):
        return found
    return Kind.TEXTAREA if schema.get("maxLength", 0) >= _LONG_TEXT else Kind.TEXT


def _enum(schema: Mapping[str, Any]) -> tuple[str, ...]:
    source = schema.get("items", schema)
    return tuple(each for each in source.get("enum", ()) if isinstance(each, str))


def _options(values: tuple[str, ...], default: Any) -> tuple[Choice, ...]:
    """The choices of a list; the one that holds anyway says so, unless that is its name."""
    return tuple(
        Choice(value=each, label=each, note=_("default") if each == default != "default" else "")
        for each in values
    )


def _example(schema: Mapping[str, Any]) -> str:
    for each in schema.get("examples", ()):
        return each if isinstance(each, str) else write_json(each, indent=None)
    return ""


def _item_specs(schema: Mapping[str, Any]) -> tuple[Spec, ...]:
    required = frozenset(schema["items"].get("required", ()))
    return tuple(
        _property((key,), sub, required=key in required, in_item=True)
        for key, sub in schema["items"]["properties"].items()
    )


def _with_model(operation: Operation, body: Mapping[str, Any], spec: Spec) -> Spec:
    """The spec with what only the catalogue knows: the models to choose, the prompt's limit."""
    if spec.kind is Kind.MODEL:
        return replace(spec, choices=model_choices(operation))
    model = catalog.get(body.get("model"))
    if spec.keys != ("prompt",) or model is None:
        return spec
    limit = model.max_prompt_length
    return replace(
        spec,
        required=model.prompt_required,
        max_length=limit,
        constraint="" if limit else _("No documented limit."),
    )


def _params_specs(schema: Mapping[str, Any], body: Mapping[str, Any]) -> list[Spec]:
    """One spec for each parameter of the chosen model; one for all where that is impossible."""
    model = catalog.get(body.get("model"))
    params = body.get("params", {})
    if model is None or not isinstance(params, dict):
        return [_property(("params",), schema, required=False)]
    specs = [_param_spec(model, param, schema) for param in model.params]
    if takes_references(model):
        specs.append(_references_spec(model, schema))
    return specs


def takes_references(model: catalog.Model) -> bool:
    """Whether the form offers reference media for this model."""
    return model.references is not None or model.requires_files_api


def _param_spec(model: catalog.Model, param: catalog.ModelParam, schema: Mapping[str, Any]) -> Spec:
    spec = Spec(
        part="body",
        keys=("params", param.key),
        kind=_PARAM_KINDS[param.type],
        label=param.key,
        help=shown(param.label or ""),
        constraint=constraint(
            kind=_PARAM_KINDS[param.type],
            minimum=param.minimum,
            maximum=param.maximum,
            step=param.step,
            default=param.default,
        ),
        required=param.required,
        default=param.default,
        choices=_options(param.options, param.default),
        minimum=param.minimum,
        maximum=param.maximum,
        step=param.step,
        group="params",
    )
    if spec.kind is not Kind.DIALOGUE:
        return spec
    return replace(
        spec,
        help=shown(schema["properties"]["dialogue"]["description"]),
        items=_dialogue_items(model, schema["properties"]["dialogue"]),
    )


def _dialogue_items(model: catalog.Model, schema: Mapping[str, Any]) -> tuple[Spec, ...]:
    """The fields of one line; the voices are those that the model lists for its default."""
    voices = model.param("default_voice")
    choices = tuple(Choice(value=each, label=each) for each in voices.options) if voices else ()
    return tuple(
        replace(spec, kind=Kind.SELECT, choices=choices)
        if spec.keys == ("voice",) and choices
        else replace(spec, kind=Kind.TEXTAREA)
        for spec in _item_specs(schema)
    )


def _references_spec(model: catalog.Model, schema: Mapping[str, Any]) -> Spec:
    found = schema["properties"][REFERENCES_KEY]
    return replace(
        _property(("params", REFERENCES_KEY), found, required=model.requires_files_api),
        label=REFERENCES_KEY,
        constraint=reference_limits(model),
        group="params",
    )
