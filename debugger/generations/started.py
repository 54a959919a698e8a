"""A submission with all that is known of it: who sent what, where, with which key, for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from debugger.client.outcome import Mode, Outcome, RequestSnapshot
from debugger.client.redact import MARK
from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run of generations.create: not sent yet, answered, or without an answer.

    ``request`` is the outcome's own unless given. ``key`` is the stored key that carried it,
    ``pasted`` says that another one did. ``account`` is the sandbox account of a mock run, and
    ``begun`` the row that was written before this very request went out. ``bodies`` says whether
    the team keeps what was sent.
    """

    outcome: Outcome
    team: Team
    now: datetime
    exchange: Exchange | None = None
    begun: Generation | None = None
    request: RequestSnapshot | None = None
    user_id: int | None = None
    user_name: str = ""
    key: ApiKey | None = None
    pasted: bool = False
    base_url: str = ""
    account: str = ""
    spend: Spend | None = None
    scenario: str = ""
    model: str = ""
    title: str = ""
    estimated: Decimal | int | None = None
    balance_before: Decimal | None = None
    balance_before_at: datetime | None = None
    bodies: bool = True

    @property
    def sent(self) -> RequestSnapshot:
        """The request as it went out."""
        return self.request or self.outcome.request

    @property
    def idempotency(self) -> str:
        """The idempotency key as it was sent; "" for none, and where it cannot be kept whole."""
        headers = {name.lower(): value for name, value in self.sent.headers}
        key = headers.get("idempotency-key", "")
        return key if len(key) <= 255 and MARK not in key else ""

    @property
    def mode(self) -> Mode:
        """Which transport carried it."""
        return self.outcome.mode

    @property
    def followable(self) -> bool:
        """Whether the site can ask by itself: in the sandbox, or with a key of the team."""
        return self.mode is Mode.MOCK or self.key is not None

    @property
    def why_not_again(self) -> str:
        """Why this request is not sent again when its answer is missing; "" where it is."""
        unknown = _("The answer did not come, so nobody knows whether a job was made.")
        if not self.idempotency:
            why = _("No idempotency key is known with it, so sending it again could make a second.")
        elif self.pasted or not self.followable:
            why = _("Its key was pasted and is not kept, so it cannot be sent again from here.")
        elif not self.sent.intact:
            why = _("What was sent is not kept whole, so the same request cannot be sent again.")
        else:
            return ""
        return f"{unknown} {why}"
