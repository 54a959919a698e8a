"""A real Chromium in front of the real product.

``page`` fails its test when the console shows an error or when the page asks another host for
anything. A test that provokes an error says so first: ``console.allow("status of 404")``.
"""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.needs import missing
from tests.running import Site

LOCAL_SCHEMES = {"data", "blob", "about"}


@dataclass
class Console:
    """What went wrong in the page while nobody looked."""

    site: str
    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, text: str) -> None:
        """A problem that contains this text is part of the test."""
        self.allowed.append(text)

    def watch(self, page: Page) -> None:
        """Listen to one page."""
        page.on("console", self._message)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("request", self._request)

    def _message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.problems.append(f"console: {message.text} ({where})")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL_SCHEMES and address.netloc != urlsplit(self.site).netloc:
            self.problems.append(f"third party: {request.url}")

    def unexpected(self) -> list[str]:
        """Problems that no test asked for."""
        return [p for p in self.problems if not any(text in p for text in self.allowed)]


def chromium_path() -> str | None:
    """The browser to drive: from the environment, or where systems put it."""
    given = os.environ.get("RIVYA_DASH_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return given or next((found for name in names if (found := shutil.which(name))), None)


# For the package, not the session: while it is open, Django takes the thread for an async one.
@pytest.fixture(scope="package")
def driver_is_swept() -> Iterator[None]:
    """Playwright leaves its driver's pipe to the collector, which may not come in a later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="package")
def browser(driver_is_swept: None) -> Iterator[Browser]:
    """Chromium without a window."""
    path = chromium_path()
    if path is None or not Path(path).exists():
        missing("browser", "there is no Chromium on this machine")
    # A superuser's Chromium refuses to run inside its own sandbox.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def site(running_site: Site) -> str:
    """The product's address, without a slash at the end."""
    return running_site.url


@pytest.fixture
def emulator(running_site: Site) -> str:
    """The address of the local stand-in for the API, without a slash at the end."""
    return running_site.emulator


@pytest.fixture
def console(site: str) -> Console:
    """What the page complained about so far."""
    return Console(site=site)


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """A fresh visitor's page, 1440 by 900, that tolerates no error."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        console.watch(page)
        yield page
    assert console.unexpected() == []


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, one line per element.

    Colours that are just changing are waited for: half-way they have no contrast.
    """
    page.evaluate(
        """async () => {
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const passing = document.getAnimations().filter(
            each => each.effect && each.effect.getComputedTiming().iterations !== Infinity);
          await Promise.allSettled(passing.map(each => each.finished));
        }"""
    )
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {' '.join(map(str, node['target']))}"
        for rule in found
        for node in rule["nodes"]
    ]
