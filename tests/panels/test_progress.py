"""What an answer proves of the quickstart: only what has really happened."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.client.outcome import Mode, Outcome, RequestSnapshot, ResponseSnapshot, Timings
from debugger.panels.progress import steps_shown
from debugger.teams.progress import Step


def answered(operation: str, value: Any, mode: Mode = Mode.MOCK) -> Outcome:
    return Outcome(
        operation_id=operation,
        mode=mode,
        request=RequestSnapshot(method="GET", url="https://rivya.ai/", headers=()),
        response=ResponseSnapshot(status=200, headers=(), text="", is_json=True, value=value),
        timings=Timings(),
    )


@pytest.mark.parametrize(
    ("operation", "value", "steps"),
    [
        ("models.list", {"data": []}, (Step.MODELS_LISTED,)),
        ("credits.retrieve", {"current_credits": 0}, (Step.CREDITS_CHECKED,)),
        ("chat.create", {}, (Step.MOCK_RUN,)),
        ("generations.retrieve", {"status": "processing"}, ()),
        ("generations.retrieve", {"status": ["succeeded"]}, ()),
        ("webhooks.deliveries", {"data": [{"status": ["delivered"]}, {"status": {}}]}, ()),
        ("generations.retrieve", {"status": "failed"}, (Step.POLLED,)),
        ("webhooks.test", {"status": "pending"}, ()),
        ("webhooks.test", {"status": "succeeded"}, (Step.WEBHOOK_SEEN,)),
        ("webhooks.deliveries", {"data": []}, ()),
        ("webhooks.deliveries", {"data": [{"status": "failed", "type": "x"}]}, ()),
        ("webhooks.deliveries", {"data": [{}, {"status": "delivered"}]}, (Step.WEBHOOK_SEEN,)),
        ("webhook_events.list", {"data": [{"type": "x", "id": "evt_1"}]}, (Step.WEBHOOK_SEEN,)),
        ("webhook_events.list", {"data": []}, ()),
        ("webhooks.list", {"data": [{"status": "active"}]}, ()),
        ("generations.retrieve", ["odd"], ()),
    ],
)
def test_an_answer_proves_a_step_or_none(
    operation: str, value: Any, steps: tuple[Step, ...]
) -> None:
    assert steps_shown(answered(operation, value)) == steps


def test_a_live_run_is_another_step_than_a_mock_run() -> None:
    assert steps_shown(answered("generations.create", {}, Mode.LIVE)) == (Step.LIVE_RUN,)
