"""Live mode in a tab: armed by a person, for that tab alone, and seen all the time."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_violations
from tests.running import ROOT, Site, clean_environment

pytestmark = [pytest.mark.browser, pytest.mark.process]

PANEL = "/t/acme/panels/generations.create/"
SESSION = "rivya_dash_session"
PREPARE = """
import json, sys
from django.conf import settings
from django.utils import timezone
from debugger.keys import storing
from debugger.keys.models import ApiKey
from debugger.keys.paste import Pasted
from debugger.teams import audit
from tests.cast import acme, browser_of, place
team, value = acme(), sys.stdin.readline().strip()
storing.add(place("Alice", team), pasted=Pasted(value=value), by=audit.SYSTEM, now=timezone.now(),
            stated=storing.Stated(label="Stand-in"), base_url=sys.argv[1])
print(json.dumps(browser_of("Bob").cookies[settings.SESSION_COOKIE_NAME].value))
"""


@pytest.fixture(scope="module")
def session(running_site: Site) -> str:
    """Bob's session in the running site, whose team has a key of the stand-in."""
    environment = clean_environment(
        RIVYA_DASH_DATA=str(running_site.data),
        RIVYA_DASH_ORIGINS=running_site.url,
        RIVYA_BASE_URL=running_site.emulator,
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
        PYTHONPATH=str(ROOT),
    )
    done = subprocess.run(  # noqa: S603  # Our own program.
        [
            sys.executable,
            "-c",
            f"import django; django.setup()\n{PREPARE}",
            running_site.emulator,
        ],
        cwd=ROOT,
        env=environment,
        input=running_site.new_key(),
        capture_output=True,
        check=True,
        text=True,
    )
    return str(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def bob(page: Page, site: str, session: str) -> Page:
    """Bob's browser."""
    page.context.add_cookies([{"name": SESSION, "value": session, "url": site}])
    return page


def arm(page: Page, site: str) -> None:
    page.goto(site + PANEL)
    page.locator("[data-mode-choice=live]").click()
    page.locator("#strip .purse-arm").click()
    dialog = page.get_by_role("dialog", name="Arm live mode")
    expect(dialog).to_contain_text("local stand-in")
    expect(dialog.get_by_role("button", name="Arm live")).to_be_focused()
    dialog.get_by_role("button", name="Arm live").press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-armed-chip]")).to_contain_text("29 min left")


def test_an_armed_tab_says_so_and_counts_what_it_spends(bob: Page, site: str) -> None:
    arm(bob, site)
    expect(bob.locator("#strip")).to_contain_text("500")
    expect(bob.locator("#run")).to_contain_text("Run live · about 1 credit")
    bob.locator("#run").click()
    expect(bob.locator("#strip")).to_contain_text("499")
    bob.goto(site + "/t/acme/live/ceilings")
    expect(bob.locator("#main")).to_contain_text("1 of 500 credits")
    expect(bob.locator("[data-armed-chip]")).to_contain_text("Armed, 29 min left")


def test_arming_holds_for_its_tab_alone_until_it_is_disarmed(bob: Page, site: str) -> None:
    arm(bob, site)
    bob.reload()
    expect(bob.locator("body")).to_have_class(re.compile("is-armed"))
    other = bob.context.new_page()
    other.goto(site + PANEL)
    expect(other.locator("#strip .purse-arm")).to_be_visible()
    copied = bob.evaluate("JSON.stringify({...sessionStorage})")
    other.evaluate(
        "all => Object.entries(JSON.parse(all)).forEach(each => sessionStorage.setItem(...each))",
        copied,
    )
    other.reload()
    expect(other.locator("#strip .purse-arm")).to_be_visible()
    expect(other.locator("body")).not_to_have_class(re.compile("is-armed"))
    other.close()
    bob.get_by_role("button", name="Disarm live mode").click()
    expect(bob.locator("body")).not_to_have_class(re.compile("is-armed"))
    expect(bob.locator("[data-armed]")).to_have_value("")
    expect(bob.locator("#say")).to_have_text("Live mode is disarmed.")
    bob.reload()
    expect(bob.locator("#strip .purse-arm")).to_be_visible()


def test_a_token_whose_time_is_over_is_forgotten_and_that_is_said(bob: Page, site: str) -> None:
    bob.clock.install()
    arm(bob, site)
    bob.clock.fast_forward(25 * 60 * 1000 + 30_000)
    expect(bob.locator("[data-armed-chip]")).to_contain_text("4 min left")
    bob.clock.run_for(1000)
    expect(bob.locator("#say")).to_contain_text("4 min left")
    bob.clock.fast_forward(6 * 60 * 1000)
    bob.clock.run_for(6000)
    expect(bob.locator("body")).not_to_have_class(re.compile("is-armed"))
    expect(bob.locator("#say")).to_contain_text("disarmed")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_screens_of_live_mode_have_no_barriers(
    bob: Page, site: str, size: tuple[int, int]
) -> None:
    bob.set_viewport_size({"width": size[0], "height": size[1]})
    bob.goto(site + "/t/acme/live/ceilings")
    expect(bob.locator("[data-purse]")).to_be_visible()
    assert axe_violations(bob) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert bob.evaluate(wide) == 0
    bob.goto(site + "/t/acme/live/arm")
    assert axe_violations(bob) == []
    arm(bob, site)
    assert axe_violations(bob) == []
