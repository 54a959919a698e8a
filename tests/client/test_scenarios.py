"""Whatever the emulator is told to do, the client answers with a value and in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from debugger.client import scenarios
from debugger.client.api import Call, Finished, Limits, call, mock_upstream, stream
from debugger.client.emulation import Emulation
from debugger.client.outcome import FailureKind, Outcome
from debugger.contract import operations
from debugger.emulator import wire
from debugger.emulator.store import SqliteStore

# The total is for a slow machine: silence is what ends the silent ones.
LIMITS = Limits(read=0.5, total=60.0)
# It takes its time and does nothing else, so its pauses are shortened.
SLOW = "stream-slow"
BODIES: dict[str, Any] = {
    "credits.retrieve": None,
    "generations.create": {"model": "z-image", "prompt": "A lamp"},
    "chat.stream": {"model": "gpt-5-2-chat", "message": "Hello"},
}


def hurried(response: wire.Response) -> wire.Response:
    """The same answer at ten times its pace."""
    chunks = [replace(chunk, delay=chunk.delay / 10) for chunk in response.chunks]
    return replace(response, chunks=chunks)


async def _play(scenario: str, operation_id: str) -> Outcome:
    emulation = Emulation(SqliteStore())
    account = emulation.new_account()

    async def handle(request: wire.Request) -> wire.Response:
        response = emulation.handle(request)
        return hurried(response) if scenario == SLOW else response

    upstream = mock_upstream(handle, account=account, base_url="http://mock", scenario=scenario)
    request = Call(operation=operations.get(operation_id), body=BODIES[operation_id])
    if operation_id != "chat.stream":
        return await call(upstream, request, limits=LIMITS)
    events = [event async for event in stream(upstream, request, limits=LIMITS)]
    last = events[-1]
    assert isinstance(last, Finished)
    return last.outcome


def test_every_scenario_ends_with_an_outcome_for_every_kind_of_operation() -> None:
    async def main() -> list[Outcome]:
        return await asyncio.gather(
            *(_play(name, each) for name in scenarios.SCENARIOS for each in BODIES)
        )

    outcomes = asyncio.run(main())
    assert len(outcomes) == 3 * len(scenarios.SCENARIOS)
    kinds = {o.failure.kind for o in outcomes if o.failure is not None}
    assert kinds >= {
        FailureKind.BROKEN,
        FailureKind.NOT_JSON,
        FailureKind.RATE_LIMITED,
        FailureKind.REDIRECTED,
        FailureKind.REFUSED,
        FailureKind.REJECTED,
        FailureKind.TIMED_OUT,
        FailureKind.TOO_LARGE,
        FailureKind.UNAVAILABLE,
    }
    assert any(outcome.ok for outcome in outcomes)


def test_the_picker_offers_only_what_changes_something() -> None:
    offered = {scenario.name for scenario in scenarios.for_operation("credits.retrieve")}
    assert "happy" in offered
    assert "stream-cut" not in offered
