"""Every model of the app, gathered from its rooms."""

from __future__ import annotations

from debugger.keys.models import ApiKey, DataKey, KeyUse, Spend, SpendDay
from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxKey, SandboxRecord
from debugger.teams.models import AuditEvent, Invitation, Membership, Milestone, Team, User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "DataKey",
    "Invitation",
    "KeyUse",
    "Membership",
    "Milestone",
    "SandboxAccount",
    "SandboxBlob",
    "SandboxKey",
    "SandboxRecord",
    "Spend",
    "SpendDay",
    "Team",
    "User",
]
