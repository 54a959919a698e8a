"""What a failure means to the person at the panel: what happened, and what to do now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.client.outcome import Failure, FailureKind, Mode, Outcome
from debugger.contract import errors
from debugger.contract.operations import get

# After these the request may have arrived although its answer did not.
UNCERTAIN: Final = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.TIMED_OUT,
        FailureKind.BROKEN,
        FailureKind.TOO_LARGE,
        FailureKind.NOT_JSON,
        FailureKind.UNAVAILABLE,
    }
)
# After these another poll of the same job may well succeed.
PASSING: Final = frozenset(UNCERTAIN | {FailureKind.RATE_LIMITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A failure in sentences; ``code`` to ``detail`` are shown verbatim.

    ``wait`` is the Retry-After of the answer in whole seconds. ``meaning`` and ``fix`` come from
    the contract's table of codes; ``assumed`` names the convention that a guessed code borrows.
    """

    title: str
    what: str
    action: str
    code: str = ""
    message: str = ""
    request_id: str = ""
    detail: str = ""
    wait: int | None = None
    wait_text: str = ""
    meaning: str = ""
    fix: str = ""
    assumed: str = ""
    safe_retry: bool = False


def advise(outcome: Outcome) -> Advice | None:
    """The failure of an outcome in sentences; None when it did not fail."""
    failure = outcome.failure
    if failure is None:
        return None
    title, what, action = _SENTENCES[failure.kind](outcome, failure)
    wait = ceil(failure.retry_after) if failure.retry_after else None
    entry = _entry(outcome, failure)
    return Advice(
        title=title,
        what=what,
        action=action,
        code=failure.code or "",
        message=failure.message or "",
        request_id=failure.request_id or "",
        detail=failure.detail,
        wait=wait,
        wait_text=_wait_text(wait),
        meaning=_(entry.meaning) if entry else "",
        fix=_(entry.fix) if entry else "",
        assumed=(entry.assumed or "") if entry else "",
        safe_retry=get(outcome.operation_id).idempotency and failure.kind in UNCERTAIN,
    )


def _entry(outcome: Outcome, failure: Failure) -> errors.ErrorCode | None:
    """The contract's advice, where the API itself answered."""
    if failure.code is None and (outcome.response is None or outcome.response.status < 400):
        return None
    status = outcome.response.status if outcome.response else None
    return errors.explain(failure.code, status)


def _wait_text(wait: int | None) -> str:
    if wait is None:
        return ""
    return ngettext(
        "The answer asks to wait %(count)d second before the next try.",
        "The answer asks to wait %(count)d seconds before the next try.",
        wait,
    ) % {"count": wait}


Sentences = tuple[str, str, str]


def _status(outcome: Outcome) -> int:
    return outcome.response.status if outcome.response else 0


def _unreachable(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    where = _("Check that the address is right and that the service runs, then run again.")
    if outcome.mode is Mode.MOCK:
        where = _("This is what the chosen scenario plays. Choose another, or run again.")
    return _("Nothing answered"), _("The connection was refused or broke off at once."), where


def _tls(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The connection could not be made safe"),
        _("The server's certificate was not accepted, so nothing was sent, the key neither."),
        _("Check the base URL, the clock of this machine and any proxy in between."),
    )


def _timed_out(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("No answer in time"),
        _("The connection stood, but the answer did not come within the time limit."),
        _(
            "The request may have been carried out. Retry with the same idempotency key where "
            "there is one, so that nothing is charged twice."
        ),
    )


def _broken(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The answer was cut off"),
        _("The connection ended before the answer was whole, or it was not HTTP."),
        _(
            "What did arrive is under Raw. The request may have been carried out: retry with the "
            "same idempotency key where there is one."
        ),
    )


def _redirected(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("Redirected, and not followed"),
        _("The server pointed to another address. A key is never carried along to one."),
        _(
            "Look at the Location header, and set the base URL to the final address if you trust "
            "it."
        ),
    )


def _too_large(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The answer is too large"),
        _(
            "The answer is larger than what is kept here. Its beginning is under Raw, the rest was "
            "counted and let go."
        ),
        _("Ask for less at once, or fetch it with the cURL snippet."),
    )


def _not_json(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The answer is not JSON"),
        _("HTTP %(status)d came with something else, often the page of a proxy or of a gateway.")
        % {"status": _status(outcome)},
        _("Read it under Raw, and check that the base URL leads to the API itself."),
    )


def _refused(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    if _status(outcome) == 403:
        scope = get(outcome.operation_id).scope
        action = _("Use a key that holds the scope this operation needs.")
        if scope:
            action = _("Use a key that holds %(scope)s.") % {"scope": scope.value}
        return _("The key may not do this"), _("The key was known, but lacks a right."), action
    return (
        _("The key was not accepted"),
        _("The API could not accept the key of this call."),
        _(
            "Check that it is whole, not revoked and not expired, or create a new one in Rivya's "
            "Settings."
        ),
    )


def _rate_limited(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("Too many requests"),
        _("The key used up what it may send in the current window. Nothing was charged."),
        _("Wait a little, then run again."),
    )


def _rejected(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The API rejected the request"),
        _("It answered HTTP %(status)d: the request cannot be carried out as it is.")
        % {"status": _status(outcome)},
        _("Correct what the message names, then run again."),
    )


def _unavailable(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("The API has trouble of its own"),
        _("It answered HTTP %(status)d. Your request may be fine.") % {"status": _status(outcome)},
        _("Try again in a moment, with the same idempotency key where there is one."),
    )


def _not_sent(outcome: Outcome, failure: Failure) -> Sentences:  # noqa: ARG001 - One signature.
    return (
        _("Not sent"),
        _("The request was stopped here, before a connection was made."),
        _("Correct what is named below, then run again."),
    )


_SENTENCES: Final[dict[FailureKind, Callable[[Outcome, Failure], Sentences]]] = {
    FailureKind.UNREACHABLE: _unreachable,
    FailureKind.TLS: _tls,
    FailureKind.TIMED_OUT: _timed_out,
    FailureKind.BROKEN: _broken,
    FailureKind.REDIRECTED: _redirected,
    FailureKind.TOO_LARGE: _too_large,
    FailureKind.NOT_JSON: _not_json,
    FailureKind.REFUSED: _refused,
    FailureKind.RATE_LIMITED: _rate_limited,
    FailureKind.REJECTED: _rejected,
    FailureKind.UNAVAILABLE: _unavailable,
    FailureKind.NOT_SENT: _not_sent,
}
