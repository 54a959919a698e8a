"""Teams are made, named, moved, left and deleted; somebody always owns them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from debugger.teams import audit, services, slugs
from debugger.teams.access import TABLE, Right
from debugger.teams.models import AuditEvent, Invitation, Membership, Role, Team
from debugger.teams.signals import team_deleting
from debugger.web.errors import Invalid, NotAllowed, NotFound
from tests import cast
from tests.patience import no_hang

pytestmark = pytest.mark.django_db
BY = audit.Origin(actor_id=None, actor_name="Test")


def actions(team: Team) -> list[str]:
    return list(
        AuditEvent.objects.filter(team_id=team.pk).order_by("pk").values_list("action", flat=True)
    )


def number(name: str) -> int:
    return cast.place(name, cast.acme()).pk


# -- Making one ----------------------------------------------------------------------------------


def test_who_makes_a_team_owns_it_and_lands_on_its_home() -> None:
    response = cast.browser_of("Charlie").post("/teams/new", {"name": "  Night   Shift "})
    team = Team.objects.get(slug="night-shift")
    assert response.headers["Location"] == "/t/night-shift/"
    assert team.name == "Night Shift"
    assert cast.place("Charlie", team).role == Role.OWNER
    assert actions(team) == ["team.created"]


@pytest.mark.parametrize("name", ["टीम अल्फ़ा", "한국 팀", "🚀🎉", "!!!", "Admin", "x", "_"])
def test_a_name_without_a_usable_word_gets_an_address_that_can_be_said(name: str) -> None:
    team = services.create(cast.person("Charlie"), name=name, by=BY)
    assert team.name == name
    assert team.slug is not None
    assert slugs.checked(team.slug) == team.slug
    assert cast.browser_of("Charlie").get(f"/t/{team.slug}/members/").status_code == 200


def test_teams_of_one_name_get_addresses_of_their_own() -> None:
    made = [services.create(cast.person("Charlie"), name="Blue", by=BY).slug for _ in range(7)]
    assert made[:4] == ["blue", "blue-2", "blue-3", "blue-4"]
    assert len(set(made)) == 7


@pytest.mark.parametrize(
    "name",
    ["", "   ", "x" * 81, "a\x07b", "\u202eevil", "\u200b\u200b", "see https://evil.example"],
)
def test_a_name_that_cannot_be_shown_is_refused_beside_its_field(name: str) -> None:
    response = cast.browser_of("Charlie").post("/teams/new", {"name": name})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert not Team.objects.exists()


def test_the_list_names_role_and_people_of_each_team_of_mine_and_no_others() -> None:
    acme, zenith = cast.acme(), cast.zenith()
    Membership.objects.create(team=zenith, user=cast.person("Bob"), role=Role.ADMIN)
    found = services.mine(cast.person("Bob"))
    assert [(each.team, each.role, getattr(each, "people", 0)) for each in found] == [
        (acme, "member", 4),
        (zenith, "admin", 2),
    ]
    assert "Zenith" not in cast.browser_of("Alice").get("/teams/").text


def test_who_is_in_no_team_is_told_what_to_do() -> None:
    assert "You are in no team yet" in cast.browser_of("Dora").get("/teams/").text
    assert Client().get("/teams/").headers["Location"].startswith("/accounts/login/")


# -- Name and address ----------------------------------------------------------------------------


def test_an_admin_renames_the_team_and_the_log_tells_both_names() -> None:
    team = cast.acme()
    browser = cast.browser_of("Ada")
    assert browser.post("/t/acme/settings/", {"name": "Acme 2"}).status_code == 302
    assert Team.objects.get(pk=team.pk).name == "Acme 2"
    event = AuditEvent.objects.get(action="team.renamed")
    assert event.changed == {"name": ["Acme", "Acme 2"]}
    assert browser.post("/t/acme/settings/", {"name": "Acme 2"}).status_code == 302
    assert AuditEvent.objects.filter(action="team.renamed").count() == 1


def test_a_refused_name_stays_in_its_field_and_does_not_become_the_teams() -> None:
    cast.acme()
    response = cast.browser_of("Ada").post("/t/acme/settings/", {"name": "\u202etfel"})
    assert response.status_code == 422
    assert Team.objects.get(slug="acme").name == "Acme"


def test_another_address_works_at_once_and_the_old_one_finds_nothing() -> None:
    cast.acme()
    browser = cast.browser_of("Alice")
    response = browser.post("/t/acme/settings/slug", {"slug": " Acme-Labs "})
    assert response.headers["Location"] == "/t/acme-labs/settings/"
    assert browser.get("/t/acme-labs/members/").status_code == 200
    assert browser.get("/t/acme/members/").status_code == 404
    event = AuditEvent.objects.get(action="team.slug_changed")
    assert event.changed == {"slug": ["acme", "acme-labs"]}


@pytest.mark.parametrize("slug", ["admin", "new", "a", "-ab", "ab-", "a b", "ämter", "x" * 41, ""])
def test_an_address_that_is_reserved_or_of_the_wrong_shape_is_refused(slug: str) -> None:
    cast.acme()
    response = cast.browser_of("Alice").post("/t/acme/settings/slug", {"slug": slug})
    assert response.status_code == 422
    assert Team.objects.filter(slug="acme").exists()


def test_an_address_of_another_team_is_refused_even_if_it_was_taken_a_moment_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast.acme(), cast.zenith()
    browser = cast.browser_of("Alice")
    assert "Another team has" in browser.post("/t/acme/settings/slug", {"slug": "zenith"}).text
    # As if the check had been just before the other team took the word.
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda _self: False)
    response = browser.post("/t/acme/settings/slug", {"slug": "zenith"})
    assert response.status_code == 422
    assert "Another team has" in response.text


# -- Roles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_an_admin_changes_roles_up_to_their_own(role: str) -> None:
    team = cast.acme()
    response = cast.browser_of("Ada").post(
        f"/t/acme/members/{number('Bob')}/role", {"role": role}, follow=True
    )
    assert cast.place("Bob", team).role == role
    assert "Bob is now:" in response.text
    event = AuditEvent.objects.get(action="member.role_changed")
    assert (event.object_label, event.changed) == ("Bob", {"role": ["member", role]})


def test_an_admin_makes_no_owner_and_touches_none() -> None:
    team = cast.acme()
    browser = cast.browser_of("Ada")
    for name, role in (("Bob", "owner"), ("Ada", "owner"), ("Alice", "viewer")):
        response = browser.post(f"/t/acme/members/{number(name)}/role", {"role": role})
        assert response.status_code == 422
    assert browser.post(f"/t/acme/members/{number('Alice')}/remove").status_code == 422
    assert [cast.place(name, team).role for name in ("Alice", "Ada", "Bob")] == [
        "owner",
        "admin",
        "member",
    ]
    member = cast.place("Ada", team)
    with pytest.raises(NotAllowed):
        services.change_role(member, number("Bob"), role="owner", by=BY, now=timezone.now())


@pytest.mark.parametrize("name", ["Bob", "Vera"])
def test_members_and_viewers_see_who_is_there_and_change_nothing(name: str) -> None:
    team = cast.acme()
    browser = cast.browser_of(name)
    page = browser.get("/t/acme/members/").text
    assert "alice@example.com" in page
    assert "Manage" not in page
    assert "Open invitations" not in page
    target = number("Vera")
    for address in (f"members/{target}/role", f"members/{target}/remove", "settings/", "invite"):
        posted = browser.post(f"/t/acme/{address}", {"role": "admin", "name": "Theirs"})
        assert posted.status_code in {403, 404}
    assert browser.get(f"/t/acme/members/{target}/").status_code == 403
    assert cast.place("Vera", team).role == Role.VIEWER


def test_strangers_and_people_of_other_teams_find_nothing() -> None:
    team, zenith = cast.acme(), cast.zenith()
    own = Membership.objects.get(team=zenith).pk
    stranger, alice = cast.browser_of("Charlie"), cast.browser_of("Alice")
    for address in ("members/", "settings/", "leave", f"members/{number('Bob')}/"):
        assert stranger.get(f"/t/acme/{address}").status_code == 404
    # A person's number of another team leads nowhere, even for an owner.
    assert alice.post(f"/t/acme/members/{own}/role", {"role": "viewer"}).status_code == 404
    assert alice.post(f"/t/acme/members/{own}/remove").status_code == 404
    assert stranger.post(f"/t/zenith/members/{number('Bob')}/remove").status_code == 404
    assert Membership.objects.filter(team=team).count() == 4


def test_a_role_that_nobody_knows_is_refused() -> None:
    team = cast.acme()
    for role in ("", "god", "OWNER"):
        response = cast.browser_of("Alice").post(
            f"/t/acme/members/{number('Bob')}/role", {"role": role}
        )
        assert response.status_code == 422
    assert cast.place("Bob", team).role == Role.MEMBER


def test_the_table_of_rights_on_the_page_is_the_one_that_is_enforced() -> None:
    cast.acme()
    page = cast.browser_of("Vera").get("/t/acme/members/")
    assert page.context["table"] == [
        (right.value, [role in TABLE[right] for role in Role]) for right in Right
    ]
    assert page.text.count('aria-label="yes"') == sum(len(roles) for roles in TABLE.values())


def test_a_right_that_was_lost_a_moment_ago_is_not_used_any_more() -> None:
    team = cast.acme()
    ada = cast.place("Ada", team)
    Membership.objects.filter(pk=ada.pk).update(role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        services.remove(ada, number("Bob"), by=BY, now=timezone.now())
    Membership.objects.filter(pk=ada.pk).delete()
    with pytest.raises(NotFound):
        services.rename(ada, name="Mine now", by=BY)


# -- Going ---------------------------------------------------------------------------------------


def test_who_was_removed_stays_signed_in_and_the_team_is_gone_for_them() -> None:
    team, bob = cast.acme(), cast.browser_of("Bob")
    assert bob.get("/t/acme/members/").status_code == 200
    gone = number("Bob")
    assert cast.browser_of("Ada").post(f"/t/acme/members/{gone}/remove").status_code == 302
    assert bob.get("/t/acme/members/").status_code == 404
    assert "Acme" not in bob.get("/teams/").text
    assert actions(team) == ["member.removed"]
    assert cast.browser_of("Ada").post(f"/t/acme/members/{gone}/remove").status_code == 404


def test_to_remove_oneself_is_to_leave_which_asks_first() -> None:
    cast.acme()
    response = cast.browser_of("Ada").post(f"/t/acme/members/{number('Ada')}/remove")
    assert response.headers["Location"] == "/t/acme/leave"


def test_a_person_leaves_and_the_team_stays() -> None:
    team = cast.acme()
    vera = cast.browser_of("Vera")
    assert "What happens" in vera.get("/t/acme/leave").text
    assert vera.post("/t/acme/leave").headers["Location"] == "/teams/"
    assert vera.post("/t/acme/leave").status_code == 404
    assert Membership.objects.filter(team=team).count() == 3
    assert actions(team) == ["member.left"]


def test_the_last_owner_neither_leaves_nor_gets_a_smaller_role_nor_is_removed() -> None:
    team = cast.acme()
    alice = cast.browser_of("Alice")
    assert "last owner" in alice.post("/t/acme/leave").text
    response = alice.post(f"/t/acme/members/{number('Alice')}/role", {"role": "admin"})
    assert response.status_code == 422
    assert "last owner" in response.text
    # Somebody who cannot sign in any more owns nothing that a team could rely on.
    Membership.objects.filter(user=cast.person("Ada")).update(role=Role.OWNER)
    ada = cast.person("Ada")
    ada.is_active = False
    ada.save()
    assert "last owner" in alice.post("/t/acme/leave").text
    assert cast.place("Alice", team).role == Role.OWNER


def test_with_a_second_owner_the_first_may_go() -> None:
    team = cast.acme()
    alice = cast.browser_of("Alice")
    assert alice.post(f"/t/acme/members/{number('Ada')}/role", {"role": "owner"}).status_code == 302
    assert alice.post("/t/acme/leave").status_code == 302
    assert [each.user.name for each in services.owners(team)] == ["Ada"]


@contextmanager
def _at_once() -> Iterator[Callable[[list[Callable[[], Any]]], list[Any]]]:
    """Run several things at the same time, each with a connection of its own."""

    def attempt(one: Callable[[], Any]) -> Any:
        try:
            return one()
        except (Invalid, NotAllowed, NotFound) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        yield lambda all_of_them: list(threads.map(attempt, all_of_them))


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_the_same_time_one_stays() -> None:
    team = cast.acme()
    Membership.objects.filter(user=cast.person("Ada")).update(role=Role.OWNER)
    both = [cast.place("Alice", team), cast.place("Ada", team)]
    with _at_once() as run:
        run([partial(services.leave, who, by=BY, now=timezone.now()) for who in both])
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_demote_and_remove_each_other_at_the_same_time_one_stays() -> None:
    team = cast.acme()
    Membership.objects.filter(user=cast.person("Ada")).update(role=Role.OWNER)
    alice, ada = cast.place("Alice", team), cast.place("Ada", team)
    now = timezone.now()
    with _at_once() as run:
        run(
            [
                lambda: services.change_role(alice, ada.pk, role="viewer", by=BY, now=now),
                lambda: services.remove(ada, alice.pk, by=BY, now=now),
                lambda: services.change_role(alice, alice.pk, role="member", by=BY, now=now),
                lambda: services.leave(ada, by=BY, now=now),
            ]
        )
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_teams_that_take_one_address_at_the_same_time_one_gets_it() -> None:
    places = [cast.place("Alice", cast.acme()), cast.place("Charlie", cast.zenith())]
    with _at_once() as run:
        told = run([partial(services.change_slug, who, slug="wanted", by=BY) for who in places])
    assert sum(isinstance(each, Invalid) for each in told) == 1
    assert Team.objects.filter(slug="wanted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_teams_that_are_made_with_one_name_at_the_same_time_are_all_made() -> None:
    charlie = cast.person("Charlie")
    with _at_once() as run:
        made = run([lambda: services.create(charlie, name="Rush", by=BY)] * 4)
    assert len({team.slug for team in made}) == 4


# -- Deleting ------------------------------------------------------------------------------------


def test_only_an_owner_deletes_and_only_after_typing_the_name() -> None:
    team = cast.acme()
    assert (
        cast.browser_of("Ada").post("/t/acme/settings/delete", {"name": "Acme"}).status_code == 403
    )
    alice = cast.browser_of("Alice")
    for typed in ("", "acme", "Acme!"):
        response = alice.post("/t/acme/settings/delete", {"name": typed})
        assert response.status_code == 422
    assert Team.objects.get(pk=team.pk).deleted_at is None
    assert "for ever" not in cast.browser_of("Ada").get("/t/acme/settings/").text


def test_a_deleted_team_leaves_a_tombstone_and_its_address_is_free() -> None:
    team = cast.acme()
    alice = cast.browser_of("Alice")
    alice.post("/t/acme/members/invite", {"email": "", "role": "member", "days": "7"})
    response = alice.post("/t/acme/settings/delete", {"name": " Acme "}, follow=True)
    assert "is deleted" in response.text
    team.refresh_from_db()
    assert (team.slug, team.name) == (None, "Acme")
    assert team.deleted_at is not None
    assert not Membership.objects.filter(team=team).exists()
    assert not Invitation.objects.filter(team=team).exists()
    assert actions(team)[-1] == "team.deleted"
    assert alice.get("/t/acme/members/").status_code == 404
    assert services.create(cast.person("Charlie"), name="Acme", by=BY).slug == "acme"


def test_other_rooms_hear_of_a_deletion_before_it_is_done_and_can_stop_it() -> None:
    team = cast.acme()
    heard: list[Team] = []

    def listen(*, team: Team, **_: object) -> None:
        assert team.slug == "acme"
        heard.append(team)
        raise RuntimeError("not yet")

    team_deleting.connect(listen)
    try:
        with pytest.raises(RuntimeError):
            services.delete(cast.place("Alice", team), typed="Acme", by=BY, now=timezone.now())
    finally:
        team_deleting.disconnect(listen)
    assert heard == [team]
    assert Membership.objects.filter(team=team).count() == 4
    assert actions(team) == []


# -- The switcher --------------------------------------------------------------------------------


def test_the_switcher_leads_to_the_same_kind_of_page_of_the_other_team() -> None:
    cast.acme()
    Membership.objects.create(team=cast.zenith(), user=cast.person("Alice"), role=Role.VIEWER)
    alice = cast.browser_of("Alice")
    pairs = {
        "/t/acme/members/": "/t/zenith/members/",
        f"/t/acme/members/{number('Bob')}/": "/t/zenith/members/",
        "/t/acme/panels/credits.retrieve/": "/t/zenith/panels/credits.retrieve/",
        # What a viewer may not see there is not where the switcher leads.
        "/t/acme/settings/": "/t/zenith/members/",
        "/teams/": "/t/zenith/",
    }
    for here, there in pairs.items():
        assert f'href="{there}"' in alice.get(here).text, here


def test_a_signed_in_person_has_the_account_menu_and_others_are_asked_to_sign_in() -> None:
    page = cast.browser_of("Alice").get("/teams/").text
    assert 'action="/accounts/logout/"' in page
    assert "alice@example.com" in page
    assert 'href="/accounts/login/"' in Client().get("/").text


def test_a_name_of_a_million_marks_is_refused_at_once() -> None:
    with no_hang(), pytest.raises(Invalid):
        services.name_of("\u0315\u0300" * 500_000)
