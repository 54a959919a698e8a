"""A session that ends while somebody types loses nothing, and the log reads well on a phone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Console, axe_violations
from tests.cast import PASSWORD
from tests.running import ROOT, Site, clean_environment

pytestmark = [pytest.mark.browser, pytest.mark.process]

SESSION = "rivya_dash_session"
SIGN_IN_PAGE = re.compile(r"/accounts/login/\?next=")
SIGN_IN = """
import json
from django.conf import settings
from tests.cast import acme, browser_of
acme()
print(json.dumps(browser_of("Ada").cookies[settings.SESSION_COOKIE_NAME].value))
"""


@pytest.fixture(scope="module")
def session(running_site: Site) -> str:
    """Ada's session in the running site, where she is an admin of Acme."""
    environment = clean_environment(
        RIVYA_DASH_DATA=str(running_site.data),
        RIVYA_DASH_ORIGINS=running_site.url,
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
        PYTHONPATH=str(ROOT),
    )
    start = f"import django; django.setup()\n{SIGN_IN}"
    done = subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "-c", start], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    return str(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def ada(page: Page, site: str, session: str) -> Page:
    """Ada's browser."""
    page.context.add_cookies([{"name": SESSION, "value": session, "url": site}])
    return page


def end_session(page: Page) -> None:
    page.context.clear_cookies(name=SESSION)


def is_led_to_sign_in(page: Page) -> None:
    """A preview and a run may lead there at once, and then one of the two breaks off the other."""
    expect(page).to_have_url(SIGN_IN_PAGE, timeout=30_000)


def sign_in_again(page: Page) -> None:
    is_led_to_sign_in(page)
    page.locator("[name=login]").fill("ada@example.com")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button[type=submit]").first.click()


@pytest.mark.parametrize("operation", ["generations.create", "chat.stream"])
def test_a_panels_draft_is_there_again_after_the_sign_in(
    ada: Page, site: str, console: Console, operation: str
) -> None:
    console.allow("401")
    ada.goto(f"{site}/t/acme/panels/{operation}/")
    field = ada.locator("#panel-form textarea").first
    end_session(ada)
    field.fill("A lighthouse in a storm")
    if operation == "chat.stream":
        ada.locator("#run").click()
    sign_in_again(ada)
    expect(field).to_have_value("A lighthouse in a storm")
    assert urlsplit(ada.url).path == f"/t/acme/panels/{operation}/"
    assert ada.evaluate("sessionStorage.getItem('dash-draft')") is None


def test_so_is_what_stood_in_an_ordinary_form_and_not_elsewhere(ada: Page, site: str) -> None:
    ada.goto(f"{site}/t/acme/members/invite")
    field = ada.locator("#main [name=email]")
    field.fill("new@example.com")
    end_session(ada)
    field.press("Enter")
    sign_in_again(ada)
    expect(field).to_have_value("new@example.com")
    ada.reload()
    expect(field).to_have_value("")


def test_no_key_and_no_password_is_kept_for_later(ada: Page, site: str, console: Console) -> None:
    console.allow("401")
    secret = "rvya_sk_" + "z" * 40
    ada.goto(f"{site}/t/acme/panels/generations.create/")
    end_session(ada)
    ada.locator("#panel-form textarea").first.fill(f"My key is {secret}")
    is_led_to_sign_in(ada)
    assert secret not in str(ada.evaluate("JSON.stringify(sessionStorage)"))


@pytest.mark.parametrize("width", [390, 1440])
def test_the_audit_log_is_readable_for_everybody(ada: Page, site: str, width: int) -> None:
    ada.set_viewport_size({"width": width, "height": 900})
    ada.goto(f"{site}/t/acme/audit/")
    expect(ada.locator("td.what p").first).to_contain_text("read the audit log")
    assert axe_violations(ada) == []
    assert ada.evaluate("document.documentElement.scrollWidth") == width
