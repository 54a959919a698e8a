"""What a person is about to send: one value that the form, the JSON editor and the snippets share.

``body`` is the one truth. The form is built from it and read back into it; the JSON editor shows
it as text. Only while that text does not parse does ``text`` hold it, and ``body`` keeps the last
value that did. A key is never part of a draft.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from debugger.contract import catalog
from debugger.contract.operations import Operation
from debugger.panels.jsontext import JsonTrouble, Parsed, parse_json, write_json

__all__ = ["Draft", "JsonTrouble", "Parsed", "initial", "model_of", "parse_json", "starting_params"]

SAMPLE_MODEL: Final = "z-image"
SAMPLE_CHAT_MODEL: Final = "gpt-5-2-chat"
SAMPLE_PROMPTS: Final = {
    "image": "A clean editorial product image on a soft studio background",
    "video": "A cinematic product reveal with smooth camera movement",
    "audio": "A polished audio concept for a short product story",
    "chat": "Write a concise launch plan for a new product image campaign",
}
_EVENT_TYPES: Final = ("generation.succeeded", "generation.failed")
_SAMPLE_DIALOGUE: Final = (
    {"voice": "Alice", "text": "Have you seen the new collection?"},
    {"voice": "Adam", "text": "Yes, and the blue one is my favourite."},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request before it is sent. Nothing in it is changed in place: use ``replace``.

    ``path`` and ``query`` hold strings by parameter name, ``headers`` the extra headers by name.
    ``body`` is JSON or None for none; for an upload it holds the form's text fields, and ``file``
    in it is the chosen file's name. ``aside`` keeps, by JSON pointer, values that are not sent at
    present (an unticked field, a parameter that another model had) so that they can come back.
    ``notes`` are sentences about the last reading, for the person; they are not compared.
    """

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    aside: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def pretty(self) -> str:
        """The JSON editor's text: what was typed while it does not parse, else the body."""
        if self.text is not None:
            return self.text
        return "" if self.body is None else write_json(self.body)

    def with_text(self, text: str) -> Draft:
        """This draft after the JSON editor: a text that does not parse is kept as it is.

        An empty text means no body. The word null does too, except that it is kept and sent.
        """
        if not text.strip():
            return replace(self, body=None, text=None)
        found = parse_json(text)
        if isinstance(found, JsonTrouble):
            return replace(self, text=text)
        return replace(self, body=found.value, text=text if found.value is None else None)

    def trouble(self) -> JsonTrouble | None:
        """Why the editor's text does not parse; None when it does."""
        found = None if self.text is None else parse_json(self.text)
        return found if isinstance(found, JsonTrouble) else None


def model_of(draft: Draft) -> str:
    """The model that a draft names, "" for none."""
    model = draft.body.get("model") if isinstance(draft.body, dict) else None
    return model[:100] if isinstance(model, str) else ""


def initial(operation: Operation, model_id: str | None = None) -> Draft:
    """A draft with the documented sample values; path parameters are left for the person.

    An unknown ``model_id`` is kept in the draft, without parameters.
    """
    path = {parameter.name: "" for parameter in operation.path_params}
    return Draft(path=path, body=_sample_body(operation, model_id))


def _sample_body(operation: Operation, model_id: str | None) -> Any:
    match operation.id:
        case "generations.create":
            return _generation_body(model_id or SAMPLE_MODEL)
        case "chat.create" | "chat.stream":
            return {"model": model_id or SAMPLE_CHAT_MODEL, "message": SAMPLE_PROMPTS["chat"]}
        case "files.create":
            return {"kind": "image"} | ({"model": model_id} if model_id else {})
        case "webhooks.create":
            return {
                "name": "Production webhook",
                "url": "https://example.com/rivya/webhook",
                "event_types": list(_EVENT_TYPES),
            }
        case "webhooks.update":
            return {"name": "Production webhook"}
        case "webhooks.test":
            return {"event_type": _EVENT_TYPES[0]}
        case _:
            return None


def _generation_body(model_id: str) -> dict[str, Any]:
    model = catalog.get(model_id)
    if model is None:
        return {"model": model_id, "prompt": SAMPLE_PROMPTS["image"]}
    body: dict[str, Any] = {"model": model_id}
    if model.prompt_required:
        body["prompt"] = SAMPLE_PROMPTS.get(model.category, SAMPLE_PROMPTS["image"])
    if params := starting_params(model):
        body["params"] = params
    return body


def starting_params(model: catalog.Model) -> dict[str, Any]:
    """The parameters a new draft begins with: every default, as the documented requests do."""
    params: dict[str, Any] = {
        each.key: each.default for each in model.params if each.default is not None
    }
    if model.param("dialogue") is not None:
        params["dialogue"] = [dict(line) for line in _SAMPLE_DIALOGUE]
    if model.requires_files_api:
        params["referenceMediaItems"] = []
    return params
