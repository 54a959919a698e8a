"""From a stored run to the page of the job that it made or asked for."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from debugger.exchanges.links import Link, register
from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation


def of_run(exchange: Exchange) -> Link | None:
    """The job that this run submitted, or whose id its answer names."""
    jobs = Generation.objects.filter(team_id=exchange.team_id)
    jobs = jobs.select_related("team").only("id", "team__slug")
    job = jobs.filter(exchange_id=exchange.pk).first() or _named(jobs, exchange)
    if job is None:
        return None
    address = reverse("generations:job", args=[job.team.slug, job.name])
    return Link(title=_("Generation"), label=job.name, url=address)


def _named(jobs: QuerySet[Generation], exchange: Exchange) -> Generation | None:
    if not exchange.made:
        return None
    # The second condition says nothing new, but an index holds only what fulfils it.
    same = jobs.filter(task_id=exchange.made, mode=exchange.mode).filter(~Q(task_id=""))
    return same.order_by("id").first()


register(of_run)
