"""What a request costs, as far as the documentation tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.catalog import Model


def reserved_credits(
    model: Model, params: Mapping[str, Any] | None = None, *, assumptions: Assumptions = DEFAULTS
) -> int:
    """Credits that a new job or chat turn reserves, rounded up.

    Every documented sample reserves the model's base credits. Some params change the price, by a
    formula that no page shows: they are taken here so that callers need not change once it is
    known.
    """
    del params
    return math.ceil(model.base_credits * assumptions.price_multiplier)


def chat_credits(total_tokens: int, *, assumptions: Assumptions = DEFAULTS) -> int:
    """Final credits of a chat turn: rounded up, one at least."""
    return max(1, math.ceil(total_tokens / 1000 * assumptions.token_price_per_1000))
