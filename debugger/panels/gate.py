"""Between a click and the network: may this person send this now, with which key, at what price.

    passed = admit(seat, submission, bar=bar, now=now)
    if isinstance(passed, Stop): show why, keep the draft
    passed = charged(passed, submission, now=now)    # and the same once more
    outcome = await api.call(live_upstream(passed.base_url), call_for(…, key=passed.secret))
    told(passed, outcome, now=now)

Everything here reads and writes rows; async views call it in a thread. What it refuses is a value.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from debugger.client.outcome import Mode, Outcome
from debugger.contract import operations
from debugger.contract.operations import Operation
from debugger.keys import services as keys
from debugger.keys.live import arming, spend
from debugger.keys.live.spend import OverCeiling
from debugger.keys.models import ApiKey, Spend
from debugger.panels import progress
from debugger.panels.calls import idempotency_of
from debugger.panels.draft import model_of
from debugger.panels.estimate import estimate
from debugger.panels.keybar import KeyBar
from debugger.panels.known import Known
from debugger.panels.run import made_by
from debugger.panels.seat import Seat
from debugger.panels.submission import Submission
from debugger.web.errors import Invalid, NotAllowed, NotFound

logger = logging.getLogger(__name__)
KEY_FIELD: Final = "key-choice"
STATUS: Final = "generations.retrieve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why nothing was sent. ``target`` is the id of the field that it is about.

    ``signs_in`` offers the sign-in page, ``arms`` names the key for which live must be armed first,
    ``over`` is a ceiling that would be broken, and ``mistyped`` says that its amount was not right.
    ``known`` is a run of the same idempotency key with another body.
    """

    sentence: str = ""
    target: str = ""
    signs_in: bool = False
    arms: str = ""
    over: OverCeiling | None = None
    mistyped: bool = False
    known: Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What may be sent: to where, with which key, and what is held for it.

    ``secret`` goes into the client's Call and nowhere else. ``base_url`` is "" in mock mode.
    """

    seat: Seat
    operation: Operation
    base_url: str = ""
    secret: str | None = field(default=None, repr=False)
    key: ApiKey | None = None
    held: Spend | None = None

    @property
    def key_id(self) -> str:
        """The id of the team's key, "" for a pasted one and for none."""
        return self.key.public_id if self.key is not None else ""


@sensitive_variables("passed", "submission")
def admit(seat: Seat, submission: Submission, *, bar: KeyBar, now: datetime) -> Pass | Stop:
    """Whether a live run may be sent now, but for its price; ``bar`` is what the panel offers it.

    What it gives is yet to be charged. Whoever got a charged Pass sends it, and tells what came of
    it.
    """
    passed = live_pass(seat, submission.operation, submission.live_key, chosen=bar.chosen, now=now)
    if isinstance(passed, Stop) or seat.team is None or submission.operation.scope is None:
        return passed
    if not _armed(seat, submission, bar, now=now):
        words = _("Live is not armed in this tab. Nothing was sent, and your draft is still here.")
        return Stop(sentence=words, arms=bar.chosen)
    return passed


@sensitive_variables("pasted", "usable")
def live_pass(
    seat: Seat, operation: Operation, pasted: str, *, chosen: str, now: datetime
) -> Pass | Stop:
    """A live call without arming and ceilings: what a look at a running job needs."""
    if seat.live_denial:
        return Stop(sentence=seat.live_denial, signs_in=seat.asks_sign_in)
    base_url = settings.RIVYA_BASE_URL
    if operation.scope is None:
        return Pass(seat=seat, operation=operation, base_url=base_url)
    if seat.member is None or chosen == arming.PASTE:
        return Pass(seat=seat, operation=operation, base_url=base_url, secret=pasted or None)
    try:
        usable = keys.key_for_call(seat.member, chosen, now=now)
    except (NotFound, NotAllowed, Invalid) as refusal:
        return Stop(sentence=str(refusal), target=KEY_FIELD)
    return Pass(
        seat=seat,
        operation=operation,
        base_url=usable.base_url,
        secret=usable.secret,
        key=usable.key,
    )


def _armed(seat: Seat, submission: Submission, bar: KeyBar, *, now: datetime) -> bool:
    if seat.member is None:
        return True
    token = submission.armed
    return arming.armed(token, seat.member, bar.chosen, seat.session_key, now) is not None


def charged(passed: Pass, submission: Submission, *, now: datetime) -> Pass | Stop:
    """The pass with its credits held, or the ceiling that stands in the way; mock holds none."""
    if not passed.base_url or passed.seat.team is None or passed.operation.scope is None:
        return passed
    held = _hold(passed, submission, override=False, now=now)
    if isinstance(held, OverCeiling) and submission.override:
        if not spend.confirms(submission.override, credits=held.counted.credits):
            return Stop(sentence=held.sentence, over=held, mistyped=True)
        try:
            held = _hold(passed, submission, override=True, now=now)
        except NotAllowed as refusal:
            return Stop(sentence=str(refusal))
    if isinstance(held, OverCeiling):
        return Stop(sentence=held.sentence, over=held)
    return replace(passed, held=held)


def _hold(
    passed: Pass, submission: Submission, *, override: bool, now: datetime
) -> Spend | OverCeiling | None:
    seat = passed.seat
    assert seat.team is not None and seat.user_id is not None  # noqa: S101, PT018 - Asked before.
    # A text that does not parse is sent as it is, and nobody knows what it would cost.
    known = submission.draft.text is None
    credits = estimate(submission.operation, submission.draft).credits if known else None
    return spend.hold(
        team=seat.team,
        key=passed.key,
        user_id=seat.user_id,
        operation=submission.operation.id,
        estimated=credits,
        model=model_of(submission.draft),
        idempotency=idempotency_of(submission),
        body=submission.fingerprint + _mark(passed),
        override=override,
        by=seat.by,
        now=now,
    )


def _mark(passed: Pass) -> str:
    """What tells one pasted key from another, since each has an account of its own."""
    if passed.key is not None or not passed.secret:
        return ""
    return ":" + salted_hmac("debugger.panels.gate", passed.secret).hexdigest()[:16]


def told(passed: Pass, outcome: Outcome, *, now: datetime, said: object = None) -> None:
    """Remember what came of a call: credits, the key's health and scopes, quickstart steps.

    A look at a job settles the run that made it. The call was made and may be paid for: its answer
    is shown even where a row could not be written.
    """
    seat = passed.seat
    try:
        spend.settle(passed.held, outcome=outcome, now=now, said=said)
        if outcome.operation_id == STATUS and seat.team is not None:
            spend.settle_made(seat.team, made=made_by(outcome), outcome=outcome, now=now)
        _taught(passed, outcome, now=now)
        progress.note(seat, outcome)
    except Exception:
        logger.exception("What came of a run could not be remembered")


def _taught(passed: Pass, outcome: Outcome, *, now: datetime) -> None:
    if passed.key is None or passed.seat.user_id is None or outcome.mode is not Mode.LIVE:
        return
    operation = operations.get(outcome.operation_id)
    keys.learned(
        passed.key, operation=operation, outcome=outcome, user_id=passed.seat.user_id, now=now
    )
