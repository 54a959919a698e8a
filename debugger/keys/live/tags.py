"""Template filters for amounts."""

from __future__ import annotations

from decimal import Decimal

from django import template

from debugger.keys.live.charges import shown

register = template.Library()


@register.filter
def credits(amount: Decimal | int | None) -> str:
    """An amount as people read it; "" for none."""
    return "" if amount is None else shown(amount)
