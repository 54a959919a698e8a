"""An invitation is a link that works once, for whom it is meant, until it ends or is taken back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connections
from django.test import Client
from django.utils import timezone

from debugger.teams import audit, invitations, services
from debugger.teams.models import AuditEvent, Invitation, Membership, Role, Team
from debugger.web.errors import Invalid, NotAllowed, NotFound
from tests import cast

pytestmark = pytest.mark.django_db
BY = audit.Origin(actor_id=None, actor_name="Test")
SITE = "http://testserver"


def made(
    *, email: str = "", role: str = "member", by: str = "Alice", days: int = 7
) -> invitations.Made:
    return invitations.invite(
        cast.place(by, cast.acme()),
        email=email,
        role=role,
        days=days,
        site=SITE,
        by=BY,
        now=timezone.now(),
    )


def path_of(link: str) -> str:
    return link.removeprefix(SITE)


def follow(client: Client, link: str) -> Any:
    return client.get(path_of(link), follow=True)


def join(client: Client, link: str) -> Any:
    """What a person does: open the link, look, press the button."""
    seen = follow(client, link).context["seen"]
    return client.post("/invite/", {"do": "accept", "seen": seen})


# -- Inviting ------------------------------------------------------------------------------------


def test_the_link_is_shown_once_and_only_its_fingerprint_is_kept() -> None:
    cast.acme()
    ada = cast.browser_of("Ada")
    response = ada.post("/t/acme/members/invite", {"email": "", "role": "member", "days": "7"})
    assert response.status_code == 200
    link = re.search(r'value="(http://testserver/invite/([\w-]+))"', response.text)
    assert link is not None
    token = link.group(2)
    assert len(token) >= 43  # 256 bits
    row = Invitation.objects.values().get()
    assert token not in str(row)
    assert row["token_hash"] == invitations.digest_of(token)
    assert token not in ada.get("/t/acme/members/").text
    assert token not in str(list(AuditEvent.objects.values()))
    assert "no-store" in response.headers["Cache-Control"]
    assert mail.outbox == []


def test_an_address_gets_a_plain_mail_with_the_link_the_team_and_the_end() -> None:
    cast.acme()
    data = {"email": "New@Example.com", "role": "viewer", "days": "1"}
    page = cast.browser_of("Alice").post("/t/acme/members/invite", data).text
    assert "on its way to new@example.com" in page
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    assert message.subject == "Alice invites you to the team Acme in rivya-dash"
    (link,) = re.findall(r"http://testserver/invite/[\w-]+", str(message.body))
    assert link in page
    assert "as Viewer" in str(message.body)
    assert not hasattr(message, "alternatives") or not message.alternatives


def test_a_mail_that_cannot_be_sent_leaves_a_link_to_hand_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cast.acme()

    def refuse(_self: EmailMessage) -> int:
        raise OSError("no mail server")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    data = {"email": "new@example.com", "role": "member", "days": "7"}
    page = cast.browser_of("Alice").post("/t/acme/members/invite", data).text
    assert "could not be sent" in page
    token = re.findall(r"/invite/([\w-]{40,})", page)[0]
    assert token not in caplog.text


def test_a_header_cannot_be_written_with_the_name_of_a_team() -> None:
    team = cast.acme()
    Team.objects.filter(pk=team.pk).update(name="Acme\r\nBcc: everybody@example.com")
    made(email="new@example.com")
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["new@example.com"]


def test_nobody_invites_to_more_than_their_own_role() -> None:
    cast.acme()
    ada = cast.browser_of("Ada")
    assert 'value="owner"' not in ada.get("/t/acme/members/invite").text
    response = ada.post("/t/acme/members/invite", {"role": "owner", "days": "7"})
    assert response.status_code == 422
    with pytest.raises(NotAllowed):
        made(role="owner", by="Ada")
    assert made(role="owner").invitation.role == "owner"


@pytest.mark.parametrize("name", ["Bob", "Vera"])
def test_members_and_viewers_invite_nobody(name: str) -> None:
    cast.acme()
    browser = cast.browser_of(name)
    assert browser.get("/t/acme/members/invite").status_code == 403
    response = browser.post("/t/acme/members/invite", {"role": "viewer", "days": "7"})
    assert response.status_code == 403
    with pytest.raises(NotAllowed):
        made(role="viewer", by=name)
    number = made().invitation.pk
    for what in ("resend", "revoke"):
        assert browser.post(f"/t/acme/invitations/{number}/{what}").status_code == 403


def test_an_invitation_of_another_team_cannot_be_touched() -> None:
    cast.acme(), cast.zenith()
    number = made().invitation.pk
    charlie = cast.browser_of("Charlie")
    for what in ("resend", "revoke"):
        assert charlie.post(f"/t/zenith/invitations/{number}/{what}").status_code == 404
        assert charlie.post(f"/t/acme/invitations/{number}/{what}").status_code == 404
    assert Invitation.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "not an address", "role": "member", "days": "7"}, "email"),
        ({"email": "bob@example.com", "role": "member", "days": "7"}, "email"),
        ({"email": "", "role": "god", "days": "7"}, "role"),
        ({"email": "", "role": "", "days": "7"}, "role"),
        ({"email": "", "role": "member", "days": "36500"}, "days"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(data: dict[str, str], field: str) -> None:
    cast.acme()
    response = cast.browser_of("Alice").post("/t/acme/members/invite", data)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Invitation.objects.exists()


def test_an_address_is_invited_once_at_a_time() -> None:
    first = made(email="new@example.com")
    with pytest.raises(Invalid, match="invited already"):
        made(email="NEW@example.com")
    alice = cast.place("Alice", cast.acme())
    invitations.revoke(alice, first.invitation.pk, by=BY, now=timezone.now())
    made(email="new@example.com")


def test_a_post_box_is_not_filled_through_this_site() -> None:
    alice = cast.place("Alice", cast.acme())
    for _ in range(invitations.MOST_TO_ONE_ADDRESS):
        number = made(email="new@example.com").invitation.pk
        invitations.revoke(alice, number, by=BY, now=timezone.now())
    with pytest.raises(Invalid, match="often today"):
        made(email="new@example.com")


def test_a_new_link_ends_the_old_one_and_lasts_as_long_as_the_first() -> None:
    first = made(email="new@example.com", days=1)
    alice, later = cast.place("Alice", cast.acme()), timezone.now() + timedelta(hours=20)
    number = first.invitation.pk
    with pytest.raises(Invalid, match="a moment ago"):
        invitations.resend(alice, number, site=SITE, by=BY, now=timezone.now())
    second = invitations.resend(alice, number, site=SITE, by=BY, now=later)
    assert len(mail.outbox) == 2
    assert second.invitation.expires_at == later + timedelta(days=1)
    assert Client().get(path_of(first.link)).status_code == 404
    assert Client().get(path_of(second.link)).status_code == 302


def test_a_person_invites_only_so_often(settings: Any) -> None:
    settings.RIVYA_DASH_INVITATIONS_PER_HOUR = 2
    cast.acme()
    alice = cast.browser_of("Alice")
    data = {"email": "", "role": "member", "days": "7"}
    told = [alice.post("/t/acme/members/invite", data).status_code for _ in range(3)]
    assert told == [200, 200, 429]


# -- Following a link ----------------------------------------------------------------------------


def test_a_link_leads_to_a_page_without_the_token_and_changes_nothing() -> None:
    link, stranger = made().link, Client()
    first = stranger.get(path_of(link))
    assert first.headers["Location"] == "/invite/"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in first.headers["X-Robots-Tag"]
    page = stranger.get("/invite/")
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Join Acme" in page.text
    assert path_of(link).rpartition("/")[2] not in page.text
    assert Invitation.objects.get().accepted_at is None


def test_the_session_holds_the_hash_and_not_the_token() -> None:
    link, stranger = made().link, Client()
    follow(stranger, link)
    token = link.rpartition("/")[2]
    assert dict(stranger.session)[invitations.SESSION_KEY] == invitations.digest_of(token)
    assert token not in str(dict(stranger.session))
    found = invitations.pending(stranger.session)
    assert found is not None
    assert found.team.slug == "acme"


def _dead_links() -> dict[str, str]:
    alice, now = cast.place("Alice", cast.acme()), timezone.now()
    dead = {"never": f"{SITE}/invite/{'A' * 43}"}
    used = made()
    invitations.accept(cast.person("Dora"), used.invitation.token_hash, by=BY, now=now)
    dead["used"] = used.link
    ended = made()
    Invitation.objects.filter(pk=ended.invitation.pk).update(expires_at=now)
    dead["ended"] = ended.link
    revoked = made()
    invitations.revoke(alice, revoked.invitation.pk, by=BY, now=now)
    dead["revoked"] = revoked.link
    outranked = made(by="Ada", role="admin")
    Membership.objects.filter(user=cast.person("Ada")).update(role=Role.VIEWER)
    dead["its maker may not invite any more"] = outranked.link
    return dead


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("method", ["get", "post"])
def test_links_that_cannot_be_used_are_all_the_same(signed_in: bool, method: str) -> None:
    answers = set()
    for link in _dead_links().values():
        client = cast.browser_of("Charlie") if signed_in else Client()
        response = getattr(client, method)(path_of(link))
        text = re.sub(r"[0-9a-f]{32}|csrf[^>]*>|[\w-]{64}", "", response.text)
        text = text.replace(path_of(link), "")
        headers = {k: v for k, v in response.headers.items() if k != "X-Request-ID"}
        headers.pop("Content-Length", None), headers.pop("Expires", None)
        assert headers["Referrer-Policy"] == "same-origin"
        assert invitations.SESSION_KEY not in client.session
        answers.add((response.status_code, text, str(sorted(headers.items()))))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


def test_without_a_link_there_is_no_invitation_to_look_at() -> None:
    assert Client().get("/invite/").status_code == 404
    assert cast.browser_of("Charlie").post("/invite/").status_code == 404


def test_a_program_that_previews_links_learns_no_address() -> None:
    link = made(email="dora.jones@example.com").link
    page = follow(Client(), link).text
    assert "dora.jones" not in page
    assert "d•••s@example.com" in page


def test_a_visitor_signs_in_and_comes_back_to_accept() -> None:
    link, browser = made(email="dora@example.com").link, Client()
    cast.person("Dora")
    page = follow(browser, link)
    assert 'href="/accounts/login/?next=/invite/"' in page.text
    assert 'href="/accounts/signup/?next=/invite/"' in page.text
    data = {"login": "dora@example.com", "password": cast.PASSWORD}
    assert browser.post("/accounts/login/?next=/invite/", data).headers["Location"] == "/invite/"
    back = browser.get("/invite/")
    response = browser.post("/invite/", {"do": "accept", "seen": back.context["seen"]})
    assert response.headers["Location"] == "/t/acme/"
    assert cast.place("Dora", cast.acme()).role == Role.MEMBER


def test_a_visitor_who_posts_is_asked_to_sign_in_first() -> None:
    link, browser = made().link, Client()
    assert browser.post(path_of(link)).headers["Location"] == "/invite/"
    response = browser.post("/invite/", {"do": "accept"})
    assert response.headers["Location"] == "/accounts/login/?next=/invite/"
    assert invitations.pending(browser.session) is not None
    assert Invitation.objects.get().accepted_at is None


def test_after_signing_in_without_a_page_in_mind_the_invitation_comes_first() -> None:
    link, browser = made().link, Client()
    cast.person("Dora")
    follow(browser, link)
    data = {"login": "dora@example.com", "password": cast.PASSWORD}
    assert browser.post("/accounts/login/", data).headers["Location"] == "/invite/"


# -- Accepting -----------------------------------------------------------------------------------


def test_whoever_accepts_is_in_with_the_role_of_the_invitation_and_the_link_is_used() -> None:
    dora, link = cast.browser_of("Dora"), made(role="viewer").link
    assert join(dora, link).headers["Location"] == "/t/acme/"
    place = cast.place("Dora", cast.acme())
    assert place.role == Role.VIEWER
    assert dora.get("/t/acme/members/").status_code == 200
    assert invitations.SESSION_KEY not in dora.session
    event = AuditEvent.objects.get(action="member.joined")
    assert (event.actor_name, event.object_label) == ("Dora", "Dora")
    assert cast.browser_of("Charlie").get(path_of(link)).status_code == 404


def test_a_double_click_joins_once_and_ends_where_the_first_did() -> None:
    dora, link = cast.browser_of("Dora"), made().link
    seen = follow(dora, link).context["seen"]
    digest = invitations.digest_of(link.rpartition("/")[2])
    for _ in range(2):
        session = dora.session
        session[invitations.SESSION_KEY] = digest
        session.save()
        response = dora.post("/invite/", {"do": "accept", "seen": seen})
        assert response.headers["Location"] == "/t/acme/"
    assert dora.post(path_of(link)).headers["Location"] == "/t/acme/"
    assert AuditEvent.objects.filter(action="member.joined").count() == 1
    assert "in the team Acme already" in dora.get(path_of(link), follow=True).text


def test_who_is_a_member_already_is_told_so_and_the_link_stays_for_another() -> None:
    link = made(role="owner").link
    bob = cast.browser_of("Bob")
    assert "in the team Acme already" in follow(bob, link).text
    assert "in the team Acme already" in bob.post(path_of(link), follow=True).text
    assert cast.place("Bob", cast.acme()).role == Role.MEMBER
    assert Invitation.objects.get().accepted_at is None


def test_only_the_address_it_was_sent_to_may_accept_and_the_page_says_how() -> None:
    link = made(email="dora@example.com").link
    charlie = cast.browser_of("Charlie")
    page = follow(charlie, link)
    assert "This invitation is for dora@example.com." in page.text
    assert "Sign in with another account" in page.text
    refused = charlie.post("/invite/", {"do": "accept", "seen": page.context["seen"]})
    assert refused.status_code == 403
    assert charlie.post(path_of(link)).status_code == 403
    assert not Membership.objects.filter(user=cast.person("Charlie"), team=cast.acme()).exists()
    switched = charlie.post("/invite/", {"do": "switch"})
    assert switched.headers["Location"] == "/accounts/login/?next=/invite/"
    assert "_auth_user_id" not in charlie.session
    assert invitations.pending(charlie.session) is not None


def test_an_address_counts_when_it_is_verified_and_not_before() -> None:
    link, charlie = made(email="Second@Example.com").link, cast.browser_of("Charlie")
    own = EmailAddress.objects.create(
        user=cast.person("Charlie"), email="second@example.com", verified=False
    )
    page = follow(charlie, link)
    assert "not verified yet" in page.text
    assert charlie.post(path_of(link)).status_code == 403
    own.verified = True
    own.save()
    assert join(charlie, link).status_code == 302


def test_what_is_accepted_is_what_was_looked_at() -> None:
    first, second, dora = made(role="viewer").link, made(role="admin").link, cast.browser_of("Dora")
    seen = follow(dora, first).context["seen"]
    follow(dora, second)
    assert dora.post("/invite/", {"do": "accept", "seen": seen}).headers["Location"] == "/invite/"
    assert not Membership.objects.filter(user=cast.person("Dora")).exists()


def test_not_now_keeps_the_link() -> None:
    link, dora = made().link, cast.browser_of("Dora")
    follow(dora, link)
    assert dora.post("/invite/", {"do": "decline"}).headers["Location"] == "/teams/"
    assert invitations.SESSION_KEY not in dora.session
    assert join(dora, link).headers["Location"] == "/t/acme/"


def test_an_invitation_that_waits_is_offered_on_the_list_of_teams() -> None:
    dora = cast.browser_of("Dora")
    follow(dora, made().link)
    assert "You followed an invitation to Acme" in dora.get("/teams/").text
    assert "You followed an invitation to Acme" in dora.get("/teams/new").text


def test_a_form_from_elsewhere_accepts_nothing() -> None:
    link = made().link
    dora = Client(enforce_csrf_checks=True)
    dora.force_login(cast.person("Dora"))
    assert dora.post(path_of(link)).status_code == 403
    assert not Membership.objects.filter(user=cast.person("Dora")).exists()


# -- What ends invitations -----------------------------------------------------------------------


def test_who_is_removed_cannot_come_back_by_a_link_of_their_own() -> None:
    link = made(by="Ada", role="admin").link
    kept = made(by="Alice").invitation
    ada = cast.place("Ada", cast.acme())
    services.remove(cast.place("Alice", cast.acme()), ada.pk, by=BY, now=timezone.now())
    assert cast.browser_of("Ada").post(path_of(link)).status_code == 404
    kept.refresh_from_db()
    assert kept.revoked_at is None
    assert AuditEvent.objects.filter(action="invitation.revoked").count() == 1


def test_a_smaller_role_takes_back_what_was_promised_with_the_greater_one() -> None:
    team = cast.acme()
    Membership.objects.filter(user=cast.person("Ada")).update(role=Role.OWNER)
    owner, member = made(by="Ada", role="owner").invitation, made(by="Ada").invitation
    ada = cast.place("Ada", team)
    services.change_role(ada, ada.pk, role="admin", by=BY, now=timezone.now())
    owner.refresh_from_db()
    member.refresh_from_db()
    assert (owner.revoked_at is None, member.revoked_at is None) == (False, True)
    services.change_role(
        cast.place("Alice", team), ada.pk, role="viewer", by=BY, now=timezone.now()
    )
    member.refresh_from_db()
    assert member.revoked_at is not None


def test_a_revoked_invitation_is_gone_from_the_list_and_works_no_more() -> None:
    link = made(email="new@example.com")
    alice = cast.browser_of("Alice")
    assert "new@example.com" in alice.get("/t/acme/members/").text
    response = alice.post(f"/t/acme/invitations/{link.invitation.pk}/revoke", follow=True)
    assert "new@example.com" not in response.text
    assert Client().get(path_of(link.link)).status_code == 404
    again = alice.post(f"/t/acme/invitations/{link.invitation.pk}/revoke")
    assert again.status_code == 404


def test_a_deleted_team_takes_its_invitations_with_it() -> None:
    link, team = made().link, cast.acme()
    services.delete(cast.place("Alice", team), typed="Acme", by=BY, now=timezone.now())
    assert Client().get(path_of(link)).status_code == 404


# -- At the same time ----------------------------------------------------------------------------


def _all_at_once(digest: str, names: list[str]) -> list[Any]:
    people = [cast.person(name) for name in names]

    def attempt(person: Any) -> Any:
        try:
            return invitations.accept(person, digest, by=BY, now=timezone.now())
        except NotFound as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(attempt, people))


@pytest.mark.django_db(transaction=True)
def test_of_four_people_who_accept_one_link_at_the_same_time_one_gets_in() -> None:
    names = ["Dora", "Emil", "Fritz", "Gina"]
    told = _all_at_once(made().invitation.token_hash, names)
    assert sum(isinstance(each, Membership) for each in told) == 1
    assert Membership.objects.filter(team=cast.acme()).count() == 5
    assert AuditEvent.objects.filter(action="member.joined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_who_accepts_four_times_at_the_same_time_joins_once() -> None:
    told = _all_at_once(made().invitation.token_hash, ["Dora"] * 4)
    assert len({each.pk for each in told}) == 1
    assert AuditEvent.objects.filter(action="member.joined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_is_revoked_while_it_is_accepted_is_one_or_the_other() -> None:
    one, alice = made().invitation, cast.place("Alice", cast.acme())
    dora = cast.person("Dora")

    def quietly(what: Any) -> None:
        try:
            what()
        except NotFound:
            pass
        finally:
            connections.close_all()

    now = timezone.now()
    with ThreadPoolExecutor(2) as threads:
        list(
            threads.map(
                quietly,
                [
                    lambda: invitations.accept(dora, one.token_hash, by=BY, now=now),
                    lambda: invitations.revoke(alice, one.pk, by=BY, now=now),
                ],
            )
        )
    one.refresh_from_db()
    joined = Membership.objects.filter(user=dora, team=cast.acme()).exists()
    assert (one.accepted_at is not None) == joined
    assert (one.revoked_at is None) == joined
