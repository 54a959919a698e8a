"""The wallet: a balance, and what is reserved by work that has not ended yet."""

from __future__ import annotations

from typing import Final

from debugger.emulator import accounts
from debugger.emulator.store import Record, Unit
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response

_KIND: Final = "wallet"


def wallet(unit: Unit) -> Record:
    """``{"balance": credits, "reserved": {reference: credits}}``; reserved is not in balance."""
    found = unit.get(_KIND, _KIND)
    if found is not None:
        return found
    return {"balance": int(accounts.profile(unit)["opening_credits"]), "reserved": {}}


def reserve(unit: Unit, reference: str, amount: int) -> bool:
    """Put credits aside for a task or a chat turn; False, and nothing moved, when they lack."""
    purse = wallet(unit)
    if amount < 0 or purse["balance"] < amount:
        return False
    purse["balance"] -= amount
    purse["reserved"][reference] = purse["reserved"].get(reference, 0) + amount
    unit.put(_KIND, _KIND, purse)
    return True


def hold(turn: Turn, reference: str, amount: int) -> Response | None:
    """Reserve credits for this request; the error answer when the wallet lacks them."""
    if turn.scenario.name != "no-credits" and reserve(turn.unit, reference, amount):
        return None
    status = turn.assumptions.insufficient_credits_status
    message = f"The account does not have the {amount} credits that this request reserves."
    return turn.error("insufficient_credits", message, status)


def settle(unit: Unit, reference: str, final: int) -> int:
    """End a reservation at its final price and return what was really charged.

    What was reserved too much comes back. What was reserved too little is taken as far as the
    balance goes, because a wallet is never negative. Settling twice charges once.
    """
    purse = wallet(unit)
    held = purse["reserved"].pop(reference, None)
    if held is None:
        return 0
    charged = max(0, min(final, held + purse["balance"]))
    purse["balance"] += held - charged
    unit.put(_KIND, _KIND, purse)
    return int(charged)


def set_balance(unit: Unit, balance: int) -> None:
    """Put the balance to a figure; reservations stay. ValueError below zero."""
    if balance < 0:
        raise ValueError("A balance is never negative.")
    purse = wallet(unit)
    purse["balance"] = balance
    unit.put(_KIND, _KIND, purse)


def current(unit: Unit, *, reservation_visible: bool = True) -> int:
    """What ``GET /credits`` shows."""
    purse = wallet(unit)
    held = 0 if reservation_visible else sum(purse["reserved"].values())
    return int(purse["balance"]) + held


def retrieve(turn: Turn) -> Response:
    """``GET /credits``."""
    visible = turn.assumptions.reservation_visible
    return turn.reply(200, {"current_credits": current(turn.unit, reservation_visible=visible)})
