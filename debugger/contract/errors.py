"""The public error codes: what each means, whether to try again, and what usually fixes it.

``ERRORS`` holds what the documentation lists, in its order. ``explain`` is total: a code or a
status that nobody knows yet gets an honest entry of its own, because new codes may appear at any
time without a new version of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Retry(StrEnum):
    """Whether the same request may be sent again."""

    NEVER = "never"
    AFTER_FIX = "after_fix"
    LATER = "later"
    AT_ONCE_WITH_SAME_KEY = "at_once_with_same_key"


RETRY_ADVICE: Final[Mapping[Retry, str]] = {
    Retry.NEVER: "Sending it again gives the same answer.",
    Retry.AFTER_FIX: "Change the request first, then send it again.",
    Retry.LATER: "Wait, then send it again; wait longer after each failure.",
    Retry.AT_ONCE_WITH_SAME_KEY: (
        "Send it again at once with the same Idempotency-Key: nothing is charged twice."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One code. ``assumed`` says what of it is a guess; ``known`` is False for a stand-in.

    ``status`` is the HTTP status, None for an error that is only found inside a task.
    """

    code: str
    status: int | None
    meaning: str
    retry: Retry
    fix: str
    assumed: str | None = None
    known: bool = True

    @property
    def advice(self) -> str:
        """The sentence about trying again."""
        return RETRY_ADVICE[self.retry]


_ROWS: Final = (
    ErrorCode(
        code="public_api_disabled",
        status=503,
        meaning="The public API is switched off for now.",
        retry=Retry.LATER,
        fix="Wait and try again; the account and its key are not the cause.",
    ),
    ErrorCode(
        code="api_key_missing",
        status=401,
        meaning="The request has no Bearer key.",
        retry=Retry.AFTER_FIX,
        fix="Send the header Authorization: Bearer, followed by the key. "
        "Cookies and browser sessions are not accepted.",
    ),
    ErrorCode(
        code="api_key_invalid",
        status=401,
        meaning="The key cannot be verified, or belongs to no account.",
        retry=Retry.AFTER_FIX,
        fix="Check that the whole key was copied, without spaces; otherwise create a new one.",
    ),
    ErrorCode(
        code="api_key_revoked",
        status=401,
        meaning="The key was revoked in Settings.",
        retry=Retry.AFTER_FIX,
        fix="Create a new key and put it in the old one's place.",
    ),
    ErrorCode(
        code="api_key_expired",
        status=401,
        meaning="The key is no longer valid.",
        retry=Retry.AFTER_FIX,
        fix="Create a new key and put it in the old one's place.",
    ),
    ErrorCode(
        code="api_scope_denied",
        status=403,
        meaning="The key lacks the scope that this operation needs.",
        retry=Retry.AFTER_FIX,
        fix="Use a key that holds the scope. Older keys lack the Files, Webhooks and Chat scopes "
        "and must be created again.",
    ),
    ErrorCode(
        code="rate_limited",
        status=429,
        meaning="Too many requests in the current window.",
        retry=Retry.LATER,
        fix="Wait as long as Retry-After says, or a minute without it, and send fewer at a time.",
    ),
    ErrorCode(
        code="validation_failed",
        status=400,
        meaning="The body, the model, the prompt or a parameter is not accepted.",
        retry=Retry.AFTER_FIX,
        fix="Compare the request with the model's parameters; the message names what is wrong.",
    ),
    ErrorCode(
        code="not_found",
        status=404,
        meaning="There is no such object, or it belongs to another account.",
        retry=Retry.NEVER,
        fix="Check the id, and that the key belongs to the account that created the object.",
    ),
    ErrorCode(
        code="webhook_url_rejected",
        status=400,
        meaning="Webhooks may not be sent to this address.",
        retry=Retry.AFTER_FIX,
        fix="Use a public HTTPS address without user name, password and fragment.",
    ),
    ErrorCode(
        code="chat_model_not_supported",
        status=400,
        meaning="The model cannot be used with the Chat API.",
        retry=Retry.AFTER_FIX,
        fix="Choose a model of the category chat from List models.",
    ),
    ErrorCode(
        code="chat_session_conflict",
        status=409,
        meaning="The session cannot be used for this request.",
        retry=Retry.AFTER_FIX,
        fix="Use a session that the API opened for the same account and model, or leave "
        "session_id out.",
    ),
    ErrorCode(
        code="chat_attachment_not_supported",
        status=400,
        meaning="An attachment is not supported.",
        retry=Retry.AFTER_FIX,
        fix="Upload an image with Upload a file and send its id as file_id, to a model that "
        "reads images.",
    ),
    ErrorCode(
        code="idempotency_conflict",
        status=409,
        meaning="The Idempotency-Key was used for another request, or the first one still runs.",
        retry=Retry.AFTER_FIX,
        fix="Use a new key for a new request; for the same request wait until the first one ends.",
        assumed="when it occurs (Stripe); its code and status are documented",
    ),
    ErrorCode(
        code="insufficient_credits",
        status=402,
        meaning="The wallet does not hold enough credits.",
        retry=Retry.AFTER_FIX,
        fix="Add credits, or choose a model or parameters that cost less.",
        assumed="its status (HTTP 402 Payment Required)",
    ),
    ErrorCode(
        code="generation_failed",
        status=None,
        meaning="The job ended without a usable result.",
        retry=Retry.LATER,
        fix="Read the task's final_credits, change the prompt or the references where they may "
        "be the cause, and start a new job.",
    ),
    ErrorCode(
        code="internal_error",
        status=500,
        meaning="Something went wrong on the server.",
        retry=Retry.AT_ONCE_WITH_SAME_KEY,
        fix="Try again; when it stays, report the requestId to support.",
        assumed="the code (custom)",
    ),
)

ERRORS: Final[Mapping[str, ErrorCode]] = {row.code: row for row in _ROWS}

_BY_STATUS: Final[Mapping[int, tuple[str, Retry, str]]] = {
    400: (
        "The request is not accepted.",
        Retry.AFTER_FIX,
        "Read the message and compare the request with the documentation.",
    ),
    401: (
        "The key is not accepted.",
        Retry.AFTER_FIX,
        "Check the key, or create a new one.",
    ),
    402: (
        "Payment is needed, most likely more credits.",
        Retry.AFTER_FIX,
        "Look at the balance of the account.",
    ),
    403: (
        "The key may not do this.",
        Retry.AFTER_FIX,
        "Use a key that holds the scope that this operation needs.",
    ),
    404: (
        "There is nothing at this address, or it belongs to another account.",
        Retry.NEVER,
        "Check the id, the base address and the account of the key.",
    ),
    405: (
        "This address does not accept this method.",
        Retry.AFTER_FIX,
        "Check the method and the base address.",
    ),
    408: (
        "The server gave up waiting for the request.",
        Retry.AT_ONCE_WITH_SAME_KEY,
        "Send it again.",
    ),
    409: (
        "The request does not fit the present state of what it names.",
        Retry.AFTER_FIX,
        "Read the state again before sending it once more.",
    ),
    413: (
        "The request is larger than the server accepts.",
        Retry.AFTER_FIX,
        "Send a smaller file or a shorter body.",
    ),
    429: (
        "Too many requests.",
        Retry.LATER,
        "Wait as long as Retry-After says, or a minute without it.",
    ),
    502: (
        "A server in between got no usable answer.",
        Retry.AT_ONCE_WITH_SAME_KEY,
        "Send it again; with the same Idempotency-Key nothing is charged twice.",
    ),
    503: (
        "The service is not available for now.",
        Retry.LATER,
        "Wait and try again.",
    ),
    504: (
        "A server in between waited too long for the answer.",
        Retry.AT_ONCE_WITH_SAME_KEY,
        "Send it again; with the same Idempotency-Key nothing is charged twice.",
    ),
}

_UNKNOWN: Final = "unknown_error"


def explain(code: str | None, status: int | None = None) -> ErrorCode:
    """What is known of an error. Never raises; an unknown code is explained by its status."""
    if isinstance(code, str) and code in ERRORS:
        return ERRORS[code]
    name = code if isinstance(code, str) and code else _UNKNOWN
    meaning, retry, fix = _by_status(status)
    if name != _UNKNOWN:
        meaning = f"This code is not in the documentation. {meaning}"
    return ErrorCode(code=name, status=status, meaning=meaning, retry=retry, fix=fix, known=False)


def _by_status(status: int | None) -> tuple[str, Retry, str]:
    """The explanation that an HTTP status gives without a code."""
    if status is not None and status in _BY_STATUS:
        return _BY_STATUS[status]
    if status is not None and 500 <= status <= 599:
        return (
            "Something went wrong on the server.",
            Retry.LATER,
            "Try again later; when it stays, report the requestId to support.",
        )
    if status is not None and 400 <= status <= 499:
        return _BY_STATUS[400]
    return (
        "The cause is not known.",
        Retry.LATER,
        "Look at the raw answer; keep its requestId for support.",
    )
