"""Why a stored run failed: in our words, in the API's, and what usually fixes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as told
from django.utils.translation import ngettext

from debugger.client.outcome import FailureKind
from debugger.contract import errors
from debugger.exchanges.models import Exchange
from debugger.exchanges.states import Words

_HAPPENED: Final[Mapping[str, Words]] = {
    FailureKind.UNREACHABLE: told("The connection was refused or broke off at once."),
    FailureKind.TLS: told("The server's certificate was not accepted, so nothing was sent."),
    FailureKind.TIMED_OUT: told(
        "The connection stood, but no answer came in time. The request may have been carried out."
    ),
    FailureKind.BROKEN: told(
        "The connection ended before the answer was whole. The request may have been carried out."
    ),
    FailureKind.REDIRECTED: told(
        "The server pointed to another address, and a key is never carried along to one."
    ),
    FailureKind.TOO_LARGE: told("The answer was larger than what is read; its end was let go."),
    FailureKind.NOT_JSON: told(
        "Something else than JSON came, often the page of a proxy or of a gateway."
    ),
    FailureKind.REFUSED: told("The API did not accept the key for this call."),
    FailureKind.RATE_LIMITED: told("The key had used up what it may send in that window."),
    FailureKind.REJECTED: told("The API could not carry the request out as it was."),
    FailureKind.UNAVAILABLE: told("The API had trouble of its own."),
    FailureKind.NOT_SENT: told("It was stopped here, before a connection was made."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A failure for its notice; ``code``, ``message`` and ``detail`` are shown verbatim.

    ``meaning``, ``fix`` and ``again`` come from the contract's table of codes, ``assumed`` says
    what of that is a guess. They are "" where the API said nothing that the table could explain.
    """

    happened: str
    code: str = ""
    message: str = ""
    detail: str = ""
    meaning: str = ""
    fix: str = ""
    again: str = ""
    assumed: str = ""
    waited: str = ""


def advice_on(
    row: Exchange, *, detail: str = "", retry_after: float | None = None
) -> Advice | None:
    """What to know about a failed run; None for one that did not fail."""
    if not (row.failed or row.failure_kind):
        return None
    known = _entry(row)
    return Advice(
        happened=_happened(row),
        code=row.error_code,
        message=row.error_message,
        detail=detail,
        meaning=_(known.meaning) if known else "",
        fix=_(known.fix) if known else "",
        again=_(known.advice) if known else "",
        assumed=(known.assumed or "") if known else "",
        waited=_waited(retry_after),
    )


def _happened(row: Exchange) -> str:
    if row.failure_kind:
        return str(_HAPPENED.get(row.failure_kind) or row.failure_kind)
    return _("The API answered HTTP %(status)s, and the job in that answer failed.") % {
        "status": row.status
    }


def _entry(row: Exchange) -> errors.ErrorCode | None:
    """The contract's row, where the API itself said what is wrong."""
    if row.error_code or (row.status or 0) >= 400:
        return errors.explain(row.error_code or None, row.status)
    return None


def _waited(seconds: float | None) -> str:
    if not seconds:
        return ""
    count = ceil(seconds)
    return ngettext(
        "The answer asked to wait %(count)d second before the next try.",
        "The answer asked to wait %(count)d seconds before the next try.",
        count,
    ) % {"count": count}
