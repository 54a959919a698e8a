"""A person at the panels: opens one, fills it, runs it, reads the answer. Mock or live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

# Two cores that do other things as well: an answer may take its time, a job more of it.
ANSWER = 20_000
JOB = 60_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Uses one page of a site; with a ``key`` every run is live, switched to by hand.

    Somebody who is signed in names a ``team``, and by its label a key that the team has ``stored``:
    then every panel is the team's, and every run is live with that key.
    """

    page: Page
    site: str
    key: str = ""
    team: str = ""
    stored: str = ""

    @property
    def live(self) -> bool:
        """Whether this visitor's runs are live."""
        return bool(self.key or self.stored)

    @property
    def output(self) -> Locator:
        """Where the answer is shown."""
        return self.page.locator("#output")

    def open(self, operation: str, **path: str) -> None:
        """Open a panel by its address."""
        query = f"?{urlencode(path)}" if path else ""
        team = f"/t/{self.team}" if self.team else ""
        self.page.goto(f"{self.site}{team}/panels/{operation}/{query}")
        self.arrive(operation)

    def arrive(self, operation: str) -> None:
        """On a panel that was opened, by its address or from another one: arm live if it is to."""
        panel = self.page.locator("[data-panel]")
        expect(panel).to_have_attribute("data-panel", operation)
        expect(panel).to_have_attribute("data-mode", "mock")
        if not self.live:
            return
        self.page.locator("[data-mode-choice=live]").click()
        expect(panel).to_have_attribute("data-mode", "live")
        if self.stored and self.page.locator("#key-choice").count():
            self.choose(self.stored)
            self.arm()
            return
        field = self.page.locator("#live-key")
        if field.count():
            field.fill(self.key)

    def choose(self, label: str) -> None:
        """Choose a key of the team by its label."""
        choice = self.page.locator("#key-choice")
        wanted = choice.locator("option", has_text=label).first.get_attribute("value")
        choice.select_option(wanted)

    def arm(self) -> None:
        """Arm live in this tab for the chosen key, unless it is armed already."""
        link = self.page.locator("#live-strip [data-arm]:visible")
        if link.count():
            link.click()
            self.page.locator("#arm-dialog .arm-go").click()
        expect(self.page.locator("body")).to_have_class(re.compile("is-armed"))

    def fill(self, fields: Mapping[str, str]) -> None:
        """Type into fields by their names, such as ``body/prompt``."""
        for name, value in fields.items():
            self.page.locator(f"[name='{name}']").fill(value)

    def model(self, name: str) -> None:
        """Choose a model and wait for its form."""
        self.page.select_option("#field-body-model", name)
        expect(self.page.locator("#request-text")).to_contain_text(name)
        expect(self.page.locator("#field-body-model")).to_have_value(name)

    def run(self, status: int) -> None:
        """Run, and wait for an answer with this status."""
        # An answer of before may still stand there.
        with self.page.expect_response("**/run", timeout=ANSWER):
            self.page.locator("#run").click()
        line = self.output.locator(".outcome > .status-line")
        expect(line).to_contain_text(f"HTTP {status}", timeout=ANSWER)
        expect(line).to_contain_text("LIVE" if self.live else "MOCK")

    def follow(self) -> None:
        """Until the job on the page has succeeded."""
        job = self.page.locator("#job .status-line").first
        expect(job).to_contain_text("Succeeded", timeout=JOB)

    def credits(self) -> float:
        """The balance, read in its own panel."""
        self.open("credits.retrieve")
        self.run(200)
        return float(self.output.locator(".big-number b").inner_text())

    def final_credits(self) -> float:
        """What the job on the page has cost."""
        text = self.page.locator("#job > .money").inner_text()
        found = re.search(r"final\s+([\d.]+)", text)
        assert found, text
        return float(found[1])

    def picture_is_shown(self, medium: Locator) -> None:
        """The image is decoded, not merely there."""
        expect(medium).to_be_visible(timeout=ANSWER)
        self.becomes_true(medium, "element => element.complete && element.naturalWidth > 300")

    def becomes_true(self, element: Locator, question: str) -> None:
        """Wait until a script's answer about an element is yes."""
        handle = element.element_handle()
        self.page.wait_for_function(question, arg=handle, timeout=ANSWER)
