"""The rows of this room: people, teams, who belongs where, what was done."""

from __future__ import annotations

from debugger.teams.models.audit import AuditEvent
from debugger.teams.models.progress import Milestone
from debugger.teams.models.team import Invitation, Membership, Role, Team
from debugger.teams.models.user import User, UserManager

__all__ = [
    "AuditEvent",
    "Invitation",
    "Membership",
    "Milestone",
    "Role",
    "Team",
    "User",
    "UserManager",
]
