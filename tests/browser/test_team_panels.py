"""A team's keys in the panels: chosen, doubted, armed, held by a ceiling, taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Console, axe_violations
from tests.browser.visitor import ANSWER, JOB, Visitor
from tests.running import ROOT, Site, clean_environment

pytestmark = [pytest.mark.browser, pytest.mark.process]

SESSION = "rivya_dash_session"
PREPARE = """
import json
from django.conf import settings
from debugger.teams.models import Membership, Role, Team
from tests.cast import browser_of, person
from tests.panels.live import stored
team = Team.objects.create(slug="harbour", name="Harbour")
Membership.objects.create(team=team, user=person("Dora"), role=Role.ADMIN)
for label, secret, scopes in json.loads(sys.stdin.read()):
    stored(team, secret, base_url=settings.RIVYA_BASE_URL, label=label, scopes=scopes)
print(json.dumps(browser_of("Dora").cookies[settings.SESSION_COOKIE_NAME].value))
"""
HARBOUR = "from debugger.teams.models import Team; team = Team.objects.filter(slug='harbour')"
CEILING = f"{HARBOUR}; team.update(run_ceiling={{}})"
REMOVE = f"{HARBOUR}; team.get().memberships.all().delete()"


def inside(site: Site, code: str, given: str = "") -> str:
    """Run code with the rows of a running site; gives its last line."""
    environment = clean_environment(
        RIVYA_DASH_DATA=str(site.data),
        RIVYA_DASH_ORIGINS=site.url,
        RIVYA_BASE_URL=site.emulator,
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
        PYTHONPATH=str(ROOT),
    )
    start = f"import sys, django; django.setup()\n{code}"
    done = subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "-c", start],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        check=True,
        text=True,
    )
    return (done.stdout.splitlines() or [""])[-1]


@pytest.fixture
def dora(page: Page, running_site: Site) -> Visitor:
    """Dora of Harbour, whose team has stored two keys."""
    narrow = ["models:read", "credits:read"]
    keys = [
        ("Read only", running_site.new_key(scopes=narrow), narrow),
        ("Production", running_site.new_key(), None),
    ]
    session = json.loads(inside(running_site, PREPARE, json.dumps(keys)))
    page.context.add_cookies([{"name": SESSION, "value": session, "url": running_site.url}])
    return Visitor(page, running_site.url, team="harbour", stored="Production")


def test_a_stored_key_is_chosen_armed_held_by_a_ceiling_and_lost_with_the_team(
    dora: Visitor, running_site: Site, console: Console
) -> None:
    page = dora.page
    change: Callable[[str], str] = lambda code: inside(running_site, code)  # noqa: E731
    page.goto(f"{dora.site}/t/harbour/panels/generations.create/")
    page.locator("[data-mode-choice=live]").click()

    # A key that lacks the scope says so at once; a run that is not armed asks for arming.
    dora.choose("Read only")
    expect(page.locator("#key-notes")).to_contain_text("stored without generations:create")
    dora.choose("Production")
    expect(page.locator(".key-warning:visible")).to_have_count(0)
    expect(page.locator("#paste")).to_be_hidden()
    page.locator("#run").click()
    expect(page.locator("#arm-dialog .arm-go")).to_be_focused(timeout=ANSWER)
    page.locator("#arm-dialog .arm-go").click()
    expect(page.locator("#run")).to_be_focused()

    # A ceiling stands in the way until the amount is typed.
    change(CEILING.format(0))
    page.locator("#run").click()
    amount = page.locator("#override-credits")
    expect(amount).to_be_visible(timeout=ANSWER)
    assert axe_violations(page) == []
    amount.fill("1")
    page.locator("#send-above").click()
    expect(page.locator(".job-card")).to_be_visible(timeout=ANSWER)
    expect(page.locator("#key-notes")).to_contain_text("generations:create has worked")

    # The choice and the armed tab are there on the next panel.
    change(CEILING.format(200))
    dora.open("credits.retrieve")
    dora.run(200)

    dora.open("chat.stream")
    page.locator("#run").click()
    state = page.locator("[data-panel]")
    expect(state).to_have_attribute("data-stream-state", "complete", timeout=ANSWER)
    expect(page.locator("#answer-end")).to_contain_text("LIVE")

    # Removed in the middle: the card says so, once, and what was typed stays.
    dora.open("generations.create")
    dora.fill({"body/prompt": "A paper boat"})
    dora.run(202)
    console.allow("404")
    change(REMOVE)
    expect(page.locator(".job-card")).to_contain_text("Watching has stopped.", timeout=JOB)
    expect(page.locator("#toasts .toast")).to_have_count(0)
    expect(page.locator("[name='body/prompt']")).to_have_value("A paper boat")
