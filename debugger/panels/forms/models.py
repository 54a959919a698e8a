"""What happens to a draft when another model is chosen: nothing that fits is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from debugger.contract import catalog, rules
from debugger.contract.operations import Operation
from debugger.contract.schemas import pointer
from debugger.panels.draft import Draft, starting_params
from debugger.panels.forms.shape import GENERATION, REFERENCES_KEY, takes_references


def model_of(body: Any) -> str | None:
    """The model that a body names, if it names one."""
    found = body.get("model") if isinstance(body, Mapping) else None
    return found if isinstance(found, str) else None


def change_model(operation: Operation, draft: Draft, *, previous: str | None, wanted: str) -> Draft:
    """The draft with another model.

    The prompt stays, and so does every parameter that the new model has too and whose value it
    accepts. The old model's other parameters are set aside with a note and come back when a model
    that has them is chosen. Keys that no model knows stay where they are. What is new to the
    draft begins with the new model's default.
    """
    body = {**draft.body, "model": wanted} if isinstance(draft.body, Mapping) else draft.body
    old, new = catalog.get(previous), catalog.get(wanted)
    if operation.id != GENERATION or new is None or not isinstance(body, Mapping):
        return replace(draft, body=body)
    params = body.get("params", {})
    if not isinstance(params, Mapping):
        return replace(draft, body=body)
    kept, removed = _sort(params, old, new)
    aside = {**draft.aside, **{pointer(("params", key)): each for key, each in removed.items()}}
    return _complete(replace(draft, body=body, aside=aside), kept, removed, new, old)


def _sort(
    params: Mapping[str, Any], old: catalog.Model | None, new: catalog.Model
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters that go on, and those that only the old model had or allowed."""
    kept: dict[str, Any] = {}
    removed: dict[str, Any] = {}
    for key, value in params.items():
        stays = _accepts(new, key, value) if _has(new, key) else not (old and _has(old, key))
        (kept if stays else removed)[key] = value
    return kept, removed


def _has(model: catalog.Model, key: str) -> bool:
    return takes_references(model) if key == REFERENCES_KEY else model.param(key) is not None


def _accepts(model: catalog.Model, key: str, value: Any) -> bool:
    """Whether the contract finds nothing wrong with this parameter on this model."""
    place = pointer(("params", key))
    found = rules.generation_problems({"model": model.id, "params": {key: value}})
    return not any(each.pointer == place or each.pointer.startswith(place + "/") for each in found)


def _complete(
    draft: Draft,
    kept: dict[str, Any],
    removed: dict[str, Any],
    new: catalog.Model,
    old: catalog.Model | None,
) -> Draft:
    """Adds what is new to the draft: a value that was set aside for it, or its default."""
    params, aside = dict(kept), dict(draft.aside)
    for key, default in starting_params(new).items():
        is_new = old is None or not _has(old, key) or key in removed
        if key not in params and is_new:
            params[key] = default
    for param in (*(each.key for each in new.params), REFERENCES_KEY):
        place = pointer(("params", param))
        is_back = param not in kept and place in aside and param not in removed
        if is_back and _has(new, param) and _accepts(new, param, aside[place]):
            params[param] = aside.pop(place)
    body = {**draft.body, "params": params}
    if not params and "params" not in draft.body:
        del body["params"]
    return replace(draft, body=body, aside=aside, notes=(*draft.notes, *_notes(removed, new)))


def _notes(removed: Mapping[str, Any], new: catalog.Model) -> list[str]:
    strangers = [key for key in removed if not _has(new, key)]
    replaced = [key for key in removed if _has(new, key)]
    notes = []
    if strangers:
        notes.append(
            _("%(model)s has no %(names)s: set aside, and back with a model that has it.")
            % {"model": new.display_name, "names": ", ".join(strangers)}
        )
    if replaced:
        notes.append(
            _("%(model)s does not accept this value of %(names)s: its own default stands instead.")
            % {"model": new.display_name, "names": ", ".join(replaced)}
        )
    return notes
