"""Where a run leads: rooms that stand behind this one say what they made of it.

    links.register(of_run)    # of_run(exchange) -> Link | None

This room must not know generations, so that room names its own page when the app is ready.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from debugger.exchanges.models import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page about what a run made; ``label`` is its name there, such as "gen_1jz3k8x2m4q9"."""

    title: str
    label: str
    url: str


Source = Callable[[Exchange], Link | None]
_SOURCES: Final[list[Source]] = []


def register(source: Source) -> None:
    """Ask this function too, once however often it is registered."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def links_of(exchange: Exchange) -> list[Link]:
    """Every page about what a run made."""
    return [link for source in _SOURCES if (link := source(exchange)) is not None]
