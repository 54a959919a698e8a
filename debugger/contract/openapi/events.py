"""The deliveries that an endpoint receives, as the document's webhooks section."""

from __future__ import annotations

from typing import Any, Final

from debugger.contract.assumptions import Assumptions
from debugger.contract.openapi.links import json_content
from debugger.contract.webhooks import EventType, Scheme

_SUMMARIES: Final = {
    EventType.GENERATION_SUCCEEDED: "A job of the API has its result.",
    EventType.GENERATION_FAILED: "A job of the API ended without a result.",
}


def webhook_items(*, assumptions: Assumptions) -> dict[str, Any]:
    """One item for each event type, under its name."""
    return {event.value: {"post": _delivery(event, assumptions)} for event in EventType}


def _delivery(event: EventType, assumptions: Assumptions) -> dict[str, Any]:
    return {
        "operationId": f"webhook.{event.value}",
        "summary": _SUMMARIES[event],
        "description": "Verify the signature over the raw body before trusting it, and recognise "
        "duplicates by the event id. Redirects are not followed.",
        "security": [],
        "parameters": _headers(assumptions),
        "requestBody": {"required": True, "content": json_content("PublicApiWebhookEvent")},
        "responses": {
            "2XX": {
                "description": "Received. Any other answer is tried again.",
                "x-assumed": "any 2xx is a success",
            }
        },
    }


def _headers(assumptions: Assumptions) -> list[dict[str, Any]]:
    """The headers of the signature, in the scheme that the assumptions choose."""
    if assumptions.webhook_scheme == Scheme.STRIPE:
        rows = [(assumptions.webhook_combined_header, "Time and signature: t=…,v1=…")]
    else:
        rows = [
            (assumptions.webhook_id_header, "The event id."),
            (assumptions.webhook_timestamp_header, "When it was sent, in POSIX seconds."),
            (assumptions.webhook_signature_header, "Signatures, separated by spaces: v1,…"),
        ]
    convention = {"standard": "Standard Webhooks 1.0", "stripe": "Stripe"}
    return [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": about,
            "schema": {"type": "string"},
            "x-assumed": convention[assumptions.webhook_scheme],
        }
        for name, about in rows
    ]
