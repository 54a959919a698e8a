"""Asking the API for the balance of a key that a person uses, which costs nothing."""

from __future__ import annotations

from datetime import datetime

from asgiref.sync import sync_to_async
from django.utils.translation import gettext as _

from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.keys import trial
from debugger.keys.choosing import key_for_call
from debugger.keys.learning import balance_of, learned
from debugger.teams.models import Membership


async def refresh(member: Membership, key_id: str, *, now: datetime) -> str:
    """Call GET /credits with a key of the team; why the balance is still not known, "" if it is.

    Unlike a test of a key this needs only the right to use it. Raises what key_for_call raises.
    """
    usable = await sync_to_async(key_for_call)(member, key_id, now=now)
    outcome = await trial.ask(usable.secret, usable.base_url)
    await sync_to_async(learned)(
        usable.key,
        operation=operations.get("credits.retrieve"),
        outcome=outcome,
        user_id=member.user_id,
        now=now,
        use=False,
    )
    return _trouble(outcome, usable.base_url)


def _trouble(outcome: Outcome, base_url: str) -> str:
    if balance_of(outcome) is not None:
        return ""
    said = trial.read(outcome, base_url)
    return said.sentence or _("The answer names no balance.")
