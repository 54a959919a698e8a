"""What an answer says about credits. Only fields of the API are facts; the rest is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from debugger.client.outcome import FailureKind, Outcome
from debugger.client.troubles import MAYBE_HANDLED
from debugger.contract import catalog, jobs
from debugger.web.errors import Invalid

CENT: Final = Decimal("0.01")
MOST: Final = Decimal(10_000_000)
"""More than any run can cost. What states more is not believed, and not counted."""
_CHAT: Final = "chat."
_NOT_CONNECTED: Final = frozenset(
    {FailureKind.NOT_SENT, FailureKind.TLS, FailureKind.UNREACHABLE, FailureKind.REDIRECTED}
)
_REQUEST_TIMEOUT: Final = 408


class Verdict(StrEnum):
    """Whether an answer settles what a run cost."""

    SAID = "the API answered"
    NOTHING = "refused, or never sent: nothing can have been charged"
    UNKNOWN = "no answer that can be read: it may have been charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one answer says. ``made`` is the id of what was made; None is "not stated"."""

    verdict: Verdict
    made: str = ""
    reserved: Decimal | None = None
    final: Decimal | None = None


def read(outcome: Outcome, *, said: object = None) -> Charge:
    """What an outcome says. ``said`` is the last whole frame of a streamed turn, where it came."""
    value = said if isinstance(said, Mapping) else _value(outcome)
    if value is not None:
        return _of_value(value)
    if outcome.ok:
        return Charge(verdict=Verdict.UNKNOWN)
    return Charge(verdict=Verdict.NOTHING if _harmless(outcome) else Verdict.UNKNOWN)


def _value(outcome: Outcome) -> Mapping[str, Any] | None:
    value = outcome.response.value if outcome.ok and outcome.response else None
    return value if isinstance(value, Mapping) else None


def _of_value(value: Mapping[str, Any]) -> Charge:
    """Both shapes that the contract knows: a job's two fields, and a turn's ``credits``."""
    made = value.get("id")
    turn = value.get("credits")
    if isinstance(turn, Mapping):
        reserved, final = stated(turn.get("reserved")), stated(turn.get("final"))
    else:
        # The documentation says that the final credits of an unfinished job may be 0.
        ended = jobs.is_final(value.get("status"))
        reserved = stated(value.get("reserved_credits"))
        final = stated(value.get("final_credits")) if ended else None
    return Charge(
        verdict=Verdict.SAID,
        made=made[:80] if isinstance(made, str) else "",
        reserved=reserved,
        final=final,
    )


def _harmless(outcome: Outcome) -> bool:
    """Whether nothing can have been charged: the API refused, or no byte reached it."""
    failure = outcome.failure
    if failure is None or MAYBE_HANDLED in failure.detail:
        return False
    if outcome.response is not None and failure.kind is not FailureKind.NOT_SENT:
        status = outcome.response.status
        return 300 <= status < 500 and status != _REQUEST_TIMEOUT
    return failure.kind in _NOT_CONNECTED


def stated(value: object) -> Decimal | None:
    """An amount as JSON states it; None where it is no amount that anybody could charge."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return amount(Decimal(str(value)))
    except (Invalid, InvalidOperation, ValueError):
        return None


def amount(credits: Decimal | float) -> Decimal:
    """An amount that can be counted, rounded up to a hundredth. Raises Invalid for any other."""
    number = Decimal(credits)
    if not number.is_finite() or number < 0 or number > MOST:
        raise Invalid(_("That is not an amount of credits."))
    return number.quantize(CENT, rounding=ROUND_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a run is counted as before it is sent, and whether its price is known."""

    credits: Decimal
    known: bool

    @property
    def sentence(self) -> str:
        """How it is counted, for the person who pays; "" where the price is known."""
        if self.known:
            return ""
        return _(
            "The estimate is not known, so it is counted as %(credits)s credits, the base price of "
            "the dearest model documented."
        ) % {"credits": shown(self.credits)}


def counted(operation: str, estimated: Decimal | int | None) -> Counted:
    """What a run is counted as: its estimate, or the dearest of its kind where none is known.

    A ceiling that lets a run pass because nobody knows its price would not be one.
    """
    if estimated is not None:
        return Counted(credits=amount(estimated), known=True)
    chat = operation.startswith(_CHAT)
    models = catalog.chat_models() if chat else catalog.generation_models()
    dearest = max((model.base_credits for model in models), default=1)
    return Counted(credits=amount(max(1, dearest)), known=False)


def shown(credits: Decimal | int) -> str:
    """An amount for people: 1,480 and 0.5, without zeros that say nothing."""
    text = f"{Decimal(credits):,.2f}"
    return text.rstrip("0").rstrip(".")
