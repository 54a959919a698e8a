"""Who plays in the tests: Alice owns team Acme, Ada is an admin, Bob a member, Vera a viewer.

Charlie is a stranger: he owns team Zenith and has no place in Acme. Keys are made at run time.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.test import Client

from debugger.teams.models import Membership, Role, Team, User

PASSWORD = "only for tests 7"


def person(name: str) -> User:
    """A person with a verified address, made once."""
    email = f"{name.lower()}@example.com"
    found = User.objects.filter(email=email).first()
    if found is not None:
        return found
    user = User.objects.create_user(email, PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def acme() -> Team:
    """Team Acme with its four people."""
    found = Team.objects.filter(slug="acme").first()
    if found is not None:
        return found
    team = Team.objects.create(slug="acme", name="Acme", created_by=person("Alice"))
    roles = {"Alice": Role.OWNER, "Ada": Role.ADMIN, "Bob": Role.MEMBER, "Vera": Role.VIEWER}
    for name, role in roles.items():
        Membership.objects.create(team=team, user=person(name), role=role)
    return team


def zenith() -> Team:
    """Charlie's team."""
    found = Team.objects.filter(slug="zenith").first()
    if found is not None:
        return found
    team = Team.objects.create(slug="zenith", name="Zenith", created_by=person("Charlie"))
    Membership.objects.create(team=team, user=person("Charlie"), role=Role.OWNER)
    return team


def place(name: str, team: Team) -> Membership:
    """A person's place in a team."""
    return Membership.objects.select_related("team", "user").get(user=person(name), team=team)


def browser_of(name: str) -> Client:
    """A test client in which a person is signed in."""
    client = Client()
    client.force_login(person(name))
    return client


def new_key(filling: str = "k") -> str:
    """A key of the right shape that no source file holds."""
    return "rvya_sk_" + (filling * 40)[:40]
