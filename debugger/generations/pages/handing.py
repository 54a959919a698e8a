"""What a page hands to the panel of creation: a result as an input, or a request once more.

Panels read it from the hidden inputs ``handover`` (a few values over the sample draft) and
``imported`` (a whole draft); this room knows their form and nothing else of panels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Final

from debugger.client.jsontext import Parsed, read_json
from debugger.contract import catalog
from debugger.contract.parts import split
from debugger.exchanges.models import ExchangeContent
from debugger.generations.models import Generation

CREATE: Final = "generations.create"
_USABLE: Final = ("image", "video", "audio")


def reference(url: str, *, kind: str, mime: str = "") -> str:
    """A result as a reference of another generation, as JSON; "" for what cannot be one."""
    model = _reference_model(kind) if kind in _USABLE else ""
    if not model:
        return ""
    try:
        path = split(url).path
    except ValueError:
        return ""
    item = {"url": url, "kind": kind, "name": PurePosixPath(path).name[:120]}
    item |= {"mimeType": mime} if mime else {}
    params = {"referenceMediaItems": [{name: value for name, value in item.items() if value}]}
    return json.dumps({"body": {"model": model, "params": params}})


@cache
def _reference_model(kind: str) -> str:
    """The cheapest available model that takes a reference of this kind; "" when none does."""
    fitting = [
        model
        for model in catalog.generation_models()
        if model.api_status == catalog.AVAILABLE
        and not model.synthetic
        and model.references is not None
        and kind in model.references.kinds
    ]
    cheapest = min(fitting, key=lambda model: model.base_credits, default=None)
    return cheapest.id if cheapest else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request of a job: ``value`` for reading, ``imported`` for the panel.

    ``intact`` says that it is what was sent, byte for byte, so that sending it again under the same
    key is a retry. ``imported`` is "" where nothing is left to be sent.
    """

    value: object
    imported: str
    intact: bool

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The body as names and values, what is nested under dotted names."""
        return list(_flat(self.value, "")) if isinstance(self.value, Mapping) else []


def request_of(job: Generation, content: ExchangeContent | None) -> Request:
    """What was asked for, from the stored run, else from the job itself."""
    text = (content.request_text if content is not None else None) or job.request_text
    value = _value(text)
    draft = _value(content.draft) if content is not None else None
    if not isinstance(draft, Mapping) or not draft.get("body"):
        draft = {"body": value} if isinstance(value, Mapping) else None
    intact = bool(job.request_text) or (content is not None and content.intact)
    imported = json.dumps(draft) if draft is not None else ""
    return Request(value=value, imported=imported, intact=intact)


def _value(text: str | None) -> Any:
    found = read_json((text or "").encode("utf-8", "replace"))
    return found.value if isinstance(found, Parsed) else None


def _flat(value: object, name: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        pairs = [(f"{name}.{key}" if name else str(key), each) for key, each in value.items()]
        return [row for key, each in pairs for row in _flat(each, key)]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return [(name, text)]
