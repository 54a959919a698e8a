"""Short words for webhook tests: an endpoint, a job, and what the lists say of them."""

from __future__ import annotations

from typing import Any

from debugger.contract.schemas import validate
from tests.emulator.sandbox import Sandbox

URL = "https://example.com/rivya"
BOTH = ["generation.succeeded", "generation.failed"]


def endpoint(sandbox: Sandbox, **body: Any) -> dict[str, Any]:
    answer = sandbox.call("POST", "/webhooks", {"url": URL, **body})
    assert answer.status == 201
    return dict(answer.body)


def job(sandbox: Sandbox, scenario: str | None = None) -> str:
    body = {"model": "z-image", "prompt": "A teapot"}
    return str(sandbox.call("POST", "/generations", body, scenario=scenario).body["id"])


def rows(sandbox: Sandbox, hook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = sandbox.call("GET", f"/webhooks/{hook['id']}/deliveries")
    assert validate("PublicApiWebhookDeliveryList", answer.body) == []
    return list(answer.body["data"])


def read(sandbox: Sandbox, hook: dict[str, Any]) -> dict[str, Any]:
    return dict(sandbox.call("GET", f"/webhooks/{hook['id']}").body)


def events(sandbox: Sandbox) -> list[dict[str, Any]]:
    answer = sandbox.call("GET", "/webhook-events")
    assert validate("PublicApiWebhookEventList", answer.body) == []
    return list(answer.body["data"])
