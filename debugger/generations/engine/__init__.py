"""The polling engine: claim what is due, look, write what changed, say when to look again."""

from __future__ import annotations

from debugger.generations.engine.runner import follow, round

__all__ = ["follow", "round"]
