"""Who may do what. The table below is the only one, and the decorators the only check.

Every view of the app carries one of ``public``, ``signed_in`` and ``team_view``; a test walks all
addresses and fails for a view without a rule.

    @team_view(Right.SEE_KEYS, post=Right.MANAGE_KEYS)
    def keys(request: TeamRequest) -> HttpResponse:
        request.member.team ...

A team's views live under /t/<slug>/; the slug is taken from the address here and not passed on.
Strangers get the same 404 as for a team that does not exist. Stand above every other decorator:
what an outer one answers first, it answers to everybody.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, cast, overload
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from debugger.teams.models import Membership, Role, User
from debugger.web.errors import NotAllowed, NotFound
from debugger.web.middleware import FOR_ONE


class Right(StrEnum):
    """What a person may do in a team."""

    SEE_TEAM = gettext_noop("see the team, its members and its checklist")
    RUN_MOCK = gettext_noop("run panels in mock mode")
    SEE_KEYS = gettext_noop("see that a key exists, its label and its health")
    SEE_RUNS = gettext_noop("see history, generations, errors and what was spent")
    MARK_RUNS = gettext_noop("star, comment, name views, and steer how a job is followed")
    EXPORT_RUNS = gettext_noop("take the history along as a file")
    SET_RETENTION = gettext_noop("set how long runs and results are kept")
    USE_KEYS = gettext_noop("run panels live with a stored or a pasted key")
    HIDE_CHECKLIST = gettext_noop("put the first steps away and bring them back")
    MANAGE_KEYS = gettext_noop("add, test, rotate, revoke and restore keys")
    SET_CEILINGS = gettext_noop("set the ceilings of the team and of its keys")
    OVERRIDE_CEILING = gettext_noop("run above a ceiling after a typed confirmation")
    INVITE = gettext_noop("invite people and revoke invitations")
    MANAGE_MEMBERS = gettext_noop("change roles and remove people; owners only by owners")
    RENAME_TEAM = gettext_noop("rename the team")
    SEE_AUDIT = gettext_noop("read and export the audit log")
    DELETE_TEAM = gettext_noop("delete the team and shred its keys")


_EVERYBODY: Final = frozenset(Role)
_MEMBERS: Final = frozenset({Role.OWNER, Role.ADMIN, Role.MEMBER})
_ADMINS: Final = frozenset({Role.OWNER, Role.ADMIN})
_OWNERS: Final = frozenset({Role.OWNER})

TABLE: Final[Mapping[Right, frozenset[Role]]] = {
    Right.SEE_TEAM: _EVERYBODY,
    Right.RUN_MOCK: _EVERYBODY,
    Right.SEE_KEYS: _EVERYBODY,
    Right.SEE_RUNS: _EVERYBODY,
    Right.MARK_RUNS: _MEMBERS,
    Right.EXPORT_RUNS: _MEMBERS,
    Right.SET_RETENTION: _ADMINS,
    Right.USE_KEYS: _MEMBERS,
    Right.HIDE_CHECKLIST: _MEMBERS,
    Right.MANAGE_KEYS: _ADMINS,
    Right.SET_CEILINGS: _ADMINS,
    Right.OVERRIDE_CEILING: _ADMINS,
    Right.INVITE: _ADMINS,
    Right.MANAGE_MEMBERS: _ADMINS,
    Right.RENAME_TEAM: _ADMINS,
    Right.SEE_AUDIT: _ADMINS,
    Right.DELETE_TEAM: _OWNERS,
}


def may(member: Membership, right: Right) -> bool:
    """Whether a person's role in a team carries a right."""
    return Role(member.role) in TABLE[right]


def demand(member: Membership, right: Right) -> None:
    """Raise NotAllowed for a person without the right, with a sentence that says who has it."""
    if not may(member, right):
        names = [str(role.label) for role in Role if role in TABLE[right]]
        raise NotAllowed(
            _("Your role in this team is %(role)s. This needs one of: %(roles)s.")
            % {"role": member.get_role_display(), "roles": ", ".join(names)}
        )


def who_may(team_id: int, right: Right) -> QuerySet[Membership]:
    """The people of a team who have a right, those who were there first before the others."""
    able = Membership.objects.select_related("user").filter(team_id=team_id, role__in=TABLE[right])
    return able.order_by("joined_at", "pk")


class Who(StrEnum):
    """Who may ask for a view at all."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A view's rule, read by the decorators and by the test of all addresses.

    ``read`` is for GET, HEAD and OPTIONS, ``write`` for everything else, methods that nobody knows
    included. A view for ANYBODY or SIGNED_IN may be reached with and without a team in its address;
    under a team's only its people reach it, those with the right where one is named.
    """

    who: Who
    read: Right | None = None
    write: Right | None = None

    def right(self, method: str | None) -> Right | None:
        """What a method needs in a team."""
        return self.read if method in {"GET", "HEAD", "OPTIONS"} else self.write


class OpenRequest(HttpRequest):
    """A request that any view may get; ``member`` is None outside a team."""

    member: Membership | None


class TeamRequest(HttpRequest):
    """A request whose person and team were found; ``member`` has both loaded."""

    member: Membership


View = Callable[..., HttpResponseBase]
AnyView = Callable[..., HttpResponseBase | Awaitable[HttpResponseBase]]


@overload
def public(view: AnyView) -> Any: ...
@overload
def public(*, in_team: Right) -> Callable[[AnyView], Any]: ...
def public(view: AnyView | None = None, *, in_team: Right | None = None) -> Any:
    """Anybody may ask; under a team's address only who has ``in_team``.

    ``request.member`` is None without a team.
    """
    rule = Rule(who=Who.ANYBODY, read=in_team, write=in_team)
    return _wrapped(view, rule) if view is not None else lambda real: _wrapped(real, rule)


def signed_in(view: AnyView) -> Any:
    """Whoever has an account may ask; others are led to the sign-in page."""
    return _wrapped(view, Rule(who=Who.SIGNED_IN))


def team_view(read: Right, *, post: Right | None = None) -> Callable[[AnyView], Any]:
    """Who has the right in the team of the address may ask; ``post`` where changing needs more."""
    rule = Rule(who=Who.TEAM, read=read, write=post or read)
    return lambda view: _wrapped(view, rule)


def rule_of(view: object) -> Rule | None:
    """The rule that a view carries."""
    return getattr(view, "access_rule", None)


def _wrapped(view: AnyView, rule: Rule) -> AnyView:
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def answer_async(
            request: HttpRequest, *args: Any, slug: str | None = None, **kwargs: Any
        ) -> HttpResponseBase:
            user = await request.auser()
            refused = await sync_to_async(_admit)(request, user, rule, slug)
            if refused is not None:
                return refused
            answer = await cast("Awaitable[HttpResponseBase]", view(request, *args, **kwargs))
            return _for_one_person(answer, rule, slug)

        answer: AnyView = answer_async
    else:

        @functools.wraps(view)
        def answer_now(
            request: HttpRequest, *args: Any, slug: str | None = None, **kwargs: Any
        ) -> HttpResponseBase:
            refused = _admit(request, request.user, rule, slug)
            if refused is not None:
                return refused
            answer = cast("HttpResponseBase", view(request, *args, **kwargs))
            return _for_one_person(answer, rule, slug)

        answer = answer_now
    vars(answer)["access_rule"] = rule  # rule_of() reads it.
    return answer


def _admit(request: HttpRequest, user: Any, rule: Rule, slug: str | None) -> HttpResponse | None:
    """Put the membership on the request, raise, or give the answer that leads to the sign-in."""
    asked = cast("OpenRequest", request)
    asked.member = None
    if slug is None and rule.who is Who.TEAM:
        # Letting it pass would open a team's view to everybody.
        raise ImproperlyConfigured(f"{request.path} has a team's view and no team in it")
    if slug is None and rule.who is Who.ANYBODY:
        return None
    if not (user.is_authenticated and user.is_active):
        return _to_sign_in(request)
    if slug is None:
        return None
    member = membership(user, slug)
    if member is None:
        raise NotFound(_("There is no such page, or it is not for you."))
    asked.member = member
    needed = rule.right(request.method)
    if needed is not None:
        demand(member, needed)
    return None


def membership(user: User, slug: str) -> Membership | None:
    """A person's place in the team of this slug, None for strangers and for no such team."""
    found = Membership.objects.select_related("team", "user")
    return found.filter(user=user, team__slug=slug, team__deleted_at=None).first()


def _for_one_person(answer: HttpResponseBase, rule: Rule, slug: str | None) -> HttpResponseBase:
    """Keep what somebody had to sign in for out of caches that others share."""
    if slug is not None or rule.who is not Who.ANYBODY:
        answer.headers.setdefault("Cache-Control", FOR_ONE)
    return answer


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead a browser to the sign-in page and from there back to the page that it was on.

    A script is told with 401 and where to go, so that it can keep what was typed (draft.js).
    """
    led = redirect_to_login(_page_of(request))
    if not _by_script(request):
        return led
    return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": led.url})


def _by_script(request: HttpRequest) -> bool:
    """Whether the answer goes into a part of a page that is already there."""
    streams = "text/event-stream" in request.headers.get("Accept", "")
    return streams or request.headers.get("HX-Request") == "true"


def _page_of(request: HttpRequest) -> str:
    """The page that a person sees: this address, or for a form and a fragment the one around it."""
    if request.method in {"GET", "HEAD"} and not _by_script(request):
        return request.get_full_path()
    around = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(around, {request.get_host()}):
        return resolve_url("hub:landing")
    page = urlsplit(around)
    return page._replace(scheme="", netloc="", fragment="").geturl() or resolve_url("hub:landing")
