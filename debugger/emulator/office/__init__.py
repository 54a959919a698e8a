"""The office: a page of its own where keys are made, since the real service has its Settings."""

from __future__ import annotations

from debugger.emulator.office.desk import Office

__all__ = ["Office"]
