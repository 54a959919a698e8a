"""The decorators themselves: who is let in, what a view is told, and how others are led away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory

from debugger.teams.access import (
    Right,
    Rule,
    TeamRequest,
    Who,
    demand,
    may,
    public,
    rule_of,
    signed_in,
    team_view,
)
from debugger.teams.models import Role, User
from debugger.web.errors import NotAllowed, NotFound
from tests.cast import acme, browser_of, person, place, zenith

pytestmark = pytest.mark.django_db


@team_view(Right.SEE_KEYS, post=Right.MANAGE_KEYS)
def keys(request: TeamRequest, row: str = "") -> HttpResponse:
    """What a member sees."""
    return HttpResponse(f"{request.member.user} in {request.member.team}: {row}")


@team_view(Right.SEE_KEYS, post=Right.MANAGE_KEYS)
async def keys_later(request: TeamRequest, row: str = "") -> HttpResponse:
    """The same without a thread."""
    return HttpResponse(f"{request.member.user} in {request.member.team}: {row}")


@public(in_team=Right.USE_KEYS)
def panel(request: HttpRequest) -> HttpResponse:
    """With and without a team."""
    return HttpResponse(str(getattr(request, "member", "nothing")))


@signed_in
def mine(request: HttpRequest) -> HttpResponse:
    """For whoever has an account."""
    return HttpResponse("mine")


def now(
    view: Callable[..., Any], name: str, method: str = "GET", *, path: str = "/", **given: Any
) -> Any:
    kwargs = {key: given.pop(key) for key in ("slug", "row") if key in given}
    request = RequestFactory().generic(method, path, **given)
    request.user = person(name) if name else AnonymousUser()
    return view(request, **kwargs)


def later(view: Callable[..., Any], name: str, method: str = "GET", **kwargs: Any) -> Any:
    request = AsyncRequestFactory().generic(method, "/")
    who = person(name)

    async def auser() -> User:
        return who

    request.auser = auser
    return async_to_sync(view)(request, **kwargs)


@pytest.mark.parametrize("ask", [now, later], ids=["sync", "async"])
def test_a_member_reaches_the_view_with_team_and_person_loaded(ask: Callable[..., Any]) -> None:
    acme()
    person("Vera")
    view = keys if ask is now else keys_later
    answer = ask(view, "Vera", slug="acme", row="7")
    assert answer.content == b"Vera in Acme: 7"
    assert answer["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("ask", [now, later], ids=["sync", "async"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"])
def test_every_method_that_may_change_something_needs_the_stronger_right(
    ask: Callable[..., Any], method: str
) -> None:
    acme()
    view = keys if ask is now else keys_later
    assert ask(view, "Ada", method, slug="acme").status_code == 200
    with pytest.raises(NotAllowed, match=r"Your role in this team is Viewer\..*: Owner, Admin"):
        ask(view, "Vera", method, slug="acme")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_needs_the_weaker_one(method: str) -> None:
    acme()
    assert now(keys, "Vera", method, slug="acme").status_code == 200


@pytest.mark.parametrize("slug", ["acme", "never-made", "ACME"])
def test_a_stranger_is_told_what_everybody_is_told_of_no_team(slug: str) -> None:
    acme(), zenith()
    with pytest.raises(NotFound) as refused:
        now(keys, "Charlie", slug=slug)
    assert str(refused.value) == "There is no such page, or it is not for you."


def test_a_view_for_a_team_without_a_team_in_its_address_opens_to_nobody() -> None:
    acme()
    with pytest.raises(ImproperlyConfigured):
        now(keys, "Alice")
    with pytest.raises(ImproperlyConfigured):
        now(keys, "")


def test_a_public_view_knows_no_member_without_a_team_whatever_the_person_is() -> None:
    acme()
    assert now(panel, "Alice").content == b"None"
    assert "Cache-Control" not in now(panel, "Alice")
    assert now(panel, "").content == b"None"
    assert now(panel, "Bob", slug="acme").content == b"Bob (member)"
    with pytest.raises(NotAllowed):
        now(panel, "Vera", slug="acme")


def test_somebody_signed_out_is_led_to_the_sign_in_and_back() -> None:
    answer = now(mine, "", path="/teams/?a=b")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/teams/%3Fa%3Db"


def test_a_form_of_somebody_signed_out_leads_back_to_its_page() -> None:
    from_page = {"Referer": "http://testserver/t/acme/members/?q=1#top"}
    answer = now(keys, "", "POST", path="/t/acme/members/invite", slug="acme", headers=from_page)
    assert answer["Location"] == "/accounts/login/?next=/t/acme/members/%3Fq%3D1"


@pytest.mark.parametrize(
    "around",
    [
        "https://evil.example/t/acme/",
        "//evil.example/",
        "javascript:alert(1)",
        "http://testserver.evil.example/",
        "",
    ],
)
def test_nobody_is_led_to_another_site(around: str) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": around}
    answer = now(keys, "", "POST", slug="acme", headers=page)
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/?next=/")


@pytest.mark.parametrize(
    "asked", [{"HX-Request": "true"}, {"Accept": "text/event-stream"}], ids=["htmx", "stream"]
)
def test_a_script_is_told_401_with_the_page_to_come_back_to(asked: dict[str, str]) -> None:
    page = {**asked, "Referer": "http://testserver/t/acme/panels/credits.retrieve/"}
    for method in ("GET", "POST"):
        answer = now(keys, "", method, path="/t/acme/part", slug="acme", headers=page)
        assert answer.status_code == 401
        assert answer.content == b""
        assert answer["HX-Redirect"].endswith("next=/t/acme/panels/credits.retrieve/")


def test_a_retired_account_is_led_to_the_sign_in_like_anybody() -> None:
    acme()
    User.objects.filter(email="alice@example.com").update(is_active=False)
    assert now(keys, "Alice", slug="acme").status_code == 302
    assert now(mine, "Alice").status_code == 302


def test_the_rule_is_read_from_the_view_and_through_other_decorators() -> None:
    assert rule_of(keys) == Rule(who=Who.TEAM, read=Right.SEE_KEYS, write=Right.MANAGE_KEYS)
    assert rule_of(mine) == Rule(who=Who.SIGNED_IN)
    assert rule_of(person) is None


def test_a_role_that_nobody_knows_has_no_right() -> None:
    acme()
    member = place("Vera", acme())
    member.role = "superowner"
    with pytest.raises(ValueError, match="superowner"):
        may(member, Right.SEE_TEAM)


@pytest.mark.parametrize("right", list(Right))
def test_an_owner_may_do_everything_and_demand_agrees_with_may(right: Right) -> None:
    acme()
    demand(place("Alice", acme()), right)
    for name in ("Ada", "Bob", "Vera"):
        member = place(name, acme())
        if may(member, right):
            demand(member, right)
        else:
            with pytest.raises(NotAllowed, match=str(Role(member.role).label)):
                demand(member, right)


def test_a_page_says_403_with_the_sentence_and_404_without_a_hint() -> None:
    acme()
    refused = browser_of("Vera").get("/t/acme/audit/")
    assert refused.status_code == 403
    assert "Your role in this team is Viewer. This needs one of: Owner, Admin." in (
        refused.content.decode()
    )
    unknown = browser_of("Charlie").get("/t/acme/audit/")
    assert unknown.status_code == 404
    assert "Acme" not in unknown.content.decode()
    assert Client().head("/t/acme/audit/").status_code == 302
