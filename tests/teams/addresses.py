"""Every address of the site, found by walking Django's own resolver, with a sample for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.resolvers import RegexPattern, RoutePattern

SAMPLES: dict[str, str] = {
    "slug": "acme",
    "operation_id": "credits.retrieve",
    "path": "nothing/here.png",
    "token": "t" * 43,
    "public_id": "k" * 16,
    "key_id": "k" * 16,
    "number": "1",
    "run": "run_1",
    "generation": "gen_1",
    "file": "f" * 32,
    "format": "json",
    "provider_id": "nobody",
}
"""One value for each name in an address. It need not exist: access is decided before."""

_PART = re.compile(r"<(?:[^<>:]+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True, slots=True)
class Address:
    """A pattern of the site, what answers it, and an address that leads there."""

    pattern: str
    view: Callable[..., Any]
    in_team: bool

    def __str__(self) -> str:
        return self.pattern

    @property
    def module(self) -> str:
        """Where the view is written."""
        return self.view.__module__

    def sample(self, **other: str) -> str:
        """An address that this view answers; fails for a name that has no sample yet."""

        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if name not in SAMPLES:
                pytest.fail(
                    f"/{self.pattern} has a part named {name!r}. Give it a sample in "
                    "tests/teams/addresses.py, so that its access can be tested."
                )
            return {**SAMPLES, **other}[name]

        address = "/" + re.sub(r"[\\^$]", "", _PART.sub(value, self.pattern))
        assert resolve(address).func is self.view, f"{address} does not lead to /{self.pattern}"
        return address


def all_addresses() -> list[Address]:
    """Every pattern of the site, however deep it is included."""
    return list(_walk(get_resolver().url_patterns, "", in_team=False))


def _walk(
    patterns: list[URLPattern | URLResolver], before: str, *, in_team: bool
) -> Iterator[Address]:
    for each in patterns:
        assert isinstance(each.pattern, RoutePattern | RegexPattern), each
        text = before + str(each.pattern)
        inside = in_team or "slug" in each.pattern.converters or "(?P<slug>" in str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, text, in_team=inside)
        else:
            yield Address(text, each.callback, inside)
