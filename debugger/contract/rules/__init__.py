"""The API's rules about requests: one reading for the emulator's errors and the forms' fields.

Every function takes any JSON value and never raises for it. Problems carry a pointer to the
place, in the same order for the same body.
"""

from __future__ import annotations

from debugger.contract.rules.chat import ChatProblem, chat_problems
from debugger.contract.rules.files import file_problems
from debugger.contract.rules.generations import generation_problems
from debugger.contract.rules.money import chat_credits, reserved_credits
from debugger.contract.rules.sniffing import sniff
from debugger.contract.schemas import Problem

__all__ = [
    "ChatProblem",
    "Problem",
    "chat_credits",
    "chat_problems",
    "file_problems",
    "generation_problems",
    "reserved_credits",
    "sniff",
]
