"""The page of one job, the parts of it that change, and what people do with it."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from debugger.exchanges import services as exchanges
from debugger.generations import services
from debugger.generations.models import Generation
from debugger.generations.pages import following
from debugger.generations.pages.parts import Page
from debugger.generations.views.board import BEAT
from debugger.keys.models import ApiKey
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.teams.models import Membership
from debugger.web.errors import Invalid
from debugger.web.ratelimit import RUNS, limited


def _page(request: TeamRequest, name: str) -> Page:
    row = services.find(request.member.team, name)
    return Page(row, member=request.member, now=timezone.now())


@team_view(Right.SEE_RUNS)
@require_GET
def page(request: TeamRequest, generation: str) -> HttpResponse:
    """Everything that is known of one job."""
    shown = _page(request, generation)
    context = {"page": shown, "job": shown.job, "parts": {each.name: each for each in shown.parts}}
    return render(request, "generations/job.html", context)


@team_view(Right.SEE_RUNS)
@require_GET
def live(request: TeamRequest, generation: str) -> HttpResponse:
    """The parts that a page shows something old of; 204 when there are none."""
    shown = _page(request, generation)
    news = shown.news(request.GET.getlist("part"))
    if news:
        context = {"page": shown, "job": shown.job, "news": news}
        answer = render(request, "generations/_news.html", context)
    else:
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer[BEAT] = str(shown.job.beat)
    return answer


@team_view(Right.SEE_RUNS)
@require_GET
def card(request: TeamRequest, generation: str) -> HttpResponse:
    """The small card of a job in a panel; 204 while it shows what is known."""
    shown = _page(request, generation)
    if request.GET.get("seen") == shown.job.looked:
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    else:
        answer = render(request, "generations/_card.html", {"job": shown.job})
    answer[BEAT] = str(shown.job.beat)
    return answer


@team_view(Right.MARK_RUNS)
@require_POST
@limited(RUNS)
def steer(request: TeamRequest, generation: str) -> HttpResponse:
    """Stop watching, follow again, look now, or be told of the end; back to the job."""
    job = services.find(request.member.team, generation)
    sentence = _steered(request, request.member, job)
    messages.success(request, sentence)
    return redirect("generations:job", slug=request.member.team.slug, generation=job.name)


def _steered(request: HttpRequest, member: Membership, job: Generation) -> str:
    now = timezone.now()
    match request.POST.get("what"):
        case "stop":
            services.stop(member, job, now=now)
            return _("Nobody looks at this job any more. It goes on all the same.")
        case "follow":
            services.follow(member, job, now=now)
            return _("This job is followed again.")
        case "look":
            services.look_now(member, job, now=now)
            return _("It is being looked at.")
        case "key":
            services.with_key(member, job, _key(request, member), now=now)
            return _("This job is followed with that key.")
        case "notify":
            following.notify(member, job, on=True, now=now)
            return _("You will be told when it ends, on any page of this team.")
        case "quiet":
            following.notify(member, job, on=False, now=now)
            return _("You will not be told when it ends.")
    raise Invalid(_("Say what to do: stop, follow, look, notify or quiet."))


def _key(request: HttpRequest, member: Membership) -> ApiKey:
    asked = request.POST.get("key", "")[:32]
    key = ApiKey.objects.filter(team=member.team, public_id=asked, revoked_at=None).first()
    if key is None:
        raise Invalid(_("Choose a key of this team."))
    return key


@team_view(Right.MARK_RUNS)
@require_POST
@limited(RUNS)
def comment(request: TeamRequest, generation: str) -> HttpResponse:
    """Say something about a job."""
    job = services.find(request.member.team, generation)
    exchanges.comment(request.member, job.name, request.POST.get("text", ""), now=timezone.now())
    address = redirect("generations:job", slug=request.member.team.slug, generation=job.name)
    address["Location"] += "#comments"
    return address
