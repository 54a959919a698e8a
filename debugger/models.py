"""Every model of the app, gathered from its rooms."""

from __future__ import annotations

from debugger.exchanges.models import (
    Comment,
    Exchange,
    ExchangeContent,
    ExchangeWords,
    HistoryRules,
    SavedView,
)
from debugger.generations.models import Brake, Follower, Generation, Moment, SavedFile
from debugger.keys.models import ApiKey, DataKey, KeyUse, Spend, SpendDay
from debugger.sandbox.models import SandboxAccount, SandboxBlob, SandboxKey, SandboxRecord
from debugger.teams.models import AuditEvent, Invitation, Membership, Milestone, Team, User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Brake",
    "Comment",
    "DataKey",
    "Exchange",
    "ExchangeContent",
    "ExchangeWords",
    "Follower",
    "Generation",
    "HistoryRules",
    "Invitation",
    "KeyUse",
    "Membership",
    "Milestone",
    "Moment",
    "SandboxAccount",
    "SandboxBlob",
    "SandboxKey",
    "SandboxRecord",
    "SavedFile",
    "SavedView",
    "Spend",
    "SpendDay",
    "Team",
    "User",
]
