"""Accounts in a real browser: the code from the mail, the app, the passkey, the recovery code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console, axe_violations
from tests.running import Site, start_site

pytestmark = [pytest.mark.browser, pytest.mark.process]
PASSWORD = "a calm horse of seven stairs"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in which nobody has an account."""
    site = start_site(tmp_path_factory.mktemp("accounts") / "data", "--no-sandbox")
    yield site
    site.stop()


@pytest.fixture
def address(fresh: Site) -> str:
    """By its name: passkeys do not belong to numbers."""
    return fresh.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def pages(browser: Browser, address: str) -> Iterator[list[Page]]:
    """Two browsers of one person, which tolerate no error."""
    console = Console(site=address)
    contexts = [browser.new_context(reduced_motion="reduce") for _ in range(2)]
    found = [context.new_page() for context in contexts]
    for page in found:
        page.set_default_timeout(10_000)
        console.watch(page)
    yield found
    for context in contexts:
        context.close()
    assert console.unexpected() == []


def looks_right(page: Page) -> None:
    """axe finds nothing and nothing sticks out: on a desk by day, on a telephone by night."""
    for width, colours in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url
        assert axe_violations(page) == [], page.url


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).click()


def newest_mail(site: Site, count: int) -> str:
    """The mail that is written now, when ``count`` are there; the log names its file alone."""
    site.wait_for("A mail was written to")
    deadline = time.monotonic() + 10
    while len(mails := sorted((site.data / "mail").glob("*.eml"))) < count:
        assert time.monotonic() < deadline, "no mail"
        time.sleep(0.02)
    return Path(mails[-1]).read_text(encoding="utf-8")


def app_code(secret: str, *, later: int = 0) -> str:
    """What an authenticator app shows (RFC 6238); ``later`` steps ahead, as each works once."""
    counter = struct.pack(">Q", int(time.time()) // 30 + later)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def with_passkeys(page: Page) -> None:
    """Give the browser an authenticator that says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def fill_sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")


def make_the_owner(page: Page, address: str) -> None:
    """From the landing page to an account, without a mail."""
    page.goto(address)
    page.get_by_role("link", name="Create the owner account").click()
    page.get_by_label("E-mail address").fill("alice@example.com")
    field = page.get_by_label("Password", exact=True)
    field.press_sequentially("alice")
    expect(page.get_by_text("at least 10 characters")).to_be_visible()
    looks_right(page)
    field.fill(PASSWORD)
    expect(page.get_by_text("This one is fine.")).to_be_visible()
    page.get_by_role("button", name="Show what was typed").click()
    expect(field).to_have_attribute("type", "text")
    press(page, "Create the owner account")
    page.wait_for_url("**/teams/new")


def add_a_passkey(page: Page, address: str) -> list[str]:
    """The first second step; gives the recovery codes that come with it."""
    with_passkeys(page)
    page.goto(f"{address}/accounts/2fa/webauthn/add/")
    looks_right(page)
    press(page, "Make the passkey")
    page.wait_for_url("**/recovery-codes/")
    looks_right(page)
    return page.locator("#codes").inner_text().split()


def add_an_app(page: Page, address: str) -> str:
    """Enrol, with a wrong code first; gives the app's secret."""
    page.goto(f"{address}/accounts/2fa/totp/activate/")
    field = page.get_by_label("Authenticator code")
    field.fill("000000")
    press(page, "Switch it on")
    expect(page.get_by_text("This code is not right.")).to_be_visible()
    expect(field).to_be_focused()
    looks_right(page)
    secret = page.locator("#totp-secret").inner_text()
    field.fill(app_code(secret))
    press(page, "Switch it on")
    expect(page.get_by_text("The authenticator app is switched on.")).to_be_visible()
    return secret


def second_step(page: Page, address: str, code: str) -> None:
    fill_sign_in(page, address, "alice@example.com")
    expect(page.get_by_role("heading", name="The second step")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(code)
    press(page, "Continue")
    page.wait_for_url("**/teams/new")


def test_the_first_person_is_led_in_and_secures_the_account(
    pages: list[Page], address: str, fresh: Site
) -> None:
    assert f"{fresh.url}/accounts/signup/ (create the owner account)" in fresh.output
    page, other = pages
    make_the_owner(page, address)
    assert not (fresh.data / "mail").exists()
    codes = add_a_passkey(page, address)
    assert len(codes) == 10
    assert "A passkey was added to your account." in newest_mail(fresh, 1)
    secret = add_an_app(page, address)
    second_step(other, address, app_code(secret, later=1))

    page.goto(f"{address}/accounts/logout/")
    press(page, "Sign out")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/accounts/login/")
    looks_right(page)
    press(page, "Sign in with a passkey")
    page.wait_for_url("**/teams/new")

    page.goto(f"{address}/accounts/sessions/")
    looks_right(page)
    press(page, "Sign out everywhere else")
    expect(page.get_by_text("Every other browser is signed out.")).to_be_visible()
    second_step(other, address, codes[0])
    for path in ("", "email/", "password/change/", "2fa/", "2fa/webauthn/"):
        other.goto(f"{address}/accounts/{path}")
        looks_right(other)


def test_the_second_person_enters_the_code_from_the_mail(
    pages: list[Page], address: str, fresh: Site
) -> None:
    page = pages[0]
    before = len(list((fresh.data / "mail").glob("*.eml")))
    page.goto(f"{address}/accounts/signup/")
    page.get_by_label("E-mail address").fill("bob@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Create the account")
    expect(page.get_by_role("heading", name="Verify your address")).to_be_visible()
    expect(page.locator("main")).to_contain_text(str(fresh.data / "mail"))
    looks_right(page)
    found = re.search(r"^\w{4}-\w{4}$", newest_mail(fresh, before + 1), re.MULTILINE)
    assert found
    assert found[0] not in fresh.output
    page.get_by_label("Code", exact=True).fill(found[0])
    press(page, "Continue")
    page.wait_for_url("**/teams/new")
