"""Generations: a plan at submit, and a state that follows from the plan and the clock."""

from __future__ import annotations

import random
from typing import Any, Final

from debugger.contract import catalog, rules
from debugger.contract.assumptions import Assumptions
from debugger.contract.catalog import Category, Model
from debugger.emulator import credits, files, idempotency, webhooks
from debugger.emulator.store import Record, Unit
from debugger.emulator.turn import Turn, stamp
from debugger.emulator.wire import Response

KIND: Final = "generation"
# Tasks that will end are listed apart, so that a look at the clock does not read all history.
_OPEN: Final = "generation.open"

# Seconds in the queue and at work.
_LIVELY: Final = {
    Category.IMAGE: (0.8, 2.6),
    Category.AUDIO: (1.2, 4.5),
    Category.VIDEO: (1.5, 7.5),
}
_SLOW: Final = {
    Category.IMAGE: (18.0, 45.0),
    Category.AUDIO: (18.0, 60.0),
    Category.VIDEO: (25.0, 110.0),
}
_SHOWN_LATE: Final = 6.0
_SEVERAL: Final = 4
_ANGER: Final = {"code": "generation_failed", "message": "The generation failed."}


def create(turn: Turn) -> Response:
    """``POST /generations``."""
    problems = rules.generation_problems(turn.body, assumptions=turn.assumptions)
    problems = problems or files.reference_problems(turn)
    if problems:
        return turn.error("validation_failed", f"{problems[0]}.")
    claimed = idempotency.claim(turn)
    if claimed.refusal is not None:
        return claimed.refusal
    if claimed.earlier is not None:
        return _answer(turn, _found(turn, claimed.earlier["id"]))
    model = catalog.get(turn.body["model"])
    assert model is not None  # noqa: S101 -- The rules have refused every other model.
    return _accept(turn, model, claimed)


def _accept(turn: Turn, model: Model, claimed: idempotency.Claim) -> Response:
    task = turn.mint("task_")
    reserved = rules.reserved_credits(
        model, turn.body.get("params") or {}, assumptions=turn.assumptions
    )
    if (refused := credits.hold(turn, task, reserved)) is not None:
        return refused
    record: Record = {
        "id": task,
        "model": model.id,
        "prompt": turn.body.get("prompt", ""),
        "params": turn.body.get("params") or {},
        "client_request_id": turn.body.get("client_request_id"),
        "base_url": turn.request.base_url,
        "scenario": turn.scenario.name,
        "reserved": reserved,
        "final": 0,
        "settled": False,
        **_plan(turn, model),
    }
    turn.unit.put(KIND, task, record)
    if record["ends_at"] is not None:
        turn.unit.put(_OPEN, task, {"id": task, "ends_at": record["ends_at"]})
    idempotency.keep(turn, claimed, {"id": task})
    return _answer(turn, record)


def _plan(turn: Turn, model: Model) -> Record:
    """When the job starts and ends and what comes of it; ``None`` stands for never."""
    name = turn.scenario.name
    queue, work = (_SLOW if name == "happy-slow" else _LIVELY)[model.category]
    spread = random.uniform(0.85, 1.15)  # noqa: S311 -- Only makes jobs less alike.
    starts = turn.now + queue * spread
    ends = None if name == "stuck" else starts + work * spread
    shown = ends + _SHOWN_LATE if ends and name == "webhook-before-poll" else ends
    return {
        "created_at": turn.now,
        "starts_at": starts,
        "finalizing_at": starts + work * spread / 2 if name == "unknown-status" else None,
        "ends_at": ends,
        "shown_at": shown,
        "outcome": "failed" if name == "fails-after-reserve" else "succeeded",
        "results": _results(turn, model),
    }


def _results(turn: Turn, model: Model) -> list[str]:
    """File names of the results, such as ``0.png``."""
    params = turn.body.get("params") or {}
    if model.category is Category.AUDIO:
        endings = ["wav"]
    elif model.category is Category.VIDEO:
        endings = ["webm"]
    else:
        count = _whole(params.get("max_images"), most=6)
        endings = [_picture_ending(model, params)] * count
    if turn.scenario.name == "several-results":
        endings = endings[:1] * _SEVERAL
    if str(params.get("return_last_frame")).lower() == "true":
        endings.append("png")
    return [f"{place}.{ending}" for place, ending in enumerate(endings)]


def _whole(value: object, *, most: int) -> int:
    try:
        return max(1, min(most, int(float(str(value)))))
    except (ValueError, OverflowError):
        return 1


def _picture_ending(model: Model, params: Record) -> str:
    for key in ("output_format", "outputFormat"):
        known = model.param(key)
        if known is not None:
            wanted = str(params.get(key) or known.default)
            return "jpg" if wanted in {"jpg", "jpeg"} else "png"
    return "png"


def retrieve(turn: Turn) -> Response:
    """``GET /generations/{taskId}``."""
    record = turn.unit.get(KIND, turn.path["taskId"])
    if record is None:
        return turn.error("not_found", "There is no such task in this account.")
    return turn.reply(200, public(record, account=turn.unit.account, now=turn.now))


def _answer(turn: Turn, record: Record) -> Response:
    body = public(record, account=turn.unit.account, now=turn.now)
    return turn.reply(turn.assumptions.generation_created_status, body)


def _found(turn: Turn, task: str) -> Record:
    record = turn.unit.get(KIND, task)
    if record is None:
        raise LookupError("An idempotency key leads to a task that does not exist.")
    return record


def status(record: Record, *, now: float) -> str:
    """The state that the status endpoint shows at a moment of the account's time."""
    if now < record["starts_at"]:
        return "queued"
    if record["shown_at"] is None or now < record["shown_at"]:
        finalizing = record["finalizing_at"]
        return "finalizing" if finalizing is not None and now >= finalizing else "processing"
    return str(record["outcome"])


def public(record: Record, *, account: str, now: float) -> dict[str, Any]:
    """The generation object of the API, as webhook payloads carry it too."""
    shown = status(record, now=now)
    ended = shown == record["outcome"]
    changed = record["created_at"] if shown == "queued" else record["starts_at"]
    if shown == "finalizing":
        changed = record["finalizing_at"]
    return {
        "id": record["id"],
        "status": shown,
        "model": record["model"],
        "reserved_credits": record["reserved"],
        "final_credits": record["final"] if ended else 0,
        "created_at": stamp(record["created_at"]),
        "updated_at": stamp(record["shown_at"] if ended else changed),
        "result": _result(record, account) if shown == "succeeded" else None,
        "error": dict(_ANGER) if shown == "failed" else None,
    }


def _result(record: Record, account: str) -> dict[str, Any]:
    base = f"{record['base_url']}/media/{account}/{record['id']}"
    urls = [f"{base}/{name}" for name in record["results"]]
    return {"primary_url": urls[0], "urls": urls}


def advance(unit: Unit, *, now: float, assumptions: Assumptions) -> None:
    """Settle the credits of every job that has ended by now, and tell the webhooks."""
    ended = [entry for entry in unit.list(_OPEN) if entry["ends_at"] <= now]
    for entry in sorted(ended, key=lambda entry: float(entry["ends_at"])):
        unit.delete(_OPEN, entry["id"])
        record = unit.get(KIND, entry["id"])
        if record is not None:
            _end(unit, record, now=now, assumptions=assumptions)


def _end(unit: Unit, record: Record, *, now: float, assumptions: Assumptions) -> None:
    failed = record["outcome"] == "failed"
    price = 0 if failed and assumptions.refund_on_failure else record["reserved"]
    record |= {"final": credits.settle(unit, record["id"], price), "settled": True}
    unit.put(KIND, record["id"], record)
    webhooks.emit(
        unit,
        f"generation.{record['outcome']}",
        public(record, account=unit.account, now=max(now, record["shown_at"])),
        now=record["ends_at"],
        scenario=record["scenario"],
        assumptions=assumptions,
    )


def next_end(unit: Unit) -> float | None:
    """When the next job of the account ends, in the account's time."""
    return min((entry["ends_at"] for entry in unit.list(_OPEN)), default=None)


def has_result(record: Record, *, now: float) -> bool:
    """Whether the media exist: from the end of the work, even while the status lags behind."""
    ended = record["ends_at"] is not None and record["ends_at"] <= now
    return bool(ended and record["outcome"] == "succeeded")
