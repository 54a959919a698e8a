"""Saved copies of results: the bytes, and asking for another try."""

from __future__ import annotations

import time

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from debugger.generations import locker, services
from debugger.generations.locker import disk, serving
from debugger.generations.locker.room import lost
from debugger.generations.locker.showing import name_of
from debugger.generations.models import SavedFile
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.web import ratelimit
from debugger.web.connections import in_thread
from debugger.web.errors import NotFound


@team_view(Right.SEE_RUNS)
@require_safe
async def file(request: TeamRequest, file: str) -> HttpResponseBase:
    """One copy, whole or a part of it; ``?download=1`` as a download."""
    found = await in_thread(_copy, request.member.team_id, file)
    response = await serving.answer(request, found)
    if response is None:
        await in_thread(lost, request.member.team_id, file, now=timezone.now())
        raise NotFound(
            _(
                "The copy of this result is no longer on this site's disk. "
                "While the upstream still has it, it can be saved again."
            )
        )
    return response


def _copy(team_id: int, public_id: str) -> serving.Copy:
    rows = SavedFile.objects.select_related("generation").filter(team_id=team_id)
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound(_("There is no such file, or it is not this team's."))
    if row.state != SavedFile.State.SAVED:
        raise NotFound(_no_copy(row))
    return serving.Copy(
        path=disk.path_of(row.path),
        mime=row.mime,
        sha256=row.sha256,
        name=name_of(row, row.generation),
    )


def _no_copy(row: SavedFile) -> str:
    if row.state == SavedFile.State.WAITING:
        return _("This result is still being saved.")
    sentences = {
        SavedFile.State.REFUSED: _("This result was not saved. %(reason)s"),
        SavedFile.State.EXPIRED: _("The copy of this result was deleted. %(reason)s"),
    }
    return (sentences[SavedFile.State(row.state)] % {"reason": row.reason}).strip()


@team_view(Right.MARK_RUNS)
@require_POST
def save(request: TeamRequest, generation: str) -> HttpResponse:
    """Try again to copy what is not there; a page that shows the job looks at it by itself."""
    asker = ratelimit.asker_of(request, user=request.member.user)
    ratelimit.take(ratelimit.RUNS, asker, now=time.time())
    job = services.find(request.member.team, generation)
    locker.again(job, now=timezone.now())
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Trigger": "results-asked-for"})
    slug = request.member.team.slug
    return HttpResponseRedirect(reverse("generations:job", args=[slug, job.name]))
