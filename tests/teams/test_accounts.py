"""Making an account, signing in, passwords and addresses: what a person and a stranger see."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from debugger.teams import invitations
from debugger.teams.models import AuditEvent, Invitation, Role, User
from tests import cast

pytestmark = pytest.mark.django_db
PASSWORD = "a calm horse of seven stairs"


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Limits on attempts are counted in the cache."""
    cache.clear()
    yield
    cache.clear()


def sign_up(client: Client, email: str = "dora@example.com", **more: str) -> str:
    """Send the form; gives where it leads."""
    sent = {"email": email, "password1": PASSWORD, **more}
    return client.post("/accounts/signup/", sent).headers.get("Location", "")


def code_in_mail() -> str:
    found = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[0]


def sign_in(client: Client, password: str = cast.PASSWORD, **more: str) -> str:
    sent = {"login": "alice@example.com", "password": password, **more}
    return client.post("/accounts/login/", sent).headers.get("Location", "")


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_who_signs_up_enters_the_code_from_the_mail_and_is_in() -> None:
    cast.person("Alice")
    client = Client()
    assert sign_up(client, "Dora@Example.com", name="Dora") == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    answer = client.post("/accounts/confirm-email/", {"code": code_in_mail()})
    assert answer.headers["Location"] == "/teams/new"
    assert is_signed_in(client)
    dora = User.objects.get(email="dora@example.com")
    assert (dora.name, dora.is_staff, dora.is_superuser) == ("Dora", False, False)


def test_a_wrong_code_does_not_verify_and_three_of_them_end_the_attempt() -> None:
    cast.person("Alice")
    client = Client()
    sign_up(client)
    for _ in range(3):
        client.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"})
    client.post("/accounts/confirm-email/", {"code": code_in_mail()})
    assert not EmailAddress.objects.get(email="dora@example.com").verified
    assert not is_signed_in(client)


def test_a_taken_address_gets_the_same_answer_and_a_mail_to_its_owner() -> None:
    cast.person("Alice")
    taken, free = Client(), Client()
    assert sign_up(taken, "alice@example.com") == sign_up(free) == "/accounts/confirm-email/"
    pages = [each.get("/accounts/confirm-email/").content.decode() for each in (taken, free)]
    known, unknown = (
        re.sub(r'(token|Token)" (value|content)="\w+"|[0-9a-f]{32}|alice|dora', "", page)
        for page in pages
    )
    assert known == unknown
    assert "one already" in str(mail.outbox[0].body)


def test_an_unknown_address_and_a_wrong_password_are_told_in_the_same_words() -> None:
    cast.person("Alice")
    wrong = Client().post("/accounts/login/", {"login": "alice@example.com", "password": "no"})
    unknown = Client().post("/accounts/login/", {"login": "eve@example.com", "password": "no"})
    sentence = "The e-mail address and the password do not belong together."
    assert sentence in wrong.content.decode()
    assert sentence in unknown.content.decode()


def test_a_password_is_never_put_back_into_a_page() -> None:
    cast.person("Alice")
    page = Client().post(
        "/accounts/login/", {"login": "alice@example.com", "password": "s3cr3t-pw"}
    )
    assert "s3cr3t-pw" not in page.content.decode()
    assert 'value="alice@example.com"' in page.content.decode()


def test_five_wrong_passwords_stop_even_the_right_one_for_a_while() -> None:
    cast.person("Alice")
    client = Client()
    for _ in range(5):
        sign_in(client, "not this one")
    assert sign_in(client) == ""
    assert (
        "Too many attempts failed"
        in client.post(
            "/accounts/login/", {"login": "alice@example.com", "password": cast.PASSWORD}
        ).content.decode()
    )


def test_after_the_sign_in_a_person_is_at_the_only_team_they_have() -> None:
    cast.acme()
    assert sign_in(Client()) == "/t/acme/"


def test_with_two_teams_it_is_the_one_where_they_last_did_something() -> None:
    team = cast.acme()
    other = cast.zenith()
    other.memberships.create(user=cast.person("Alice"), role="member")
    assert sign_in(Client()) == "/teams/"
    AuditEvent.objects.create(team_id=team.pk, actor_id=cast.person("Alice").pk, action="key.used")
    assert sign_in(Client()) == "/t/acme/"


def test_the_page_that_was_asked_for_comes_first_but_never_another_site() -> None:
    cast.acme()
    assert sign_in(Client(), next="/t/acme/members/") == "/t/acme/members/"
    assert sign_in(Client(), next="https://evil.example/") == "/t/acme/"


def test_a_session_from_before_the_sign_in_is_not_the_one_after_it() -> None:
    cast.acme()
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["fixed"] = "by somebody"
    session.save()
    client.cookies["rivya_dash_session"] = session.session_key or ""
    before = client.cookies["rivya_dash_session"].value
    sign_in(client)
    cookie = client.cookies["rivya_dash_session"]
    assert cookie.value != before
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not Session.objects.filter(session_key=before).exists()


def test_only_who_asks_for_it_stays_signed_in_when_the_browser_ends() -> None:
    cast.acme()
    short, long = Client(), Client()
    sign_in(short)
    sign_in(long, remember="on")
    assert short.session.get_expire_at_browser_close()
    assert long.session.get_expiry_age() == 14 * 24 * 3600


def test_a_forgotten_password_is_replaced_with_the_link_and_other_browsers_are_out() -> None:
    elsewhere = cast.browser_of("Alice")
    client = Client()
    client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    found = re.search(r"http://[^/\s]+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found
    form = client.get(found[1], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD})
    assert sign_in(client, PASSWORD)
    assert not is_signed_in(elsewhere)
    assert not is_signed_in(Client())
    used = Client().get(found[1], follow=True).content.decode()
    assert "cannot be used any more" in used


def test_an_unknown_address_is_told_the_same_about_the_reset() -> None:
    answer = Client().post("/accounts/password/reset/", {"email": "eve@example.com"}, follow=True)
    assert "A mail is on its way to the address that you gave." in answer.content.decode()
    assert "There is none." in str(mail.outbox[0].body)


def test_changing_the_password_asks_for_the_current_one_and_keeps_this_browser() -> None:
    client, elsewhere = cast.browser_of("Alice"), cast.browser_of("Alice")
    url = "/accounts/password/change/"
    wrong = client.post(url, {"oldpassword": "no", "password1": PASSWORD}).content.decode()
    assert "This is not your current password." in wrong
    done = client.post(url, {"oldpassword": cast.PASSWORD, "password1": PASSWORD})
    assert done.headers["Location"] == "/accounts/"
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_the_rules_answer_while_a_password_is_typed_and_repeat_nothing() -> None:
    client = Client()
    weak = client.post("/accounts/password/check/", {"password1": "dora12", "email": "dora@a.com"})
    assert "at least 10 characters" in weak.content.decode()
    assert "too similar to the e-mail address" in weak.content.decode()
    assert "dora12" not in weak.content.decode()
    fine = client.post("/accounts/password/check/", {"password1": PASSWORD})
    assert "This one is fine." in fine.content.decode()


def test_the_rules_cannot_be_asked_without_end() -> None:
    client = Client()
    sent = {"password1": PASSWORD}
    answers = [client.post("/accounts/password/check/", sent).status_code for _ in range(121)]
    assert answers[119:] == [200, 204]


def test_another_address_counts_when_its_code_was_entered_and_can_become_the_main_one() -> None:
    cast.acme()
    client = Client()
    sign_in(client)
    client.post("/accounts/email/", {"action_add": "1", "email": "a@work.example"})
    client.post("/accounts/confirm-email/", {"code": code_in_mail()})
    client.post("/accounts/email/", {"action_primary": "1", "email": "a@work.example"})
    assert EmailAddress.objects.get(user__name="Alice", primary=True).email == "a@work.example"
    kept = client.post("/accounts/email/", {"action_remove": "1", "email": "a@work.example"})
    assert kept.status_code == 302
    assert EmailAddress.objects.filter(email="a@work.example").exists()


def test_a_name_is_changed_on_the_overview() -> None:
    client = cast.browser_of("Alice")
    client.post("/accounts/", {"name": "Alice A."})
    assert "Alice A." in client.get("/accounts/").content.decode()
    refused = client.post("/accounts/", {"name": "x" * 151})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()


def test_one_browser_or_all_others_are_signed_out_from_the_list() -> None:
    cast.acme()
    here, telephone, tablet = Client(), Client(), Client()
    for each in (here, telephone, tablet):
        sign_in(each)
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("/end/") == 2
    number = UserSession.objects.get(session_key=telephone.session.session_key).pk
    here.post(f"/accounts/sessions/{number}/end/")
    assert [is_signed_in(each) for each in (here, telephone, tablet)] == [True, False, True]
    here.post("/accounts/sessions/")
    assert [is_signed_in(each) for each in (here, tablet)] == [True, False]


def test_nobody_ends_the_session_of_somebody_else() -> None:
    cast.acme()
    alice = Client()
    sign_in(alice)
    number = UserSession.objects.get().pk
    assert cast.browser_of("Charlie").post(f"/accounts/sessions/{number}/end/").status_code == 404
    assert is_signed_in(alice)


def test_what_happens_to_an_account_is_in_the_audit_log_with_the_address_and_no_secret() -> None:
    cast.acme()
    client = Client(REMOTE_ADDR="192.0.2.7")
    sign_in(client, "wrong one")
    sign_in(client)
    client.post("/accounts/password/change/", {"oldpassword": cast.PASSWORD, "password1": PASSWORD})
    client.post("/accounts/logout/")
    assert actions() == [
        "account.sign_in_failed",
        "account.signed_in",
        "account.password_changed",
        "account.signed_out",
    ]
    rows = list(AuditEvent.objects.values())
    assert {row["ip"] for row in rows} == {"192.0.2.7"}
    assert {row["team_id"] for row in rows} == {None}
    assert not any(secret in str(rows) for secret in ("wrong one", cast.PASSWORD, PASSWORD))


def test_what_was_typed_in_place_of_an_address_is_not_in_the_audit_log() -> None:
    Client().post("/accounts/login/", {"login": "s3cr3t@typed.here", "password": "x"})
    assert "s3cr3t" not in str(list(AuditEvent.objects.values()))


def test_a_mail_that_cannot_be_sent_is_said_and_breaks_nothing(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    cast.person("Alice")
    client = Client()
    assert sign_up(client) == "/accounts/confirm-email/"
    page = client.get("/accounts/confirm-email/").content.decode()
    assert "The mail could not be sent." in page


class TestWhoMaySignUp:
    def test_without_an_invitation_an_invited_site_is_closed(self, settings: Any) -> None:
        settings.RIVYA_DASH_SIGN_UP = "invited"
        cast.person("Alice")
        client = Client()
        assert "by invitation" in client.get("/accounts/signup/").content.decode()
        sign_up(client)
        assert not User.objects.filter(email="dora@example.com").exists()
        assert "/accounts/signup/" not in _card(client.get("/accounts/login/").content.decode())

    def test_who_followed_an_invitation_may_and_is_led_back_to_it(self, settings: Any) -> None:
        settings.RIVYA_DASH_SIGN_UP = "invited"
        week = timezone.now() + timedelta(days=7)
        Invitation.objects.create(
            team=cast.acme(),
            role=Role.MEMBER,
            token_hash="a" * 64,
            expires_at=week,
            created_by=cast.person("Alice"),
        )
        client = Client()
        session = client.session
        session[invitations.SESSION_KEY] = "a" * 64
        session.save()
        client.cookies["rivya_dash_session"] = session.session_key or ""
        assert sign_up(client) == "/accounts/confirm-email/"
        answer = client.post("/accounts/confirm-email/", {"code": code_in_mail()})
        assert answer.headers["Location"] == "/invite/"
        assert client.session[invitations.SESSION_KEY] == "a" * 64

    def test_the_first_person_may_always(self, settings: Any) -> None:
        settings.RIVYA_DASH_SIGN_UP = "invited"
        assert "owner account" in Client().get("/accounts/signup/").content.decode()


class TestTheFirstPerson:
    @pytest.fixture(autouse=True)
    def trusted(self, settings: Any) -> None:
        settings.RIVYA_DASH_FIRST_PERSON_IS_TRUSTED = True

    def test_on_this_machine_their_address_counts_at_once(self) -> None:
        client = Client()
        assert sign_up(client) == "/teams/new"
        assert is_signed_in(client)
        assert mail.outbox == []

    def test_the_second_person_gets_a_code(self) -> None:
        sign_up(Client())
        client = Client()
        assert sign_up(client, "eve@example.com") == "/accounts/confirm-email/"
        assert not is_signed_in(client)

    def test_from_another_machine_nobody_is_trusted(self) -> None:
        client = Client(REMOTE_ADDR="192.0.2.7")
        assert sign_up(client) == "/accounts/confirm-email/"

    def test_without_the_setting_nobody_is_trusted(self, settings: Any) -> None:
        settings.RIVYA_DASH_FIRST_PERSON_IS_TRUSTED = False
        assert sign_up(Client()) == "/accounts/confirm-email/"

    def test_the_landing_page_leads_them_to_it_until_somebody_is_there(self) -> None:
        assert "Create the owner account" in Client().get("/").content.decode()
        cast.person("Alice")
        assert "Create the owner account" not in Client().get("/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_four_who_are_first_at_the_same_time_one_is(settings: Any) -> None:
    settings.RIVYA_DASH_FIRST_PERSON_IS_TRUSTED = True
    together = threading.Barrier(4)

    def run(number: int) -> None:
        try:
            together.wait(timeout=10)
            sign_up(Client(), f"person{number}@example.com")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.count() == 4
    assert EmailAddress.objects.filter(verified=True).count() == 1


def _card(page: str) -> str:
    """What stands in the card, without the header's own links."""
    return page.partition('class="door-card"')[2].partition("</aside>")[0]
