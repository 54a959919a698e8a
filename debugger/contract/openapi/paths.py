"""The 20 operations as the document's paths."""

from __future__ import annotations

from typing import Any, Final

from debugger.contract import schemas
from debugger.contract.assumptions import Assumptions
from debugger.contract.openapi.links import json_content, link
from debugger.contract.openapi.responses import error_responses, rate_headers
from debugger.contract.operations import CATALOG, Kind, Operation, Parameter

_BODY_OPTIONAL: Final = frozenset(("webhooks.test",))
_PRINTABLE: Final = "^[ -~]+$"


def path_items(*, security: str, assumptions: Assumptions) -> dict[str, Any]:
    """Every operation under its path and method; ``security`` names the scheme of the keys."""
    paths: dict[str, Any] = {}
    for operation in CATALOG:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _item(operation, security, assumptions)
    return paths


def _item(operation: Operation, security: str, assumptions: Assumptions) -> dict[str, Any]:
    item: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.group.value],
        "summary": operation.title,
        "description": f"{operation.summary} {operation.help}",
        # A public operation tolerates a key.
        "security": [{security: []}] if operation.scope else [{}, {security: []}],
        "x-scope": operation.scope.value if operation.scope else None,
        "parameters": _parameters(operation, assumptions),
        "responses": {
            str(success_status(operation, assumptions)): _success(operation, assumptions),
            **error_responses(operation, assumptions=assumptions),
        },
    }
    for mark, note in (("x-assumed", operation.assumed), ("x-inferred", operation.inferred)):
        if note:
            item[mark] = note
    if operation.request:
        item["requestBody"] = _request_body(operation, operation.request)
    return item


def success_status(operation: Operation, assumptions: Assumptions) -> int:
    """The HTTP status of a success; some are assumptions that may be overridden."""
    assumed = {
        "generations.create": assumptions.generation_created_status,
        "files.create": assumptions.file_created_status,
        "webhooks.create": assumptions.webhook_created_status,
    }
    return assumed.get(operation.id, operation.success)


def _parameters(operation: Operation, assumptions: Assumptions) -> list[dict[str, Any]]:
    found = [_parameter(item, "path", assumptions) for item in operation.path_params]
    found += [_parameter(item, "query", assumptions) for item in operation.query_params]
    if operation.idempotency:
        found.append(_idempotency_key(assumptions))
    return found


def _parameter(item: Parameter, place: str, assumptions: Assumptions) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": item.type}
    if item.name == "limit":
        schema |= {"minimum": 1, "maximum": assumptions.page_size_max}
        schema["default"] = assumptions.page_size
    parameter: dict[str, Any] = {
        "name": item.name,
        "in": place,
        "required": place == "path",
        "description": item.help,
        "schema": schema,
    }
    if item.example:
        parameter["example"] = int(item.example) if item.type == "integer" else item.example
    if item.assumed:
        parameter["x-assumed"] = item.assumed
    return parameter


def _idempotency_key(assumptions: Assumptions) -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Recommended. The same key with the same body gives the same answer again, "
        "without a second charge; with another body it gives idempotency_conflict.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": assumptions.idempotency_key_max,
            "pattern": _PRINTABLE,
        },
        "example": "my-first-generation",
        "x-assumed": "its length, its life and how a replay answers (Stripe)",
    }


def _request_body(operation: Operation, component: str) -> dict[str, Any]:
    body: dict[str, Any] = {"required": operation.id not in _BODY_OPTIONAL}
    if operation.kind is Kind.UPLOAD:
        body["content"] = {"multipart/form-data": {"schema": {"$ref": link(component)}}}
        return body
    examples = schemas.component(component).get("examples", [])
    shown = {"example": examples[0]} if examples else {}
    body["content"] = json_content(component, **shown)
    return body


def _success(operation: Operation, assumptions: Assumptions) -> dict[str, Any]:
    response: dict[str, Any] = {"description": operation.summary}
    if headers := rate_headers(assumptions):
        response["headers"] = headers
    if operation.success_assumed:
        response["x-assumed"] = "the status (REST custom)"
    if operation.response is None:
        return response
    if operation.kind is Kind.STREAM:
        response["content"] = {"text/event-stream": {"schema": _stream_schema(operation.response)}}
    else:
        response["content"] = json_content(operation.response)
    return response


def _stream_schema(component: str) -> dict[str, Any]:
    return {
        "type": "string",
        "description": "Server-sent events. The data of each is one JSON object, and [DONE] at "
        "the end. x-event says what the objects look like.",
        "x-event": {"$ref": link(component)},
        "x-assumed": "OpenAI-style data frames with named events",
    }
