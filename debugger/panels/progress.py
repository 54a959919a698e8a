"""Which steps of the quickstart an answer shows to be taken, in mock mode and in live mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from debugger.client.outcome import Mode, Outcome
from debugger.contract import jobs, operations
from debugger.panels.seat import Seat
from debugger.teams import progress
from debugger.teams.progress import Step

_WEBHOOKS: Final = frozenset({"webhooks.test", "webhooks.deliveries", "webhook_events.list"})
_ARRIVED: Final = frozenset({"delivered", "succeeded"})


def note(seat: Seat, outcome: Outcome) -> None:
    """Tick what an answer of a team's run has shown; what fails shows nothing."""
    if seat.team is None or not outcome.ok:
        return
    for step in steps_shown(outcome):
        progress.reached(seat.team, step, user_id=seat.user_id)


def steps_shown(outcome: Outcome) -> tuple[Step, ...]:
    """The steps that one good answer proves."""
    value = outcome.response.value if outcome.response else None
    operation = operations.get(outcome.operation_id)
    found = {
        Step.MODELS_LISTED: operation.id == "models.list",
        Step.MOCK_RUN: operation.spends and outcome.mode is Mode.MOCK,
        Step.LIVE_RUN: operation.spends and outcome.mode is Mode.LIVE,
        Step.POLLED: operation.id == "generations.retrieve" and _ended(value),
        Step.CREDITS_CHECKED: operation.id == "credits.retrieve",
        Step.WEBHOOK_SEEN: operation.id in _WEBHOOKS and _delivered(value),
    }
    return tuple(step for step, shown in found.items() if shown)


def _ended(value: Any) -> bool:
    return isinstance(value, Mapping) and jobs.is_final(value.get("status"))


def _delivered(value: Any) -> bool:
    """Whether a webhook has arrived: one delivery says so, or an event is there to be read."""
    items = value.get("data") if isinstance(value, Mapping) and "data" in value else value
    listed = items if isinstance(items, list) else [items]
    return any(_arrived(each) for each in listed if isinstance(each, Mapping))


def _arrived(item: Mapping[str, Any]) -> bool:
    status = item.get("status")
    return (isinstance(status, str) and status in _ARRIVED) or (
        "status" not in item and bool(item.get("type"))
    )
