"""What other rooms ask of keys.

    usable = key_for_call(member, public_id, now=now)
    outcome = await api.call(live_upstream(usable.base_url), Call(..., key=usable.secret))
    learned(usable.key, operation=operation, outcome=outcome, user_id=user.pk, now=now)

A key is only ever sent to the ``base_url`` that comes with it.
"""

from __future__ import annotations

from debugger.keys.choosing import (
    Choice,
    Usable,
    base_urls,
    choices,
    hint_of,
    host_of,
    is_local,
    key_for_call,
)
from debugger.keys.learning import balance_of, learned
from debugger.keys.lifecycle import restore, revoke, rotate, shred_due, undo, undo_rotation
from debugger.keys.scopes import Held, ScopeMark, marks, mender_of, predicted_denial
from debugger.keys.states import State, state_of
from debugger.keys.storing import Stated, add, edit

__all__ = [
    "Choice",
    "Held",
    "ScopeMark",
    "State",
    "Stated",
    "Usable",
    "add",
    "balance_of",
    "base_urls",
    "choices",
    "edit",
    "hint_of",
    "host_of",
    "is_local",
    "key_for_call",
    "learned",
    "marks",
    "mender_of",
    "predicted_denial",
    "restore",
    "revoke",
    "rotate",
    "shred_due",
    "state_of",
    "undo",
    "undo_rotation",
]
