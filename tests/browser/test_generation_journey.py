"""Submitted, left alone, come back to: a job is followed without a page, and stays one job."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_team_panels import SESSION, inside
from tests.browser.visitor import ANSWER, JOB, Visitor
from tests.running import Site

pytestmark = [pytest.mark.browser, pytest.mark.process]

PREPARE = """
import json
from django.conf import settings
from debugger.teams.models import Membership, Role, Team
from tests.cast import browser_of, person
from tests.panels.live import stored
team, made = Team.objects.get_or_create(slug="voyage", defaults={"name": "Voyage"})
if made:
    Membership.objects.create(team=team, user=person("Eve"), role=Role.OWNER)
label, secret = sys.stdin.read().split()
stored(team, secret, base_url=settings.RIVYA_BASE_URL, label=label)
print(json.dumps(browser_of("Eve").cookies[settings.SESSION_COOKIE_NAME].value))
"""
AN_HOUR_LATER = """
import time
from debugger.emulator import accounts
from debugger.sandbox.rows import RowStore
from debugger.teams.models import Team
with RowStore().transaction(Team.objects.get(slug="voyage").sandbox_account) as unit:
    accounts.set_clock(unit, real=time.time(), step=3600)
"""
JOBS = """
from debugger.generations.models import Generation
print(Generation.objects.filter(team__slug="voyage", mode="mock").count())
"""


class Account:
    """An account of the stand-in: how many credits are left, its clock and its scenario."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = str(self._do("account")["account"])

    def _do(self, action: str, **fields: object) -> dict[str, Any]:
        address = urlsplit(self.site.emulator)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/_sandbox/{action}", json.dumps(fields), headers)
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
            assert answer.status == 200, found
            return found
        finally:
            connection.close()

    def key(self) -> str:
        """A new key of every scope."""
        return self.site.new_key(account=self.name)

    def passes(self, seconds: float) -> dict[str, Any]:
        """Move its clock; what it looks like then."""
        return self._do("clock", account=self.name, step=seconds)

    def plays(self, scenario: str) -> None:
        """Choose how it answers from now on."""
        self._do("scenario", account=self.name, name=scenario)

    @property
    def tasks(self) -> int:
        """How many tasks were made, each of which costs one credit."""
        facts = self.passes(0)
        return round(1000 - float(facts["balance"]))


@pytest.fixture
def account(running_site: Site) -> Account:
    """An account of its own, so that nobody else's runs are counted."""
    return Account(running_site)


@pytest.fixture
def session(running_site: Site, account: Account) -> str:
    """Eve's session; her team Voyage has stored a key of the account under its name."""
    return str(json.loads(inside(running_site, PREPARE, f"{account.name} {account.key()}")))


@pytest.fixture
def eve(page: Page, site: str, session: str) -> Page:
    """Eve's browser, which may show notifications."""
    page.context.add_cookies([{"name": SESSION, "value": session, "url": site}])
    page.context.grant_permissions(["notifications"], origin=site)
    return page


def submitted(visitor: Visitor) -> None:
    """On the page of the job that was just run, which will be told when it ends."""
    page = visitor.page
    visitor.run(202)
    expect(page.locator("#output .kept-line")).to_contain_text("Stored as run_")
    expect(page.locator(".job-card")).to_be_visible()
    page.locator("#open-job").click()
    page.locator("#steer-notify").click()
    expect(page.locator("#steer-notify")).to_contain_text("You will be told", timeout=ANSWER)


def found_again(page: Page, site: str) -> None:
    """In a new tab: from the team's home to the result, which comes from our own copy."""
    page.goto(f"{site}/t/voyage/")
    newest = page.locator("section[aria-labelledby=recent-title] .brief > li").first
    expect(newest).to_contain_text("A paper boat")
    page.locator("#side a", has_text="Generations").click()
    page.locator("a", has_text="A paper boat").first.click()
    expect(page.locator("#main")).to_contain_text("Succeeded", timeout=JOB)
    picture = page.locator(".results img").first
    Visitor(page, site).picture_is_shown(picture)
    assert "/t/voyage/results/" in (picture.get_attribute("src") or "")


def test_a_mock_job_is_found_with_its_result_an_hour_after_its_tab_was_closed(
    eve: Page, site: str, running_site: Site
) -> None:
    visitor = Visitor(eve, site, team="voyage")
    visitor.open("generations.create")
    eve.select_option("#scenario", "happy-slow")
    visitor.fill({"body/prompt": "A paper boat"})
    submitted(visitor)
    context = eve.context
    eve.close()
    inside(running_site, AN_HOUR_LATER)
    found_again(context.new_page(), site)


def test_a_live_job_is_one_task_through_double_click_return_and_lost_answer(
    eve: Page, site: str, account: Account
) -> None:
    account.plays("happy-slow")
    visitor = Visitor(eve, site, team="voyage", stored=account.name)
    visitor.open("generations.create")
    visitor.fill({"body/prompt": "A paper boat"})
    eve.locator("#run").dblclick()
    expect(eve.locator(".job-card")).to_be_visible(timeout=ANSWER)
    assert account.tasks == 1

    # Away to the job's own page and back: Run repeats, and says so before.
    eve.locator("#open-job").click()
    expect(eve.locator("#steer-notify")).to_be_visible()
    eve.go_back()
    visitor.arrive("generations.create")
    expect(eve.locator("#came-back")).to_contain_text("before you came back to this page")
    submitted(visitor)
    assert account.tasks == 1

    # The tab is closed, an hour passes at the API, and the result is there.
    context = eve.context
    eve.close()
    account.plays("happy")
    account.passes(3600)
    page = context.new_page()
    found_again(page, site)

    # The stand-in makes a task and swallows the answer: it is asked for again, as one task.
    visitor = Visitor(page, site, team="voyage", stored=account.name)
    visitor.open("generations.create")
    account.plays("cut")
    page.locator("#run").click()
    expect(page.locator(".job-card")).to_contain_text("The answer was lost.", timeout=ANSWER)
    account.plays("happy")
    expect(page.locator(".job-card .job-status")).to_contain_text("Succeeded", timeout=JOB)
    assert account.tasks == 2


def test_without_script_a_return_to_the_panel_makes_no_second_job(
    browser: Browser, site: str, session: str, running_site: Site
) -> None:
    before = int(inside(running_site, JOBS))
    with browser.new_context(java_script_enabled=False) as context:
        context.add_cookies([{"name": SESSION, "value": session, "url": site}])
        page = context.new_page()
        page.goto(f"{site}/t/voyage/panels/generations.create/")
        page.locator("#run").click()
        page.locator("#open-job").click()
        expect(page).to_have_url(re.compile("/generations/gen_"))
        page.evaluate("history.go(-2)")
        expect(page).to_have_url(re.compile("/panels/generations.create/$"))
        page.locator("#run").click()
        expect(page.locator("#output")).to_contain_text("Replayed, no new charge", timeout=ANSWER)
        page.locator("#run").click()
        expect(page.locator("#output")).to_contain_text("Replayed, no new charge", timeout=ANSWER)
    assert int(inside(running_site, JOBS)) == before + 1


def test_a_live_run_is_run_again_in_live_mode_with_its_key_and_arms_nothing(
    eve: Page, site: str, account: Account
) -> None:
    visitor = Visitor(eve, site, team="voyage", stored=account.name)
    visitor.open("generations.create")
    visitor.fill({"body/prompt": "A paper boat"})
    visitor.run(202)
    run = eve.locator("#output .kept-line a").first.get_attribute("href")

    # Another tab, in which nothing was armed yet.
    other = eve.context.new_page()
    other.goto(f"{site}{run}")
    other.get_by_role("button", name=re.compile("^Run again")).click()
    panel = other.locator("[data-panel]")
    expect(panel).to_have_attribute("data-mode", "live", timeout=ANSWER)
    expect(other.locator("#key-choice option:checked")).to_contain_text(account.name)
    expect(other.locator("body")).not_to_have_class(re.compile("is-armed"))

    # Who comes back to it is in mock mode, as on every page.
    other.goto(f"{site}/t/voyage/")
    other.go_back()
    expect(panel).to_have_attribute("data-mode", "mock", timeout=ANSWER)
