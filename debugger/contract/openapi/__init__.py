"""The contract as one OpenAPI 3.1 document, assembled from the catalogue and the schemas.

Marks: ``x-assumed`` stands next to what no page states and names the convention it borrows;
``x-inferred`` next to what follows from stated facts; ``x-scope`` names the scope that a key
needs; ``x-codes`` lists the error codes behind one status.
"""

from __future__ import annotations

from typing import Any, Final

from debugger.contract import schemas
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.openapi.events import webhook_items
from debugger.contract.openapi.links import link
from debugger.contract.openapi.paths import path_items
from debugger.contract.operations import Group

VERSION: Final = "3.1.0"
_SECURITY: Final = "bearerKey"
_DESCRIPTION: Final = (
    "Reconstructed from the public documentation. What no page states carries x-assumed with the "
    "convention that it borrows, what follows from stated facts carries x-inferred. New models, "
    "optional fields, parameters and error codes may appear without a new version."
)
_GROUPS: Final = {
    Group.MODELS: "What can be made, with which model, at which price.",
    Group.GENERATIONS: "Asynchronous image, video and audio jobs.",
    Group.FILES: "Uploads that jobs and chat turns refer to.",
    Group.CHAT: "Turns and sessions with chat models.",
    Group.CREDITS: "The wallet that the API shares with the Studio.",
    Group.WEBHOOKS: "Endpoints that are told when a job ends.",
    Group.CONTRACT: "This document.",
}


def document(*, base_url: str, assumptions: Assumptions = DEFAULTS) -> dict[str, Any]:
    """A fresh document; ``base_url`` is the server's address without the /api/v1 prefix."""
    return {
        "openapi": VERSION,
        "info": {"title": "Rivya API", "version": "v1", "description": _DESCRIPTION},
        "servers": [{"url": base_url or "/"}],
        "tags": [{"name": group.value, "description": _GROUPS[group]} for group in Group],
        "paths": path_items(security=_SECURITY, assumptions=assumptions),
        "webhooks": webhook_items(assumptions=assumptions),
        "components": {
            "securitySchemes": {_SECURITY: _security_scheme()},
            "schemas": _components(assumptions),
        },
    }


def _security_scheme() -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key that begins with rvya_sk_, server to server only. x-scope says "
        "which scope an operation needs.",
    }


def _components(assumptions: Assumptions) -> dict[str, Any]:
    found = {name: _adapted(schemas.component(name)) for name in schemas.names()}
    for (name, key, keyword), value in _limits(assumptions).items():
        found[name]["properties"][key][keyword] = value
    return found


def _limits(assumptions: Assumptions) -> dict[tuple[str, str, str], int]:
    """Limits that are guesses stand in the assumptions, and join the schemas only here."""
    trace, attachments = assumptions.client_request_id_max, assumptions.chat_attachments_max
    return {
        ("PublicApiGenerationCreate", "client_request_id", "maxLength"): trace,
        ("PublicApiChatCompletionCreate", "client_request_id", "maxLength"): trace,
        ("PublicApiChatCompletionCreate", "attachments", "maxItems"): attachments,
    }


def _adapted(schema: dict[str, Any]) -> dict[str, Any]:
    """A component as the document holds it: its dialect is the document's, its links internal."""
    return {key: _relinked(value) for key, value in schema.items() if key != "$schema"}


def _relinked(node: Any) -> Any:
    if isinstance(node, list):
        return [_relinked(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: link(value.removesuffix(".json"))
        if key == "$ref" and isinstance(value, str)
        else _relinked(value)
        for key, value in node.items()
    }
