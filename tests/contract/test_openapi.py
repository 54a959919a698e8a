"""The OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from debugger.contract import openapi, schemas
from debugger.contract.assumptions import with_overrides
from debugger.contract.errors import ERRORS
from debugger.contract.operations import CATALOG, Kind, Operation

DOCUMENT = openapi.document(base_url="http://127.0.0.1:8081")


def item_of(operation: Operation, document: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    item: dict[str, Any] = document["paths"][operation.path][operation.method.lower()]
    return item


def refs_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(target := node.get("$ref"), str):
            yield target
        for value in node.values():
            yield from refs_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs_in(value)


@pytest.mark.parametrize(
    "overrides", [{}, {"webhook_scheme": "stripe", "rate_headers": False}], ids=["default", "other"]
)
def test_the_document_is_valid_openapi_3_1(overrides: dict[str, object]) -> None:
    document = openapi.document(base_url="", assumptions=with_overrides(overrides))
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_is_in_the_document_under_its_id() -> None:
    ids = [item["operationId"] for path in DOCUMENT["paths"].values() for item in path.values()]
    assert sorted(ids) == sorted(operation.id for operation in CATALOG)


def test_every_reference_leads_to_a_component_and_every_component_is_used() -> None:
    targets = set(refs_in(DOCUMENT))
    names = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert targets <= names
    # The document's own schema is used by its own operation.
    assert names - targets == set()


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_every_error_of_an_operation_stands_under_its_status(operation: Operation) -> None:
    responses = item_of(operation)["responses"]
    for code in operation.errors:
        response = responses[str(ERRORS[code].status)]
        assert code in response["x-codes"]
        assert f"`{code}`" in response["description"]
        content = response["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/PublicApiError"}
        assert schemas.validate("PublicApiError", content["examples"][code]["value"]) == []


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_scope_and_security_go_together(operation: Operation) -> None:
    item = item_of(operation)
    assert item["x-scope"] == operation.scope
    assert ({} in item["security"]) is (operation.scope is None)


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_path_parameters_are_those_of_the_path(operation: Operation) -> None:
    named = {row["name"] for row in item_of(operation)["parameters"] if row["in"] == "path"}
    assert named == set(operation.pattern.groupindex)


def test_only_operations_that_spend_take_an_idempotency_key() -> None:
    for operation in CATALOG:
        names = [row["name"] for row in item_of(operation)["parameters"]]
        assert ("Idempotency-Key" in names) is operation.spends, operation.id


def test_an_upload_is_a_multipart_form_and_a_stream_is_an_event_stream() -> None:
    for operation in CATALOG:
        item = item_of(operation)
        success = item["responses"][str(operation.success)]
        if operation.kind is Kind.UPLOAD:
            assert set(item["requestBody"]["content"]) == {"multipart/form-data"}
        if operation.kind is Kind.STREAM:
            assert set(success["content"]) == {"text/event-stream"}
        else:
            assert set(success["content"]) == {"application/json"}


def test_a_test_event_needs_no_body_and_every_other_request_does() -> None:
    for operation in CATALOG:
        if operation.request:
            required = item_of(operation)["requestBody"]["required"]
            assert required is (operation.id != "webhooks.test")


def test_guessed_statuses_and_limits_follow_the_assumptions() -> None:
    changed = with_overrides(
        {
            "generation_created_status": 200,
            "insufficient_credits_status": 403,
            "client_request_id_max": 64,
            "chat_attachments_max": 3,
            "page_size_max": 50,
        }
    )
    document = openapi.document(base_url="", assumptions=changed)
    create = document["paths"]["/api/v1/generations"]["post"]["responses"]
    assert "200" in create
    assert "202" not in create
    assert create["403"]["x-codes"] == ["api_scope_denied", "insufficient_credits"]
    parts = document["components"]["schemas"]
    trace = parts["PublicApiGenerationCreate"]["properties"]["client_request_id"]
    assert trace["maxLength"] == 64
    attachments = parts["PublicApiChatCompletionCreate"]["properties"]["attachments"]
    assert attachments["maxItems"] == 3
    limit = document["paths"]["/api/v1/webhooks"]["get"]["parameters"][0]
    assert limit["schema"]["maximum"] == 50


def test_both_events_are_told_with_the_headers_of_their_signature() -> None:
    assert set(DOCUMENT["webhooks"]) == {"generation.succeeded", "generation.failed"}
    headers = [
        row["name"] for row in DOCUMENT["webhooks"]["generation.failed"]["post"]["parameters"]
    ]
    assert headers == ["webhook-id", "webhook-timestamp", "webhook-signature"]


@pytest.mark.parametrize(
    "name",
    [
        "PublicApiChatAttachment",
        "PublicApiChatCompletion",
        "PublicApiChatCredits",
        "PublicApiChatReply",
        "PublicApiCredits",
        "PublicApiDialogueLine",
        "PublicApiError",
        "PublicApiGeneration",
        "PublicApiGenerationResult",
        "PublicApiTaskError",
        "PublicApiUsage",
        "ReferenceMediaItem",
    ],
)
def test_what_is_documented_carries_no_mark(name: str) -> None:
    text = json.dumps(DOCUMENT["components"]["schemas"][name])
    assert "x-assumed" not in text
    assert "x-inferred" not in text


@pytest.mark.parametrize(
    ("name", "assumed"),
    [
        ("PublicApiFile", {"duration_token", "expires_at"}),
        ("PublicApiFileCreate", set()),
        ("PublicApiGenerationCreate", {"client_request_id"}),
        ("PublicApiModel", {"runtime", "max_prompt_length"}),
        ("PublicApiWebhookEndpoint", {"name", "failure_count"}),
        ("PublicApiWebhookEvent", {"created_at", "data"}),
        (
            "PublicApiChatCompletionCreate",
            {"message", "attachments", "include_thoughts", "client_request_id"},
        ),
    ],
)
def test_a_documented_body_is_marked_only_where_it_is_guessed(name: str, assumed: set[str]) -> None:
    properties = DOCUMENT["components"]["schemas"][name]["properties"]
    assert {key for key, schema in properties.items() if "x-assumed" in schema} == assumed


@pytest.mark.parametrize(
    "name",
    [
        "PublicApiChatCompletionChunk",
        "PublicApiChatSession",
        "PublicApiChatSessionList",
        "PublicApiWebhookDelivery",
        "PublicApiWebhookEndpointUpdate",
        "PublicApiWebhookTest",
        "PublicApiModelParam",
        "PublicApiReferenceMedia",
        "PublicApiChatCapabilities",
        "OpenApiDocument",
    ],
)
def test_a_shape_that_no_page_shows_is_marked(name: str) -> None:
    assert DOCUMENT["components"]["schemas"][name]["x-assumed"]


def test_the_document_is_plain_json_and_always_the_same() -> None:
    again = openapi.document(base_url="http://127.0.0.1:8081")
    assert json.loads(json.dumps(again)) == DOCUMENT
    again["paths"].clear()
    assert openapi.document(base_url="http://127.0.0.1:8081") == DOCUMENT


def test_it_fits_its_own_schema() -> None:
    assert schemas.validate("OpenApiDocument", DOCUMENT) == []


def test_the_server_is_the_one_that_was_asked() -> None:
    assert DOCUMENT["servers"] == [{"url": "http://127.0.0.1:8081"}]
