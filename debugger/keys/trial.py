"""Trying a key: GET /credits at the address that it is bound to, and what the answer means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from asgiref.sync import sync_to_async
from django.utils.translation import gettext as _

from debugger.client import api
from debugger.client.outcome import FailureKind, Outcome
from debugger.contract import errors, operations
from debugger.keys.choosing import Usable, host_of, key_for_call
from debugger.keys.learning import SCOPE_DENIED, balance_of, learned
from debugger.keys.live.charges import shown
from debugger.teams import audit
from debugger.teams.access import Right, demand
from debugger.teams.models import Membership

_CREDITS: Final = operations.get("credits.retrieve")
# A person waits in front of it.
_LIMITS: Final = api.Limits(connect=5.0, read=10.0, write=5.0, total=15.0)


class Verdict(StrEnum):
    """What a test showed."""

    WORKS = "works"
    LACKS_SCOPE = "lacks scope"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The result of a test in sentences. ``code``, ``message`` and ``detail`` are verbatim."""

    verdict: Verdict
    title: str
    sentence: str
    balance: Decimal | None = None
    code: str = ""
    message: str = ""
    detail: str = ""
    request_id: str = ""

    @property
    def good(self) -> bool:
        """Whether the API recognised the key."""
        return self.verdict in {Verdict.WORKS, Verdict.LACKS_SCOPE}

    @property
    def tone(self) -> str:
        """The class of its notice."""
        return {Verdict.WORKS: "good", Verdict.REFUSED: "bad"}.get(self.verdict, "odd")


async def ask(secret: str, base_url: str) -> Outcome:
    """Ask for the balance with a key; trouble comes back as a value."""
    call = api.Call(operation=_CREDITS, key=secret)
    return await api.call(api.live_upstream(base_url), call, limits=_LIMITS)


async def test(member: Membership, public_id: str, *, by: audit.Origin, now: datetime) -> Trial:
    """Test a stored key and learn from the answer. Raises what key_for_call raises."""
    usable = await sync_to_async(_ready)(member, public_id, now)
    outcome = await ask(usable.secret, usable.base_url)
    await sync_to_async(_tested)(member, usable, outcome, by, now)
    return read(outcome, usable.base_url)


def _ready(member: Membership, public_id: str, now: datetime) -> Usable:
    demand(member, Right.MANAGE_KEYS)
    return key_for_call(member, public_id, now=now)


def _tested(
    member: Membership, usable: Usable, outcome: Outcome, by: audit.Origin, now: datetime
) -> None:
    key = usable.key
    user_id = member.user_id
    learned(key, operation=_CREDITS, outcome=outcome, user_id=user_id, now=now, use=False)
    said = read(outcome, usable.base_url).verdict.value
    audit.record(
        by, key.team, "key.tested", obj=key, label=key.label, changed={"health": [None, said]}
    )


def not_tried(why: str) -> Trial:
    """The result for a key that cannot be used at all."""
    return Trial(verdict=Verdict.UNCLEAR, title=_("Not tested"), sentence=why)


def read(outcome: Outcome, base_url: str) -> Trial:
    """What an answer of GET /credits says of the key that asked."""
    host, failure = {"host": host_of(base_url)}, outcome.failure
    if failure is None:
        balance = balance_of(outcome)
        sentence = (
            _("%(host)s accepted it. The account holds %(credits)s credits.")
            % {**host, "credits": shown(balance)}
            if balance is not None
            else _("%(host)s accepted it, but its answer names no balance.") % host
        )
        return Trial(
            verdict=Verdict.WORKS, title=_("The key works"), sentence=sentence, balance=balance
        )
    verdict, title, sentence = _failed(outcome, host)
    return Trial(
        verdict=verdict,
        title=title,
        sentence=sentence,
        code=failure.code or "",
        message=failure.message or "",
        detail=failure.detail,
        request_id=failure.request_id or "",
    )


def _failed(outcome: Outcome, host: dict[str, str]) -> tuple[Verdict, str, str]:
    failure = outcome.failure
    assert failure is not None  # noqa: S101 - Asked for failures only.
    if failure.kind is FailureKind.REFUSED and failure.code == SCOPE_DENIED:
        return (
            Verdict.LACKS_SCOPE,
            _("The key works, without credits:read"),
            _(
                "%(host)s recognised the key and refused the balance: it lacks credits:read. "
                "Everything that its other scopes allow works."
            )
            % host,
        )
    if failure.kind is FailureKind.REFUSED:
        status = outcome.response.status if outcome.response else 401
        entry = errors.explain(failure.code, status)
        return Verdict.REFUSED, _("The key was refused"), f"{_(entry.meaning)} {_(entry.fix)}"
    if outcome.response is None:
        return (
            Verdict.UNCLEAR,
            _("Nothing is known of the key"),
            _("%(host)s could not be asked, so this says nothing of the key. Try again later.")
            % host,
        )
    return (
        Verdict.UNCLEAR,
        _("Nothing is known of the key"),
        _("%(host)s answered HTTP %(status)d, which says nothing of the key. Try again later.")
        % {**host, "status": outcome.response.status},
    )
