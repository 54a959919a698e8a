"""Webhook endpoints: their addresses, secrets, events and states, and the lists about them.

What is sent to them, and when, is in ``deliveries``; its names that others call are here too.
"""

from __future__ import annotations

from typing import Any, Final

from debugger.contract.schemas import validate
from debugger.contract.webhooks import EventType, new_secret, preview, url_problem
from debugger.emulator import deliveries as sending
from debugger.emulator import pages
from debugger.emulator.deliveries import (
    due_attempts,
    emit,
    next_attempt,
    record_attempt,
    settle,
)
from debugger.emulator.store import Record
from debugger.emulator.turn import Turn, stamp
from debugger.emulator.wire import Response

__all__ = [
    "create",
    "delete",
    "deliveries",
    "due_attempts",
    "emit",
    "list_endpoints",
    "list_events",
    "next_attempt",
    "record_attempt",
    "retrieve",
    "rotate_secret",
    "settle",
    "test",
    "update",
]

_NAME_MAX: Final = 200
_MOMENTS: Final = (
    "last_success_at",
    "last_failure_at",
    "created_at",
    "updated_at",
    "disabled_at",
    "revoked_at",
)


def list_endpoints(turn: Turn) -> Response:
    """``GET /webhooks``: revoked endpoints stay listed, with their state."""
    return pages.page(turn, sending.ENDPOINT, public)


def create(turn: Turn) -> Response:
    """``POST /webhooks``: the only answer, beside a rotation's, that shows the secret."""
    if refused := _refused(turn, "PublicApiWebhookEndpointCreate"):
        return refused
    most = turn.assumptions.webhook_endpoints_max
    known = turn.unit.list(sending.ENDPOINT)
    if sum(record["status"] != "revoked" for record in known) >= most:
        message = f"An account can have at most {most} webhook endpoints."
        return turn.error("validation_failed", message)
    record: Record = {
        "id": turn.mint("whend_"),
        "name": turn.body.get("name"),
        "url": turn.body["url"],
        "event_types": turn.body.get("event_types") or [kind.value for kind in EventType],
        "status": "active",
        "secret": new_secret(),
        "older_secret": None,
        "older_until": None,
        "failure_count": 0,
        **dict.fromkeys(_MOMENTS),
    }
    record |= {"created_at": turn.now, "updated_at": turn.now}
    turn.unit.put(sending.ENDPOINT, record["id"], record)
    return turn.reply(turn.assumptions.webhook_created_status, public(record, with_secret=True))


def retrieve(turn: Turn) -> Response:
    """``GET /webhooks/{endpointId}``."""
    record = turn.unit.get(sending.ENDPOINT, turn.path["endpointId"])
    return _absent(turn) if record is None else turn.reply(200, public(record))


def update(turn: Turn) -> Response:
    """``PATCH /webhooks/{endpointId}``: only what is sent changes."""
    record = _living(turn)
    if record is None:
        return _absent(turn)
    if refused := _refused(turn, "PublicApiWebhookEndpointUpdate"):
        return refused
    for field in ("name", "url", "event_types"):
        if field in turn.body:
            record[field] = turn.body[field]
    if (status := turn.body.get("status", record["status"])) != record["status"]:
        active = status == "active"
        record |= {"status": status, "disabled_at": None if active else turn.now}
        # An endpoint that is switched on again starts with a clean slate.
        record["failure_count"] = 0 if active else record["failure_count"]
    return _changed(turn, record)


def delete(turn: Turn) -> Response:
    """``DELETE /webhooks/{endpointId}``: revoked, and kept for reading."""
    record = _living(turn)
    if record is None:
        return _absent(turn)
    return _changed(turn, record | {"status": "revoked", "revoked_at": turn.now})


def rotate_secret(turn: Turn) -> Response:
    """``POST /webhooks/{endpointId}/rotate-secret``: the new secret, shown once."""
    record = _living(turn)
    if record is None:
        return _absent(turn)
    overlap = turn.assumptions.webhook_secret_overlap_seconds
    record |= {
        "older_secret": record["secret"] if overlap else None,
        "older_until": turn.now + overlap if overlap else None,
        "secret": new_secret(),
        "updated_at": turn.now,
    }
    turn.unit.put(sending.ENDPOINT, record["id"], record)
    return turn.reply(200, public(record, with_secret=True))


def deliveries(turn: Turn) -> Response:
    """``GET /webhooks/{endpointId}/deliveries``, newest first."""
    record = turn.unit.get(sending.ENDPOINT, turn.path["endpointId"])
    if record is None:
        return _absent(turn)
    return pages.page(turn, sending.delivery_kind(record["id"]), sending.public)


def test(turn: Turn) -> Response:
    """``POST /webhooks/{endpointId}/test``: an event about a job that never was."""
    record = _living(turn)
    if record is None:
        return _absent(turn)
    if refused := _refused(turn, "PublicApiWebhookTest"):
        return refused
    if record["status"] != "active":
        return turn.error("validation_failed", "The endpoint is disabled; activate it first.")
    event_type = turn.body.get("event_type", EventType.GENERATION_SUCCEEDED.value)
    delivery = sending.send(
        turn.unit,
        record,
        event_type,
        _no_job(turn, event_type),
        now=turn.now,
        scenario=turn.scenario.name,
        assumptions=turn.assumptions,
    )
    if not turn.settings.real_deliveries:
        settle(turn.unit, now=turn.now, assumptions=turn.assumptions)
    told = turn.unit.get(sending.delivery_kind(record["id"]), delivery["id"]) or delivery
    return turn.reply(200, sending.public(told))


def _no_job(turn: Turn, event_type: str) -> dict[str, Any]:
    """A generation that nobody asked for and that moved no credit; its id says so."""
    succeeded = event_type == EventType.GENERATION_SUCCEEDED
    address = "https://media.example/test-event.png"
    failure = {"code": "generation_failed", "message": "The generation failed. This is a test."}
    return {
        "id": turn.mint("task_test_"),
        "status": "succeeded" if succeeded else "failed",
        "model": "z-image",
        "reserved_credits": 0,
        "final_credits": 0,
        "created_at": turn.stamp(),
        "updated_at": turn.stamp(),
        "result": {"primary_url": address, "urls": [address]} if succeeded else None,
        "error": None if succeeded else failure,
    }


def list_events(turn: Turn) -> Response:
    """``GET /webhook-events``: every event of the account, newest first, delivered or not."""
    return pages.page(turn, sending.EVENT, lambda record: record["envelope"])


def public(record: Record, *, with_secret: bool = False) -> dict[str, Any]:
    """The endpoint object of the API; its secret is shown at creation and rotation only."""
    at = {name: None if record[name] is None else stamp(record[name]) for name in _MOMENTS}
    secret = {"signing_secret": record["secret"]} if with_secret else {}
    return {
        "id": record["id"],
        "object": "webhook_endpoint",
        "name": record["name"],
        "url": record["url"],
        "event_types": record["event_types"],
        "status": record["status"],
        "secret_preview": preview(record["secret"]),
        **secret,
        "last_success_at": at["last_success_at"],
        "last_failure_at": at["last_failure_at"],
        "failure_count": record["failure_count"],
        "created_at": at["created_at"],
        "updated_at": at["updated_at"],
        "disabled_at": at["disabled_at"],
        "revoked_at": at["revoked_at"],
    }


def _refused(turn: Turn, component: str) -> Response | None:
    """What is wrong with the body: its form first, then its address."""
    if problems := validate(component, turn.body):
        return turn.error("validation_failed", f"{problems[0]}.")
    if len(turn.body.get("name") or "") > _NAME_MAX:
        return turn.error("validation_failed", f"name must have at most {_NAME_MAX} characters.")
    if "url" not in turn.body:
        return None
    problem = url_problem(turn.body["url"], allow_local=turn.settings.local_webhooks)
    return turn.error("webhook_url_rejected", f"url {problem}.") if problem else None


def _living(turn: Turn) -> Record | None:
    """The endpoint, unless it was revoked: what is revoked is not written to any more."""
    record = turn.unit.get(sending.ENDPOINT, turn.path["endpointId"])
    return None if record is None or record["status"] == "revoked" else record


def _absent(turn: Turn) -> Response:
    return turn.error("not_found", "There is no such webhook endpoint in this account.")


def _changed(turn: Turn, record: Record) -> Response:
    record["updated_at"] = turn.now
    turn.unit.put(sending.ENDPOINT, record["id"], record)
    return turn.reply(200, public(record))
