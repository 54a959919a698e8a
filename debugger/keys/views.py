"""The pages of keys. A pasted key goes from the form into the vault, and onto no page.

What calls the API is asynchronous; each view calls one service and answers with one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.keys import forms, journal, lifecycle, services, storing, trial, vault
from debugger.keys.ages import left
from debugger.keys.blast import blast
from debugger.keys.cards import card, shelf
from debugger.keys.choosing import find
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.keys.scopes import mender_of
from debugger.keys.trial import Trial
from debugger.teams import audit
from debugger.teams.access import Right, TeamRequest, team_view
from debugger.web.errors import Invalid
from debugger.web.ratelimit import RUNS, limited

_CREDITS = operations.get("credits.retrieve")
_form_page = require_http_methods(["GET", "HEAD", "POST"])
# Each of these may ask the API with a key, as a run does, and counts like one.
_asks = limited(RUNS, posts=True)


def _by(request: HttpRequest) -> audit.Origin:
    member = cast("TeamRequest", request).member
    return audit.origin(request, place=gettext_noop("Keys"), user=member.user)


def _page(
    request: HttpRequest, name: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    return render(request, f"keys/{name}.html", dict(context), status=status)


def _to_card(request: TeamRequest, key: ApiKey) -> HttpResponse:
    """To the list, where its card is marked, or to its own page if the person was there."""
    if request.POST.get("back") == "key":
        return redirect("keys:key", request.member.team.slug, key.public_id)
    address = reverse("keys:index", args=[request.member.team.slug])
    # Not to its anchor: what is said of the deed stands at the top of the page.
    return redirect(f"{address}?key={key.public_id}")


@team_view(Right.SEE_KEYS)
@require_GET
def index(request: TeamRequest) -> HttpResponse:
    """All keys of the team."""
    now, member = timezone.now(), request.member
    journal.looked(member, by=_by(request), now=now)
    context = {
        "shelf": shelf(member.team, now=now),
        "mender": mender_of(member.team_id),
        "touched": request.GET.get("key", ""),
    }
    return _page(request, "index", context)


@team_view(Right.USE_KEYS)
@require_GET
def key(request: TeamRequest, public_id: str) -> HttpResponse:
    """One key, with who used it for what."""
    now, found = timezone.now(), find(request.member.team, public_id)
    journal.looked(request.member, found, by=_by(request), now=now)
    context = {"card": card(found, now=now), "blast": blast(found, now=now)}
    return _page(request, "key", context)


@team_view(Right.MANAGE_KEYS)
@_form_page
@_asks
@sensitive_post_parameters("value")
async def add(request: TeamRequest) -> HttpResponse:
    """Paste a key, say what is known of it, and have it tested."""
    form = forms.Add(request.POST) if request.method == "POST" else forms.Add()
    stored = await sync_to_async(_stored)(request, form) if form.is_bound else None
    if stored is None:
        return await sync_to_async(_add_page)(request, form)
    if form.cleaned_data["test"]:
        await _tell_test(request, stored)
    return await sync_to_async(_to_card)(request, stored)


def _stored(request: TeamRequest, form: forms.Add) -> ApiKey | None:
    """The key that was stored, or None with what is wrong beside its field."""
    now = timezone.now()
    valid = form.is_valid()
    form.check_expiry(now=now)
    form.without_secrets()
    if not valid or form.errors:
        return None
    pasted: Pasted = form.cleaned_data["value"]
    try:
        made = services.add(
            request.member,
            pasted=pasted,
            stated=form.stated(),
            base_url=form.cleaned_data["base_url"],
            by=_by(request),
            now=now,
        )
    except (storing.Wrong, vault.CannotSeal) as wrong:
        _put(form, wrong)
        return None
    words = {"label": made.label}
    messages.success(
        request, _("“%(label)s” is sealed and stored. Nobody can read it back.") % words
    )
    for note in pasted.notes:
        messages.warning(request, note)
    return made


def _put(form: forms.Shown, wrong: Invalid) -> None:
    """Show a service's objection beside the field that it names."""
    field = wrong.field if isinstance(wrong, storing.Wrong) else None
    form.add_error(field if field in form.fields else None, str(wrong))


def _add_page(request: TeamRequest, form: forms.Add) -> HttpResponse:
    context = {
        "form": form,
        "cannot_store": vault.sealing_trouble(request.member.team),
        "environments": forms.ENVIRONMENTS,
    }
    return _page(request, "add", context, status=422 if form.errors else 200)


@team_view(Right.MANAGE_KEYS)
@require_POST
@_asks
async def test(request: TeamRequest, public_id: str) -> HttpResponse:
    """Try a key; htmx gets its card anew, a browser without script goes back to the list."""
    now = timezone.now()
    found = await sync_to_async(find)(request.member.team, public_id)
    if request.headers.get("HX-Request") != "true":
        await _tell_test(request, found)
        return await sync_to_async(_to_card)(request, found)
    try:
        shown = await trial.test(request.member, public_id, by=_by(request), now=now)
    except Invalid as barred:
        shown = trial.not_tried(str(barred))
    return await sync_to_async(_tested_card)(request, public_id, shown)


def _tested_card(request: TeamRequest, public_id: str, shown: Trial) -> HttpResponse:
    found = find(request.member.team, public_id)
    return _page(request, "_card", {"card": card(found, now=timezone.now()), "trial": shown})


async def _tell_test(request: TeamRequest, found: ApiKey) -> None:
    """Test a key, and say on the next page what came of it."""
    by, now = _by(request), timezone.now()
    try:
        shown = await trial.test(request.member, found.public_id, by=by, now=now)
    except Invalid as barred:
        messages.error(request, str(barred))
        return
    _say(request, shown)


def _say(request: HttpRequest, shown: Trial) -> None:
    level = {"good": messages.SUCCESS, "bad": messages.ERROR}.get(shown.tone, messages.WARNING)
    text = f"{shown.title}. {shown.sentence}"
    if shown.code:
        text = f"{shown.title} ({shown.code}). {shown.sentence}"
    messages.add_message(request, level, f"{text} {shown.detail}".strip())


@team_view(Right.MANAGE_KEYS)
@_form_page
def edit(request: TeamRequest, public_id: str) -> HttpResponse:
    """Change label, environment, stated scopes and last day."""
    now, found = timezone.now(), find(request.member.team, public_id)
    posted = request.method == "POST"
    form = forms.Edit(request.POST) if posted else forms.Edit(initial=forms.Edit.of(found))
    if posted and _edited(request, form, found):
        messages.success(request, _("Saved."))
        return _to_card(request, found)
    context = {"form": form, "card": card(found, now=now), "environments": forms.ENVIRONMENTS}
    return _page(request, "edit", context, status=422 if form.errors else 200)


def _edited(request: TeamRequest, form: forms.Edit, found: ApiKey) -> bool:
    now = timezone.now()
    valid = form.is_valid()
    form.check_expiry(now=now, kept=found.expires_at)
    form.without_secrets()
    if not valid or form.errors:
        return False
    try:
        services.edit(request.member, found, stated=form.stated(), by=_by(request), now=now)
    except storing.Wrong as wrong:
        _put(form, wrong)
        return False
    return True


@team_view(Right.MANAGE_KEYS)
@_form_page
@_asks
@sensitive_post_parameters("value")
@sensitive_variables("pasted")
async def rotate(request: TeamRequest, public_id: str) -> HttpResponse:
    """Put a new key in the old one's place, after it was tried unless that was waived."""
    form = forms.Rotate(request.POST) if request.method == "POST" else forms.Rotate()
    outcome, old = None, None
    if form.is_bound:
        old = await sync_to_async(_rehearsed)(request, form, public_id)
    if old is None:
        return await sync_to_async(_rotate_page)(request, form, public_id, None)
    pasted: Pasted = form.cleaned_data["value"]
    if request.POST.get("how") != "untested":
        outcome = await trial.ask(pasted.value, old.base_url)
        shown = trial.read(outcome, old.base_url)
        if not shown.good:
            return await sync_to_async(_rotate_page)(request, form, public_id, shown)
    return await sync_to_async(_rotated)(request, form, public_id, outcome)


def _rehearsed(request: TeamRequest, form: forms.Rotate, public_id: str) -> ApiKey | None:
    """The old key where everything allows the rotation, or None with what is wrong beside it."""
    now = timezone.now()
    valid = form.is_valid()
    form.check_expiry(now=now)
    form.without_secrets()
    if not valid or form.errors:
        return None
    pasted: Pasted = form.cleaned_data["value"]
    try:
        return lifecycle.rehearse(request.member, public_id, pasted=pasted, now=now)
    except (storing.Wrong, vault.CannotSeal) as wrong:
        _put(form, wrong)
        return None


def _rotated(
    request: TeamRequest, form: forms.Rotate, public_id: str, outcome: Outcome | None
) -> HttpResponse:
    now, pasted = timezone.now(), cast("Pasted", form.cleaned_data["value"])
    try:
        new = services.rotate(
            request.member,
            public_id,
            pasted=pasted,
            stated=form.stated(),
            overlap=form.chosen_overlap(),
            by=_by(request),
            now=now,
        )
    except (storing.Wrong, vault.CannotSeal) as wrong:
        _put(form, wrong)
        return _rotate_page(request, form, public_id, None)
    _say_rotated(request, form, new)
    if outcome is not None:
        user_id = request.member.user_id
        services.learned(
            new, operation=_CREDITS, outcome=outcome, user_id=user_id, now=now, use=False
        )
        _say(request, trial.read(outcome, new.base_url))
    for note in pasted.notes:
        messages.warning(request, note)
    return _to_card(request, new)


def _say_rotated(request: HttpRequest, form: forms.Rotate, new: ApiKey) -> None:
    length = form.chosen_overlap().length
    words = {"label": new.label, "time": ""}
    if not length:
        text = _("“%(label)s” was rotated. The old key stopped working here.")
    else:
        now = timezone.now()
        words["time"] = left(now + length, now=now)
        text = _("“%(label)s” was rotated. The old key goes on working for %(time)s.")
    messages.success(request, text % words)


def _rotate_page(
    request: TeamRequest, form: forms.Rotate, public_id: str, shown: Trial | None
) -> HttpResponse:
    now, old = timezone.now(), find(request.member.team, public_id)
    lifecycle.demand_rotatable(old, now=now)
    context = {
        "form": form,
        "card": card(old, now=now),
        "blast": blast(old, now=now),
        "trial": shown,
        "cannot_store": vault.sealing_trouble(request.member.team),
    }
    return _page(request, "rotate", context, status=422 if form.errors or shown else 200)


@team_view(Right.MANAGE_KEYS)
@_form_page
def revoke(request: TeamRequest, public_id: str) -> HttpResponse:
    """Stop a key here, after a look at who uses it; a key in use is confirmed by its end."""
    now, found = timezone.now(), find(request.member.team, public_id)
    lifecycle.demand_revocable(found, now=now)
    use, form = blast(found, now=now), forms.Revoke(request.POST or None)
    word = "" if use.unused else found.last_four or found.label
    if request.method == "POST":
        form.is_valid()
        form.without_secrets()
        if not word or form.cleaned_data.get("typed", "") == word:
            services.revoke(request.member, public_id, by=_by(request), now=now)
            messages.success(
                request,
                _("“%(label)s” was revoked here. You can undo that for ten minutes.")
                % {"label": found.label},
            )
            return _to_card(request, found)
        form.add_error("typed", _("That is not %(word)s. Nothing was revoked.") % {"word": word})
    context = {"form": form, "card": card(found, now=now), "blast": use, "word": word}
    return _page(request, "revoke", context, status=422 if form.errors else 200)


@team_view(Right.MANAGE_KEYS)
@require_POST
def undo(request: TeamRequest, public_id: str) -> HttpResponse:
    """Take back a revocation or a rotation."""
    back = services.undo(request.member, public_id, by=_by(request), now=timezone.now())
    messages.success(request, _("“%(label)s” is back.") % {"label": back.label})
    return _to_card(request, back)
