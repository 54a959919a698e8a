"""The emulator's scenarios, for the rooms behind this one, which do not import the emulator."""

from __future__ import annotations

from debugger.emulator.scenarios import (
    DEFAULT,
    HEADER,
    SCENARIOS,
    Scenario,
    ScenarioGroup,
    for_operation,
    get,
)

__all__ = ["DEFAULT", "HEADER", "SCENARIOS", "Scenario", "ScenarioGroup", "for_operation", "get"]
