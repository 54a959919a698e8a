"""What a run is going to cost, and the key that keeps a retry from costing it twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.contract import catalog, rules
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.operations import Operation
from debugger.panels.draft import Draft

_GENERATION: Final = "generations.create"
_TOKEN_BASED: Final = "TOKEN_BASED"  # noqa: S105 - a billing type.


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """``credits`` that a run reserves: 0 when it costs nothing, None when that is not known.

    ``basis`` says in one sentence where the number comes from. ``assumed`` is not empty where a
    part of it is a guess, and says which.
    """

    credits: int | None
    basis: str
    assumed: str = ""


def estimate(
    operation: Operation, draft: Draft, *, assumptions: Assumptions = DEFAULTS
) -> Estimate:
    """The estimate for a draft; never raises, whatever the draft holds."""
    if not operation.spends:
        return Estimate(credits=0, basis=_("This operation spends no credits."))
    body = draft.body if isinstance(draft.body, Mapping) else {}
    model = catalog.get(body.get("model"))
    if model is None:
        return Estimate(
            credits=None, basis=_("The model is not known, so its price is not either.")
        )
    if model.is_chat is (operation.id == _GENERATION):
        return Estimate(credits=None, basis=_("This operation does not run the chosen model."))
    params = body.get("params")
    credits = rules.reserved_credits(
        model, params if isinstance(params, Mapping) else None, assumptions=assumptions
    )
    return Estimate(credits=credits, basis=_basis(model, credits), assumed=_assumed(model))


def _basis(model: catalog.Model, credits: int) -> str:
    amount = {"credits": credits}
    if model.billing_type == _TOKEN_BASED:
        return (
            ngettext(
                "%(credits)d credit is reserved; the final amount follows from the tokens used.",
                "%(credits)d credits are reserved; the final amount follows from the tokens used.",
                credits,
            )
            % amount
        )
    if model.billing_type == "METERED":
        return (
            ngettext(
                "%(credits)d credit, the base price; this model is metered, so it may be more.",
                "%(credits)d credits, the base price; this model is metered, so it may be more.",
                credits,
            )
            % amount
        )
    return (
        ngettext(
            "%(credits)d credit, the base price of this model.",
            "%(credits)d credits, the base price of this model.",
            credits,
        )
        % amount
    )


def _assumed(model: catalog.Model) -> str:
    """What of the estimate no page states."""
    if model.synthetic:
        return _("This model exists only in the emulator.")
    if model.billing_type == _TOKEN_BASED:
        return _("The price of a token is not documented.")
    if model.billing_type == "METERED" or model.params:
        return _("Whether parameters change the price is not documented in full.")
    return ""


def fingerprint(operation: Operation, draft: Draft) -> str:
    """Names the request that a draft means: equal for requests that the API takes for the same.

    The order of names does not count; headers do not either, since the idempotency key is one.
    """
    body: Any = draft.body if draft.text is None else None
    parts = [operation.id, draft.path, draft.query, body, draft.text]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:32]


def idempotency_key(fingerprint: str, nonce: str) -> str:
    """The key for one run of one body: the same for a retry, another for another body or nonce."""
    digest = hashlib.sha256(f"{fingerprint}:{nonce}".encode()).hexdigest()
    return f"dash-{digest[:24]}"
