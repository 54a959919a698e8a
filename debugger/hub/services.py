"""What the landing page and the documentation show, from the contract's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from debugger.client import scenarios
from debugger.contract import assumptions, catalog, errors
from debugger.contract.operations import CATALOG
from debugger.keys import lifecycle
from debugger.keys.live import arming
from debugger.keys.vault import envelope
from debugger.teams import access, invitations
from debugger.teams.models import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of each the contract holds, for sentences; synthetic models are not counted."""

    operations: int
    image: int
    video: int
    audio: int
    chat: int
    assumptions: int

    @property
    def models(self) -> int:
        """All models together."""
        return self.image + self.video + self.audio + self.chat


def counts() -> Counts:
    """The figures of the landing page."""
    per = catalog.category_counts()
    return Counts(
        operations=len(CATALOG),
        image=per[catalog.Category.IMAGE],
        video=per[catalog.Category.VIDEO],
        audio=per[catalog.Category.AUDIO],
        chat=per[catalog.Category.CHAT],
        assumptions=len(assumptions.facts()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One assumption as the documentation shows it; ``value`` is text."""

    name: str
    about: str
    value: str
    convention: str


def guesses() -> Sequence[Guess]:
    """Every assumption, in the contract's order."""
    return [
        Guess(
            name=fact.name,
            about=_(fact.about),
            value=_value(fact.value),
            convention=_(fact.convention),
        )
        for fact in assumptions.facts()
    ]


def _value(value: assumptions.Value) -> str:
    """A value as a person writes it: lists with commas, yes and no, nothing for an empty list."""
    if isinstance(value, tuple):
        return ", ".join(_value(each) for each in value) or _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:g}" if isinstance(value, float) else str(value)


def error_codes() -> Sequence[errors.ErrorCode]:
    """Every error code that the documentation lists, in its order."""
    return list(errors.ERRORS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioGroup:
    """A group of the mock picker with its scenarios."""

    title: str
    scenarios: Sequence[scenarios.Scenario]


def scenario_groups() -> Sequence[ScenarioGroup]:
    """Every scenario under its group, in the emulator's order."""
    return [
        ScenarioGroup(
            title=_(group.value),
            scenarios=[each for each in scenarios.SCENARIOS.values() if each.group is group],
        )
        for group in scenarios.ScenarioGroup
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightRow:
    """One line of the table of rights: in words, and for each role in their order."""

    name: str
    text: str
    roles: Sequence[bool]


def rights_table() -> Sequence[RightRow]:
    """Who may do what, from the table that is enforced."""
    return [
        RightRow(
            name=right.name.lower(),
            text=_(right.value),
            roles=[role in access.TABLE[right] for role in Role],
        )
        for right in access.Right
    ]


def teams_and_keys() -> dict[str, Any]:
    """What the page on teams and keys takes from the code."""
    return {
        "roles": [role.label for role in Role],
        "rights_table": rights_table(),
        "key_bits": 8 * envelope.KEY_BYTES,
        "armed_minutes": _minutes(arming.LASTS),
        "undo_minutes": _minutes(lifecycle.UNDO),
        "overlaps": [words for _overlap, words in lifecycle.OVERLAPS],
        "lifetimes": list(invitations.LIFETIMES.values()),
    }


def _minutes(length: timedelta) -> int:
    return int(length / timedelta(minutes=1))
