"""Events and what becomes of them: signed deliveries, tried again on a schedule.

Each delivery is one record that its attempts change. What is still to be tried is listed apart,
with its moment in the account's time. In process nothing is sent: ``settle`` gives every due
attempt the answer of an imagined receiver. Over HTTP somebody takes the attempts from
``due_attempts``, sends them, and reports through ``record_attempt``.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Mapping
from typing import Any, Final

from debugger.contract.assumptions import Assumptions
from debugger.contract.webhooks import new_secret, sign
from debugger.emulator.store import Record, Unit
from debugger.emulator.turn import mint, stamp
from debugger.emulator.wire import Attempt, DeliveryResult

ENDPOINT: Final = "webhook_endpoint"
EVENT: Final = "webhook_event"
_WAITING: Final = "webhook_waiting"

API_VERSION: Final = "2026-05-11"
_LATE: Final = 30.0
_AGAIN: Final = 1.5
# A sender that never reports back loses its claim after this long, and the attempt is due again.
_GRACE: Final = 50.0
_AGENT: Final = "Rivya-Webhooks/1.0 (rivya-dash emulator)"
_INACTIVE: Final = "The endpoint was disabled or revoked before this attempt."
_NOT_SENT: Final = "Answered by the emulator: nothing was sent."
_WRONG: Final = (
    "Answered by the emulator: nothing was sent. The signature of this attempt does not fit its "
    "body, so a careful receiver would have refused it."
)


def delivery_kind(endpoint_id: str) -> str:
    """Where the deliveries of one endpoint are kept."""
    return f"webhook_delivery {endpoint_id}"


def emit(
    unit: Unit,
    event_type: str,
    generation: Mapping[str, Any],
    *,
    now: float,
    scenario: str,
    assumptions: Assumptions,
) -> None:
    """Record an event, and queue it for every active endpoint that wants its type."""
    event = _record(unit, event_type, generation, now=now, assumptions=assumptions)
    for endpoint in unit.list(ENDPOINT, newest_first=False):
        if endpoint["status"] == "active" and event_type in endpoint["event_types"]:
            _queue(unit, endpoint, event, now=now, scenario=scenario, assumptions=assumptions)


def send(
    unit: Unit,
    endpoint: Record,
    event_type: str,
    generation: Mapping[str, Any],
    *,
    now: float,
    scenario: str,
    assumptions: Assumptions,
) -> Record:
    """Record an event and queue it for this endpoint only; its first delivery."""
    event = _record(unit, event_type, generation, now=now, assumptions=assumptions)
    return _queue(unit, endpoint, event, now=now, scenario=scenario, assumptions=assumptions)


def _record(
    unit: Unit,
    event_type: str,
    generation: Mapping[str, Any],
    *,
    now: float,
    assumptions: Assumptions,
) -> Record:
    event_id = mint("evt_", length=assumptions.id_length)
    envelope = {
        "id": event_id,
        "type": event_type,
        "api_version": API_VERSION,
        "created_at": stamp(now),
        assumptions.webhook_payload_key: dict(generation),
    }
    event: Record = {"id": event_id, "envelope": envelope}
    unit.put(EVENT, event_id, event)
    return event


def _queue(
    unit: Unit,
    endpoint: Record,
    event: Record,
    *,
    now: float,
    scenario: str,
    assumptions: Assumptions,
) -> Record:
    """The delivery, and the second one where the scenario wants the event twice."""
    first = now + assumptions.webhook_retry_schedule[0]
    first += _LATE if scenario == "webhook-late" else 0.0
    moments = [first, first + _AGAIN] if scenario == "webhook-duplicate" else [first]
    made = []
    for moment in moments:
        delivery: Record = {
            "id": mint("whdel_", length=assumptions.id_length),
            "endpoint_id": endpoint["id"],
            "event_id": event["id"],
            "event_type": event["envelope"]["type"],
            "status": "pending",
            "attempt": 0,
            "max_attempts": len(assumptions.webhook_retry_schedule),
            "response_status": None,
            "response_body": None,
            "error": None,
            "duration_ms": None,
            "next_attempt_at": moment,
            "created_at": now,
            "delivered_at": None,
            "scenario": scenario,
        }
        unit.put(delivery_kind(endpoint["id"]), delivery["id"], delivery)
        _wait(unit, delivery, at=moment)
        made.append(delivery)
    return made[0]


def _wait(unit: Unit, delivery: Record, *, at: float, claimed_until: float = 0.0) -> None:
    """List a delivery as due at a moment; a claim runs in real time, like its sender."""
    entry: Record = {
        "id": delivery["id"],
        "endpoint_id": delivery["endpoint_id"],
        "at": at,
        "claimed_until": claimed_until,
    }
    unit.put(_WAITING, delivery["id"], entry)


def next_attempt(unit: Unit) -> float | None:
    """When the next attempt is due, in the account's time; None when nothing waits."""
    return min((entry["at"] for entry in unit.list(_WAITING)), default=None)


def settle(unit: Unit, *, now: float, assumptions: Assumptions) -> None:
    """Give every attempt that is due by now the answer of an imagined receiver, in order."""
    due = [(entry["at"], entry["id"]) for entry in unit.list(_WAITING) if entry["at"] <= now]
    heapq.heapify(due)
    while due:
        at, delivery_id = heapq.heappop(due)
        entry = unit.get(_WAITING, delivery_id)
        delivery = _sendable(unit, entry) if entry else None
        if delivery is None:
            continue
        _conclude(unit, delivery, _imagined(unit, delivery), now=at, assumptions=assumptions)
        following = unit.get(_WAITING, delivery_id)
        if following is not None and following["at"] <= now:
            heapq.heappush(due, (following["at"], delivery_id))


def _sendable(unit: Unit, entry: Record) -> Record | None:
    """The delivery that waits, unless its endpoint was disabled or revoked in the meantime."""
    delivery = _delivery(unit, entry)
    if delivery is None:
        return None
    endpoint = unit.get(ENDPOINT, delivery["endpoint_id"])
    if endpoint is not None and endpoint["status"] == "active":
        return delivery
    unit.delete(_WAITING, delivery["id"])
    delivery |= {"status": "failed", "error": _INACTIVE, "next_attempt_at": None}
    unit.put(delivery_kind(delivery["endpoint_id"]), delivery["id"], delivery)
    return None


def _delivery(unit: Unit, entry: Record) -> Record | None:
    """What waits; an entry that leads nowhere is taken off the list."""
    found = unit.get(delivery_kind(entry["endpoint_id"]), entry["id"])
    if found is None:
        unit.delete(_WAITING, entry["id"])
    return found


def _imagined(unit: Unit, delivery: Record) -> DeliveryResult:
    """The answer of a receiver that does not exist, with a plausible time.

    The scenario decides first, then the receiver that the account's profile names.
    """
    number = int(hashlib.sha256(delivery["id"].encode()).hexdigest()[:4], 16)
    took = 40 + number % 140
    match delivery["scenario"]:
        case "webhook-failing":
            return DeliveryResult(status=500, body=_NOT_SENT, duration_ms=took)
        case "webhook-bad-signature":
            return DeliveryResult(status=200, body=_WRONG, duration_ms=took)
    match (unit.get("account", unit.account) or {}).get("receiver"):
        case "fails":
            return DeliveryResult(status=500, body=_NOT_SENT, duration_ms=took)
        case "redirects":
            return DeliveryResult(status=302, body=_NOT_SENT, duration_ms=took)
        case "times-out":
            return DeliveryResult(error="The receiver did not answer in time.", duration_ms=10_000)
    return DeliveryResult(status=200, body=_NOT_SENT, duration_ms=took)


def due_attempts(
    unit: Unit, *, now: float, real_now: float, assumptions: Assumptions
) -> list[Attempt]:
    """Claim the attempts that are due. Signatures carry real time, as receivers compare it.

    A receiver that must fail is imagined here too, so that the scenario needs none.
    """
    claimed = []
    lease = assumptions.webhook_timeout_seconds + _GRACE
    for entry in unit.list(_WAITING, newest_first=False):
        if entry["at"] > now or entry["claimed_until"] > real_now:
            continue
        delivery = _sendable(unit, entry)
        if delivery is None:
            continue
        if delivery["scenario"] == "webhook-failing":
            result = _imagined(unit, delivery)
            _conclude(unit, delivery, result, now=now, assumptions=assumptions)
            continue
        attempt = _attempt(unit, delivery, now=now, real_now=real_now, assumptions=assumptions)
        _wait(unit, delivery, at=now + lease, claimed_until=real_now + lease)
        claimed.append(attempt)
    return claimed


def _attempt(
    unit: Unit, delivery: Record, *, now: float, real_now: float, assumptions: Assumptions
) -> Attempt:
    """The request to send. A rotation's overlap is over in the account's time."""
    endpoint = _known(unit, ENDPOINT, delivery["endpoint_id"])
    event = _known(unit, EVENT, delivery["event_id"])
    body = json.dumps(event["envelope"], ensure_ascii=False, separators=(",", ":")).encode()
    wrong = delivery["scenario"] == "webhook-bad-signature"
    older_until = endpoint["older_until"]
    older = [endpoint["older_secret"]] if older_until and older_until > now else []
    signed = sign(
        secret=new_secret() if wrong else endpoint["secret"],
        message_id=event["id"],
        timestamp=int(real_now),
        body=body,
        older_secrets=[] if wrong else older,
        assumptions=assumptions,
    )
    own = (("content-type", "application/json"), ("user-agent", _AGENT))
    return Attempt(
        id=f"{delivery['id']}:{delivery['attempt'] + 1}",
        url=endpoint["url"],
        headers=(*own, *signed.items()),
        body=body,
    )


def _known(unit: Unit, kind: str, key: str) -> Record:
    found = unit.get(kind, key)
    if found is None:
        raise LookupError(f"A delivery leads to a {kind} that does not exist.")
    return found


def record_attempt(
    unit: Unit,
    attempt_id: str,
    result: DeliveryResult,
    *,
    now: float,
    assumptions: Assumptions,
) -> None:
    """Write down what came of a claimed attempt; reported twice, it counts once."""
    delivery_id, _, number = attempt_id.partition(":")
    entry = unit.get(_WAITING, delivery_id)
    delivery = None if entry is None else _delivery(unit, entry)
    if delivery is not None and number == str(delivery["attempt"] + 1):
        _conclude(unit, delivery, result, now=now, assumptions=assumptions)


def _conclude(
    unit: Unit,
    delivery: Record,
    result: DeliveryResult,
    *,
    now: float,
    assumptions: Assumptions,
) -> None:
    """One attempt is over: the delivery succeeds, waits for the next one, or fails for good."""
    endpoint = _known(unit, ENDPOINT, delivery["endpoint_id"])
    unit.delete(_WAITING, delivery["id"])
    good = result.status is not None and 200 <= result.status < 300
    attempt = delivery["attempt"] + 1
    delivery |= {
        "attempt": attempt,
        "response_status": result.status,
        "response_body": _kept(result, assumptions),
        "error": result.error,
        "duration_ms": result.duration_ms,
        "status": "succeeded" if good else "pending",
        "next_attempt_at": None,
        "delivered_at": now if good else None,
    }
    if good:
        endpoint |= {"last_success_at": now, "failure_count": 0}
    else:
        endpoint["last_failure_at"] = now
        _try_again(unit, delivery, endpoint, now=now, assumptions=assumptions)
    unit.put(delivery_kind(delivery["endpoint_id"]), delivery["id"], delivery)
    unit.put(ENDPOINT, endpoint["id"], endpoint)


def _kept(result: DeliveryResult, assumptions: Assumptions) -> str | None:
    """The beginning of the receiver's answer, cut at a whole character."""
    if result.status is None:
        return None
    data = result.body.encode("utf-8", "replace")[: assumptions.webhook_body_kept_bytes]
    return data.decode("utf-8", "ignore").replace("\0", "")


def _try_again(
    unit: Unit, delivery: Record, endpoint: Record, *, now: float, assumptions: Assumptions
) -> None:
    """The next place in the schedule, or the end of it, which counts against the endpoint."""
    schedule = assumptions.webhook_retry_schedule
    if endpoint["status"] != "active":
        delivery["status"] = "failed"
        return
    if delivery["attempt"] < min(delivery["max_attempts"], len(schedule)):
        delivery["next_attempt_at"] = now + schedule[delivery["attempt"]]
        _wait(unit, delivery, at=delivery["next_attempt_at"])
        return
    delivery["status"] = "failed"
    endpoint["failure_count"] += 1
    if endpoint["failure_count"] >= assumptions.webhook_disable_after:
        endpoint |= {"status": "disabled", "disabled_at": now, "updated_at": now}


def public(record: Record) -> dict[str, Any]:
    """The delivery object of the API."""
    shown = {name: value for name, value in record.items() if name != "scenario"}
    for name in ("next_attempt_at", "created_at", "delivered_at"):
        shown[name] = None if record[name] is None else stamp(record[name])
    return {"id": shown.pop("id"), "object": "webhook_delivery", **shown}
