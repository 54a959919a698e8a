"""Every model of the app, gathered from its rooms."""

from __future__ import annotations

from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxKey, SandboxRecord
from debugger.teams.models import User

__all__ = ["SandboxAccount", "SandboxBlob", "SandboxKey", "SandboxRecord", "User"]
