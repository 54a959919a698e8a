"""People with accounts: they sign up through the pages, make teams, invite, keep keys, run live."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.visitor import ANSWER, JOB, Visitor
from tests.running import Site

PASSWORD = "a boat on the lake 7"
CODE = re.compile(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", re.MULTILINE)


def mails(site: Site, address: str) -> list[str]:
    """What was mailed to an address, the oldest first, by the files that stand in for mail."""
    found = []
    for path in sorted((Path(site.data) / "mail").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address in str(message["To"]):
            body = message.get_body(("plain",))
            assert body is not None
            found.append(body.get_content())
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a browser of their own; ``team`` is the slug of the team they are at."""

    page: Page
    site: Site
    name: str
    team: str = ""

    @property
    def address(self) -> str:
        """Their e-mail address."""
        return f"{self.name.lower()}@example.com"

    def at(self, team: str) -> Person:
        """The same person at a team."""
        return replace(self, team=team)

    def go(self, path: str) -> None:
        """Open a page of the site."""
        self.page.goto(self.site.url + path)

    def go_to_team(self, path: str = "") -> None:
        """Open a page of the team."""
        self.go(f"/t/{self.team}/{path}")

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the button in the content of the page that has this name."""
        self.main.get_by_role("button", name=name).click()

    @property
    def main(self) -> Locator:
        """The content of the page."""
        return self.page.locator("#main")

    def sign_up(self) -> None:
        """Fill the form for a new account on the page that is open, and prove the address."""
        page = self.page
        page.locator("[name=email]").fill(self.address)
        page.locator("[name=name]").fill(self.name)
        page.locator("[name=password1]").fill(PASSWORD)
        page.locator("form:has([name=password1]) button[type=submit]").click()

    def type_the_code(self) -> None:
        """On the page that asks for it: the code of the last mail to this person."""
        field = self.page.locator("[name=code]")
        expect(field).to_be_visible(timeout=ANSWER)
        found = CODE.search(mails(self.site, self.address)[-1])
        assert found, "the mail has no code"
        field.fill(found[1])
        self.press("Continue")

    def sign_in(self) -> None:
        """By the sign-in page."""
        self.go("/accounts/login/")
        self.page.locator("[name=login]").fill(self.address)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.press(re.compile("^Sign in$"))
        expect(self.page.locator("#account-button")).to_be_visible(timeout=ANSWER)

    def make_team(self, name: str) -> Person:
        """On the page for a new team; gives this person at that team's home."""
        self.page.locator("[name=name]").fill(name)
        self.press("Make the team")
        expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=ANSWER)
        found = re.fullmatch(r"/t/([a-z0-9-]+)/", urlsplit(self.page.url).path)
        assert found, self.page.url
        return self.at(found[1])

    def invite(self, address: str, role: str) -> str:
        """Invite somebody; gives the link, which is shown once."""
        self.go_to_team("members/invite")
        self.page.locator("[name=email]").fill(address)
        self.page.locator(f"[name=role][value={role}]").check()
        self.press("Make the invitation")
        return self.page.locator("#invitation-link").input_value()

    def store_key(self, label: str, value: str) -> None:
        """Paste a key on the page for it, and have it tested."""
        self.go_to_team("keys/new")
        self.page.locator("[name=value]").fill(value)
        self.page.locator("[name=label]").fill(label)
        self.press("Seal and store")
        expect(self.key(label)).to_contain_text("Works", timeout=ANSWER)

    def key(self, label: str, value: str = "") -> Locator:
        """The card of a key, on the page of keys; ``value`` tells two of one label apart."""
        title = self.page.get_by_role("heading", name=label, level=2)
        end = self.page.locator(".key-name code", has_text=value[-4:])
        return self.page.locator("article.key", has=title).filter(has=end)

    def arm(self, key: str) -> None:
        """In a panel that is open: choose live and a key by its label, and arm it."""
        page = self.page
        page.locator("[data-mode-choice=live]").click()
        choice = page.locator("#key-choice")
        wanted = choice.locator("option", has_text=key).first.get_attribute("value")
        choice.select_option(wanted)
        page.locator("#live-strip [data-arm]:visible").click()
        page.locator("#arm-dialog").get_by_role("button", name="Arm live").click()
        expect(page.locator("body")).to_have_class(re.compile("is-armed"), timeout=ANSWER)

    def open_panel(self, operation: str) -> Visitor:
        """A panel of the team, in mock mode until it is armed."""
        self.go_to_team(f"panels/{operation}/")
        expect(self.page.locator("[data-panel]")).to_have_attribute("data-panel", operation)
        return Visitor(self.page, self.site.url)

    def run_live(self, status: int) -> None:
        """Run the armed panel and wait for an answer with this status."""
        with self.page.expect_response("**/run", timeout=ANSWER):
            self.page.locator("#run").click()
        line = self.page.locator("#output .outcome > .status-line")
        expect(line).to_contain_text(f"HTTP {status}", timeout=ANSWER)
        expect(line).to_contain_text("LIVE")

    def follow(self) -> None:
        """Until the job on the page has succeeded."""
        expect(self.page.locator(".job-card .job-status")).to_contain_text("Succeeded", timeout=JOB)
