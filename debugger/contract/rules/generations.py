"""Which generations are accepted: the model, the prompt and the parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from debugger.contract import catalog
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.catalog import Model, ParamType
from debugger.contract.rules.references import REFERENCES, reference_problems
from debugger.contract.rules.values import value_problems
from debugger.contract.schemas import Problem, pointer, validate

_UNAVAILABLE: Final[Mapping[str, str]] = {
    "coming_soon": "is not open to the API yet",
    "studio_only": "is open to the Studio only, never to the API",
}


def generation_problems(body: object, *, assumptions: Assumptions = DEFAULTS) -> list[Problem]:
    """What is wrong with the body of Create a generation; empty when it is accepted."""
    found = set(validate("PublicApiGenerationCreate", body))
    if isinstance(body, dict):
        found.update(_body_problems(body, assumptions))
        found.update(_model_problems(body, assumptions))
    return sorted(found)


def _body_problems(body: Mapping[str, Any], assumptions: Assumptions) -> Iterator[Problem]:
    if "files" in body:
        yield Problem("/files", "is not accepted; use params.referenceMediaItems")
    yield from trace_problems(body, assumptions)


def trace_problems(body: Mapping[str, Any], assumptions: Assumptions) -> Iterator[Problem]:
    """The caller's own trace id is limited on every operation that takes one."""
    trace, longest = body.get("client_request_id"), assumptions.client_request_id_max
    if isinstance(trace, str) and len(trace) > longest:
        yield Problem("/client_request_id", f"must have at most {longest} characters")


def _model_problems(body: Mapping[str, Any], assumptions: Assumptions) -> Iterator[Problem]:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        return
    model = catalog.get(name)
    if model is None:
        yield Problem("/model", "is not a known model")
        return
    if model.is_chat:
        yield Problem("/model", "is a chat model; use a chat turn instead")
        return
    if not model.available:
        yield Problem("/model", _UNAVAILABLE.get(model.api_status, "is not available"))
        return
    yield from _prompt_problems(body, model)
    params = body.get("params", {})
    if isinstance(params, dict):
        yield from _param_problems(params, model, assumptions)
        yield from _dialogue_length(params, model)
        yield from reference_problems(params.get(REFERENCES), model=model, assumptions=assumptions)


def _prompt_problems(body: Mapping[str, Any], model: Model) -> Iterator[Problem]:
    if "prompt" not in body:
        if model.prompt_required:
            yield Problem("/prompt", "is required")
        return
    prompt = body["prompt"]
    if not isinstance(prompt, str):
        return
    if model.prompt_required and not prompt.strip():
        yield Problem("/prompt", "must not be empty")
    # The limit counts characters, so a Devanagari or Hangul prompt is not shorter for its bytes.
    if model.max_prompt_length is not None and len(prompt) > model.max_prompt_length:
        yield Problem("/prompt", f"must have at most {model.max_prompt_length} characters")


def _param_problems(
    params: Mapping[str, Any], model: Model, assumptions: Assumptions
) -> Iterator[Problem]:
    for param in model.params:
        place = pointer(["params", param.key])
        if param.key in params:
            for message in value_problems(params[param.key], param=param, assumptions=assumptions):
                yield Problem(place + message.pointer, message.message)
        elif param.required:
            yield Problem(place, "is required")
    if assumptions.unknown_params == "reject":
        known = {param.key for param in model.params} | {REFERENCES}
        for key in params:
            if key not in known:
                yield Problem(pointer(["params", key]), "is not a parameter of this model")


def _dialogue_length(params: Mapping[str, Any], model: Model) -> Iterator[Problem]:
    """The prompt is built from the lines of a dialogue, so its limit is theirs together."""
    limit = model.max_prompt_length
    for param in model.params:
        lines = params.get(param.key)
        if limit is None or param.type is not ParamType.DIALOGUE or not isinstance(lines, list):
            continue
        texts = [line.get("text") for line in lines if isinstance(line, dict)]
        if sum(len(text) for text in texts if isinstance(text, str)) > limit:
            place = pointer(["params", param.key])
            yield Problem(place, f"must have at most {limit} characters in all")
