"""Who wants to be told when a job ends, and telling each of them once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from debugger.generations.models import Follower, Generation
from debugger.generations.pages import wording
from debugger.teams.models import Membership, Team, User

AT_ONCE: Final = 20


def notify(member: Membership, job: Generation, *, on: bool, now: datetime) -> None:
    """Tell the person when the job ends, or do not. A job that has ended is told of no more."""
    if not on:
        Follower.objects.filter(generation=job, user_id=member.user_id).delete()
    elif not job.is_final:
        told = {"asked_at": now, "told_at": None}
        Follower.objects.update_or_create(generation=job, user_id=member.user_id, defaults=told)


def follows(user: User, job: Generation) -> bool:
    """Whether the person is still to be told of this job."""
    return Follower.objects.filter(generation=job, user_id=user.pk, told_at=None).exists()


def untold(user: User, team: Team) -> QuerySet[Follower]:
    """The jobs of the team that the person is still to be told of, ended or not."""
    return Follower.objects.filter(user_id=user.pk, told_at=None, generation__team=team)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A job that ended, as a notification says it."""

    name: str
    title: str
    word: str
    good: bool


def take(user: User, team: Team, *, now: datetime) -> list[Ending]:
    """What the person has not been told yet. Of two pages that ask at once, one gets each."""
    ended = untold(user, team).filter(generation__state__in=Generation.FINAL)
    found = ended.select_related("generation").order_by("pk")[:AT_ONCE]
    return [
        _ending(each.generation)
        for each in found
        if Follower.objects.filter(pk=each.pk, told_at=None).update(told_at=now)
    ]


def _ending(job: Generation) -> Ending:
    return Ending(
        name=job.name,
        title=job.title or job.model or job.name,
        word=wording.badge(job).word,
        good=job.state == Generation.State.SUCCEEDED,
    )
