"""Every address, every method, everybody: who is let in follows from one table, and from it alone.

A new address without a rule fails here, and so does a right that somebody changed in passing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from debugger.teams import access
from debugger.teams.access import TABLE, Right, Rule, Who, rule_of
from debugger.teams.models import Role, Team, User
from debugger.web.errors import ServiceError
from tests.cast import acme, browser_of, person, zenith
from tests.teams.addresses import Address, all_addresses

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TRIED = ("GET", "POST", "DELETE")
"""The methods that are asked for real."""
ROLES = {"Alice": Role.OWNER, "Ada": Role.ADMIN, "Bob": Role.MEMBER, "Vera": Role.VIEWER}
CAST = (*ROLES, "Charlie", "nobody")
REACHED = 299
"""What the stand-in for a view answers."""

FOREIGN = {
    "allauth.account": "leads to its own sign-in where one is needed",
    "allauth.mfa": "leads to its own sign-in where one is needed",
    "allauth.usersessions": "leads to its own sign-in where one is needed",
    "allauth.socialaccount": "is the way in by single sign-on",
    "django.views.i18n": "sets a cookie for the language and nothing else",
    "django.views.generic": "leads from an old address of allauth to its new one",
}
"""Modules that others wrote, and why their views need no rule of ours."""

RIGHTS = {
    "SEE_TEAM": "owner admin member viewer",
    "RUN_MOCK": "owner admin member viewer",
    "SEE_KEYS": "owner admin member viewer",
    "SEE_RUNS": "owner admin member viewer",
    "MARK_RUNS": "owner admin member",
    "EXPORT_RUNS": "owner admin member",
    "SET_RETENTION": "owner admin",
    "USE_KEYS": "owner admin member",
    "HIDE_CHECKLIST": "owner admin member",
    "MANAGE_KEYS": "owner admin",
    "SET_CEILINGS": "owner admin",
    "OVERRIDE_CEILING": "owner admin",
    "INVITE": "owner admin",
    "MANAGE_MEMBERS": "owner admin",
    "RENAME_TEAM": "owner admin",
    "SEE_AUDIT": "owner admin",
    "DELETE_TEAM": "owner",
}


def ours() -> list[tuple[Address, Rule]]:
    """The addresses that carry a rule."""
    found = [(each, rule_of(each.view)) for each in all_addresses()]
    return [(address, rule) for address, rule in found if rule is not None]


def test_the_table_is_what_was_agreed() -> None:
    written = {right.name: {role.value for role in roles} for right, roles in TABLE.items()}
    assert written == {name: set(roles.split()) for name, roles in RIGHTS.items()}
    assert set(TABLE) == set(Right)


def test_every_view_of_ours_carries_a_rule() -> None:
    without = [
        f"/{each} ({each.module})"
        for each in all_addresses()
        if rule_of(each.view) is None and each.module.startswith(("debugger", "rivya_dash"))
    ]
    assert without == [], "give these one of public, signed_in and team_view (teams/access.py)"


def test_every_view_of_others_is_from_a_module_that_was_looked_at() -> None:
    for each in all_addresses():
        if rule_of(each.view) is None:
            known = [name for name in FOREIGN if each.module.startswith(name)]
            assert known, f"/{each} is answered by {each.module}: wrap it in a rule or name it here"


def test_no_list_of_others_is_longer_than_it_must_be() -> None:
    modules = {each.module for each in all_addresses() if rule_of(each.view) is None}
    assert [name for name in FOREIGN if not any(m.startswith(name) for m in modules)] == []


def test_a_view_for_a_team_always_has_the_team_in_its_address() -> None:
    assert [str(a) for a, rule in ours() if rule.who is Who.TEAM and not a.in_team] == []
    assert [str(a) for a in all_addresses() if a.in_team and rule_of(a.view) is None] == []


def test_a_view_for_a_team_names_a_right() -> None:
    for address, rule in ours():
        if rule.who is Who.TEAM:
            assert rule.read, address
            assert rule.write, address


@dataclass(frozen=True)
class Case:
    """One request and what must come of it."""

    address: Address
    rule: Rule
    method: str
    name: str

    def expected(self) -> int:
        """The status, from the rule and the table."""
        if self.rule.who is Who.ANYBODY and not self.address.in_team:
            return REACHED
        if self.name == "nobody":
            return 302
        if not self.address.in_team:
            return REACHED
        if self.name not in ROLES:
            return 404
        reading = self.method in {"GET", "HEAD", "OPTIONS"}
        needed = self.rule.read if reading else self.rule.write
        return REACHED if needed is None or ROLES[self.name] in TABLE[needed] else 403


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is let in gets 299 instead of the view, and errors are said without a page around them.

    So that a case has no side effects, and thousands of them take seconds.
    """
    admit: Any = access._admit

    def admit_only(*given: Any) -> HttpResponse:
        return admit(*given) or HttpResponse("reached", status=REACHED)

    def told(request: HttpRequest, error: ServiceError) -> HttpResponse:
        return HttpResponse(str(error), status=error.status)

    monkeypatch.setattr(access, "_admit", admit_only)
    monkeypatch.setattr("debugger.web.middleware.error_page", told)


@pytest.fixture
def teams() -> tuple[Team, Team]:
    return acme(), zenith()


def browser(name: str) -> Client:
    return Client() if name == "nobody" else browser_of(name)


@pytest.mark.parametrize("name", CAST)
def test_everybody_reaches_what_the_table_says_and_nothing_else(
    name: str, teams: tuple[Team, Team], stand_in: None
) -> None:
    visitor, wrong = browser(name), []
    for address, rule in ours():
        url = address.sample()
        for method in METHODS:
            case = Case(address, rule, method, name)
            answer = visitor.generic(method, url)
            if answer.status_code != case.expected():
                wrong.append(f"{method} {url}: {answer.status_code}, not {case.expected()}")
                if answer.status_code == 405:
                    wrong[-1] += "; the rule must stand above every other decorator"
            if answer.status_code == 403 and method != "HEAD":
                assert "Your role in this team is" in answer.content.decode(), case
            if answer.status_code == 302:
                assert answer["Location"].startswith("/accounts/login/?next=/"), case
    assert wrong == []


def test_a_script_of_somebody_who_is_signed_out_is_told_401_and_where_to_sign_in(
    teams: tuple[Team, Team], stand_in: None
) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/t/acme/keys/?page=2"}
    for address, rule in ours():
        for method in METHODS:
            if Case(address, rule, method, "nobody").expected() == 302:
                answer = Client().generic(method, address.sample(), headers=page)
                assert answer.status_code == 401, (method, address)
                assert answer["HX-Redirect"] == "/accounts/login/?next=/t/acme/keys/%3Fpage%3D2"


def test_a_retired_account_is_nobody_even_with_its_session(
    teams: tuple[Team, Team], stand_in: None
) -> None:
    visitor = browser_of("Alice")
    User.objects.filter(pk=person("Alice").pk).update(is_active=False)
    for address, rule in ours():
        case = Case(address, rule, "GET", "nobody")
        assert visitor.get(address.sample()).status_code == case.expected(), address


def test_who_left_a_team_is_a_stranger_at_once(teams: tuple[Team, Team], stand_in: None) -> None:
    visitor = browser_of("Bob")
    person("Bob").memberships.all().delete()
    for address, _ in ours():
        if address.in_team:
            assert visitor.get(address.sample()).status_code == 404, address


def test_a_deleted_team_is_nobodys(teams: tuple[Team, Team], stand_in: None) -> None:
    visitor = browser_of("Alice")
    Team.objects.filter(slug="acme").update(deleted_at="2026-11-21T00:00:00Z")
    for address, _ in ours():
        if address.in_team:
            assert visitor.get(address.sample()).status_code == 404, address


def test_a_strangers_team_answers_like_one_that_was_never_made(teams: tuple[Team, Team]) -> None:
    visitor = browser_of("Charlie")
    for address, _ in ours():
        if address.in_team:
            for method in ("GET", "POST"):
                foreign = visitor.generic(method, address.sample(slug="acme"))
                absent = visitor.generic(method, address.sample(slug="none"))
                assert foreign.status_code == absent.status_code == 404
                assert said(foreign, "acme") == said(absent, "none"), address


def test_nor_does_it_leak_to_somebody_who_is_signed_out(teams: tuple[Team, Team]) -> None:
    for address, _ in ours():
        if address.in_team:
            foreign = Client().get(address.sample(slug="acme"))
            absent = Client().get(address.sample(slug="none"))
            assert said(foreign, "acme") == said(absent, "none"), address


def said(answer: Any, slug: str) -> tuple[int, str, dict[str, str]]:
    """An answer without what differs between two requests of one kind."""
    request_id = answer["X-Request-ID"]
    body = answer.content.decode().replace(request_id, "ID")
    body = re.sub(r'(csrf-token" content=|csrfmiddlewaretoken" value=)"\w+"', r"\1", body)
    headers = {name: value for name, value in answer.items() if name != "X-Request-ID"}
    headers["Location"] = headers.get("Location", "").replace(f"/{slug}/", "/SLUG/")
    return answer.status_code, body.replace(f"/{slug}/", "/SLUG/"), headers


@pytest.fixture
def undone() -> Callable[[Client, str, str], int]:
    """Does something for real, and takes it back."""

    def ask(visitor: Client, method: str, url: str) -> int:
        with transaction.atomic():
            answer = visitor.generic(method, url)
            transaction.set_rollback(True)
        return int(answer.status_code)

    return ask


@pytest.mark.parametrize("name", ["Alice", "Vera", "nobody"])
def test_who_is_let_in_is_not_turned_away_further_inside(
    name: str, teams: tuple[Team, Team], undone: Any
) -> None:
    wrong, visitor = [], browser(name)
    visitor.raise_request_exception = False
    for address, rule in ours():
        for method in TRIED:
            if Case(address, rule, method, name).expected() == REACHED:
                status = undone(visitor, method, address.sample())
                # What a sample names may not exist, and a view need not know every method.
                if status in {401, 403} or status >= 500:
                    wrong.append(f"{method} {address.sample()}: {status}")
    assert wrong == []
