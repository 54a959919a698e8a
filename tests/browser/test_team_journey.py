"""From an empty site to a team that runs live with a key that nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Console, axe_violations
from tests.browser.people import Person
from tests.browser.visitor import ANSWER
from tests.canary import holding
from tests.running import Site, start_site

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A product in which nobody has an account."""
    running = start_site(tmp_path_factory.mktemp("empty") / "data")
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def two(browser: Browser, empty: Site) -> Iterator[tuple[Person, Person]]:
    """Alice and Bob, each in a browser of their own that tolerates no error."""
    console = Console(site=empty.url)
    with browser.new_context() as first, browser.new_context() as second:
        pages = first.new_page(), second.new_page()
        for page in pages:
            page.set_default_timeout(ANSWER)
            console.watch(page)
        yield Person(pages[0], empty, "Alice"), Person(pages[1], empty, "Bob")
    assert console.unexpected() == []


def steps_done(person: Person) -> str:
    """What the checklist of the team's home counts."""
    person.go_to_team()
    return person.page.locator(".firsts-count b").inner_text()


def test_a_team_signs_up_invites_stores_a_key_runs_live_rotates_and_revokes(
    two: tuple[Person, Person], empty: Site
) -> None:
    alice, bob = two
    keys = [empty.new_key(), empty.new_key()]

    # The first person of a site is led to the owner's account, and makes a team.
    alice.go("/")
    alice.main.get_by_role("link", name="Create the owner account").click()
    alice.sign_up()
    alice = alice.make_team("Acme")
    assert steps_done(alice) == "0 of 7"
    assert axe_violations(alice.page) == []
    link = alice.invite(bob.address, "member")

    # A second browser makes an account on the way, proves its address, and accepts.
    bob.page.goto(link)
    bob.main.get_by_role("link", name="Make an account and join").click()
    bob.sign_up()
    bob.type_the_code()
    bob.press("Join Acme")
    bob = bob.at(alice.team)
    expect(bob.page.get_by_role("heading", name="Acme", level=1)).to_be_visible(timeout=ANSWER)

    # The owner stores a key; the member runs live with it and cannot read it.
    alice.store_key("Production", keys[0])
    panel = bob.open_panel("generations.create")
    bob.arm("Production")
    panel.fill({"body/prompt": "A paper boat"})
    bob.run_live(202)
    bob.follow()
    # The key, its test, which reads the credits, the run and its end.
    assert steps_done(bob) == "4 of 7"
    expect(bob.page.locator(".is-done", has_text="Run the same live")).to_contain_text("Bob")

    # Rotated without overlap: the next run takes the new key, after arming anew.
    alice.go_to_team("keys/")
    alice.key("Production", keys[0]).get_by_role("link", name=re.compile("^Rotate")).click()
    alice.page.locator("[name=value]").fill(keys[1])
    alice.page.locator("[name=overlap][value='0']").check()
    alice.press("Test, then rotate")
    expect(alice.key("Production", keys[1])).to_contain_text("Works", timeout=ANSWER)
    bob.open_panel("credits.retrieve")
    bob.arm("Production")
    bob.run_live(200)

    # Revoked: nothing is sent any more, and nothing of either key was kept in the open.
    alice.go_to_team("keys/")
    live = alice.key("Production", keys[1])
    live.get_by_role("link", name=re.compile("^Revoke")).click()
    if alice.page.locator("[name=typed]").count():
        alice.page.locator("[name=typed]").fill(
            alice.page.locator("label[for=typed] code").inner_text()
        )
    alice.press("Revoke here")
    expect(alice.main).to_contain_text("Undo the revocation", timeout=ANSWER)
    bob.page.locator("#run").click()
    expect(bob.page.locator("#output")).to_contain_text("revoked", timeout=ANSWER)
    assert holding(empty.data, *keys) == []
    for key in keys:
        assert key not in empty.output
        assert key not in alice.page.content() + bob.page.content()
