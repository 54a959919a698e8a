"""The first-run checklist: the quickstart's seven steps, what each means and where it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from debugger.teams import audit
from debugger.teams.access import TABLE, Right, may, who_may
from debugger.teams.models import Membership, Milestone, Team
from debugger.teams.progress import Step
from debugger.web.addresses import panel_address

# So many people are named as those who can help; a longer list helps nobody.
NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One step as it is told; texts are gettext sources, ``panel`` is an operation or ""."""

    step: Step
    title: str
    meaning: str
    action: str
    right: Right
    panel: str = ""


LESSONS: Final[Sequence[Lesson]] = (
    Lesson(
        step=Step.KEY_STORED,
        title=gettext_noop("Store an API key"),
        meaning=gettext_noop(
            "Paste it once. It is sealed for this team, used by its runs, and never shown again."
        ),
        action=gettext_noop("Add a key"),
        right=Right.MANAGE_KEYS,
    ),
    Lesson(
        step=Step.MODELS_LISTED,
        title=gettext_noop("List the models"),
        meaning=gettext_noop(
            "See what can be asked for, with prices and limits. It needs no key and costs nothing."
        ),
        action=gettext_noop("Open the catalogue"),
        right=Right.RUN_MOCK,
        panel="models.list",
    ),
    Lesson(
        step=Step.MOCK_RUN,
        title=gettext_noop("Run something in mock mode"),
        meaning=gettext_noop(
            "Create a generation against the emulator: the same form and answer as live, for free."
        ),
        action=gettext_noop("Open the panel"),
        right=Right.RUN_MOCK,
        panel="generations.create",
    ),
    Lesson(
        step=Step.LIVE_RUN,
        title=gettext_noop("Run the same live"),
        meaning=gettext_noop(
            "Choose the team's key, arm live mode and send it. This is where credits are spent."
        ),
        action=gettext_noop("Open the panel"),
        right=Right.USE_KEYS,
        panel="generations.create",
    ),
    Lesson(
        step=Step.POLLED,
        title=gettext_noop("Follow a job to its end"),
        meaning=gettext_noop(
            "A generation answers with a task id. Its panel asks for the state until it is final."
        ),
        action=gettext_noop("Open the panel"),
        right=Right.RUN_MOCK,
        panel="generations.create",
    ),
    Lesson(
        step=Step.CREDITS_CHECKED,
        title=gettext_noop("Check the credits"),
        meaning=gettext_noop(
            "Read the balance of the key's account before and after, and see what a run took."
        ),
        action=gettext_noop("Read the balance"),
        right=Right.RUN_MOCK,
        panel="credits.retrieve",
    ),
    Lesson(
        step=Step.WEBHOOK_SEEN,
        title=gettext_noop("See a webhook event"),
        meaning=gettext_noop(
            "Register an endpoint, run a job or send a test, then find its event in the list."
        ),
        action=gettext_noop("Register an endpoint"),
        right=Right.RUN_MOCK,
        panel="webhooks.create",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A step of one team as a person of it sees it.

    ``blocked`` says why this person cannot take it, and who can; "" where nothing is in the way.
    """

    number: int
    title: str
    meaning: str
    action: str
    url: str
    blocked: str
    reached_at: datetime | None
    reached_by: str
    is_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """The seven items, how many are done, and whether the team put them away."""

    items: Sequence[Item]
    done: int
    hidden: bool

    @property
    def total(self) -> int:
        """How many steps there are."""
        return len(self.items)

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        return self.done == self.total


def checklist(member: Membership) -> Checklist:
    """The team's first steps, as they stand for this person."""
    team = member.team
    taken = {each.step: each for each in team.milestones.select_related("reached_by")}
    helpers = {right: helpers_for(team, right) for right in _missing(member)}
    following = next((each for each in LESSONS if _is_open(each, taken, helpers)), None)
    items = [
        _item(number, lesson, team, taken.get(lesson.step.value), helpers, lesson is following)
        for number, lesson in enumerate(LESSONS, start=1)
    ]
    done = sum(each.reached_at is not None for each in items)
    return Checklist(items=items, done=done, hidden=team.checklist_hidden_at is not None)


def _missing(member: Membership) -> set[Right]:
    """The rights that some step needs and this person does not have."""
    return {lesson.right for lesson in LESSONS if not may(member, lesson.right)}


def _is_open(lesson: Lesson, taken: Mapping[str, Milestone], helpers: Mapping[Right, str]) -> bool:
    return lesson.step.value not in taken and lesson.right not in helpers


def _item(
    number: int,
    lesson: Lesson,
    team: Team,
    reached: Milestone | None,
    helpers: Mapping[Right, str],
    is_next: bool,
) -> Item:
    blocked = helpers.get(lesson.right, "")
    by = reached.reached_by if reached is not None else None
    return Item(
        number=number,
        title=_(lesson.title),
        meaning=_(lesson.meaning),
        action=_(lesson.action),
        url=address(team, lesson),
        blocked=blocked,
        reached_at=reached.reached_at if reached is not None else None,
        reached_by=str(by) if by is not None else "",
        is_next=is_next,
    )


def address(team: Team, lesson: Lesson) -> str:
    """Where a team takes a step."""
    if lesson.panel:
        return panel_address("panel", lesson.panel, slug=team.slug)
    return reverse("keys:add", args=[team.slug])


def helpers_for(team: Team, right: Right) -> str:
    """A sentence that names people who have a right, those with the longest membership first."""
    names = [str(each.user) for each in who_may(team.pk, right)[: NAMED + 1]]
    if not names:
        return _("Nobody in this team can do this at present.")
    if len(names) > NAMED:
        return _("%(names)s or others can do this.") % {"names": ", ".join(names[:NAMED])}
    return _("Can be done by: %(names)s.") % {"names": ", ".join(names)}


def put_away(member: Membership, *, hidden: bool, by: audit.Origin, now: datetime) -> None:
    """Put the first steps away for the whole team, or bring them back; twice is harmless."""
    team = member.team
    if (team.checklist_hidden_at is not None) is hidden:
        return
    team.checklist_hidden_at = now if hidden else None
    team.save(update_fields=["checklist_hidden_at"])
    audit.record(by, team, "checklist.hidden" if hidden else "checklist.shown", obj=team)


def told() -> dict[str, object]:
    """What the documentation's page shows: the steps, and whose role may bring them back."""
    return {"lessons": LESSONS, "hiders": TABLE[Right.HIDE_CHECKLIST]}
