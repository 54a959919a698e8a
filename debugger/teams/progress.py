"""The seven steps of the quickstart, ticked when a team has really taken them."""

from __future__ import annotations

from enum import StrEnum

from debugger.teams.models import Milestone, Team


class Step(StrEnum):
    """What the quickstart leads through, in its order."""

    KEY_STORED = "key stored"
    MODELS_LISTED = "models listed"
    MOCK_RUN = "mock run"
    LIVE_RUN = "live run"
    POLLED = "polled to end"
    CREDITS_CHECKED = "credits checked"
    WEBHOOK_SEEN = "webhook seen"


def reached(team: Team, step: Step, *, user_id: int | None = None) -> None:
    """Remember that a step was taken, and by whom; the first time counts, twice is harmless."""
    Milestone.objects.get_or_create(team=team, step=step.value, defaults={"reached_by_id": user_id})


def steps_of(team: Team) -> frozenset[Step]:
    """The steps that a team has taken."""
    known = {step.value for step in Step}
    taken = Milestone.objects.filter(team=team).values_list("step", flat=True)
    return frozenset(Step(step) for step in taken if step in known)
