"""Template tags of jobs: their timeline, money and pace, where a view does not give them."""

from __future__ import annotations

from django import template
from django.utils import timezone

from debugger.generations.models import Generation
from debugger.generations.telling import money, percentiles, timeline

register = template.Library()


@register.simple_tag
def timeline_of(generation: Generation) -> timeline.Timeline:
    """{% timeline_of job.row as timeline %}, one statement."""
    return timeline.timeline(generation, timezone.now())


@register.simple_tag
def money_of(generation: Generation) -> money.MoneyLine:
    """{% money_of job.row as money %}, two statements once both balances are known."""
    return money.line(generation)


@register.simple_tag
def brief_money_of(generation: Generation) -> money.MoneyLine:
    """{% brief_money_of job.row as money %}: without balances, and without a statement."""
    return money.brief(generation)


@register.simple_tag
def explained(generation: Generation) -> percentiles.Explanation | None:
    """{% explained job.row as pace %}, one statement for a job that is waited for."""
    return percentiles.explain(generation, timezone.now())
