"""The scenario picker of a panel: what each scenario does to its operation, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from debugger.client import scenarios
from debugger.contract.operations import Kind, get


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One scenario of the picker; ``note`` says what happens and how it ends."""

    name: str
    title: str
    note: str
    illustrative: bool = False


def scenario_groups(operation_id: str) -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """The picker for one operation: only scenarios that change something for it."""
    groups: dict[str, list[Option]] = {}
    for each in scenarios.for_operation(operation_id):
        note = f"{_(each.description)} → {_end_state(each, operation_id)}"
        option = Option(
            name=each.name, title=_(each.title), note=note, illustrative=each.illustrative
        )
        groups.setdefault(_(each.group.value), []).append(option)
    return tuple((group, tuple(options)) for group, options in groups.items())


def _end_state(scenario: scenarios.Scenario, operation_id: str) -> str:
    """How a scenario ends for this operation; the happy one ends as its kind of answer does."""
    if scenario.name != scenarios.DEFAULT or operation_id == "generations.create":
        return _(scenario.end_state)
    return {
        Kind.STREAM: _("The reply arrives word by word"),
        Kind.UPLOAD: _("The file is kept, and can be used at once"),
    }.get(get(operation_id).kind, _("The documented answer, at once"))
