"""The screens of what a team keeps: its views of the history, and for how long runs stay."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from debugger.exchanges import keeping, saved_views, services
from debugger.teams import audit
from debugger.teams.access import Right, TeamRequest, team_view, who_may
from debugger.web.errors import Invalid

PLACE = gettext_noop("History")


@team_view(Right.SEE_RUNS, post=Right.MARK_RUNS)
@require_http_methods(["GET", "HEAD", "POST"])
def views(request: TeamRequest) -> HttpResponse:
    """The team's own views: save one, give it another name, delete it."""
    if request.method != "POST":
        return _views_page(request)
    try:
        return _changed(request)
    except Invalid as trouble:
        return _views_page(request, trouble=str(trouble))


def _changed(request: TeamRequest) -> HttpResponse:
    member, data = request.member, request.POST
    asked, number = data.get("action", ""), data.get("view", "")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    name = data.get("name", "")
    if asked == "save":
        view = saved_views.save(member, name=name, query=data.get("query", ""), now=timezone.now())
        messages.success(request, _("The view “%s” is saved for the whole team.") % view.name)
        return redirect(reverse("history:list", args=[member.team.slug]) + f"?{view.query}")
    if asked == "rename":
        view = saved_views.rename(member, pk, name=name)
        messages.success(request, _("The view is called “%s” now.") % view.name)
    elif asked == "delete":
        gone = saved_views.remove(member, pk, by=audit.origin(request, place=PLACE))
        messages.success(request, _("The view “%s” is deleted.") % gone)
    else:
        raise Invalid(_("Choose what to do with the view."))
    return redirect("history:views", slug=member.team.slug)


def _views_page(request: TeamRequest, *, trouble: str = "") -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    context = {
        "views": saved_views.views_of(request.member.team),
        "query": saved_views.canonical(data.get("query", "")),
        "name": data.get("name", "")[:200],
        "renamed": data.get("view", "") if data.get("action") == "rename" else "",
        "trouble": trouble,
    }
    status = Invalid.status if trouble else 200
    return render(request, "exchanges/views.html", context, status=status)


@team_view(Right.SEE_RUNS, post=Right.SET_RETENTION)
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: TeamRequest) -> HttpResponse:
    """For how long runs and results stay. What deletes is done after a second yes."""
    rules = services.rules_of(request.member.team)
    if request.method != "POST":
        return _keep_page(request, rules, keeping.Choice.of(rules))
    try:
        choice = keeping.chosen(request.POST)
    except Invalid as trouble:
        messages.error(request, str(trouble))
        return redirect("history:keep", slug=request.member.team.slug)
    loss = keeping.loss_of(request.member.team, rules, choice, now=timezone.now())
    if loss.anything and request.POST.get("confirm") != "yes":
        return _keep_page(request, rules, choice, loss=loss)
    services.set_rules(
        request.member,
        days=choice.days,
        bodies=choice.bodies,
        result_days=choice.result_days,
        by=audit.origin(request, place=PLACE),
    )
    messages.success(request, _("Saved. What is kept changes within the hour."))
    return redirect("history:keep", slug=request.member.team.slug)


def _keep_page(
    request: TeamRequest,
    rules: Any,
    choice: keeping.Choice,
    *,
    loss: keeping.Loss | None = None,
) -> HttpResponse:
    team = request.member.team
    context = {
        "rules": rules,
        "choice": choice,
        "loss": loss,
        "times": keeping.times(),
        "kept_now": keeping.counted(team),
        "who": [str(each.user) for each in who_may(team.pk, Right.SET_RETENTION)[:6]],
    }
    return render(request, "exchanges/keep.html", context)
